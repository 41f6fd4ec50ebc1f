/* SPDX-License-Identifier: MIT */
#pragma once
/* http: the HTTP/1.1 server that Socket.IO (server.h) and the web layer
 * (web.h) share: they mount themselves on paths of it. Strict per RFC9112;
 * every phase has a time and a size limit. */
#include <peal/base.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_http_server peal_http_server;
/* One request and its answer. Valid until it is answered completely or, if
 * nobody deferred it, until the connection closes; see peal_http_defer. */
typedef struct peal_http_req peal_http_req;

#define PEAL_PORT_ANY (-1) /* let the system choose */

typedef struct peal_http_server_opts {
  const char *host; /* address to listen on; default all */
  int port;         /* default 3000; PEAL_PORT_ANY: a free one */
  int backlog;      /* default 1024 */
  /* Workers to run on (borrowed); NULL: the server makes `workers` of its own
   * (0: one; PEAL_WORKERS_AUTO: one per core) with `log` and `mem`. */
  peal_workers *on;
  unsigned workers;
  uint32_t lag_warn_ms; /* as in peal_workers_opts */

  size_t max_head_bytes;    /* default 16384; more: 431 */
  size_t max_target_bytes;  /* default 8192; more: 414 */
  uint32_t head_timeout_ms; /* default 10000: the whole head; 408 */
  uint32_t body_timeout_ms; /* default 30000 without progress; 408 */
  uint32_t idle_timeout_ms; /* default 5000 between requests */
  /* Default 30000: an answer must be taken, and at 512 bytes a second. */
  uint32_t write_timeout_ms;
  /* Open connections of this server, and of one peer address; default 0: no
   * limit but the descriptors. Beyond: 503 and close. */
  size_t max_connections;
  size_t max_connections_per_address;
  /* Bodies that are being collected, all requests together; default 256 MiB.
   * Beyond: 503 for the one that wants more. */
  size_t max_collected_bytes;
  /* What peers make the server hold, everything together; default 1 GiB:
   * heads, input that came early, collected bodies, answers that wait, and of
   * Socket.IO partial messages, queues and sessions. Beyond: 503 and close
   * for the one that wants more. */
  size_t max_held_bytes;

  peal_log_opts log;
  const peal_mem *mem; /* borrowed for life; NULL: libc */
} peal_http_server_opts;

/* Bind and listen; accepting begins with the run. `opts` is copied. On
 * failure the log has a line that says why, *out is NULL.
 * Returns: PEAL_OK, PEAL_ERR_PORT_IN_USE, PEAL_ERR_SYSTEM, PEAL_ERR_NOMEM,
 * PEAL_ERR_USAGE. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_http_server_new(peal_http_server **out, const peal_http_server_opts *opts);
/* Run its workers until stopped: peal_workers_run with
 * peal_workers_stop_on_signals (grace 4 s: gone within 5). */
PEAL_API int peal_http_server_run(peal_http_server *server);
PEAL_API void peal_http_server_free(peal_http_server *server);
PEAL_API unsigned peal_http_server_port(const peal_http_server *server);
PEAL_API peal_workers *peal_http_server_workers(peal_http_server *server);

/* -- mounting --------------------------------------------------------------- */

typedef void (*peal_http_req_fn)(peal_http_req *req, void *user);

typedef struct peal_http_mount {
  /* Prefix of the target's path; the longest that matches wins. */
  const char *path; /* copied */
  /* The head is there, the body is not read yet: answer, defer, collect or
   * stream (below). */
  peal_http_req_fn on_request;
  /* The same for a request to upgrade the connection; NULL: such requests go
   * to on_request (RFC9110 7.8: a server may ignore Upgrade). */
  peal_http_req_fn on_upgrade;
  /* Which worker must have this request; -1: any. NULL: any. The connection
   * moves there before on_request. */
  int (*worker_of)(const peal_http_req *req, void *user);
  void *user;
} peal_http_mount;

/* Before the run. Returns: PEAL_OK, PEAL_ERR_EXISTS, PEAL_ERR_USAGE,
 * PEAL_ERR_NOMEM. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_http_server_mount(peal_http_server *server, const peal_http_mount *mount);

/* What an exchange came to; borrowed. For access logs and metrics. */
typedef struct peal_http_done {
  unsigned status; /* 0: closed without an answer */
  uint64_t bytes;  /* of the answer's body */
  uint64_t micros; /* from the head to the last byte written */
  peal_err err;    /* PEAL_OK, or why it broke off */
} peal_http_done;

typedef void (*peal_http_done_fn)(peal_http_req *req,
                                  const peal_http_done *done, void *user);
/* Call `fn` for every request when it is over; several functions run in order
 * of registration. Before the run.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_API PEAL_MUST_CHECK peal_err peal_http_server_on_done(
    peal_http_server *server, peal_http_done_fn fn, void *user);

typedef struct peal_http_stats {
  uint64_t connections_open, connections_total;
  uint64_t requests_total, requests_bad; /* bad: refused by the parser */
  uint64_t timeouts, refused;            /* refused: connection limits */
} peal_http_stats;

/* Sum over the workers. Thread: any. */
PEAL_API void peal_http_server_stats(peal_http_server *server,
                                     peal_http_stats *out);

/* -- the request (all slices borrowed for the life of the request) --------- */

PEAL_API peal_slice peal_http_req_method(const peal_http_req *req);
PEAL_API bool peal_http_req_is_method(const peal_http_req *req,
                                      const char *method);
PEAL_API peal_slice peal_http_req_target(const peal_http_req *req);
/* The target up to `?`, as sent (not percent-decoded). */
PEAL_API peal_slice peal_http_req_path(const peal_http_req *req);
/* Behind the `?`, as sent. */
PEAL_API peal_slice peal_http_req_query(const peal_http_req *req);
/* A parameter of the query, decoded (+ is a blank); false if absent. The
 * first of several. */
PEAL_API bool peal_http_req_param(peal_http_req *req, const char *name,
                                  peal_slice *value);
/* The first field of this name, in any case; NULL ptr if absent. */
PEAL_API peal_slice peal_http_req_header(const peal_http_req *req,
                                         const char *name);
/* All fields, in order. */
PEAL_API size_t peal_http_req_header_count(const peal_http_req *req);
PEAL_API peal_slice peal_http_req_header_at(const peal_http_req *req,
                                            size_t index, peal_slice *value);
/* A cookie by name (RFC6265); NULL ptr if absent. */
PEAL_API peal_slice peal_http_req_cookie(const peal_http_req *req,
                                         const char *name);
/* The peer's address as text, without port. */
PEAL_API peal_slice peal_http_req_peer(const peal_http_req *req);
PEAL_API uint16_t peal_http_req_peer_port(const peal_http_req *req);
PEAL_API bool peal_http_req_has_body(const peal_http_req *req);
/* Announced length, or UINT64_MAX if chunked. */
PEAL_API uint64_t peal_http_req_length(const peal_http_req *req);
PEAL_API peal_worker *peal_http_req_worker(const peal_http_req *req);
/* Memory that lives as long as the request; NULL if memory is out. */
PEAL_API PEAL_MUST_CHECK void *peal_http_req_alloc(peal_http_req *req,
                                                   size_t size);
/* One pointer of the application's. */
PEAL_API void peal_http_req_set_user(peal_http_req *req, void *user);
PEAL_API void *peal_http_req_user(const peal_http_req *req);

/* The whole body (borrowed until the callback returns), or why there is none:
 * PEAL_ERR_HTTP_BODY_LEN (413 has been answered), PEAL_ERR_TIMEOUT (408),
 * PEAL_ERR_HTTP_SYNTAX (400), PEAL_ERR_CLOSED, PEAL_ERR_NOMEM (503),
 * PEAL_ERR_CANCELLED (answered before the body's end): on errors the answer is
 * given, the callback only cleans up. */
typedef void (*peal_http_body_fn)(peal_http_req *req, peal_err err,
                                  peal_slice body, void *user);
/* Collect the body up to `max_bytes`. `fn` comes exactly once, at once if
 * there is no body. An announced length over the limit is refused before a
 * byte is read. Call it inside on_request (or later, if deferred). While a body
 * is being taken, another call does nothing. */
PEAL_API void peal_http_req_collect(peal_http_req *req, size_t max_bytes,
                                    peal_http_body_fn fn, void *user);

typedef void (*peal_http_data_fn)(peal_http_req *req, peal_slice data,
                                  void *user);
/* Hand the body over piece by piece (`data` is borrowed), then `on_end`
 * exactly once with PEAL_OK and an empty slice or an error as above. */
PEAL_API void peal_http_req_stream(peal_http_req *req, uint64_t max_bytes,
                                   peal_http_data_fn on_data,
                                   peal_http_body_fn on_end, void *user);
/* Stop and start the flow of the body (backpressure). */
PEAL_API void peal_http_req_pause(peal_http_req *req);
PEAL_API void peal_http_req_resume(peal_http_req *req);

/* -- the answer --------------------------------------------------------------- */

/* Answer later than the handler's return. The request then stays valid until
 * the callback that answers it has returned, even if the peer goes away in between (the answer is
 * dropped). A handler that neither answers nor defers nor reads the body gets
 * a 500 and a log line. */
PEAL_API void peal_http_defer(peal_http_req *req);
/* Tell when the peer goes away before the answer is complete (`req` is still
 * valid). At most one; NULL removes it. */
PEAL_API void peal_http_req_on_abort(peal_http_req *req, peal_http_req_fn fn,
                                     void *user);
/* Has the peer gone? */
PEAL_API bool peal_http_req_is_aborted(const peal_http_req *req);

/* A field of the answer (copied), before it is begun. Content-Length,
 * Transfer-Encoding, Connection and Date are written by the server.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (no token, control characters, too late),
 * PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_http_answer_header(peal_http_req *req, const char *name,
                                          peal_slice value);
/* Close the connection after this answer. */
PEAL_API void peal_http_answer_close(peal_http_req *req);
/* The whole answer; `type` is the Content-Type or NULL, `body` is copied. A
 * second answer is ignored and logged. */
PEAL_API void peal_http_answer(peal_http_req *req, unsigned status,
                               const char *type, peal_slice body);
/* The same with a shared body (a reference is taken); NULL means memory ran
 * out while it was made: 503. */
PEAL_API void peal_http_answer_bytes(peal_http_req *req, unsigned status,
                                     const char *type, peal_bytes *body);
/* The same with JSON; encoded at once. */
PEAL_API void peal_http_answer_json(peal_http_req *req, unsigned status,
                                    peal_val value);
/* A piece of a file, read on the pool and sent as the peer takes it.
 * `fd` is taken. */
PEAL_API void peal_http_answer_file(peal_http_req *req, unsigned status,
                                    const char *type, int fd, uint64_t offset,
                                    uint64_t length);
/* A stream: begin (`length` bytes, or UINT64_MAX: chunked, on HTTP/1.0 until
 * close), write, end. Once begun the request is valid until its end, as if it
 * were deferred. */
PEAL_API void peal_http_answer_begin(peal_http_req *req, unsigned status,
                                     const char *type, uint64_t length);
/* `data` is copied. Returns: PEAL_OK; PEAL_ERR_AGAIN: taken, but wait for
 * on_drain before the next; PEAL_ERR_QUEUE_FULL: 8 MiB wait already, nothing
 * was taken; PEAL_ERR_CLOSED; PEAL_ERR_NOMEM; PEAL_ERR_USAGE (more than
 * announced). */
PEAL_API peal_err peal_http_answer_write(peal_http_req *req, peal_slice data);
PEAL_API void peal_http_answer_on_drain(peal_http_req *req, peal_http_req_fn fn,
                                        void *user);
PEAL_API void peal_http_answer_end(peal_http_req *req);
/* "Not Found" for 404; "" if unknown. Thread: pure. */
PEAL_API const char *peal_http_status_text(unsigned status);

/* -- CORS ------------------------------------------------------------------ */

/* Who may use this from a page of another origin. {0}: nobody. */
typedef struct peal_cors_opts {
  /* "*", or origins separated by blanks or commas; NULL: same origin only. */
  const char *origins;
  const char *methods; /* default "GET,HEAD,PUT,PATCH,POST,DELETE" */
  const char *headers; /* default: what the preflight asks for */
  const char *expose;  /* Access-Control-Expose-Headers; default none */
  /* Access-Control-Allow-Credentials; with "*" the combination is refused by
   * the constructor that gets it (PEAL_ERR_OPTION). */
  bool credentials;
  uint32_t max_age_s; /* of preflights; default: header not sent */
} peal_cors_opts;

#ifdef __cplusplus
}
#endif
