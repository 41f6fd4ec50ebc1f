/* SPDX-License-Identifier: MIT */
#pragma once
/* web: the layer that a real-time application needs around its sockets:
 * routes, bodies, static files, cookies, limits, metrics, logs.
 *
 *   peal_web *app = peal_web_new(http, NULL);
 *   peal_web_get(app, "/api/devices/:id", on_device, NULL);
 *   peal_web_json(app, "POST", "/api/sensor-data", on_reading, NULL);
 *   peal_web_static(app, "/", "web", NULL);
 *
 * Everything is set up first, then the server runs; afterwards the functions
 * that set up return PEAL_ERR_USAGE. Handlers get the request of <peal/http.h>
 * and answer with its functions, at once or later (peal_http_defer,
 * peal_web_task). Errors are JSON: {"status":"error","message":…}.
 *
 * Example: examples/web_hello/main.c */
#include <peal/base.h>
#include <peal/http.h>
#include <peal/store.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_web peal_web;

/* A text option whose NULL means a default: leave the header out. */
#define PEAL_WEB_NONE ""

/* Headers that protect pages. Defaults in brackets. */
typedef struct peal_web_security {
  bool off; /* none of them */
  /* On HTML and SVG [default-src 'self'; img-src 'self' data: blob:; media-src
   * 'self' blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri
   * 'self'; form-action 'self'; frame-ancestors 'self'] */
  const char *csp;
  const char *frame_options;   /* [SAMEORIGIN] */
  const char *referrer_policy; /* [same-origin] */
  uint32_t hsts_max_age_s;     /* [not sent]: only behind TLS */
} peal_web_security;

typedef struct peal_web_opts {
  const char *prefix;  /* mount here; default "/". Routes are written in full */
  peal_cors_opts cors; /* of all routes; {0}: same origin only */
  size_t max_body_bytes; /* of routes that say nothing; default 1000000 */
  uint32_t timeout_ms;   /* to answer, of routes that say nothing: then 503;
                            default 30000; UINT32_MAX: none */
  peal_web_security security;
  bool no_access_log; /* default: one line per request, level info */
  /* Behind a proxy: trust its X-Forwarded-For for the peer's address if the
   * connection comes from one of these addresses (separated by blanks). */
  const char *proxies;
  const peal_mem *mem; /* borrowed for life; NULL: libc */
} peal_web_opts;

/* Mounts itself on `http` (borrowed; free the web layer before it). Copies
 * `opts`. Returns NULL if the options are wrong (the log says which) or memory
 * is out. */
PEAL_API PEAL_MUST_CHECK peal_web *peal_web_new(peal_http_server *http,
                                                const peal_web_opts *opts);
/* After the run, and after the stores that peal_web_health looks at. */
PEAL_API void peal_web_free(peal_web *app);

/* -- routes ---------------------------------------------------------------- */

/* The head is there. Answer, defer, or read the body. */
typedef peal_http_req_fn peal_web_fn;
/* The body as a value, borrowed until the request is over. */
typedef void (*peal_web_val_fn)(peal_http_req *req, peal_val body, void *user);
/* The whole body as it came, borrowed until the handler returns. */
typedef void (*peal_web_body_fn)(peal_http_req *req, peal_slice body,
                                 void *user);

/* An uploaded file: the body itself, or a part of a multipart body. All
 * borrowed until the handler returns; `data` is shared. */
typedef struct peal_web_file {
  peal_bytes *data;
  peal_slice type; /* Content-Type as sent, or empty */
  peal_slice name; /* as the client calls it, or empty: never a path */
  peal_val fields; /* object: the text parts */
} peal_web_file;

typedef void (*peal_web_file_fn)(peal_http_req *req, const peal_web_file *file,
                                 void *user);

/* What a hook decided. */
typedef enum peal_web_verdict {
  PEAL_WEB_PASS, /* go on */
  PEAL_WEB_STOP, /* it has answered or deferred: the handler is not called */
  PEAL_WEB_LATER /* it calls peal_web_pass later, or answers */
} peal_web_verdict;

/* Runs before the handler and before the body is read: for authentication. */
typedef peal_web_verdict (*peal_web_hook_fn)(peal_http_req *req, void *user);

typedef struct peal_web_limit peal_web_limit; /* below */

/* A route in full. Strings are copied. */
typedef struct peal_web_route {
  const char *method; /* NULL: GET. A GET route also answers HEAD */
  /* "/api/devices/:id/images" and, as the last part, "/files/" followed by
   * `*name` (the rest, may be empty). A fixed part wins over a parameter, a
   * parameter over the rest. */
  const char *path;

  /* Exactly one of these. Those that read the body answer 400 to a malformed
   * one (JSON: with its position), 413 to a longer one, 415 to another type. */
  peal_web_fn on_request;
  peal_web_val_fn on_json; /* application/json */
  peal_web_val_fn on_form; /* urlencoded, or multipart without files: an
                              object of strings */
  peal_web_body_fn on_body;
  peal_web_file_fn on_file; /* a raw body, or the file in a multipart body */
  void *user;

  const char *file_field; /* on_file: the part's name; NULL: the first file */
  size_t max_body_bytes;  /* default: the application's */
  /* Content types that are accepted, separated by blanks; "image" followed by
   * a slash and `*` is any image. NULL: what the handler's kind says. With
   * on_file, of the raw body or the part; multipart itself is always
   * accepted. */
  const char *types;
  bool type_optional;       /* a body without Content-Type is accepted */
  unsigned type_status;     /* for other types; default 415 */
  const char *type_message; /* default "Content-Type must be …" */
  uint32_t timeout_ms;      /* default: the application's */
  peal_web_hook_fn before;  /* after the application's hooks */
  void *before_user;
  peal_web_limit *limit; /* borrowed; NULL: none */
  /* What is counted, borrowed until the call ends; NULL: the peer's address */
  peal_slice (*limit_key)(peal_http_req *req, void *user);
  const peal_cors_opts *cors; /* instead of the application's */
} peal_web_route;

/* Returns: PEAL_OK, PEAL_ERR_EXISTS, PEAL_ERR_USAGE (malformed path, no
 * handler or two, the server runs), PEAL_ERR_OPTION (cors), PEAL_ERR_NOMEM. An
 * error is logged. */
PEAL_API peal_err peal_web_route_add(peal_web *app,
                                     const peal_web_route *route);
/* The same in short, with on_request. */
PEAL_API peal_err peal_web_get(peal_web *app, const char *path, peal_web_fn fn,
                               void *user);
PEAL_API peal_err peal_web_post(peal_web *app, const char *path, peal_web_fn fn,
                                void *user);
PEAL_API peal_err peal_web_put(peal_web *app, const char *path, peal_web_fn fn,
                               void *user);
PEAL_API peal_err peal_web_patch(peal_web *app, const char *path,
                                 peal_web_fn fn, void *user);
PEAL_API peal_err peal_web_delete(peal_web *app, const char *path,
                                  peal_web_fn fn, void *user);
/* The same in short, with on_json. */
PEAL_API peal_err peal_web_json(peal_web *app, const char *method,
                                const char *path, peal_web_val_fn fn,
                                void *user);
/* Run `fn` before the handlers of every route and static folder whose path is
 * `prefix` or below it ("/": all), in order of registration. CORS preflights
 * pass by. */
PEAL_API peal_err peal_web_before(peal_web *app, const char *prefix,
                                  peal_web_hook_fn fn, void *user);
/* After PEAL_WEB_LATER: go on with the next hook or the handler, unless the
 * request has been answered. Again: nothing, as long as no other hook waits. */
PEAL_API void peal_web_pass(peal_http_req *req);

/* -- the request ----------------------------------------------------------- */

/* A parameter of the path, percent-decoded; NULL ptr if there is none of this
 * name. Borrowed for the life of the request. */
PEAL_API peal_slice peal_web_param(peal_http_req *req, const char *name);
/* The same as a number: false, and 404 has been answered, if it is none from
 * `min` to `max`. */
PEAL_API bool peal_web_param_int(peal_http_req *req, const char *name,
                                 int64_t min, int64_t max, int64_t *out);
/* A number of the query; `otherwise` if absent. False: it is no number from
 * `min` to `max`, and 422 with the field has been answered. */
PEAL_API bool peal_web_query_int(peal_http_req *req, const char *name,
                                 int64_t otherwise, int64_t min, int64_t max,
                                 int64_t *out);
/* The client's address: the peer's, or what a trusted proxy says. */
PEAL_API peal_slice peal_web_address(peal_http_req *req);
/* Does Content-Type name this type (parameters aside, any case)? */
PEAL_API bool peal_web_type_is(const peal_http_req *req, const char *type);

/* One field that an object must or may have. */
typedef struct peal_web_field {
  const char *name;
  peal_type type;      /* PEAL_DOUBLE: any number; PEAL_INT: without fraction;
                     PEAL_UNDEFINED: any type */
  bool optional;       /* may be absent or null */
  double min, max;     /* numbers; both 0: no range */
  size_t max_len;      /* strings in bytes, arrays in items; 0: no limit */
  bool not_empty;      /* strings */
  const char *choices; /* strings: allowed words, separated by blanks */
} peal_web_field;

/* Fields with their count, for the functions below. */
#define PEAL_WEB_FIELDS(...)                                                   \
  ((const peal_web_field[]){__VA_ARGS__}),                                     \
      sizeof((const peal_web_field[]){__VA_ARGS__}) / sizeof(peal_web_field)

/* What is wrong, in words for the client: "must be a number". */
typedef struct peal_web_problem {
  const char *field; /* of the table, or NULL: it is no object */
  char message[160]; /* "accel_x must be a number, not a string" */
} peal_web_problem;

/* Is `object` an object with these fields? For events too. `out` may be NULL.
 * Thread: pure. */
PEAL_API bool peal_web_fields_check(peal_val object,
                                    const peal_web_field *fields, size_t count,
                                    peal_web_problem *out);
/* The same for a body: false, and 422 with message and field has been
 * answered. */
PEAL_API bool peal_web_fields(peal_http_req *req, peal_val object,
                              const peal_web_field *fields, size_t count);

/* -- answers --------------------------------------------------------------- */

/* {"status":"error","message":message} and "field" if it is not NULL. */
PEAL_API void peal_web_error(peal_http_req *req, unsigned status,
                             const char *message, const char *field);
/* The status that fits `err`, and words that tell nothing of the inside. */
PEAL_API void peal_web_error_of(peal_http_req *req, peal_err err);
/* 302 (or 303, 307, 308) to `location`. */
PEAL_API void peal_web_redirect(peal_http_req *req, unsigned status,
                                const char *location);
/* "2026-01-31T12:00:00.000Z", terminated. Thread: pure. */
PEAL_API void peal_web_time_iso(char out[25], int64_t wall_ms);

typedef struct peal_web_cookie {
  const char *name;
  peal_slice value;      /* characters of RFC6265 4.1.1 */
  const char *path;      /* default "/" */
  const char *domain;    /* default: this host only */
  int64_t max_age_s;     /* default: until the browser ends; negative: remove */
  bool secure;           /* only over TLS */
  bool for_scripts;      /* default: HttpOnly */
  const char *same_site; /* default "Lax"; "Strict", "None" (needs secure) */
} peal_web_cookie;

/* Set-Cookie, before the answer is begun. Cookies are read with
 * peal_http_req_cookie. Returns: PEAL_OK, PEAL_ERR_USAGE (characters that may
 * not be in a cookie, too late), PEAL_ERR_NOMEM. Spec: RFC6265 4.1. */
PEAL_API peal_err peal_web_cookie_set(peal_http_req *req,
                                      const peal_web_cookie *cookie);

/* Like peal_task_done_fn; `req` is valid, the peer may have gone. */
typedef void (*peal_web_task_fn)(peal_http_req *req, peal_err err, void *user);
/* Defer, run `work` on the pool, then `done` on the worker: it answers. Returns
 * false if memory is out: 503 has been answered and neither is called. */
PEAL_API bool peal_web_task(peal_http_req *req, peal_task_work_fn work,
                            peal_web_task_fn done, void *user);

/* -- multipart bodies ------------------------------------------------------ */

/* Head of a part (RFC7578); borrowed until on_part returns. */
typedef struct peal_web_part {
  peal_slice name;     /* of the field */
  peal_slice filename; /* NULL ptr: not a file. Never use it as a path */
  peal_slice type;     /* Content-Type, or empty */
} peal_web_part;

typedef struct peal_web_multipart_opts {
  /* A part begins, brings `data` (borrowed), ends. An error that on_part or
   * on_data returns stops: it is answered with its status and comes to
   * on_end. NULL: not told. */
  peal_err (*on_part)(peal_http_req *req, const peal_web_part *part,
                      void *user);
  peal_err (*on_data)(peal_http_req *req, peal_slice data, void *user);
  void (*on_part_end)(peal_http_req *req, void *user);
  /* Exactly once: PEAL_OK (answer now), or why not (it has been answered). */
  void (*on_end)(peal_http_req *req, peal_err err, void *user);
  void *user;
  uint64_t max_bytes;    /* of the whole body; default: the route's */
  size_t max_parts;      /* default 100 */
  size_t max_head_bytes; /* of a part; default 4096 */
} peal_web_multipart_opts;

/* In an on_request handler: read a multipart/form-data body piece by piece, in
 * bounded memory. Other types are answered with 415. Copies `opts`. The flow
 * stops and starts with peal_http_req_pause and _resume.
 * Spec: RFC7578, RFC2046 5.1. */
PEAL_API void peal_web_multipart(peal_http_req *req,
                                 const peal_web_multipart_opts *opts);

/* -- files ----------------------------------------------------------------- */

typedef struct peal_web_static_opts {
  const char *index; /* default "index.html"; PEAL_WEB_NONE: none */
  /* Default "no-cache": always asked, mostly answered with 304. */
  const char *cache_control;
  /* More folders, looked into in order after `dir`; NULL-terminated. */
  const char *const *more_dirs;
  const char *fallback;   /* served where nothing is found, for pages that route
                           themselves; NULL: 404 */
  size_t max_cache_bytes; /* compressed small files kept; default 8 MiB */
  bool no_compress;
} peal_web_static_opts;

/* Serve the files of `dir` below `prefix` to GET and HEAD; routes win. With
 * ETag, Last-Modified, conditions, one range, gzip. Nothing outside of the
 * folder, no file or folder whose name begins with a dot, no symbolic link that
 * leaves it. Copies `opts`. Returns: PEAL_OK, PEAL_ERR_NOT_FOUND (no such
 * folder: logged), PEAL_ERR_EXISTS, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_web_static(peal_web *app, const char *prefix,
                                  const char *dir,
                                  const peal_web_static_opts *opts);

/* Serve `name` (a relative path, taken as text) out of the folder `dir`, with
 * conditions and ranges as above: for files that a route has chosen. `type`
 * NULL: by the name's ending. `cache_control` NULL: "no-cache". Defers. */
PEAL_API void peal_web_file_send(peal_http_req *req, const char *dir,
                                 peal_slice name, const char *type,
                                 const char *cache_control);

/* -- limits ---------------------------------------------------------------- */

typedef struct peal_web_limit_opts {
  uint32_t count;    /* so many … */
  uint32_t per_ms;   /* … in such a time; default 1000 */
  uint32_t burst;    /* at once; default `count` */
  uint32_t max_keys; /* remembered; default 10000, the idlest go first */
} peal_web_limit_opts;

/* A table of token buckets, one per key, shared by all workers. Copies `opts`.
 * NULL if memory is out or `count` is 0. */
PEAL_API PEAL_MUST_CHECK peal_web_limit *peal_web_limit_new(
    const peal_web_limit_opts *opts);
PEAL_API void peal_web_limit_free(peal_web_limit *limit);
/* Take one token of `key`; false: there is none for *retry_ms (may be NULL).
 * `now_ms` is monotonic. Thread: any. */
PEAL_API bool peal_web_limit_take(peal_web_limit *limit, peal_slice key,
                                  uint64_t now_ms, uint64_t *retry_ms);
/* The same for a request: false, and 429 with Retry-After has been answered. */
PEAL_API bool peal_web_limit_check(peal_web_limit *limit, peal_http_req *req,
                                   peal_slice key);

/* -- looking in from outside ----------------------------------------------- */

/* Where metrics are written to. */
typedef struct peal_web_metrics_out peal_web_metrics_out;
typedef void (*peal_web_metrics_fn)(peal_web_metrics_out *out, void *user);

/* GET `path`: the server's, the workers', the routes' and the process's figures
 * as Prometheus text, and those of the functions added. */
PEAL_API peal_err peal_web_metrics(peal_web *app, const char *path);
/* Call `fn` on the worker that answers /metrics (any worker). */
PEAL_API peal_err peal_web_metrics_add(peal_web *app, peal_web_metrics_fn fn,
                                       void *user);
/* A sample. `labels` is NULL or written out: device="a",kind="b" (values
 * escaped by peal_web_metrics_label). Samples of one name come one after the
 * other. */
PEAL_API void peal_web_metrics_gauge(peal_web_metrics_out *out,
                                     const char *name, const char *help,
                                     const char *labels, double value);
PEAL_API void peal_web_metrics_counter(peal_web_metrics_out *out,
                                       const char *name, const char *help,
                                       const char *labels, uint64_t value);
/* Escape a label's value into `out` (cut to `cap`, terminated). Thread:
 * pure. */
PEAL_API void peal_web_metrics_label(char *out, size_t cap, peal_slice value);

/* The process, for status pages. Thread: any. */
typedef struct peal_web_process {
  uint64_t rss_bytes, virtual_bytes;
  uint64_t threads;
  uint64_t files_open, files_max;
  double cpu_s; /* user and system */
  double uptime_s;
} peal_web_process;

PEAL_API void peal_web_process_get(peal_web_process *out);
/* Names of the process's threads: at most `cap` into `names`; returns how many
 * were written. Thread: any. */
PEAL_API size_t peal_web_process_threads(char (*names)[16], size_t cap);

/* GET `path`: {"status":"healthy","timestamp":ISO,"database":true}; 503 with
 * "degraded" and false when the store fails its probe within 2 seconds.
 * `store` NULL: without "database". */
PEAL_API peal_err peal_web_health(peal_web *app, const char *path,
                                  peal_store *store);

/* -- log files ------------------------------------------------------------- */

typedef struct peal_logfile peal_logfile;

typedef struct peal_logfile_opts {
  const char *path;
  size_t max_bytes; /* then path becomes path.1, path.1 path.2, …; default
                       10 MiB */
  unsigned count;   /* old files kept; default 5 */
  bool console;     /* the same lines to stderr, too */
} peal_logfile_opts;

/* A rotating file of lines, written by a thread of its own, so that no worker
 * waits for the disk: time level area peer=… sid=… text. A full queue
 * (1 MiB) drops lines and says how many. Copies `opts`.
 * Returns: PEAL_OK, PEAL_ERR_SYSTEM, PEAL_ERR_NOMEM. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_logfile_new(peal_logfile **out, const peal_logfile_opts *opts);
/* Writes what is queued, closes. After all that logs to it. */
PEAL_API void peal_logfile_free(peal_logfile *file);
/* As peal_log_opts: {.fn = peal_logfile_log, .user = file}. Thread: any. */
PEAL_API void peal_logfile_log(const peal_log_record *record, void *user);

#ifdef __cplusplus
}
#endif
