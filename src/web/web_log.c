/* SPDX-License-Identifier: MIT */
/* web_log: one line and some figures for each exchange that is over. */
#include <string.h>

#include "web/web_impl.h"
#include "web/web_metrics.h"

static void count(peal_web_figures *figures, const peal_http_done *done) {
  unsigned class = done->status / 100;
  size_t i = 0;
  while (i < PEAL_WEB_BUCKETS && done->micros > peal_web_metrics_bounds[i])
    i++;
  peal_worker_impl_count(&figures->statuses[class < 6 ? class : 0], 1);
  peal_worker_impl_count(&figures->buckets[i], 1);
  peal_worker_impl_count(&figures->micros, done->micros);
  peal_worker_impl_count(&figures->bytes, done->bytes);
}

/* The path without its query: that may hold secrets. */
static void write_line(const peal_web *app, peal_http_req *req,
                       const peal_http_done *done) {
  if (app->opts.no_access_log || !peal_logger_wants(app->log, PEAL_LOG_INFO))
    return;
  peal_slice method = peal_http_req_method(req);
  peal_slice path = peal_http_req_path(req);
  if (path.len > 400)
    path.len = 400;
  peal_logger_write_each(
      app->log, PEAL_LOG_INFO, "access", peal_web_address(req), (peal_slice){0},
      "%.*s %.*s %u %llu bytes %llu.%03llu ms%s%s", PEAL_SFMT(method),
      PEAL_SFMT(path), done->status, (unsigned long long)done->bytes,
      (unsigned long long)done->micros / 1000,
      (unsigned long long)done->micros % 1000,
      done->err ? ", broken off: " : "",
      done->err ? peal_err_message(done->err) : "");
}

/* Of all requests of the server, also those of other layers. */
void peal_web_log_done(peal_http_req *req, const peal_http_done *done,
                       void *user) {
  peal_web *app = user;
  peal_web_ctx *ctx = peal_web_ctx_of(req);
  if (ctx && ctx->app != app)
    return; /* another application's: it watches for itself */
  unsigned worker = peal_worker_index(peal_http_req_worker(req));
  peal_web_entry *entry = ctx ? ctx->entry : &app->other;
  count(&entry->figures[worker], done);
  if (ctx)
    write_line(app, req, done);
}
