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
 * The way of a request, each step of which may answer instead:
 *
 *   path        malformed: 400; no route and no file: 404; another method: 405
 *    |          a preflight (OPTIONS): answered by the rules of `cors`
 *   time        `timeout_ms` begins: 503 if it is over without an answer; while
 *    |          a body is being read it begins anew
 *   hooks       peal_web_before, in order; then the route's `before`
 *   limit       the route's: 429
 *   body        on_json, on_form, on_body, on_file: 400, 413, 415
 *    |
 *   handler     answers, defers, or starts a task
 *    |
 *   log         one line in the access log, figures for /metrics
 *
 * As in <peal/http.h> what has a request runs on its worker, the request is not
 * NULL, and there is exactly one answer. What sets up does nothing without an
 * application (NULL): PEAL_ERR_USAGE.
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

/* An application: its routes, hooks and folders on one HTTP server. */
typedef struct peal_web peal_web;

/* A text option whose NULL means a default: leave the header out. */
#define PEAL_WEB_NONE ""

/* Headers that protect pages, on files whose type can run scripts. Defaults in
 * brackets; "" (PEAL_WEB_NONE) leaves one out. X-Content-Type-Options: nosniff
 * is on every answer. */
typedef struct peal_web_security {
  bool off; /* none of them, and no nosniff */
  /* On HTML and SVG [default-src 'self'; img-src 'self' data: blob:; media-src
   * 'self' blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri
   * 'self'; form-action 'self'; frame-ancestors 'self'] */
  const char *csp;
  const char *frame_options;   /* [SAMEORIGIN] */
  const char *referrer_policy; /* [same-origin] */
  uint32_t hsts_max_age_s;     /* [not sent]: only behind TLS */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_web_security;

/* Options of an application; {0} serves "/" of the server. */
typedef struct peal_web_opts {
  const char *prefix;  /* mount here; default "/". Routes are written in full */
  peal_cors_opts cors; /* of all routes; {0}: same origin only */
  size_t max_body_bytes; /* of routes that say nothing; default 1000000 */
  uint32_t timeout_ms;   /* to answer, of routes that say nothing: then 503;
                            default 30000; UINT32_MAX: none */
  peal_web_security security; /* {0}: the defaults, which fit most pages */
  bool no_access_log;         /* default: one line per request, level info */
  const peal_mem *mem;        /* borrowed for life; NULL: libc */
  /* JSON answers (peal_http_answer_json) of so many bytes leave in gzip or
   * deflate if the client takes it; default 1024, SIZE_MAX: none. Those with a
   * Content-Encoding or an ETag of their own stay as they are. What a stranger
   * may choose and what is secret should not stand in one answer: its length
   * would tell how much of them is the same (BREACH). */
  size_t compress_from_bytes;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[15];
} peal_web_opts;

/* Make an application, which mounts itself on `http` (borrowed; free the web
 * layer before it). From now on what the server itself refuses (400, 408, 414,
 * 431, 503) is answered as JSON, too. Before the run. Copies `opts`; NULL is
 * {0}.
 * Returns NULL if the options are wrong (`prefix` is mounted already, "*" with
 * credentials) or memory is out; the log says which. */
PEAL_API PEAL_MUST_CHECK peal_web *peal_web_new(peal_http_server *http,
                                                const peal_web_opts *opts);
/* After the run, and after the stores that peal_web_health looks at have been
 * closed: their last results come here. Before the server. */
PEAL_API void peal_web_free(peal_web *app);

/* -- routes ---------------------------------------------------------------- */

/* What a route calls: one of four, by what it wants to have read first. */

/* The head is there. Answer, defer, or read the body. */
typedef peal_http_req_fn peal_web_fn;
/* The body as a value, borrowed until the request is over: also while it is
 * deferred. Of any type: an object is only what peal_web_fields says is one. */
typedef void (*peal_web_val_fn)(peal_http_req *req, peal_val body, void *user);
/* The whole body as it came, borrowed until the handler returns. */
typedef void (*peal_web_body_fn)(peal_http_req *req, peal_slice body,
                                 void *user);

/* An uploaded file: the body itself, or a part of a multipart body. All
 * borrowed until the handler returns; `data` is shared. */
typedef struct peal_web_file {
  peal_bytes *data; /* its content; empty, but never NULL, if it has none */
  peal_slice type;  /* Content-Type as sent, or empty */
  peal_slice name;  /* as the client calls it, or empty: never a path */
  peal_val fields;  /* object: the text parts */
} peal_web_file;

/* The file has come whole. To keep it: peal_bytes_ref on `data`. */
typedef void (*peal_web_file_fn)(peal_http_req *req, const peal_web_file *file,
                                 void *user);

/* What a hook decided:
 *
 *   PASS   --> the next hook, then the handler
 *   STOP   --> nothing more: it has answered, or will (it deferred)
 *   LATER  --> waits; peal_web_pass goes on, an answer ends it. Deferred by
 *              itself; the route's time runs */
typedef enum peal_web_verdict {
  PEAL_WEB_PASS, /* go on */
  PEAL_WEB_STOP, /* it has answered or deferred: the handler is not called */
  PEAL_WEB_LATER /* it calls peal_web_pass later, or answers */
} peal_web_verdict;

/* Runs before the handler and before the body is read: for authentication. What
 * it finds out it may leave for the handler (peal_http_req_set_user). */
typedef peal_web_verdict (*peal_web_hook_fn)(peal_http_req *req, void *user);

typedef struct peal_web_limit peal_web_limit; /* below */

/* A route in full: a method and a path, and what is done for them. Strings are
 * copied. */
typedef struct peal_web_route {
  const char *method; /* NULL: GET. A GET route also answers HEAD */
  /* "/api/devices/:id/images" and, as the last part, "/files/" followed by
   * `*name` (the rest, may be empty). A fixed part wins over a parameter, a
   * parameter over the rest; parts are compared percent-decoded. A path has at
   * most 64 parts, 16 of them parameters. */
  const char *path;

  /* Exactly one of these. Those that read the body answer 400 to a malformed
   * one (JSON: with its position), 413 to a longer one, 415 to another type. */
  peal_web_fn on_request;
  peal_web_val_fn on_json;  /* application/json */
  peal_web_val_fn on_form;  /* urlencoded, or multipart without files: an
                              object of strings */
  peal_web_body_fn on_body; /* any type, unless `types` says which */
  peal_web_file_fn on_file; /* a raw body, or the file in a multipart body */
  void *user;               /* the last argument of the handler */

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
  void *before_user;        /* its last argument */
  peal_web_limit *limit;    /* borrowed; NULL: none */
  /* What is counted, borrowed until the call ends; gets `user`. NULL: the
   * client's address (peal_web_address) */
  peal_slice (*limit_key)(peal_http_req *req, void *user);
  const peal_cors_opts *cors; /* instead of the application's */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_web_route;

/* Add a route. In what order routes are added does not matter. An error is
 * logged, so that a program may add all of them and look at one result.
 * Returns: PEAL_OK, PEAL_ERR_EXISTS (method and path have one), PEAL_ERR_USAGE
 * (malformed path, no handler or two, the server runs), PEAL_ERR_OPTION (cors),
 * PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_web_route_add(peal_web *app,
                                     const peal_web_route *route);
/* The next five are the same in short, with on_request; a GET route answers
 * HEAD, too. A body is read by the handler (peal_http_req_collect), or
 * dropped. */
PEAL_API peal_err peal_web_get(peal_web *app, const char *path, peal_web_fn fn,
                               void *user);
/* POST: makes something, or does what fits nowhere else. */
PEAL_API peal_err peal_web_post(peal_web *app, const char *path, peal_web_fn fn,
                                void *user);
/* PUT: the whole of it anew; twice is as once (RFC9110 9.3.4). */
PEAL_API peal_err peal_web_put(peal_web *app, const char *path, peal_web_fn fn,
                               void *user);
/* PATCH: a part of it (RFC5789). */
PEAL_API peal_err peal_web_patch(peal_web *app, const char *path,
                                 peal_web_fn fn, void *user);
/* DELETE: it is gone; twice is as once (RFC9110 9.3.5). */
PEAL_API peal_err peal_web_delete(peal_web *app, const char *path,
                                  peal_web_fn fn, void *user);
/* The same in short, with on_json: the body as application/json, of at most
 * max_body_bytes, nested at most 128 deep. */
PEAL_API peal_err peal_web_json(peal_web *app, const char *method,
                                const char *path, peal_web_val_fn fn,
                                void *user);
/* Run `fn` before the handlers of every route and static folder whose path is
 * `prefix` or below it ("/": all), in order of registration. Whole parts are
 * compared, decoded: "/admin" is not "/administer", and "/%61dmin" is no way
 * around it. What nobody serves (404, 405) and CORS preflights pass by.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (`prefix` without `/` at its begin or with
 * `%`, the server runs), PEAL_ERR_NOMEM; an error is logged. Look at it: a hook
 * that is missing lets everybody in. */
PEAL_API peal_err peal_web_before(peal_web *app, const char *prefix,
                                  peal_web_hook_fn fn, void *user);
/* After PEAL_WEB_LATER: go on with the next hook or the handler, which run
 * inside this call, unless the request has been answered. On the request's
 * worker. Again: nothing, as long as no other hook waits. If the peer has gone
 * meanwhile the request ends here. */
PEAL_API void peal_web_pass(peal_http_req *req);

/* -- the request ----------------------------------------------------------- */

/* A parameter of the path, percent-decoded; NULL ptr if there is none of this
 * name. Borrowed for the life of the request. */
PEAL_API peal_slice peal_web_param(peal_http_req *req, const char *name);
/* The same as a number: false, and 404 has been answered, if it is none from
 * `min` to `max`: such a thing does not exist. The handler returns then. */
PEAL_API bool peal_web_param_int(peal_http_req *req, const char *name,
                                 int64_t min, int64_t max, int64_t *out);
/* A whole number of the query; `otherwise` if absent. False: it is no number
 * from `min` to `max`, and 422 with the field has been answered. Other
 * parameters: peal_http_req_param. */
PEAL_API bool peal_web_query_int(peal_http_req *req, const char *name,
                                 int64_t otherwise, int64_t min, int64_t max,
                                 int64_t *out);
/* The client's address: peal_http_req_address, by the name that it had while
 * `proxies` was an option of this layer. */
PEAL_API peal_slice peal_web_address(peal_http_req *req);
/* Does Content-Type name this type (parameters aside, any case)? False without
 * one. Spec: RFC9110 8.3.1. */
PEAL_API bool peal_web_type_is(const peal_http_req *req, const char *type);

/* One field that an object must or may have. A row of C names the members that
 * it needs, one of C++17 writes them in this order. */
typedef struct peal_web_field {
  const char *name;              /* of the member */
  peal_type type;                /* PEAL_DOUBLE: any number; PEAL_INT: without
                               fraction; PEAL_UNDEFINED: any type */
  bool optional PEAL_OR_(false); /* may be absent or null */
  double min PEAL_OR_(0), max PEAL_OR_(0); /* numbers; both 0: no range */
  size_t max_len PEAL_OR_(0);     /* strings in bytes, arrays in items; 0: no
                                 limit */
  bool not_empty PEAL_OR_(false); /* strings */
  const char *choices PEAL_OR_(NULL); /* strings: allowed words, separated by
                                         blanks */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4] PEAL_OR_({});
} peal_web_field;

#ifdef __cplusplus
#define PEAL_WEB_FIELDS(...)                                                   \
  std::initializer_list<peal_web_field>{__VA_ARGS__}.begin(),                  \
      std::initializer_list<peal_web_field>{__VA_ARGS__}.size()
#else
/* Fields with their count, for the functions below; a table that is used more
 * than once is better a static array of its own:
 *
 *   if (!peal_web_fields(req, body,
 *                        PEAL_WEB_FIELDS({"device", PEAL_STRING, .max_len =
 * 40},
 *                                        {"celsius", PEAL_DOUBLE, .min = -60,
 *                                         .max = 90})))
 *     return;
 *
 * has answered 422 "celsius must be a number, not string", for one. */
#define PEAL_WEB_FIELDS(...)                                                   \
  ((const peal_web_field[]){__VA_ARGS__}),                                     \
      sizeof((const peal_web_field[]){__VA_ARGS__}) / sizeof(peal_web_field)
#endif

/* The first thing that is wrong, in words for the client. */
typedef struct peal_web_problem {
  const char *field; /* of the table, or NULL: it is no object */
  char message[160]; /* "accel_x must be a number, not a string" */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_web_problem;

/* Is `object` an object with these fields? Members that the table does not name
 * are let pass. For events too: it knows no request. `out` may be NULL.
 * Thread: pure. */
PEAL_API bool peal_web_fields_check(peal_val object,
                                    const peal_web_field *fields, size_t count,
                                    peal_web_problem *out);
/* The same for a body: false, and 422 with message and field has been answered:
 * the handler returns. */
PEAL_API bool peal_web_fields(peal_http_req *req, peal_val object,
                              const peal_web_field *fields, size_t count);

/* -- answers --------------------------------------------------------------- */

/* Answer {"status":"error","message":message} and "field" if it is not NULL.
 * Both go to the client as they are. */
PEAL_API void peal_web_error(peal_http_req *req, unsigned status,
                             const char *message, const char *field);
/* Answer with the status that fits `err` (peal_err_http_status; 500 if none
 * does), and words that tell nothing of the inside. */
PEAL_API void peal_web_error_of(peal_http_req *req, peal_err err);
/* Send the client to `location`, as it is: 302, or 301, 303, 307, 308 (RFC9110
 * 15.4); another status becomes 302. If it cannot stand in a field: 500. Never
 * what a client has said without looking at it. */
PEAL_API void peal_web_redirect(peal_http_req *req, unsigned status,
                                const char *location);
/* A moment as "2026-01-31T12:00:00.000Z", terminated: what JSON.stringify makes
 * of a Date. `wall_ms` as of peal_wall_ms. Thread: pure. */
PEAL_API void peal_web_time_iso(char out[25], int64_t wall_ms);

/* A cookie to be set. What is left out is the careful choice: HttpOnly, Lax. */
typedef struct peal_web_cookie {
  const char *name;      /* a token of RFC9110 5.6.2 */
  peal_slice value;      /* characters of RFC6265 4.1.1 */
  const char *path;      /* default "/" */
  const char *domain;    /* default: this host only */
  int64_t max_age_s;     /* default: until the browser ends; negative: remove */
  bool secure;           /* only over TLS */
  bool for_scripts;      /* default: HttpOnly */
  const char *same_site; /* default "Lax"; "Strict", "None" (needs secure) */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_web_cookie;

/* Set-Cookie, before the answer is begun; copies all. Several may be set.
 * Cookies are read with peal_http_req_cookie.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (characters that may
 * not be in a cookie, "None" without `secure`, over 8 KiB, too late),
 * PEAL_ERR_NOMEM. Spec: RFC6265 4.1. */
PEAL_API peal_err peal_web_cookie_set(peal_http_req *req,
                                      const peal_web_cookie *cookie);

/* The work is done, or was cancelled: answer. Like peal_task_done_fn; `req` is
 * valid, the peer may have gone. */
typedef void (*peal_web_task_fn)(peal_http_req *req, peal_err err, void *user);
/* Defer, run `work` on the pool, then `done` on the worker: it answers. For
 * what blocks: files, other services, long sums. If the route's time is over
 * before, the client has its 503, and the answer goes nowhere. Returns false if
 * memory is out: 503 has been answered and neither is called. */
PEAL_API bool peal_web_task(peal_http_req *req, peal_task_work_fn work,
                            peal_web_task_fn done, void *user);

/* -- multipart bodies ------------------------------------------------------ */

/* Head of a part (RFC7578); borrowed until on_part returns. */
typedef struct peal_web_part {
  peal_slice name;     /* of the field */
  peal_slice filename; /* NULL ptr: not a file. Never use it as a path */
  peal_slice type;     /* Content-Type, or empty */
} peal_web_part;

/* Who is told of the parts, and how much they may be:
 *
 *   on_part -> on_data ... -> on_part_end, for each part; then on_end */
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
  void *user;            /* the last argument of these four */
  uint64_t max_bytes;    /* of the whole body; default: the route's */
  size_t max_parts;      /* default 100 */
  size_t max_head_bytes; /* of a part; default 4096 */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_web_multipart_opts;

/* In an on_request handler: read a multipart/form-data body piece by piece, in
 * bounded memory, however large it is. Other types are answered with 415, a
 * malformed body with 400, a longer one with 413. Copies `opts`. The flow stops
 * and starts with peal_http_req_pause and _resume. For small files on_file is
 * simpler.
 * Spec: RFC7578, RFC2046 5.1. */
PEAL_API void peal_web_multipart(peal_http_req *req,
                                 const peal_web_multipart_opts *opts);

/* -- files ----------------------------------------------------------------- */

/* How a folder is served; {0} is right for most. */
typedef struct peal_web_static_opts {
  const char *index; /* default "index.html"; PEAL_WEB_NONE: none */
  /* Default "no-cache": always asked, mostly answered with 304. */
  const char *cache_control;
  /* More folders, looked into in order after `dir`; NULL-terminated. */
  const char *const *more_dirs;
  const char *fallback;   /* served where nothing is found, for pages that route
                           themselves; NULL: 404 */
  size_t max_cache_bytes; /* compressed small files kept; default 8 MiB */
  bool no_compress;       /* files over 1 MiB are never compressed */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_web_static_opts;

/* Serve the files of `dir` below `prefix` to GET and HEAD; routes win, and of
 * folders the longest prefix. With ETag, Last-Modified, conditions (RFC9110
 * 13), one range (14), gzip. Files are opened and read on the pool. Nothing
 * outside of the folder, no file or folder whose name begins with a dot, no
 * symbolic link that leaves it. The folder is opened now and kept: if it is
 * replaced, the old one goes on being served. Copies `opts`.
 * Returns: PEAL_OK, PEAL_ERR_NOT_FOUND (no such
 * folder: logged), PEAL_ERR_EXISTS, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_web_static(peal_web *app, const char *prefix,
                                  const char *dir,
                                  const peal_web_static_opts *opts);

/* Answer with the file `name` (a relative path, as plain text) out of the
 * folder `dir`, with conditions and ranges as above and the same care for where
 * the path leads: for files that a route has chosen. `type` NULL: by the name's
 * ending. `cache_control` NULL: "no-cache". Nothing of that name: 404. All
 * texts are copied. Defers. */
PEAL_API void peal_web_file_send(peal_http_req *req, const char *dir,
                                 peal_slice name, const char *type,
                                 const char *cache_control);

/* -- limits ---------------------------------------------------------------- */

/* So many requests in such a time, for each key by itself:
 *
 *   tokens:  `burst` at first; each request takes one, `count` per `per_ms`
 *            come back, up to `burst`; without one it is refused */
typedef struct peal_web_limit_opts {
  uint32_t count;    /* so many … */
  uint32_t per_ms;   /* … in such a time; default 1000 */
  uint32_t burst;    /* at once; default `count` */
  uint32_t max_keys; /* remembered; default 10000, the idlest go first */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_web_limit_opts;

/* A table of token buckets, one per key, shared by all workers: for routes
 * (`limit`), hooks, or events. Copies `opts`. Returns NULL if memory is out or
 * `count` is 0. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_web_limit *peal_web_limit_new(
    const peal_web_limit_opts *opts);
/* After the last use, so after the run. */
PEAL_API void peal_web_limit_free(peal_web_limit *limit);
/* Take one token of `key` (its first 128 bytes count); false: there is none for
 * *retry_ms (may be NULL). `now_ms` is monotonic: peal_worker_now_ms. Without
 * memory for a new key, or without a limit (NULL), true: a limit must not lock
 * everybody out. Thread: any. */
PEAL_API PEAL_MUST_CHECK bool peal_web_limit_take(peal_web_limit *limit,
                                                  peal_slice key,
                                                  uint64_t now_ms,
                                                  uint64_t *retry_ms);
/* Put a token of `key` back that was taken. To count what is wrong only, as
 * passwords: take one before looking, so that those who guess on several
 * connections at once are counted, too, and give it back when it was right. Of
 * a key that has all of its tokens, or without a limit (NULL): nothing. Thread:
 * any. */
PEAL_API void peal_web_limit_give(peal_web_limit *limit, peal_slice key,
                                  uint64_t now_ms);
/* The same as _take for a request: false, and 429 with Retry-After has been
 * answered: the handler returns. */
PEAL_API PEAL_MUST_CHECK bool peal_web_limit_check(peal_web_limit *limit,
                                                   peal_http_req *req,
                                                   peal_slice key);

/* -- looking in from outside ----------------------------------------------- */

/* Figures for a program that asks again and again and draws curves, in the text
 * format of Prometheus 0.0.4:
 *
 *   # HELP rooms_open rooms with somebody in them
 *   # TYPE rooms_open gauge
 *   rooms_open{kind="public"} 3
 */

/* Where metrics are written to; borrowed by the functions that write. */
typedef struct peal_web_metrics_out peal_web_metrics_out;
/* Write your own figures: by the functions below, without waiting. */
typedef void (*peal_web_metrics_fn)(peal_web_metrics_out *out, void *user);

/* GET `path`: the server's, the workers', the routes' and the process's figures
 * as Prometheus text, and those of the functions added. Open to whoever reaches
 * it: put a hook in front (peal_web_before).
 * Returns: as peal_web_route_add. */
PEAL_API peal_err peal_web_metrics(peal_web *app, const char *path);
/* Call `fn` for each such page, on the worker that answers it (any worker), in
 * order of registration. Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_web_metrics_add(peal_web *app, peal_web_metrics_fn fn,
                                       void *user);
/* A figure that goes up and down. `labels` is NULL or written out:
 * device="a",kind="b" (values escaped by peal_web_metrics_label). Samples of
 * one name come one after the other: `help` is written once for them. All texts
 * are copied. */
PEAL_API void peal_web_metrics_gauge(peal_web_metrics_out *out,
                                     const char *name, const char *help,
                                     const char *labels, double value);
/* The same for a figure that only grows: by convention its name ends in
 * "_total". */
PEAL_API void peal_web_metrics_counter(peal_web_metrics_out *out,
                                       const char *name, const char *help,
                                       const char *labels, uint64_t value);
/* Escape a label's value into `out` (cut to `cap`, terminated). Thread:
 * pure. */
PEAL_API void peal_web_metrics_label(char *out, size_t cap, peal_slice value);

/* The process, for status pages. Thread: any. */
typedef struct peal_web_process {
  uint64_t rss_bytes, virtual_bytes; /* memory that it has, and maps */
  uint64_t threads;                  /* workers, pool, store, logs */
  uint64_t files_open, files_max;    /* descriptors */
  double cpu_s;                      /* user and system */
  double uptime_s;                   /* since the process began */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_web_process;

/* The figures as of now, from /proc; what cannot be read is 0. It
 * reads several files: not for every request. Thread: any. */
PEAL_API void peal_web_process_get(peal_web_process *out);
/* Names of the process's threads: at most `cap` into `names`; returns how many
 * were written. Thread: any. */
PEAL_API size_t peal_web_process_threads(char (*names)[16], size_t cap);

/* GET `path`: {"status":"healthy","timestamp":ISO,"database":true}; 503 with
 * "degraded" and false when the store fails its probe, or does not answer it
 * within 2 seconds, or with "draining" while the server stops. A probe's outcome is good for a second, per worker, so that
 * who asks often does not write often. `store` is borrowed until the
 * application is freed; NULL: without "database".
 * Returns: as peal_web_route_add. */
PEAL_API peal_err peal_web_health(peal_web *app, const char *path,
                                  peal_store *store);
/* Is this part well? On the worker that answers the health page, any of them,
 * without waiting: what takes long is found out elsewhere and looked up here.
 * */
typedef bool (*peal_web_health_fn)(void *user);
/* One more part on the health pages, as "name":true or false (then 503), in
 * order of registration; at most 16. `name` is copied.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (no name, no function, the server runs),
 * PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_web_health_add(peal_web *app, const char *name,
                                      peal_web_health_fn fn, void *user);

/* -- log files ------------------------------------------------------------- */

/* A log that goes to a file instead of stderr:
 *
 *   peal_logfile_new -> .log = {.fn = peal_logfile_log, .user = file} in the
 *   options of workers, server, store -> all of these are freed
 *   -> peal_logfile_free */
typedef struct peal_logfile peal_logfile;

/* Where to, how large, how many. */
typedef struct peal_logfile_opts {
  const char *path; /* appended to; made with mode 0640 if missing */
  size_t max_bytes; /* then path becomes path.1, path.1 path.2, …; default
                       10 MiB */
  unsigned count;   /* old files kept; default 5 */
  bool console;     /* the same lines to stderr, too */
  peal_log_format format; /* of a line; default text */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_logfile_opts;

/* A rotating file of lines (peal_log_line), written by a thread of its own, so
 * that no worker waits for the disk. A full queue (1 MiB) drops lines and says
 * how many; a full disk loses them, and the program goes on; where the old
 * file cannot be moved out of the way it is written on, and says why. Copies
 * `opts`.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (no path), PEAL_ERR_SYSTEM (it cannot be
 * opened), PEAL_ERR_NOMEM; *out is NULL on errors. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_logfile_new(peal_logfile **out, const peal_logfile_opts *opts);
/* Writes what is queued, closes. After all that logs to it. */
PEAL_API void peal_logfile_free(peal_logfile *file);
/* Put a record into the file's queue: a peal_log_fn, whose `user` is the file.
 * Never waits for the disk. Thread: any. */
PEAL_API void peal_logfile_log(const peal_log_record *record, void *user);

#ifdef __cplusplus
}
#endif
