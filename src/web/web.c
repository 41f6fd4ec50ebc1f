/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <peal/web.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "http/http_home.h"
#include "web/web_impl.h"
#include "web/web_limits.h"

static const char default_csp[] =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'";

/* -- life ------------------------------------------------------------------ */

/* A header's value: the default for NULL, none for "". */
static bool copy_header(const peal_web *app, char **out, const char *value,
                        const char *otherwise) {
  const char *chosen = value ? value : otherwise;
  return peal_web_impl_copy(app, out, *chosen ? chosen : NULL);
}

static bool copy_security(peal_web *app) {
  const peal_web_security *security = &app->opts.security;
  if (security->off)
    return true;
  if (!copy_header(app, &app->csp, security->csp, default_csp) ||
      !copy_header(app, &app->frame_options, security->frame_options,
                   "SAMEORIGIN") ||
      !copy_header(app, &app->referrer_policy, security->referrer_policy,
                   "same-origin"))
    return false;
  if (!security->hsts_max_age_s)
    return true;
  char text[48];
  snprintf(text, sizeof(text), "max-age=%u",
           (unsigned)security->hsts_max_age_s);
  return peal_web_impl_copy(app, &app->hsts, text);
}

static void on_start(peal_worker *worker, void *user) {
  (void)worker;
  atomic_store(&((peal_web *)user)->running, true);
}

static peal_err prepare(peal_web *app, const peal_web_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->cors) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->security))
    return PEAL_ERR_OPTION;
  app->opts = *opts;
  if (!app->opts.max_body_bytes)
    app->opts.max_body_bytes = PEAL_LIMIT_HTTP_BODY_BYTES;
  if (!app->opts.timeout_ms)
    app->opts.timeout_ms = 30000;
  if (!app->opts.compress_from_bytes)
    app->opts.compress_from_bytes = PEAL_LIMIT_WEB_COMPRESS_BYTES;
  if (!peal_web_impl_copy(app, &app->prefix_copy,
                          opts->prefix ? opts->prefix : "/") ||
      !copy_security(app))
    return PEAL_ERR_NOMEM;
  app->opts.prefix = app->prefix_copy;
  app->router = peal_web_router_new(app->mem);
  app->other.app = app;
  app->other.figures = peal_web_impl_figures(app);
  if (!app->router || !app->other.figures)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_cors_new(&app->cors, &opts->cors, app->mem);
  if (err)
    return err;
  err = peal_http_server_mount(app->http,
                               &(peal_http_mount){.path = app->prefix_copy,
                                                  .on_request = peal_web_serve,
                                                  .user = app});
  if (err)
    return err;
  err = peal_http_server_on_done(app->http, peal_web_log_done, app);
  if (!err)
    err = peal_workers_on_start(app->workers, on_start, app);
  return err;
}

peal_web *peal_web_new(peal_http_server *http, const peal_web_opts *opts) {
  static const peal_web_opts none;
  if (!http)
    return NULL;
  if (!opts)
    opts = &none;
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_web *app = peal_mem_zalloc(mem, sizeof(*app));
  if (!app)
    return NULL;
  app->mem = mem;
  app->http = http;
  app->workers = peal_http_server_workers(http);
  app->worker_count = peal_workers_count(app->workers);
  app->log = peal_workers_get(app->workers, 0)->log;
  peal_err err = prepare(app, opts);
  if (err) {
    peal_web_impl_complain(app, "web layer on", app->prefix_copy, err);
    peal_web_free(app);
    return NULL;
  }
  peal_http_home_json_errors(http);
  return app;
}

static void free_lists(peal_web *app) {
  while (app->hooks) {
    peal_web_hook *hook = app->hooks;
    app->hooks = hook->next;
    peal_mem_free(app->mem, hook->prefix);
    peal_mem_free(app->mem, hook);
  }
  while (app->sources) {
    peal_web_source *source = app->sources;
    app->sources = source->next;
    peal_mem_free(app->mem, source);
  }
}

void peal_web_free(peal_web *app) {
  if (!app)
    return;
  peal_worker_impl_forget(app->workers, app);
  peal_web_route_free_all(app);
  free_lists(app);
  peal_web_folder_free_all(app);
  peal_web_health_free_all(app);
  peal_web_router_free(app->router);
  peal_cors_free(app->cors);
  peal_mem_free(app->mem, app->other.figures);
  peal_mem_free(app->mem, app->prefix_copy);
  peal_mem_free(app->mem, app->csp);
  peal_mem_free(app->mem, app->frame_options);
  peal_mem_free(app->mem, app->referrer_policy);
  peal_mem_free(app->mem, app->hsts);
  peal_mem_free(app->mem, app);
}

/* -- hooks ----------------------------------------------------------------- */

static peal_err add_hook(peal_web *app, const char *prefix, peal_web_hook_fn fn,
                         void *user) {
  peal_web_hook *hook = peal_mem_zalloc(app->mem, sizeof(*hook));
  if (!hook)
    return PEAL_ERR_NOMEM;
  hook->fn = fn;
  hook->user = user;
  peal_err err = PEAL_ERR_NOMEM;
  if (peal_web_impl_copy(app, &hook->prefix, prefix))
    err = memchr(prefix, '%', strlen(prefix))
              ? PEAL_ERR_USAGE
              : peal_web_router_split(&hook->path, peal_slice_of(hook->prefix),
                                      NULL);
  if (err) {
    peal_mem_free(app->mem, hook->prefix);
    peal_mem_free(app->mem, hook);
    return err;
  }
  peal_web_hook **last = &app->hooks;
  while (*last)
    last = &(*last)->next;
  *last = hook;
  return PEAL_OK;
}

peal_err peal_web_before(peal_web *app, const char *prefix, peal_web_hook_fn fn,
                         void *user) {
  if (!app || !prefix || !fn || atomic_load(&app->running))
    return PEAL_ERR_USAGE;
  peal_err err = add_hook(app, prefix, fn, user);
  if (err)
    peal_web_impl_complain(app, "hook for", prefix, err);
  return err;
}

void peal_web_pass(peal_http_req *req) {
  peal_web_serve_pass(req);
}
