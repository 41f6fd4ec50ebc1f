/* SPDX-License-Identifier: MIT */
#include "http/http_req.h"

#include <string.h>

#include "base/build.h"
#include "base/mem.h"
#include "http/http_body.h"
#include "http/http_file.h"
#include "http/http_limits.h"
#include "wire/cookie.h"
#include "wire/percent.h"
#include "wire/query.h"

static const peal_slice none = {NULL, 0};

/* -- life ------------------------------------------------------------------ */

/* Where the path begins in a target: RFC9112 3.2 knows it as such, behind
 * the authority of an absolute form, and as `*`. */
static size_t path_start(peal_slice target) {
  if (!target.len || target.ptr[0] == '/')
    return 0;
  for (size_t i = 0; i + 2 < target.len; i++) {
    if (memcmp(target.ptr + i, "://", 3) != 0)
      continue;
    for (i += 3; i < target.len; i++)
      if (target.ptr[i] == '/' || target.ptr[i] == '?')
        return i;
    return target.len;
  }
  return 0;
}

static void split_target(peal_http_req *req) {
  size_t start = path_start(req->target);
  peal_slice rest = {req->target.ptr + start, req->target.len - start};
  const char *mark = rest.len ? memchr(rest.ptr, '?', rest.len) : NULL;
  size_t len = mark ? (size_t)(mark - rest.ptr) : rest.len;
  req->path = (peal_slice){rest.ptr, len};
  if (len == 0)
    req->path = PEAL_S("/");
  if (mark)
    req->query = (peal_slice){mark + 1, rest.len - len - 1};
}

static void copy_head(peal_http_req *req, const peal_http1_head *head,
                      peal_slice raw) {
  memcpy(req->head, raw.ptr, raw.len);
  req->head_len = (uint32_t)raw.len;
  req->method =
      (peal_slice){req->head + (head->method.ptr - raw.ptr), head->method.len};
  req->target =
      (peal_slice){req->head + (head->target.ptr - raw.ptr), head->target.len};
  req->field_count = (uint32_t)head->count;
  for (size_t i = 0; i < head->count; i++) {
    const peal_http1_field *field = &head->fields[i];
    const char *value = field->value.ptr ? field->value.ptr : raw.ptr;
    req->fields[i] = (peal_http_field){
        (uint32_t)(field->name.ptr - raw.ptr), (uint32_t)field->name.len,
        (uint32_t)(value - raw.ptr), (uint32_t)field->value.len};
  }
  memcpy(req->first, head->first, sizeof(req->first));
  split_target(req);
}

/* Nobody waits for the answer any more, but the one who gives it. */
static void free_later(peal_flush *flush) {
  peal_http_req_free(PEAL_LIST_OF(flush, peal_http_req, flush));
}

/* One block: the request, what a trusted proxy says, its fields, the peer's
 * address, the head. */
static peal_http_req *allocate(peal_http_home *home, bool is_forwarded,
                               const peal_http1_head *head, size_t head_len) {
  size_t forwarded_at = sizeof(peal_http_req);
  size_t fields_at =
      forwarded_at + (is_forwarded ? sizeof(peal_http_forwarded) : 0);
  size_t peer_at = fields_at + head->count * sizeof(peal_http_field);
  size_t head_at = peer_at + PEAL_ADDRESS_MAX;
  size_t size = head_at + head_len;
  if (peal_account_worker_charge(&home->account, size))
    return NULL;
  peal_http_req *req = peal_mem_alloc(home->worker->mem, size);
  if (!req) {
    peal_account_worker_release(&home->account, size);
    return NULL;
  }
  memset(req, 0, sizeof(*req));
  req->charged = size;
  if (is_forwarded)
    req->forwarded =
        (peal_http_forwarded *)(void *)((char *)req + forwarded_at);
  req->fields = (peal_http_field *)(void *)((char *)req + fields_at);
  req->peer = (char *)req + peer_at;
  req->peer[0] = 0;
  req->head = (char *)req + head_at;
  return req;
}

static void copy_framing(peal_http_req *req, const peal_http1_head *head) {
  req->framed_length = head->framing == PEAL_HTTP1_LENGTH;
  req->framed_chunked = head->framing == PEAL_HTTP1_CHUNKED;
  if (req->framed_chunked)
    req->length = UINT64_MAX;
  else if (req->framed_length)
    req->length = head->content_length;
  req->asks_upgrade = head->upgrade && !peal_http_req_has_body(req);
}

peal_http_req *peal_http_req_new(peal_http_home *home, peal_http_link *link,
                                 const peal_address *address,
                                 const peal_http1_head *head, peal_slice raw) {
  const peal_mem *mem = home->worker->mem;
  bool is_forwarded = peal_http_proxies_trust(&home->server->proxies, address);
  peal_http_req *req = allocate(home, is_forwarded, head, raw.len);
  if (!req)
    return NULL;
  req->link = link;
  req->home = home;
  req->flush.fn = free_later;
  peal_list_init(&req->flush.node);
  peal_list_push(&home->reqs, &req->node);
  copy_head(req, head, raw);
  copy_framing(req, head);
  req->address = *address;
  req->is_head = peal_slice_is(req->method, "HEAD");
  peal_buf_init(&req->headers, mem, home->server->opts.max_head_bytes * 4);
  peal_buf_init(&req->collected, mem, 0);
  peal_buf_init(&req->rest, mem, 0);
  if (home->server->watcher_count)
    req->start_ns = uv_hrtime();
  return req;
}

void peal_http_req_free(peal_http_req *req) {
  peal_list_remove(&req->node);
  peal_list_remove(&req->flush.node);
  if (req->layer_free)
    req->layer_free(req->layer);
  if (req->file)
    peal_http_file_drop(req->file);
  if (req->arena_used)
    peal_arena_deinit(&req->arena);
  peal_buf_deinit(&req->headers);
  peal_http_body_release(req);
  peal_buf_deinit(&req->rest);
  peal_account_worker_release(&req->home->account, req->charged);
  peal_mem_free(req->home->worker->mem, req);
}

void peal_http_req_tell_done(peal_http_req *req, peal_err err) {
  peal_http_server *server = req->home->server;
  if (!server->watcher_count || req->done_told)
    return;
  req->done_told = true;
  const peal_http_done done = {.status = req->begun ? req->status : 0,
                               .bytes = req->written,
                               .micros = (uv_hrtime() - req->start_ns) / 1000,
                               .err = err};
  for (size_t i = 0; i < server->watcher_count; i++)
    server->watchers[i].fn(req, &done, server->watchers[i].user);
}

void peal_http_req_abort(peal_http_req *req, peal_err err) {
  req->aborted = true;
  req->link = NULL;
  if (req->on_end)
    peal_http_body_cancel(req, PEAL_ERR_CLOSED);
  if (req->on_abort && !req->ended)
    req->on_abort(req, req->abort_user);
  peal_http_req_tell_done(req, err);
  /* Who deferred it or streams holds it until the answer is given. A file has
   * been given: nobody comes back for it. */
  bool held = !req->ended && !req->file && (req->deferred || req->begun);
  if (!held)
    peal_http_req_free(req);
}

/* -- the head -------------------------------------------------------------- */

peal_slice peal_http_req_method(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->method;
}

bool peal_http_req_is_method(const peal_http_req *req, const char *method) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return peal_slice_is(req->method, method);
}

peal_slice peal_http_req_target(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->target;
}

peal_slice peal_http_req_path(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->path;
}

peal_slice peal_http_req_query(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->query;
}

static peal_slice name_of(const peal_http_req *req, size_t i) {
  return (peal_slice){req->head + req->fields[i].name, req->fields[i].name_len};
}

static peal_slice value_of(const peal_http_req *req, size_t i) {
  return (peal_slice){req->head + req->fields[i].value,
                      req->fields[i].value_len};
}

peal_slice peal_http_req_header(const peal_http_req *req, const char *name) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_slice text = peal_slice_of(name);
  peal_http1_name known = peal_http1_name_of(text);
  if (known != PEAL_HTTP1_NAME_OTHER)
    return req->first[known] ? value_of(req, req->first[known] - 1u) : none;
  for (size_t i = 0; i < req->field_count; i++)
    if (req->fields[i].name_len == text.len &&
        peal_slice_is_nocase(name_of(req, i), name))
      return value_of(req, i);
  return none;
}

size_t peal_http_req_header_count(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->field_count;
}

peal_slice peal_http_req_header_at(const peal_http_req *req, size_t index,
                                   peal_slice *value) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (index >= req->field_count) {
    if (value)
      *value = none;
    return none;
  }
  if (value)
    *value = value_of(req, index);
  return name_of(req, index);
}

peal_slice peal_http_req_cookie(const peal_http_req *req, const char *name) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_slice value = none;
  size_t first = req->first[PEAL_HTTP1_NAME_COOKIE];
  if (!first)
    return none;
  for (size_t i = first - 1; i < req->field_count; i++)
    if (peal_slice_is_nocase(name_of(req, i), "cookie") &&
        peal_cookie_find(value_of(req, i), name, &value))
      return value;
  return none;
}

bool peal_http_req_param(peal_http_req *req, const char *name,
                         peal_slice *value) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_slice raw;
  if (!peal_query_find(req->query, name, &raw))
    return false;
  if (!peal_percent_is_plain(raw)) {
    char *copy = peal_http_req_alloc(req, raw.len);
    if (!copy)
      return false;
    raw = (peal_slice){copy, peal_percent_decode_form(copy, raw)};
  }
  *value = raw;
  return true;
}

peal_slice peal_http_req_peer(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (!req->peer[0])
    peal_address_text(&req->address, req->peer);
  return (peal_slice){req->peer, strlen(req->peer)};
}

uint16_t peal_http_req_peer_port(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->address.port;
}

bool peal_http_req_tls_peer(const peal_http_req *req, peal_tls_peer *out) {
  if (!out)
    return false;
  *out = (peal_tls_peer){.subject = ""};
  if (!req)
    return false;
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->link && req->link->stream &&
         peal_stream_certificate(req->link->stream, out);
}

bool peal_http_req_has_body(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->framed_chunked || req->length > 0;
}

uint64_t peal_http_req_length(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->length;
}

peal_worker *peal_http_req_worker(const peal_http_req *req) {
  return req->home->worker;
}

static peal_arena *arena_of(peal_http_req *req) {
  if (!req->arena_used) {
    peal_arena_init(&req->arena, req->home->worker->mem, 1024,
                    PEAL_LIMIT_HTTP_REQ_BYTES);
    req->arena_used = true;
  }
  return &req->arena;
}

void *peal_http_req_alloc(peal_http_req *req, size_t size) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return peal_arena_alloc(arena_of(req), size ? size : 1);
}

peal_build *peal_http_req_build(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return peal_build_in(arena_of(req), PEAL_OK);
}

void peal_http_req_set_user(peal_http_req *req, void *user) {
  PEAL_ON_REQ(req, "peal_worker_post");
  req->user = user;
}

void *peal_http_req_user(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->user;
}

/* -- who waits ------------------------------------------------------------- */

void peal_http_defer(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  req->deferred = true;
}

void peal_http_req_on_abort(peal_http_req *req, peal_http_req_fn fn,
                            void *user) {
  PEAL_ON_REQ(req, "peal_worker_post");
  req->on_abort = fn;
  req->abort_user = user;
}

bool peal_http_req_is_aborted(const peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  return req->aborted;
}
