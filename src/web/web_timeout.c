/* SPDX-License-Identifier: MIT */
#include "web/web_timeout.h"

#include "http/http_link.h"

static const char refusal[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 62\r\n"
    "Connection: close\r\n\r\n"
    "{\"status\":\"error\",\"message\":\"not answered in time, try again\"}";

static void on_time(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_web_ctx *ctx = PEAL_LIST_OF(timer, peal_web_ctx, timer);
  peal_http_req *req = ctx->req;
  (void)now_ms;
  if (req->begun || req->aborted || !req->link)
    return;
  if (req->on_end) { /* its body is still read */
    peal_web_timeout_start(ctx);
    return;
  }
  peal_logger_write(
      ctx->app->log, PEAL_LOG_WARN, "web", peal_http_req_address(req),
      (peal_slice){0}, "%.*s %.*s was not answered within %u ms",
      PEAL_SFMT(req->method), PEAL_SFMT(req->path), (unsigned)ctx->timeout_ms);
  peal_http_link_part(req, (peal_slice){refusal, sizeof(refusal) - 1},
                      PEAL_ERR_TIMEOUT);
}

void peal_web_timeout_init(peal_web_ctx *ctx) {
  peal_wheel_timer_init(&ctx->timer, on_time);
}

void peal_web_timeout_start(peal_web_ctx *ctx) {
  peal_worker *worker = ctx->req->home->worker;
  uint32_t limit_ms =
      ctx->has_route ? ctx->entry->route.timeout_ms : ctx->app->opts.timeout_ms;
  ctx->timeout_ms = limit_ms;
  if (limit_ms != UINT32_MAX)
    peal_wheel_set(&worker->wheel, &ctx->timer, worker->now_ms + limit_ms);
}

void peal_web_timeout_stop(peal_web_ctx *ctx) {
  peal_wheel_stop(&ctx->req->home->worker->wheel, &ctx->timer);
}
