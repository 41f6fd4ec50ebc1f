/* SPDX-License-Identifier: MIT */
#include "web/web_timeout.h"

static const char refusal[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 62\r\n"
    "Connection: close\r\n\r\n"
    "{\"status\":\"error\",\"message\":\"not answered in time, try again\"}";

/* The connection says 503 and ends; the request is as one whose peer has
 * gone. */
static void part(peal_http_req *req) {
  peal_http_link *conn = req->conn;
  conn->req = NULL;
  conn->phase = PEAL_HTTP_CLOSING;
  peal_wheel_stop(&conn->home->worker->wheel, &conn->timer);
  peal_buf_add(&conn->out, (peal_slice){refusal, sizeof(refusal) - 1});
  peal_stream_finish(conn->stream);
  peal_http_req_abort(req, PEAL_ERR_TIMEOUT);
}

static void on_time(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_web_ctx *ctx = PEAL_LIST_OF(timer, peal_web_ctx, timer);
  peal_http_req *req = ctx->req;
  (void)now_ms;
  if (req->begun || req->aborted || !req->conn)
    return;
  if (req->on_end) { /* its body is still read */
    peal_web_timeout_start(ctx);
    return;
  }
  peal_logger_write(
      ctx->app->log, PEAL_LOG_WARN, "web", peal_http_req_peer(req),
      (peal_slice){0}, "%.*s %.*s was not answered within %u ms",
      PEAL_SFMT(req->method), PEAL_SFMT(req->path), (unsigned)ctx->timeout_ms);
  part(req);
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
