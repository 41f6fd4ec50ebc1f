/* SPDX-License-Identifier: MIT */
/* web_ctx: what the web layer knows about a request, for as long as it. */
#include <string.h>

#include "web/web_impl.h"

static void free_ctx(void *layer) {
  peal_web_ctx *ctx = layer;
  ctx->on_end(ctx);
  peal_buf_deinit(&ctx->chunks);
  peal_doc_free(ctx->doc);
}

peal_web_ctx *peal_web_ctx_new(peal_http_req *req, peal_web *app,
                               void (*on_end)(peal_web_ctx *ctx)) {
  peal_web_ctx *ctx = peal_http_req_alloc(req, sizeof(*ctx));
  if (!ctx)
    return NULL;
  memset(ctx, 0, sizeof(*ctx));
  ctx->req = req;
  ctx->app = app;
  ctx->entry = &app->other;
  ctx->hook = app->hooks;
  ctx->on_end = on_end;
  peal_buf_init(&ctx->chunks, app->mem, 0);
  req->layer = ctx;
  req->layer_free = free_ctx;
  return ctx;
}

peal_web_ctx *peal_web_ctx_of(const peal_http_req *req) {
  return req->layer_free == free_ctx ? req->layer : NULL;
}

bool peal_web_ctx_is_read(const peal_web_ctx *ctx) {
  return peal_http_req_is_method(ctx->req, "GET") ||
         peal_http_req_is_method(ctx->req, "HEAD");
}
