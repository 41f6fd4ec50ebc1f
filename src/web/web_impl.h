/* SPDX-License-Identifier: MIT */
#pragma once
/* web_impl: what the files of the web layer share: the application, its
 * routes and what it knows about a request.
 *
 *   request -> route -> hooks -> limit -> body -> handler -> answer -> log */
#include <stdatomic.h>

#include <peal/web.h>

#include "base/list.h"
#include "http/cors.h"
#include "http/http_req.h"
#include "net/worker_impl.h"
#include "web/web_router.h"

typedef struct peal_web_ctx peal_web_ctx;
typedef struct peal_web_folder peal_web_folder;

/* Upper bounds of the duration buckets in microseconds; the last is open. */
#define PEAL_WEB_BUCKETS 12u

/* Figures of a route on one worker. */
typedef struct peal_web_figures {
  uint64_t statuses[6]; /* by class; [0]: closed without an answer */
  uint64_t buckets[PEAL_WEB_BUCKETS + 1];
  uint64_t micros, bytes;
} peal_web_figures;

typedef struct peal_web_entry {
  struct peal_web_entry *next;
  peal_web *app;
  peal_web_route route;      /* strings are owned, defaults filled in */
  peal_cors *cors;           /* NULL: the application's */
  peal_web_figures *figures; /* one per worker */
} peal_web_entry;

typedef struct peal_web_hook {
  struct peal_web_hook *next;
  char *prefix;
  peal_web_router_path path; /* into `prefix` */
  peal_web_hook_fn fn;
  void *user;
} peal_web_hook;

typedef struct peal_web_source {
  struct peal_web_source *next;
  peal_web_metrics_fn fn;
  void *user;
} peal_web_source;

struct peal_web {
  peal_http_server *http;
  peal_workers *workers;
  unsigned worker_count;
  const peal_mem *mem;
  peal_logger *log;   /* borrowed: the workers' */
  peal_web_opts opts; /* defaults filled in, strings owned */
  peal_cors *cors;
  peal_web_router *router;
  peal_web_entry *routes;   /* newest first */
  peal_web_entry other;     /* figures of what has no route */
  peal_web_hook *hooks;     /* in order */
  peal_web_folder *folders; /* longest prefix first */
  peal_web_source *sources;
  struct peal_web_health_check *checks;
  struct peal_web_health_part *parts; /* in order */
  size_t part_count;
  char *prefix_copy;
  char *csp, *frame_options, *referrer_policy; /* NULL: not sent */
  char *hsts;
  atomic_bool running;
};

/* What we know about a request; lives as long as it. */
struct peal_web_ctx {
  peal_http_req *req;
  peal_web *app;
  peal_web_entry *entry; /* whose figures: the route's or &app->other */
  peal_err err;          /* it has no target, and why */
  bool has_route;
  peal_web_folder *folder; /* serves it, if no route does */
  peal_web_router_path path;
  peal_web_router_match match;
  peal_slice rest;           /* the value of `*name` */
  const peal_web_hook *hook; /* the next one */
  bool route_hook_done;
  bool waits; /* for peal_web_pass */
  bool in_hook;
  peal_doc *doc;   /* the body as a value */
  peal_buf chunks; /* a body without announced length */
  size_t chunks_charged;
  peal_wheel_timer timer; /* the time to answer */
  uint32_t timeout_ms;
  struct peal_web_upload *upload;
  void (*on_end)(peal_web_ctx *ctx);
};

/* One line in the log: what could not be made. `which` may be NULL. */
void peal_web_impl_complain(const peal_web *app, const char *what,
                            const char *which, peal_err err);
/* A copy in *out; NULL stays NULL. False: memory is out. */
bool peal_web_impl_copy(const peal_web *app, char **out, const char *text);
/* Zeros for each worker; NULL if memory is out. */
peal_web_figures *peal_web_impl_figures(const peal_web *app);

void peal_web_route_free_all(peal_web *app);

/* The mount's handler. */
void peal_web_serve(peal_http_req *req, void *app);
/* `on_end` comes when the request is over. NULL if memory is out. */
peal_web_ctx *peal_web_ctx_new(peal_http_req *req, peal_web *app,
                               void (*on_end)(peal_web_ctx *ctx));
/* NULL if the request is not the web layer's. */
peal_web_ctx *peal_web_ctx_of(const peal_http_req *req);
/* GET or HEAD. */
bool peal_web_ctx_is_read(const peal_web_ctx *ctx);
/* Go on behind a hook that waited. */
void peal_web_serve_pass(peal_http_req *req);
/* 404, or 405 where another method has the path. */
void peal_web_missing(peal_web_ctx *ctx);
/* on_done of the server: figures and access log. */
void peal_web_log_done(peal_http_req *req, const peal_http_done *done,
                       void *app);

/* Read the body as the route wants it and call its handler. */
void peal_web_body_read(peal_web_ctx *ctx);
/* Is the announced length within `max`? Otherwise 413 has been answered. */
bool peal_web_length_fits(peal_http_req *req, uint64_t max);
/* Answer 413. */
void peal_web_length_refuse(peal_http_req *req, uint64_t max);
/* Is the Content-Type `value` one of `types` (separated by blanks)? */
bool peal_web_type_match(const char *types, peal_slice value);
/* Answer a type that the route does not take. */
void peal_web_type_refuse(peal_http_req *req, const peal_web_route *route,
                          const char *types);

/* The rate limit of a route; false: answered. */
bool peal_web_limit_route(peal_web_ctx *ctx);

/* -- folders --------------------------------------------------------------- */

/* The folder that this path belongs to, or NULL. */
peal_web_folder *peal_web_folder_find(peal_web *app,
                                      const peal_web_router_path *path);
void peal_web_folder_serve(peal_web_ctx *ctx);
void peal_web_folder_free_all(peal_web *app);

void peal_web_health_free_all(peal_web *app);
