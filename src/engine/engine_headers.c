/* SPDX-License-Identifier: MIT */
#include "engine/engine_headers.h"

#include <string.h>

#include "net/on_worker.h"
#include "wire/http1.h"

/* Either kind of answer. */
struct peal_headers {
  peal_http_req *req; /* that it answers */
  peal_buf *lines;    /* NULL: the fields of the answer to `req` */
};

static peal_err add(peal_headers *headers, const char *name, peal_slice value) {
  if (!headers->lines)
    return peal_http_answer_header(headers->req, name, value);
  if (!peal_http1_is_token(peal_slice_of(name)) ||
      !peal_http1_is_field_value(value))
    return PEAL_ERR_USAGE;
  peal_buf_add_str(headers->lines, name);
  peal_buf_add_str(headers->lines, ": ");
  peal_buf_add(headers->lines, value);
  peal_buf_add_str(headers->lines, "\r\n");
  return headers->lines->err;
}

peal_err peal_headers_add(peal_headers *headers, const char *name,
                          const char *value) {
  PEAL_ON_WORKER(headers ? peal_http_req_worker(headers->req) : NULL,
                 "peal_worker_post");
  if (!headers || !name)
    return PEAL_ERR_USAGE;
  return add(headers, name, peal_slice_of(value));
}

static void add_cors(const char *name, peal_slice value, void *user) {
  (void)add(user, name, value);
}

static void add_common(peal_engine *engine, peal_http_req *req, const char *sid,
                       bool initial, peal_headers *headers) {
  peal_cors_headers(engine->cors, req, add_cors, headers);
  if (engine->opts.on_headers)
    engine->opts.on_headers(req, sid, initial, headers,
                            engine->opts.headers_user);
}

/* reference 1.1: io=<sid>; Path=/; HttpOnly; SameSite=Lax */
static void add_cookie(const peal_server_cookie *cookie, const char *sid,
                       peal_headers *headers, const peal_mem *mem) {
  peal_buf buf;
  peal_buf_init(&buf, mem, 0);
  peal_buf_add_str(&buf, cookie->name);
  peal_buf_add_char(&buf, '=');
  peal_buf_add_str(&buf, sid);
  if (cookie->max_age_s) {
    peal_buf_add_str(&buf, "; Max-Age=");
    peal_buf_add_u64(&buf, cookie->max_age_s);
  }
  if (!cookie->path || *cookie->path) {
    peal_buf_add_str(&buf, "; Path=");
    peal_buf_add_str(&buf, cookie->path ? cookie->path : "/");
  }
  if (!cookie->no_http_only)
    peal_buf_add_str(&buf, "; HttpOnly");
  if (cookie->secure)
    peal_buf_add_str(&buf, "; Secure");
  peal_buf_add_str(&buf, "; SameSite=");
  peal_buf_add_str(&buf, cookie->same_site ? cookie->same_site : "Lax");
  if (!buf.err)
    (void)add(headers, "Set-Cookie", peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}

void peal_engine_headers_answer(peal_engine *engine, peal_http_req *req,
                                const char *sid, bool initial) {
  peal_headers headers = {.req = req};
  add_common(engine, req, sid, initial, &headers);
  if (sid && initial && engine->opts.cookie.name)
    add_cookie(&engine->opts.cookie, sid, &headers,
               peal_http_req_worker(req)->mem);
}

void peal_engine_headers_lines(peal_engine *engine, peal_http_req *req,
                               const char *sid, bool initial, peal_buf *out) {
  peal_headers headers = {.req = req, .lines = out};
  add_common(engine, req, sid, initial, &headers);
}
