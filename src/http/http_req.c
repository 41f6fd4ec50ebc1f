/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "http/http_impl.h"
#include "wire/percent.h"

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
  split_target(req);
}

peal_http_req *peal_http_req_new(peal_http_link *conn,
                                 const peal_http1_head *head, peal_slice raw) {
  peal_http_home *home = conn->home;
  const peal_mem *mem = home->worker->mem;
  size_t fields_at = sizeof(peal_http_req);
  size_t peer_at = fields_at + head->count * sizeof(peal_http_field);
  size_t head_at = peer_at + PEAL_ADDRESS_MAX;
  peal_http_req *req = peal_mem_alloc(mem, head_at + raw.len);
  if (!req)
    return NULL;
  memset(req, 0, sizeof(*req));
  req->conn = conn;
  req->home = home;
  req->fields = (peal_http_field *)(void *)((char *)req + fields_at);
  req->peer = (char *)req + peer_at;
  req->peer[0] = 0;
  req->head = (char *)req + head_at;
  peal_list_init(&req->flush.node);
  peal_list_push(&home->reqs, &req->node);
  copy_head(req, head, raw);
  req->address = conn->address;
  req->framed_length = head->framing == PEAL_HTTP1_LENGTH;
  req->framed_chunked = head->framing == PEAL_HTTP1_CHUNKED;
  if (req->framed_chunked)
    req->length = UINT64_MAX;
  else if (req->framed_length)
    req->length = head->content_length;
  req->http10 = head->minor == 0;
  req->keep_alive = head->keep_alive;
  req->expects = head->expect_continue;
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
  req->conn = NULL;
  if (req->on_end)
    peal_http_body_cancel(req, PEAL_ERR_CLOSED);
  if (req->on_abort && !req->ended)
    req->on_abort(req, req->abort_user);
  peal_http_req_tell_done(req, err);
  /* Who deferred it or streams holds it until the answer is given. */
  bool held = !req->ended && (req->deferred || (req->begun && !req->file));
  if (!held)
    peal_http_req_free(req);
}

static void log_unanswered(const peal_http_req *req) {
  peal_logger_write(req->home->worker->log, PEAL_LOG_ERROR, "http", none, none,
                    "the handler of %.*s neither answered nor deferred",
                    PEAL_SFMT(req->path));
}

void peal_http_req_check(peal_http_req *req) {
  if (req->begun || req->deferred || req->on_end || req->aborted || req->taken)
    return;
  log_unanswered(req);
  peal_http_answer_error(req, 500);
}

/* -- the head -------------------------------------------------------------- */

peal_slice peal_http_req_method(const peal_http_req *req) {
  return req->method;
}

bool peal_http_req_is_method(const peal_http_req *req, const char *method) {
  return peal_slice_is(req->method, method);
}

peal_slice peal_http_req_target(const peal_http_req *req) {
  return req->target;
}

peal_slice peal_http_req_path(const peal_http_req *req) {
  return req->path;
}

peal_slice peal_http_req_query(const peal_http_req *req) {
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
  size_t len = strlen(name);
  for (size_t i = 0; i < req->field_count; i++)
    if (req->fields[i].name_len == len &&
        peal_slice_is_nocase(name_of(req, i), name))
      return value_of(req, i);
  return none;
}

size_t peal_http_req_header_count(const peal_http_req *req) {
  return req->field_count;
}

peal_slice peal_http_req_header_at(const peal_http_req *req, size_t index,
                                   peal_slice *value) {
  if (index >= req->field_count) {
    if (value)
      *value = none;
    return none;
  }
  if (value)
    *value = value_of(req, index);
  return name_of(req, index);
}

/* RFC6265 4.2: name=value pairs, separated by "; ". */
static bool cookie_in(peal_slice list, const char *name, peal_slice *out) {
  size_t name_len = strlen(name);
  const char *p = list.ptr, *end = list.ptr + list.len;
  while (p < end) {
    const char *stop = memchr(p, ';', (size_t)(end - p));
    if (!stop)
      stop = end;
    while (p < stop && (*p == ' ' || *p == '\t'))
      p++;
    size_t len = (size_t)(stop - p);
    if (len > name_len && p[name_len] == '=' &&
        memcmp(p, name, name_len) == 0) {
      peal_slice value = {p + name_len + 1, len - name_len - 1};
      while (value.len && (value.ptr[value.len - 1] == ' ' ||
                           value.ptr[value.len - 1] == '\t'))
        value.len--;
      if (value.len >= 2 && value.ptr[0] == '"' &&
          value.ptr[value.len - 1] == '"')
        value = (peal_slice){value.ptr + 1, value.len - 2};
      *out = value;
      return true;
    }
    p = stop + 1;
  }
  return false;
}

peal_slice peal_http_req_cookie(const peal_http_req *req, const char *name) {
  peal_slice value = none;
  for (size_t i = 0; i < req->field_count; i++)
    if (peal_slice_is_nocase(name_of(req, i), "cookie") &&
        cookie_in(value_of(req, i), name, &value))
      return value;
  return none;
}

static bool needs_decoding(peal_slice in) {
  return in.len && (memchr(in.ptr, '%', in.len) || memchr(in.ptr, '+', in.len));
}

/* Decoded in the request's memory; false if memory is out. */
static bool decoded(peal_http_req *req, peal_slice *text) {
  if (!needs_decoding(*text))
    return true;
  char *copy = peal_http_req_alloc(req, text->len);
  if (!copy)
    return false;
  *text = (peal_slice){copy, peal_percent_decode_form(copy, *text)};
  return true;
}

bool peal_http_req_param(peal_http_req *req, const char *name,
                         peal_slice *value) {
  const char *p = req->query.ptr, *end = p + req->query.len;
  while (p < end) {
    const char *stop = memchr(p, '&', (size_t)(end - p));
    if (!stop)
      stop = end;
    const char *eq = memchr(p, '=', (size_t)(stop - p));
    peal_slice key = {p, (size_t)((eq ? eq : stop) - p)};
    peal_slice found = {stop, 0};
    if (eq)
      found = (peal_slice){eq + 1, (size_t)(stop - eq - 1)};
    if (!decoded(req, &key))
      return false;
    if (peal_slice_is(key, name)) {
      *value = found;
      return decoded(req, value);
    }
    p = stop + 1;
  }
  return false;
}

peal_slice peal_http_req_peer(const peal_http_req *req) {
  if (!req->peer[0])
    peal_address_text(&req->address, req->peer);
  return (peal_slice){req->peer, strlen(req->peer)};
}

uint16_t peal_http_req_peer_port(const peal_http_req *req) {
  return req->address.port;
}

bool peal_http_req_has_body(const peal_http_req *req) {
  return req->framed_chunked || req->length > 0;
}

uint64_t peal_http_req_length(const peal_http_req *req) {
  return req->length;
}

peal_worker *peal_http_req_worker(const peal_http_req *req) {
  return req->home->worker;
}

void *peal_http_req_alloc(peal_http_req *req, size_t size) {
  if (!req->arena_used) {
    peal_arena_init(&req->arena, req->home->worker->mem, 1024,
                    PEAL_LIMIT_HTTP_REQ_BYTES);
    req->arena_used = true;
  }
  return peal_arena_alloc(&req->arena, size ? size : 1);
}

void peal_http_req_set_user(peal_http_req *req, void *user) {
  req->user = user;
}

void *peal_http_req_user(const peal_http_req *req) {
  return req->user;
}

/* -- who waits ------------------------------------------------------------- */

void peal_http_defer(peal_http_req *req) {
  req->deferred = true;
}

void peal_http_req_on_abort(peal_http_req *req, peal_http_req_fn fn,
                            void *user) {
  req->on_abort = fn;
  req->abort_user = user;
}

bool peal_http_req_is_aborted(const peal_http_req *req) {
  return req->aborted;
}
