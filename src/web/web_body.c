/* SPDX-License-Identifier: MIT */
/* web_body: reads a route's body in the way that the route asked for. */
#include <stdio.h>

#include "http/http_body.h"
#include "web/web_impl.h"
#include "web/web_timeout.h"
#include "web/web_upload.h"

static void call_json(peal_web_ctx *ctx, peal_slice body) {
  const peal_web_route *route = &ctx->entry->route;
  peal_err_info info = {.msg = NULL};
  if (!body.len) {
    peal_web_error(ctx->req, 400, "the body is empty, expected JSON", NULL);
    return;
  }
  peal_err err = peal_doc_from_json(&ctx->doc, body, &info);
  if (!err) {
    route->on_json(ctx->req, peal_doc_val(ctx->doc), route->user);
    return;
  }
  if (err == PEAL_ERR_NOMEM) {
    peal_web_error_of(ctx->req, err);
    return;
  }
  char text[160];
  snprintf(text, sizeof(text), "invalid JSON at position %zu: %s", info.pos,
           info.msg ? info.msg : peal_err_message(err));
  peal_web_error(ctx->req, 400, text, NULL);
}

/* On errors the answer has been given. */
static void on_body(peal_http_req *req, peal_err err, peal_slice body,
                    void *user) {
  peal_web_ctx *ctx = user;
  const peal_web_route *route = &ctx->entry->route;
  if (err)
    return;
  peal_web_timeout_start(ctx);
  if (route->on_json)
    call_json(ctx, body);
  else if (route->on_form)
    peal_web_upload_urlencoded(ctx, body);
  else if (route->on_file)
    peal_web_upload_raw(ctx, body);
  else
    route->on_body(req, body, route->user);
}

/* Room for `len` bytes more of a body within its ceiling, twice of what is there
 * if it has to grow: charged before it is allocated, and given back with the
 * request. */
static bool reserve(peal_web_ctx *ctx, size_t len) {
  peal_buf *to = &ctx->chunks;
  size_t need = to->len + len;
  if (need <= ctx->chunks_charged)
    return true;
  size_t room = need > to->max / 2 ? to->max : 2 * need;
  if (!peal_http_body_charge(ctx->req, room - ctx->chunks_charged))
    return false;
  ctx->chunks_charged = room;
  return peal_buf_reserve(to, room - to->len) != NULL;
}

/* Chunks of a body whose length nobody announced. */
static void on_chunk(peal_http_req *req, peal_slice data, void *user) {
  peal_web_ctx *ctx = user;
  peal_buf *to = &ctx->chunks;
  if (req->begun)
    return;
  if (data.len > to->max - to->len)
    peal_web_length_refuse(req, to->max);
  else if (!reserve(ctx, data.len))
    peal_web_error_of(req, PEAL_ERR_NOMEM);
  else
    peal_buf_add(to, data);
}

static void on_chunks_end(peal_http_req *req, peal_err err, peal_slice body,
                          void *user) {
  peal_web_ctx *ctx = user;
  (void)body;
  if (!err && !req->begun)
    on_body(req, PEAL_OK, peal_buf_slice(&ctx->chunks), ctx);
}

static void collect(peal_web_ctx *ctx, size_t max) {
  if (peal_http_req_length(ctx->req) != UINT64_MAX) {
    peal_http_req_collect(ctx->req, max, on_body, ctx);
    return;
  }
  ctx->chunks.max = max;
  peal_http_req_stream(ctx->req, UINT64_MAX, on_chunk, on_chunks_end, ctx);
}

static bool is_multipart(const peal_web_ctx *ctx) {
  const peal_web_route *route = &ctx->entry->route;
  if (!route->on_form && !route->on_file)
    return false;
  return peal_web_type_is(ctx->req, "multipart/form-data");
}

void peal_web_body_read(peal_web_ctx *ctx) {
  const peal_web_route *route = &ctx->entry->route;
  peal_slice type = peal_http_req_header(ctx->req, "Content-Type");
  if (is_multipart(ctx)) {
    peal_web_upload_read(ctx);
    return;
  }
  if (route->types && !(route->type_optional && !type.len) &&
      !peal_web_type_match(route->types, type)) {
    peal_web_type_refuse(ctx->req, route, route->types);
    return;
  }
  if (peal_web_length_fits(ctx->req, route->max_body_bytes))
    collect(ctx, route->max_body_bytes);
}
