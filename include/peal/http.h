/* SPDX-License-Identifier: MIT */
#pragma once
/* http: the HTTP/1.1 server that Socket.IO (server.h) and the web layer
 * (web.h) share: they mount themselves on paths of it. Strict per RFC9112;
 * every phase has a time and a size limit.
 *
 * A server: peal_http_server_new, mounts, peal_http_server_run (until it is
 * stopped), peal_http_server_free. A request, of which a connection has one at
 * a time; what the client sends ahead waits, up to 64 KiB of it:
 *
 *   head        refused if malformed (400, 501, 505), too large (414, 431), too
 *    |          late (408); without a mount: 404
 *    v
 *   handler     on_request of the mount with the longest path that fits
 *    |  |  \
 *    |  |   read the body: peal_http_req_collect or _stream; its function comes
 *    |  |       when the body is there, or says why not
 *    |  +-- peal_http_defer: go, and answer from any later callback of this
 *    |          worker
 *    v
 *   answer      whole: peal_http_answer, _bytes, _json, _file
 *    |          or as a stream: _begin, _write ..., _end
 *    v
 *   done        on_done functions; then the request is freed, and the
 *               connection waits for the next one, or closes
 *
 * Who holds a request? Until its handler returns, the handler; afterwards only
 * who deferred it, reads its body, or has begun a stream. Each of these has to
 * bring it to an end, also when the peer has gone meanwhile: then the answer is
 * dropped, and the request is freed with it.
 *
 * Functions of a request run on its worker, take a request that is valid, and
 * are not for NULL. Without a server (NULL) its functions do nothing and return
 * PEAL_ERR_USAGE, 0, NULL, or 1 (peal_http_server_run).
 *
 * Example: examples/web_hello/main.c */
#include <peal/base.h>
#include <peal/tls.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A server: one for the life of the program, or as many as it needs on ports of
 * their own. */
typedef struct peal_http_server peal_http_server;
/* One request and its answer. Valid until its answer has left completely or, if
 * nobody holds it (above), until the connection closes. What a call inside a
 * handler ends stays readable until the handler returns. */
typedef struct peal_http_req peal_http_req;

#define PEAL_PORT_ANY (-1) /* let the system choose */

/* Where proxies that are trusted (`proxies`) say whose a request is. */
typedef enum peal_forwarded {
  /* X-Forwarded-For with -Host and -Proto; Forwarded where there is none. Right
   * if the proxy writes X-Forwarded-For, or hands on neither as it came. */
  PEAL_FORWARDED_EITHER,
  PEAL_FORWARDED_X,      /* X-Forwarded-… alone */
  PEAL_FORWARDED_RFC7239 /* Forwarded alone: for proxies that write that one */
} peal_forwarded;

/* Options of a server; {0} is a server on port 3000 of all addresses. */
typedef struct peal_http_server_opts {
  const char *host; /* address to listen on; default all */
  int port;         /* default 3000; PEAL_PORT_ANY: a free one */
  int backlog;      /* default 1024 */
  /* Open no place of its own (the three above are not used): peal_http_listen
   * says where. */
  bool no_listen;
  /* HTTPS and WSS at the place of its own, as in peal_http_listen_opts. */
  peal_tls *tls;
  /* Workers to run on (borrowed); NULL: the server makes `workers` of its own
   * (0: one; PEAL_WORKERS_AUTO: one per core) with `log` and `mem`. */
  peal_workers *on;
  unsigned workers;
  uint32_t lag_warn_ms; /* as in peal_workers_opts */
  /* Peers that are proxies and whose word counts, separated by blanks or
   * commas: addresses, networks ("10.0.0.0/8"), "loopback", "private" (RFC1918,
   * RFC4193), "unix" (who comes over a Unix socket). Default: nobody. What they
   * say is in peal_http_req_address, _host and _is_secure, and counts wherever
   * Peal asks for the client: origins, limits per address, the log.
   * An entry that is none: PEAL_ERR_OPTION. */
  const char *proxies;
  peal_forwarded forwarded; /* where they say it */
  /* Their connections begin with a header of the PROXY protocol, version 2, as
   * `send-proxy-v2` of HAProxy sends it; then peal_http_req_peer is what that
   * says. Without one, or later than head_timeout_ms, they are closed; others
   * speak HTTP as ever, and with one are refused. */
  bool proxy_protocol;

  /* Ceilings and times of a request. A head may have 100 fields. */

  size_t max_head_bytes;    /* default 16384 and a target; more: 431 */
  size_t max_target_bytes;  /* query included; default 16384; more: 414 */
  uint32_t head_timeout_ms; /* default 10000: the whole head; 408 */
  /* Default 30000: so long may nothing of a body that is wanted come, and over
   * each such time `body_pace_bytes` a second have to; 408. */
  uint32_t body_timeout_ms;
  uint32_t idle_timeout_ms; /* default 5000 between requests; then it closes */
  /* Default 30000: so long may a peer take nothing of its answer, and over each
   * such time 512 bytes a second; slower ones are closed. */
  uint32_t write_timeout_ms;
  /* Open connections of this server, and of one peer address (not of Unix
   * sockets); default 0: no limit but the descriptors. WebSockets count, too.
   * Beyond: 503 and close (for 64 at a time; others are closed without a
   * word). A proxy of `proxies` has no limit of its own: it speaks for many.
   * With `proxy_protocol` those count whom it names. */
  size_t max_connections;
  size_t max_connections_per_address;
  /* Bodies that are being collected, all requests together; default 256 MiB.
   * Beyond: 503 for the one that wants more. An announced length reserves
   * nothing: bytes count when they have come. */
  size_t max_collected_bytes;
  /* What peers make the server hold, everything together; default 1 GiB:
   * heads, input that came early, collected bodies, answers that wait, and of
   * Socket.IO partial messages, queues and sessions. Beyond: 503 and close
   * for the one that wants more. */
  size_t max_held_bytes;

  peal_log_opts log;
  const peal_mem *mem;      /* borrowed for life; NULL: libc */
  uint32_t body_pace_bytes; /* a second, of a body that is wanted, over each
                               body_timeout_ms; default 64; 408 */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[15];
} peal_http_server_opts;

/* Bind and listen, unless `no_listen`; accepting begins with the run. Copies
 * `opts` (NULL: {0}). The log has a line that says where; on failure *out is
 * NULL, and if it was the address, the log says which and why.
 * Returns: PEAL_OK, PEAL_ERR_PORT_IN_USE, PEAL_ERR_SYSTEM, PEAL_ERR_NOMEM,
 * PEAL_ERR_OPTION (`proxies`), PEAL_ERR_USAGE (a port that is none, no `out`).
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_http_server_new(peal_http_server **out, const peal_http_server_opts *opts);
/* Run its workers until stopped: peal_workers_run with
 * peal_workers_stop_on_signals (grace 4 s: gone within 5). A program with
 * workers of its own calls those two itself.
 * Returns: as peal_workers_run: 0, or 1 if it could not start.
 * Thread: that becomes worker 0. */
PEAL_API int peal_http_server_run(peal_http_server *server);
/* After the run, and after what is mounted on it (peal_server, peal_web).
 * Requests that were deferred and never answered are freed; workers of its own,
 * too. Thread: the one that made it. */
PEAL_API void peal_http_server_free(peal_http_server *server);
/* The port of the first TCP place that it listens at: the one the system chose
 * for PEAL_PORT_ANY; 0: none. Thread: any. */
PEAL_API unsigned peal_http_server_port(const peal_http_server *server);
/* A URL of the server, as "http://192.168.1.7:3000"; borrowed for the call. */
typedef void (*peal_http_url_fn)(const char *url, void *user);
/* Call `fn` for each URL by which clients reach the first TCP place: where it
 * listens at all addresses (the default, of both families) those of the
 * machine's networks, as of now: first the one that the machine itself uses
 * towards others, last its own loopback addresses, at most 16. For what a
 * program says when it is ready; behind a proxy that has a URL of its own.
 * Returns how many there are; 0: no TCP place. Thread: any. */
PEAL_API size_t peal_http_server_urls(const peal_http_server *server,
                                      peal_http_url_fn fn, void *user);
/* The workers that it runs on, its own or those of `on`: for hooks, timers,
 * peal_workers_stop. Borrowed for the life of the server. Thread: any. */
PEAL_API peal_workers *peal_http_server_workers(peal_http_server *server);

/* -- where it listens ------------------------------------------------------ */

/* One place: an address (host and port), a Unix socket (path and mode), or a
 * descriptor. */
typedef struct peal_http_listen_opts {
  const char *host; /* address to listen on; default all */
  int port;         /* default 3000; PEAL_PORT_ANY: a free one */
  /* A Unix socket, for a proxy or clients on the same machine: at most 107
   * bytes. A file that a program left behind is replaced, one at which a server
   * listens is not. It is removed when the run stops. */
  const char *path;
  unsigned mode; /* permissions of its file, as 0660; default: the umask's */
  /* A socket that listens already, inherited from the program that started this
   * one (systemd: 3 is the first). Taken if the call succeeds: the server closes
   * it. Default 0: none. */
  int fd;
  int backlog; /* default 1024; not for `fd` */
  /* HTTPS and WSS with these certificates (borrowed until the server is freed);
   * NULL: plain. SIGHUP reads them again. Not with proxy_protocol. */
  peal_tls *tls;
  /* Answer every request with 308 to the same target at https:// and this port
   * of the same host (443: left out). Default 0: serve. */
  int redirect_https;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_http_listen_opts;

/* Listen at one place more, before the run; as often as there are places. All
 * workers accept there. `opts` is copied; NULL is {0}. `port` (may be NULL) is
 * set to the port of TCP, or to 0. The log has a line that says where, or why
 * not.
 *
 *   peal_http_listen(http, &(peal_http_listen_opts){.path = "/run/it.sock",
 *                                                   .mode = 0660}, NULL);
 *
 * Returns: PEAL_OK; PEAL_ERR_PORT_IN_USE (also: a server listens at the path,
 * or the file there is no socket); PEAL_ERR_SYSTEM (the descriptor does not
 * listen, the path is too long, no permission, …); PEAL_ERR_NOMEM;
 * PEAL_ERR_USAGE (no server, it has run, `opts` names two places, or `tls`
 * beside `redirect_https` or proxy_protocol); PEAL_ERR_OPTION (a reserved word is
 * not 0). Thread: the one that sets up.
 * Example: examples/listeners/main.c */
PEAL_API PEAL_MUST_CHECK peal_err
peal_http_listen(peal_http_server *server, const peal_http_listen_opts *opts,
                 unsigned *port);

/* -- mounting ----------------------------------------------------------- */

/* Something of this request has come; `user` is what was registered with it. */
typedef void (*peal_http_req_fn)(peal_http_req *req, void *user);

/* A part of the paths, and who serves it. */
typedef struct peal_http_mount {
  /* Prefix of the target's path, from its first `/` on; the longest that
   * matches wins. Compared byte by byte: "/api" has "/apiary", too. */
  const char *path; /* copied */
  bool exact;       /* this path alone, and nothing that begins with it */
  /* The head is there, the body is not read yet: answer, defer, collect or
   * stream (below). Any method comes here. */
  peal_http_req_fn on_request;
  /* The same for a request to upgrade the connection: answer it, or make it a
   * WebSocket by peal_ws_upgrade (ws.h). NULL, or if it has a body: such
   * requests go to on_request (RFC9110 7.8: a server may ignore Upgrade). */
  peal_http_req_fn on_upgrade;
  /* Which worker must have this request; -1: any. NULL: any. The connection
   * moves there before on_request, with all that was read of it; it stays if
   * an earlier answer has not left yet. Looks at the head only. */
  int (*worker_of)(const peal_http_req *req, void *user);
  void *user; /* the last argument of these three */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[7];
} peal_http_mount;

/* Serve a prefix. Before the run: nothing guards the list of mounts. Copies
 * `mount` with its path. It cannot be taken off again.
 * Returns: PEAL_OK, PEAL_ERR_EXISTS (the same path), PEAL_ERR_USAGE (a path
 * that does not begin with `/`, no on_request), PEAL_ERR_NOMEM.
 * Thread: the one that sets up. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_http_server_mount(peal_http_server *server, const peal_http_mount *mount);

/* What an exchange came to; borrowed. For access logs and metrics. Requests
 * that were refused before there was a head are not among them. */
typedef struct peal_http_done {
  unsigned status; /* 0: closed without an answer */
  uint64_t bytes;  /* of the answer's body */
  uint64_t micros; /* from the head to the last byte written */
  peal_err err;    /* PEAL_OK, or why it broke off */
} peal_http_done;

/* The exchange is over. `req` can still be read, not answered. */
typedef void (*peal_http_done_fn)(peal_http_req *req,
                                  const peal_http_done *done, void *user);
/* Call `fn` for every request when it is over, on its worker, once: the answer
 * has left, or the connection has broken. Several functions run in order of
 * registration. Before the run.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM.
 * Thread: the one that sets up. */
PEAL_API PEAL_MUST_CHECK peal_err peal_http_server_on_done(
    peal_http_server *server, peal_http_done_fn fn, void *user);

/* Counted since the server was made, but for connections_open. */
typedef struct peal_http_stats {
  uint64_t connections_open, connections_total; /* WebSockets, too */
  uint64_t requests_total, requests_bad;        /* bad: refused by the parser */
  uint64_t timeouts, refused;                   /* refused: connection limits */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_http_stats;

/* Sum over the workers, each figure for itself as of now. Thread: any. */
PEAL_API void peal_http_server_stats(peal_http_server *server,
                                     peal_http_stats *out);

/* -- the request (all slices borrowed for the life of the request) -------- */

/* What the client sent is in one block that lives as long as the request, so
 * the slices need no copy; they are not terminated. Nothing of it is decoded
 * unless it says so. */

/* "GET", "POST", ...: as sent, in the case in which it was sent. */
PEAL_API peal_slice peal_http_req_method(const peal_http_req *req);
/* Is it this method? Methods know upper and lower case (RFC9110 9.1). */
PEAL_API bool peal_http_req_is_method(const peal_http_req *req,
                                      const char *method);
/* All that stood between method and version (RFC9112 3.2). */
PEAL_API peal_slice peal_http_req_target(const peal_http_req *req);
/* The target up to `?`, as sent (not percent-decoded); "/" if that is empty. Of
 * an absolute target ("http://host/path") what stands behind the host. */
PEAL_API peal_slice peal_http_req_path(const peal_http_req *req);
/* Behind the `?`, as sent; NULL ptr if there is none. */
PEAL_API peal_slice peal_http_req_query(const peal_http_req *req);
/* A parameter of the query, decoded (+ is a blank); false, and *value is
 * untouched, if it is absent or memory is out. The first of several. */
PEAL_API bool peal_http_req_param(peal_http_req *req, const char *name,
                                  peal_slice *value);
/* The value of the first field of this name, in any case, without the blanks
 * around it; NULL ptr if absent. For names that Peal itself knows (host,
 * cookie, content-type and the like) this is a table's entry, for others a
 * search. */
PEAL_API peal_slice peal_http_req_header(const peal_http_req *req,
                                         const char *name);
/* How many fields there are, at most 100; those of one name each count. */
PEAL_API size_t peal_http_req_header_count(const peal_http_req *req);
/* The name of field `index`, in the order in which they came, and its value
 * (`value` may be NULL). Both have a NULL ptr if there are not so many. */
PEAL_API peal_slice peal_http_req_header_at(const peal_http_req *req,
                                            size_t index, peal_slice *value);
/* The first cookie of this name, its value as sent; NULL ptr if absent.
 * Spec: RFC6265 5.4. */
PEAL_API peal_slice peal_http_req_cookie(const peal_http_req *req,
                                         const char *name);
/* The client's address as text, without port: "192.0.2.7", "2001:db8::1";
 * "unix" over a Unix socket. It is the peer's, or if that is one of `proxies`
 * what it says: of the lists only what trusted proxies have appended is
 * believed, from the right; a client cannot make one up. */
PEAL_API peal_slice peal_http_req_address(const peal_http_req *req);
/* Host and port that the client called: of the Host field, or what a trusted
 * proxy says (X-Forwarded-Host, or `host` of Forwarded). Empty if the field is.
 * Do not build links for others from it unless the proxy sets it always. */
PEAL_API peal_slice peal_http_req_host(const peal_http_req *req);
/* Did the client come over TLS, as a trusted proxy says (X-Forwarded-Proto, or
 * `proto` of Forwarded)? */
PEAL_API bool peal_http_req_is_secure(const peal_http_req *req);
/* Which certificate the other end of the connection has shown: where
 * `client_ca_file` asks for one (<peal/tls.h>). False, and *out is empty:
 * none, no TLS, the connection has gone. What a proxy says of its client's
 * certificate is not here. */
PEAL_API bool peal_http_req_tls_peer(const peal_http_req *req,
                                     peal_tls_peer *out);
/* The address of the other end of the connection, as text: behind a proxy the
 * proxy's, but for `proxy_protocol`. */
PEAL_API peal_slice peal_http_req_peer(const peal_http_req *req);
/* The peer's port; 0 over a Unix socket. */
PEAL_API uint16_t peal_http_req_peer_port(const peal_http_req *req);
/* Does a body come with it: chunked, or of a length over 0? */
PEAL_API bool peal_http_req_has_body(const peal_http_req *req);
/* The announced length of the body in bytes: 0 if there is none, UINT64_MAX if
 * it is chunked. */
PEAL_API uint64_t peal_http_req_length(const peal_http_req *req);
/* The worker that has it, and on which its functions are called: where to post
 * an answer to that another thread has found. Thread: any. */
PEAL_API peal_worker *peal_http_req_worker(const peal_http_req *req);
/* Values in the memory of the request: valid until it is over, also while it is
 * deferred. */
PEAL_API peal_build *peal_http_req_build(peal_http_req *req);
/* Memory that lives as long as the request and needs no free, aligned for any
 * object; NULL if memory is out or the request has 16 MiB already. */
PEAL_API PEAL_MUST_CHECK void *peal_http_req_alloc(peal_http_req *req,
                                                   size_t size);
/* One pointer of the application's, NULL at first; it is not freed with the
 * request. */
PEAL_API void peal_http_req_set_user(peal_http_req *req, void *user);
/* What peal_http_req_set_user was given. */
PEAL_API void *peal_http_req_user(const peal_http_req *req);

/* A body is read by one of two functions, once: collected in memory, or handed
 * on piece by piece. A body that nobody reads is dropped behind the answer, up
 * to 64 KiB; of more the connection closes. "Expect: 100-continue" is answered
 * when somebody asks for the body (RFC9110 10.1.1). */

/* The whole body (borrowed until the callback returns), or why there is none:
 * PEAL_ERR_HTTP_BODY_LEN (413 has been answered), PEAL_ERR_TIMEOUT (408),
 * PEAL_ERR_HTTP_SYNTAX (400: malformed chunks), PEAL_ERR_CLOSED (the peer has
 * gone), PEAL_ERR_NOMEM (503: memory or one of the ceilings),
 * PEAL_ERR_CANCELLED (answered before the body's end): on errors the answer is
 * given, the callback only cleans up. */
typedef void (*peal_http_body_fn)(peal_http_req *req, peal_err err,
                                  peal_slice body, void *user);
/* Collect the body up to `max_bytes`. `fn` comes exactly once: inside this call
 * if there is no body, or if it can be refused already. An announced length
 * over the limit is refused before a byte is read. `fn` answers or defers, as a
 * handler does. Call it inside on_request (or later, if deferred). While a body
 * is being read a second call does nothing. */
PEAL_API void peal_http_req_collect(peal_http_req *req, size_t max_bytes,
                                    peal_http_body_fn fn, void *user);

/* A piece of a body (borrowed), of any size but 0. */
typedef void (*peal_http_data_fn)(peal_http_req *req, peal_slice data,
                                  void *user);
/* Hand the body over piece by piece, then `on_end` exactly once with PEAL_OK
 * and an empty slice or an error as above. Nothing of it is kept: a body may be
 * larger than memory. `max_bytes` UINT64_MAX: no limit. */
PEAL_API void peal_http_req_stream(peal_http_req *req, uint64_t max_bytes,
                                   peal_http_data_fn on_data,
                                   peal_http_body_fn on_end, void *user);
/* Stop the flow of the body: no more pieces come, nothing more is read than
 * what is on its way, and the peer is made to wait. Its time limit stands still
 * meanwhile. Also before the body is asked for. */
PEAL_API void peal_http_req_pause(peal_http_req *req);
/* Let it flow again. */
PEAL_API void peal_http_req_resume(peal_http_req *req);

/* -- the answer --------------------------------------------------------- */

/* Exactly one answer for each request. A second one is ignored and logged; none
 * is a 500 and a log line, if the handler has not deferred either. The answers
 * to HEAD, and those with 204 or 304, are sent without their body, whatever was
 * given (RFC9110 6.4.1). A status that is not 200 to 999 becomes 500. */

/* Answer later than the handler's return. The request then stays valid until
 * the callback that answers it has returned, even if the peer goes away in
 * between (the answer is dropped), and has to be answered in any case. No time
 * limit runs: who defers has one of its own (the web layer sets it). */
PEAL_API void peal_http_defer(peal_http_req *req);
/* Tell when the peer goes away before the answer is complete (`req` is still
 * valid): to stop what is being done for it. It comes once; the answer of a
 * deferred request or a stream is due all the same. At most one function; NULL
 * removes it. */
PEAL_API void peal_http_req_on_abort(peal_http_req *req, peal_http_req_fn fn,
                                     void *user);
/* Has the peer gone? Whoever works long for an answer may look here. */
PEAL_API bool peal_http_req_is_aborted(const peal_http_req *req);

/* A field of the answer (copied), before it is begun; one of the same name
 * stands beside the earlier one, as Set-Cookie has to. Content-Length,
 * Transfer-Encoding, Connection, Keep-Alive and Date are written by the server.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (no token, control characters, one of
 * these, too late), PEAL_ERR_NOMEM (also if all together are over four times
 * max_head_bytes). Spec: RFC9110 5. */
PEAL_API peal_err peal_http_answer_header(peal_http_req *req, const char *name,
                                          peal_slice value);
/* Close the connection after this answer; before it is begun. */
PEAL_API void peal_http_answer_close(peal_http_req *req);
/* The whole answer; `type` is the Content-Type (copied) or NULL, `body` is
 * copied. It leaves at the end of the turn. */
PEAL_API void peal_http_answer(peal_http_req *req, unsigned status,
                               const char *type, peal_slice body);
/* The same with a shared body: one reference is added for as long as it is
 * sent, the caller's stays the caller's. NULL means memory ran out while it was
 * made: 503. For what many get, and for what is large: it is not copied. */
PEAL_API void peal_http_answer_bytes(peal_http_req *req, unsigned status,
                                     const char *type, peal_bytes *body);
/* The same with JSON, as application/json; encoded before this returns. 503 if
 * memory is out or it is nested deeper than 128. Behind the web layer what is
 * long is compressed (peal_web_opts.compress_from_bytes), over 16 KiB on the
 * pool: `req` is then deferred until that is done, on_abort does not come any
 * more. */
PEAL_API void peal_http_answer_json(peal_http_req *req, unsigned status,
                                    peal_val value);
/* `length` bytes of a file from `offset` on, sent as the peer takes it, 64 KiB
 * at a time: from the page cache at once, otherwise read on the pool. `fd` is
 * taken, in any case. Defers. If the file turns out to be shorter or cannot be
 * read, the connection breaks, since the length has been told. */
PEAL_API void peal_http_answer_file(peal_http_req *req, unsigned status,
                                    const char *type, int fd, uint64_t offset,
                                    uint64_t length);
/* A stream, of a known length or not:
 *
 *   begin --> write --PEAL_OK----------------------------> write --> ... end
 *               |                                            ^
 *               +--PEAL_ERR_AGAIN: more than 256 KiB wait    |
 *                      |                                     |
 *                      +--> on_drain: 64 KiB or less wait ---+
 *
 * When the peer goes away on_abort comes, and writing returns PEAL_ERR_CLOSED;
 * the end is due all the same. */

/* Begin: status line and fields leave. `length` bytes will follow, or
 * UINT64_MAX: chunked, on HTTP/1.0 until close. Once begun the request is valid
 * until peal_http_answer_end, as if it were deferred. */
PEAL_API void peal_http_answer_begin(peal_http_req *req, unsigned status,
                                     const char *type, uint64_t length);
/* The next bytes; `data` is copied, an empty one changes nothing.
 * Returns: PEAL_OK; PEAL_ERR_AGAIN: taken, but more than 256 KiB wait: wait for
 * on_drain before the next; PEAL_ERR_QUEUE_FULL: it would be more than 8 MiB,
 * nothing was taken; PEAL_ERR_CLOSED: the peer has gone; PEAL_ERR_NOMEM: the
 * connection is broken; PEAL_ERR_USAGE: more than announced, not begun, ended,
 * or a file is being sent. */
PEAL_API peal_err peal_http_answer_write(peal_http_req *req, peal_slice data);
/* Call `fn` when 64 KiB or less wait again after a write returned
 * PEAL_ERR_AGAIN; each time that this happens. NULL: do not. */
PEAL_API void peal_http_answer_on_drain(peal_http_req *req, peal_http_req_fn fn,
                                        void *user);
/* The stream is complete. If fewer bytes came than were announced the
 * connection breaks, so that the peer knows, and the log has a line. Without a
 * beginning, or again: nothing. */
PEAL_API void peal_http_answer_end(peal_http_req *req);
/* The stream cannot be completed: the connection breaks, so that the peer does
 * not take what it has for the whole (of a stream until close, as for HTTP/1.0,
 * it cannot know). In place of _end, and like that without a beginning or
 * again: nothing. */
PEAL_API void peal_http_answer_break(peal_http_req *req);
/* "Not Found" for 404; "" if unknown. Thread: pure. */
PEAL_API const char *peal_http_status_text(unsigned status);

/* -- CORS ----------------------------------------------------------------- */

/* A question of on_origin; give exactly one answer, now or later, on the
 * request's worker. The first counts; a second one changes nothing within five
 * minutes behind it, or 10000 questions. If the client goes away meanwhile, the
 * answer is still due and has no effect. No time limit runs while it is due. */
typedef struct peal_cors_ask peal_cors_ask;
/* May pages of `origin` use this? `req` has its head; it is borrowed until the
 * answer, not to be answered with the functions above. Asked for each request
 * with an Origin that is neither the own one nor among `origins`, preflights
 * included; of a Socket.IO session not again for the origin that began it. */
typedef void (*peal_cors_fn)(const peal_http_req *req, peal_slice origin,
                             peal_cors_ask *ask, void *user);

/* Who may use this from a page of another origin, in the sense of the Fetch
 * standard. {0}: nobody; no header is sent. The answers are those of the npm
 * package `cors`, which the reference uses.
 *
 * What is not cross-origin may always:
 *   - without Origin: no browser page, or one of the same origin
 *   - the own origin: host and port are those of the Host field, or of what a
 *     trusted proxy says (`proxies`). The scheme does not count, since a proxy
 *     may end TLS; nor does the port if Host has none, since proxies leave it
 *     out (nginx: `Host $host`)
 *   - what no page can have sent: an Origin of ws: or wss:, as native clients
 *     send it; "file://" without the fields that browsers send, as
 *     microcontrollers do. */
typedef struct peal_cors_opts {
  /* "*", or origins ("https://app.example") separated by blanks or commas,
   * compared as a whole, in any case; NULL: same origin only. Behind the scheme
   * of one may stand "*." in front of the host ("*.example.com": one or more
   * names more, not the rest alone), and its port may be "*" ("localhost:*").
   * A "*" elsewhere: PEAL_ERR_OPTION of the constructor. */
  const char *origins;
  const char *methods; /* default "GET,HEAD,PUT,PATCH,POST,DELETE" */
  const char *headers; /* default: what the preflight asks for */
  const char *expose;  /* Access-Control-Expose-Headers; default none */
  /* Access-Control-Allow-Credentials; with "*" the combination is refused by
   * the constructor that gets it (PEAL_ERR_OPTION). */
  bool credentials;
  uint32_t max_age_s; /* of preflights; default: header not sent */
  /* A preflight that asks whether a public page may use a server of a private
   * network (Access-Control-Request-Private-Network) is told yes if the origin
   * is one of `origins` or of on_origin; with "*", which names nobody, only if
   * this is set. */
  bool private_network;
  peal_cors_fn on_origin; /* asked about all others; default: refused */
  void *user;             /* its last argument */
  /* What the log calls `origins` when it names an origin that was refused, as a
   * program's own option ("--cors-origins"); default "cors.origins". */
  const char *option_name;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_cors_opts;

/* Pages of this origin may: the request goes on, inside this call if the
 * question has returned. NULL: nothing. */
PEAL_API void peal_cors_ask_allow(peal_cors_ask *ask);
/* They may not: it goes on as that of an origin that is not listed. NULL:
 * nothing. */
PEAL_API void peal_cors_ask_refuse(peal_cors_ask *ask);

#ifdef __cplusplus
}
#endif
