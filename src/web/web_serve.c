/* SPDX-License-Identifier: MIT */
/* web_serve: a request on its way to its route: path, CORS, hooks, handler. */
#include <string.h>

#include "base/mem.h"
#include "http/cors_ask.h"
#include "http/cors_refused.h"
#include "web/web_impl.h"
#include "web/web_timeout.h"
#include "web/web_upload.h"

static void go_on(peal_web_ctx *ctx);

/* The request is over. */
static void end(peal_web_ctx *ctx) {
  peal_web_timeout_stop(ctx);
  peal_web_upload_free(ctx);
}

/* -- where it goes --------------------------------------------------------- */

static peal_err split_path(peal_web_ctx *ctx) {
  peal_slice path = peal_http_req_path(ctx->req);
  size_t need = peal_web_router_scratch(path);
  char *scratch = NULL;
  if (need) {
    scratch = peal_http_req_alloc(ctx->req, need);
    if (!scratch)
      return PEAL_ERR_NOMEM;
  }
  return peal_web_router_split(&ctx->path, path, scratch);
}

/* The parts behind `*name`, decoded and joined. An escaped slash in a part
 * would be a second spelling of another path: not found. */
static peal_err join_rest(peal_web_ctx *ctx) {
  size_t len = 0, first = ctx->match.rest;
  if (first == SIZE_MAX)
    return PEAL_OK;
  for (size_t i = first; i < ctx->path.count; i++) {
    peal_slice part = ctx->path.parts[i];
    if (part.len && memchr(part.ptr, '/', part.len))
      return PEAL_ERR_NOT_FOUND;
    len += part.len + 1;
  }
  char *out = peal_http_req_alloc(ctx->req, len + 1);
  if (!out)
    return PEAL_ERR_NOMEM;
  ctx->rest = (peal_slice){out, len ? len - 1 : 0};
  for (size_t i = first; i < ctx->path.count; i++) {
    peal_slice part = ctx->path.parts[i];
    if (part.len)
      memcpy(out, part.ptr, part.len);
    out += part.len;
    *out++ = '/';
  }
  return PEAL_OK;
}

static peal_err find_target(peal_web_ctx *ctx) {
  peal_err err = split_path(ctx);
  if (err)
    return err;
  peal_web_router_find(ctx->app->router, peal_http_req_method(ctx->req),
                       &ctx->path, &ctx->match);
  if (ctx->match.target) {
    ctx->entry = ctx->match.target;
    ctx->has_route = true;
    return join_rest(ctx);
  }
  if (!ctx->match.found_path || peal_web_ctx_is_read(ctx))
    ctx->folder = peal_web_folder_find(ctx->app, &ctx->path);
  return PEAL_OK;
}

static void answer_early(peal_web_ctx *ctx, peal_err err) {
  if (err == PEAL_ERR_NOT_FOUND)
    peal_web_error(ctx->req, 404, "not found", NULL);
  else if (err == PEAL_ERR_HTTP_SYNTAX)
    peal_web_error(ctx->req, 400, "malformed path", NULL);
  else
    peal_web_error_of(ctx->req, err);
}

static const peal_cors *cors_of(const peal_web_ctx *ctx) {
  return ctx->entry->cors ? ctx->entry->cors : ctx->app->cors;
}

/* Whoever asks by OPTIONS asks for the path, whatever its methods: the CORS
 * rules are those of the route with the method it wants to use. */
static const peal_cors *preflight_cors(peal_web_ctx *ctx) {
  peal_slice wanted =
      peal_http_req_header(ctx->req, "Access-Control-Request-Method");
  peal_web_router_match match;
  peal_web_router_find(ctx->app->router, wanted, &ctx->path, &match);
  const peal_web_entry *entry = match.target;
  return entry && entry->cors ? entry->cors : ctx->app->cors;
}

static bool is_preflight(const peal_web_ctx *ctx) {
  return !ctx->err && !ctx->has_route &&
         peal_http_req_is_method(ctx->req, "OPTIONS");
}

static const peal_cors *rules_of(peal_web_ctx *ctx) {
  return is_preflight(ctx) ? preflight_cors(ctx) : cors_of(ctx);
}

/* Nobody is refused here, but a page of that origin will not see the answer, and
 * its browser says little. What only sends (forms) does not look at it. */
static void tell_origin(peal_web_ctx *ctx) {
  const peal_cors *cors = rules_of(ctx);
  if ((is_preflight(ctx) || peal_web_ctx_is_read(ctx)) &&
      !peal_cors_allows(cors, ctx->req))
    peal_cors_refused_log(cors, ctx->req, ctx->app->log, "web");
}

/* Behind the verdict on its origin. */
static void serve(peal_http_req *req, void *user) {
  peal_web_ctx *ctx = peal_web_ctx_of(req);
  (void)user;
  tell_origin(ctx);
  if (is_preflight(ctx) && peal_cors_preflight(preflight_cors(ctx), req))
    return;
  peal_cors_apply(cors_of(ctx), req);
  if (!ctx->app->opts.security.off)
    (void)peal_http_answer_header(req, "X-Content-Type-Options",
                                  PEAL_S("nosniff"));
  if (ctx->err)
    answer_early(ctx, ctx->err);
  else if (ctx->has_route || (ctx->folder && peal_web_ctx_is_read(ctx)))
    go_on(ctx);
  else
    peal_web_missing(ctx);
}

void peal_web_serve(peal_http_req *req, void *user) {
  peal_web_ctx *ctx = peal_web_ctx_new(req, user, end);
  if (!ctx) {
    peal_http_answer_bytes(req, 503, NULL, NULL);
    return;
  }
  peal_web_timeout_init(ctx);
  req->compress_from = ctx->app->opts.compress_from_bytes;
  ctx->err = find_target(ctx);
  peal_cors_ask_begin(rules_of(ctx), req, serve, NULL);
}

/* -- hooks, limit, handler ------------------------------------------------- */

/* Returns true if the request goes on. */
static bool run_hook(peal_web_ctx *ctx, peal_web_hook_fn fn, void *user) {
  ctx->waits = true;
  ctx->in_hook = true;
  peal_web_verdict verdict = fn(ctx->req, user);
  ctx->in_hook = false;
  switch (verdict) {
  case PEAL_WEB_PASS:
    ctx->waits = false;
    return true;
  case PEAL_WEB_STOP:
    ctx->waits = false;
    return false;
  case PEAL_WEB_LATER:
    break;
  }
  if (!ctx->waits) /* peal_web_pass came inside the hook */
    return true;
  peal_http_defer(ctx->req);
  return false;
}

static bool run_hooks(peal_web_ctx *ctx) {
  while (ctx->hook) {
    const peal_web_hook *hook = ctx->hook;
    ctx->hook = hook->next;
    if (peal_web_router_below(&ctx->path, &hook->path) &&
        !run_hook(ctx, hook->fn, hook->user))
      return false;
  }
  const peal_web_route *route = &ctx->entry->route;
  if (ctx->route_hook_done || !route->before)
    return true;
  ctx->route_hook_done = true;
  return run_hook(ctx, route->before, route->before_user);
}

static void go_on(peal_web_ctx *ctx) {
  peal_web_timeout_start(ctx);
  if (!run_hooks(ctx))
    return;
  if (!ctx->has_route) {
    peal_web_folder_serve(ctx);
    return;
  }
  if (!peal_web_limit_route(ctx))
    return;
  const peal_web_route *route = &ctx->entry->route;
  if (route->on_request)
    route->on_request(ctx->req, route->user);
  else
    peal_web_body_read(ctx);
}

void peal_web_serve_pass(peal_http_req *req) {
  peal_web_ctx *ctx = peal_web_ctx_of(req);
  if (!ctx || !ctx->waits)
    return;
  ctx->waits = false;
  if (req->begun) /* it was answered: there is nothing to go on with */
    return;
  if (ctx->in_hook)
    return;
  if (peal_http_req_is_aborted(req))
    peal_http_answer(req, 503, NULL, (peal_slice){0}); /* goes nowhere */
  else
    go_on(ctx);
}
