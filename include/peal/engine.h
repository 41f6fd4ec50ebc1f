/* SPDX-License-Identifier: MIT */
#pragma once
/* engine: raw Engine.IO 4 servers: messages, text or binary, over polling and
 * WebSocket, with heartbeats, upgrades and bounded queues, and without the
 * events, namespaces and rooms of Socket.IO (<peal/server.h>), which stands on
 * the same sessions and has the same options for them.
 *
 * A session is one client, whatever transport it is on and (Socket.IO) in
 * however many namespaces it is. Where the things below have their place in its
 * life:
 *
 *   a request without a session id
 *      |   transport allowed?                 no: refused, code 0
 *      |   origin allowed (peal_cors_opts)?   no: refused, code 4
 *      v
 *   allow_request                             no: refused, code 4
 *      |   version 4?                         no: refused, code 5
 *      |   room (max_clients, memory)?        no: 503
 *      v
 *   the session begins: on_open, on_headers with `initial`, the cookie
 *      |
 *      +-- further answers: on_headers
 *      +-- every message from it: on_message
 *      +-- every message to it: its queue, and the policy when that is full
 *      v
 *   its end: on_close (Socket.IO: the client's sockets) is told why
 *
 * Refused over polling: {"code":N,"message":TEXT} with 403 for code 4,
 * otherwise 400. Refused as a WebSocket: 400 with the text alone (both as the
 * reference does).
 *
 * Unless it says otherwise, a function runs on the worker of its object
 * (Thread: worker), pointers are borrowed for the call, and without an object
 * (NULL) nothing happens: it returns PEAL_ERR_USAGE, NULL, 0, "" or the empty
 * slice; peal_engine_server_run returns 1.
 *
 * Example: examples/engine_echo/main.c */
#include <peal/base.h>
#include <peal/deflate.h>
#include <peal/http.h>
#include <peal/worker.h>
#include <peal/ws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- what every server on these sessions has ------------------------------- */

/* What a client may connect over; bits, of which 0 means both. With polling
 * alone a client is never asked to upgrade; with WebSocket alone polling is
 * refused (reference: transports). */
typedef enum peal_transport {
  PEAL_TRANSPORT_POLLING = 1,  /* GET that waits, POST that brings */
  PEAL_TRANSPORT_WEBSOCKET = 2 /* from the start, or by upgrade */
} peal_transport;

/* Why a session or a socket of it went (the strings of the reference by
 * peal_reason_text). The first two are of Socket.IO alone. */
typedef enum peal_reason {
  PEAL_REASON_CLIENT_DISCONNECT, /* "client namespace disconnect" */
  PEAL_REASON_SERVER_DISCONNECT, /* "server namespace disconnect" */
  PEAL_REASON_SHUTDOWN,          /* "server shutting down" */
  PEAL_REASON_PING_TIMEOUT,      /* "ping timeout" */
  PEAL_REASON_TRANSPORT_CLOSE,   /* "transport close" */
  PEAL_REASON_TRANSPORT_ERROR,   /* "transport error" */
  PEAL_REASON_PARSE_ERROR,       /* "parse error" */
  PEAL_REASON_FORCED_CLOSE,      /* "forced close": a packet that is none; of a
                                    raw session: we closed it */
  PEAL_REASON_FORCED_SERVER,     /* "forced server close": a packet that may not
                                    come now, as an event of a namespace that it
                                    is not in; Socket.IO alone */
  PEAL_REASON_SLOW_CONSUMER      /* "slow consumer": send queue full */
} peal_reason;

/* Constant text; "" for a number that is none. Thread: pure. */
PEAL_API const char *peal_reason_text(peal_reason reason);

/* A cookie with the session id on the first polling answer, for proxies that
 * send a client to the same server by it (reference: cookie). Peal itself never
 * reads it. {0}: none. The texts are copied by who gets the options.
 * Spec: RFC6265 4.1. */
typedef struct peal_server_cookie {
  const char *name;      /* NULL: no cookie; the reference's name is "io" */
  const char *path;      /* default "/"; "" leaves Path out */
  bool no_http_only;     /* pages' scripts may read it */
  const char *same_site; /* default "Lax"; "Strict", or "None" with `secure` */
  bool secure;           /* only over TLS */
  uint32_t max_age_s;    /* default: a session cookie */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_server_cookie;

/* An answer to allow_request; give exactly one, now or later, on the request's
 * worker; the request is gone with it. The first counts, a second one within
 * five minutes behind it changes nothing. If the client goes away meanwhile,
 * the answer is still due and has no effect. No time limit runs while it is
 * due. */
typedef struct peal_allow peal_allow;
/* May this client begin a session? `req` has its head: cookies, tokens in the
 * query, the address; it is borrowed until the answer, not to be answered with
 * the functions of <peal/http.h>. Asked for each handshake, not for an upgrade
 * of a session that there is (reference: allowRequest). */
typedef void (*peal_allow_fn)(peal_http_req *req, peal_allow *allow,
                              void *user);
/* Where a header hook puts fields; borrowed until it returns. */
typedef struct peal_headers peal_headers;
/* Fields for an answer that is about to be sent, a WebSocket's 101 included.
 * `req` is the request that it answers, to be asked and not to be answered:
 * all functions of <peal/http.h> that read the head may be called
 * (peal_http_req_param, _header, _cookie, …). `session` is the id of the
 * session that the answer belongs to, borrowed; NULL: of none, it is a refusal.
 * `initial`: the first answer of its session (reference: events initial_headers
 * and headers). */
typedef void (*peal_headers_fn)(peal_http_req *req, const char *session,
                                bool initial, peal_headers *out, void *user);

/* Let the client in: the session begins inside this call. NULL: nothing. */
PEAL_API void peal_allow_accept(peal_allow *allow);
/* Turn the client away, code 4 with this message, which is copied; NULL:
 * "Forbidden". The client may try again: say nothing in it that helps to guess.
 * `allow` NULL: nothing. */
PEAL_API void peal_allow_refuse(peal_allow *allow, const char *message);
/* Add a field, behind those of CORS; one of the same name stands beside an
 * earlier one. Both texts are copied.
 * Fields that the server writes itself (peal_http_answer_header) are not to be
 * added: over polling that is PEAL_ERR_USAGE, of a 101 it spoils the answer.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (also: no token, control characters),
 * PEAL_ERR_NOMEM. Spec: RFC9110 5. */
PEAL_API peal_err peal_headers_add(peal_headers *headers, const char *name,
                                   const char *value);

/* -- raw servers ----------------------------------------------------------- */

/* A raw Engine.IO server: all sessions of one path of one HTTP server. */
typedef struct peal_engine_server peal_engine_server;
/* One session of it. Valid from on_open until on_close has returned. */
typedef struct peal_engine_client peal_engine_client;

/* A session has begun. It may be sent to at once: that follows the handshake.
 * It may be closed, too. */
typedef void (*peal_engine_open_fn)(peal_engine_client *client, void *user);
/* A message, text or binary, as the client sent it, in order; text is valid
 * UTF-8. `data` is borrowed until this returns. */
typedef void (*peal_engine_message_fn)(peal_engine_client *client,
                                       peal_slice data, bool binary,
                                       void *user);
/* A session that began over polling goes on over a WebSocket (reference:
 * upgrade). */
typedef void (*peal_engine_upgrade_fn)(peal_engine_client *client, void *user);
/* The client's send queue, which had refused or dropped messages or passed its
 * soft ceiling, is empty again: whoever has more to send may go on. */
typedef void (*peal_engine_drain_fn)(peal_engine_client *client, void *user);
/* The session is over; exactly once and last, behind on_open. Nothing can be
 * sent to it any more. `err` says more exactly what was wrong (PEAL_OK if
 * nothing). */
typedef void (*peal_engine_close_fn)(peal_engine_client *client,
                                     peal_reason reason, peal_err err,
                                     void *user);

/* Options of a raw server, named after those of the reference; {0} is a server
 * on port 3000, path /engine.io/, for pages of the same origin, that takes
 * messages and does nothing with them. */
typedef struct peal_engine_server_opts {
  /* The HTTP server to live on (borrowed); NULL: one of its own, from the
   * fields down to mem, as in peal_http_server_opts. */
  peal_http_server *http;
  const char *host;
  int port;
  bool no_listen; /* peal_http_listen(peal_engine_server_http(…), …) says
                     where */
  peal_tls *tls;  /* HTTPS and WSS, with these certificates (borrowed) */
  unsigned workers;
  const char *proxies; /* whose word about the client counts; default nobody */
  peal_forwarded forwarded;
  bool proxy_protocol;
  size_t max_target_bytes; /* of a request, query included; default 16384 */
  size_t max_held_bytes;   /* by all clients together; default 1 GiB */
  peal_log_opts log;
  const peal_mem *mem;

  /* From here to max_queue_soft_bytes: of the sessions, by the same names in
   * peal_server_opts. */
  const char *path;                /* default "/engine.io" */
  bool no_trailing_slash;          /* serve <path> instead of <path>/ */
  unsigned transports;             /* bits of peal_transport; default both */
  bool no_upgrades;                /* reference: allowUpgrades false */
  uint32_t ping_interval_ms;       /* default 25000 */
  uint32_t ping_timeout_ms;        /* default 20000 */
  uint32_t upgrade_timeout_ms;     /* default 10000 */
  size_t max_payload_bytes;        /* default 1000000: maxHttpBufferSize */
  size_t compress_threshold_bytes; /* default 1024 (httpCompression);
                                      PEAL_OFF: never */
  peal_cors_opts cors;       /* also enforced: other origins are refused, on
                                WebSocket too. {0}: same origin only */
  peal_server_cookie cookie; /* default: none */
  /* Sessions at one time, of all clients and of one address (IPv6: its /64; not
   * over Unix sockets); others get 503. */
  uint32_t max_clients;             /* default: no limit of its own */
  uint32_t max_clients_per_address; /* default 10000; PEAL_OFF: no limit */
  /* A session that began over polling has to be used within this time, or it
   * ends. Default 10000; PEAL_OFF: it has its ping timeout. */
  uint32_t first_use_timeout_ms;
  peal_queue_policy queue_policy; /* default: the client is closed */
  size_t max_queue_bytes;         /* send queue of a client; default 8 MiB */
  size_t max_queue_soft_bytes;    /* volatile messages are dropped above;
                                     default 1 MiB */

  /* Asked for each handshake (reference: allowRequest). */
  peal_allow_fn allow_request;
  void *allow_user; /* the last argument of it */
  /* Reference: events initial_headers and headers. */
  peal_headers_fn on_headers;
  void *headers_user; /* the last argument of it */
  /* What sessions tell, each on its own worker (of the raw server alone). */
  peal_engine_open_fn on_open;
  peal_engine_message_fn on_message;
  peal_engine_upgrade_fn on_upgrade;
  peal_engine_drain_fn on_drain;
  peal_engine_close_fn on_close;
  void *user; /* the last argument of these four */

  peal_deflate_opts deflate; /* reference: perMessageDeflate; default: none */
  bool allow_eio3;           /* reference: allowEIO3: clients of Engine.IO 3
                                are served beside those of 4; default: they
                                are refused (code 5) */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[26];
} peal_engine_server_opts;

/* Make a server and listen; no client is served before peal_engine_server_run.
 * Copies `opts` with its strings; NULL is {0}.
 * Returns NULL after logging why: port in use, contradictory options, memory.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_engine_server *peal_engine_server_new(
    const peal_engine_server_opts *opts);
/* Run its HTTP server until stopped (SIGINT, SIGTERM, peal_engine_server_stop).
 * Returns the exit code for main: 0, or 1 if it could not run (`server` NULL
 * is one reason). Thread: the one that becomes worker 0. */
PEAL_API int peal_engine_server_run(peal_engine_server *server);
/* Stop accepting, close every session with "server shutting down", wait for
 * what is queued (4 s at most), end the run. Again: at once. Thread: any. */
PEAL_API void peal_engine_server_stop(peal_engine_server *server);
/* After the run, or instead of it. Thread: the one that made it. */
PEAL_API void peal_engine_server_free(peal_engine_server *server);
/* The HTTP server that it lives on: for routes, its port, its workers.
 * Borrowed for the life of the server. Thread: any. */
PEAL_API peal_http_server *peal_engine_server_http(peal_engine_server *server);
/* The workers that it runs on: for tasks, timers and posts. Borrowed for the
 * life of the server. Thread: any. */
PEAL_API peal_workers *peal_engine_server_workers(peal_engine_server *server);

/* Since the server was made, but for the first two, which are of now. */
typedef struct peal_engine_server_stats {
  uint64_t clients;         /* open sessions */
  uint64_t clients_polling; /* of them on polling */
  uint64_t sessions_total;  /* clients that ever were let in */
  uint64_t messages_in, messages_out;
  uint64_t bytes_in, bytes_out; /* of messages, before framing */
  uint64_t errors_peer;         /* sessions closed for a violation */
  uint64_t queue_full;          /* messages refused or dropped, volatile ones
                                   too; and as some workers were behind */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[16];
} peal_engine_server_stats;

/* Sum over the workers, each figure consistent within a moment; all zero
 * without a server. Thread: any. */
PEAL_API void peal_engine_server_stats_get(peal_engine_server *server,
                                           peal_engine_server_stats *out);

/* -- sending --------------------------------------------------------------- */

/* How a message is sent. NULL or {0}: as it comes. */
typedef struct peal_engine_how {
  bool is_volatile; /* may be dropped by a client that is not ready: PEAL_OK */
  bool keep;        /* PEAL_QUEUE_DROP_OLDEST drops others */
  bool no_compress; /* it goes as it is over a WebSocket, and polling answers
                       are not compressed for it */
  /* A queued message with the same key is replaced, so that a slow client gets
   * the newest and never a backlog. Borrowed for the call. */
  const char *conflate;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_engine_how;

/* Queue a message; copies. It leaves when the handler has returned, in the
 * order of the calls. Text is UTF-8 without U+001E, which parts messages over
 * polling.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED (also: it is being closed),
 * PEAL_ERR_UTF8, PEAL_ERR_USAGE (U+001E), PEAL_ERR_NOMEM,
 * PEAL_ERR_QUEUE_FULL (peal_queue_policy). */
PEAL_API peal_err peal_engine_client_send(peal_engine_client *client,
                                          peal_slice data, bool binary);
/* The same with options. PEAL_ERR_OPTION: unknown ones. */
PEAL_API peal_err peal_engine_client_send_with(peal_engine_client *client,
                                               peal_slice data, bool binary,
                                               const peal_engine_how *how);
/* To all clients on all workers: one copy for all of them, at once on the
 * calling worker, in the next turn on others. Messages from one thread arrive
 * in the order of the calls. What full queues refuse is told by nothing.
 * Returns: PEAL_OK (also before the run and behind it: nobody is there),
 * PEAL_ERR_UTF8, PEAL_ERR_USAGE, PEAL_ERR_OPTION, PEAL_ERR_NOMEM,
 * PEAL_ERR_QUEUE_FULL (some workers are behind: 16384 operations or 64 MiB wait
 * for them): nobody received it. Thread: any. */
PEAL_API peal_err peal_engine_server_send(peal_engine_server *server,
                                          peal_slice data, bool binary,
                                          const peal_engine_how *how);
/* Call `fn` for each client of this worker, oldest first; nothing happens on a
 * thread that is no worker of the server. Thread: any. */
PEAL_API void peal_engine_server_each(peal_engine_server *server,
                                      peal_engine_open_fn fn, void *user);

/* -- the client ------------------------------------------------------------ */

/* End the session: what was sent before goes out first, `discard`: it does not.
 * Takes effect when the handler has returned: on_close does not come inside
 * this call, but no message comes behind it. Again: nothing. */
PEAL_API void peal_engine_client_close(peal_engine_client *client,
                                       bool discard);
/* 20 characters, terminated: the session's id, which is a secret of client and
 * server. Borrowed for the life of the client. */
PEAL_API const char *peal_engine_client_id(const peal_engine_client *client);
/* The server that it is a client of. */
PEAL_API peal_engine_server *peal_engine_client_server(
    const peal_engine_client *client);
/* Where its functions run, for its whole life. */
PEAL_API peal_worker *peal_engine_client_worker(
    const peal_engine_client *client);
/* "polling" or "websocket" at present. */
PEAL_API const char *peal_engine_client_transport(
    const peal_engine_client *client);
/* What waits for this client. */
PEAL_API size_t
peal_engine_client_queued_bytes(const peal_engine_client *client);
/* Another ceiling and policy for this client than the server's. 0 bytes: the
 * server's. */
PEAL_API void peal_engine_client_set_queue(peal_engine_client *client,
                                           size_t max_bytes,
                                           peal_queue_policy policy);
/* One pointer of the application's, NULL at first, and what frees it (NULL:
 * nothing): that is called once behind on_close, on the client's worker,
 * however it ends; the client is gone then. What was there before is not
 * freed. */
PEAL_API void peal_engine_client_set_user(peal_engine_client *client,
                                          void *user, void (*free_fn)(void *));
/* What peal_engine_client_set_user was given. */
PEAL_API void *peal_engine_client_user(const peal_engine_client *client);

/* The request that began the session; slices are borrowed for the life of the
 * client. What is absent has a NULL ptr; what is there and empty has a ptr and
 * no length. The same of a socket: peal_socket_header and kin. */

/* A field by its name, without regard to case; NULL ptr if absent. Connection,
 * Upgrade and Sec-WebSocket-* are not kept. */
PEAL_API peal_slice peal_engine_client_header(const peal_engine_client *client,
                                              const char *name);
/* A parameter of the query by its decoded name, decoded; NULL ptr if absent. */
PEAL_API peal_slice peal_engine_client_query(const peal_engine_client *client,
                                             const char *name);
/* How many fields are kept; those of one name each count. */
PEAL_API size_t
peal_engine_client_header_count(const peal_engine_client *client);
/* The name of field `index` below the count, as it was sent, and its value
 * (`value` may be NULL). Both have a NULL ptr if there are not so many. */
PEAL_API peal_slice peal_engine_client_header_at(
    const peal_engine_client *client, size_t index, peal_slice *value);
/* How many parameters the query has; those of one name each count. */
PEAL_API size_t
peal_engine_client_query_count(const peal_engine_client *client);
/* The name of parameter `index` below the count, in their order, and its value
 * (`value` may be NULL), both decoded. Both have a NULL ptr if there are not so
 * many. */
PEAL_API peal_slice peal_engine_client_query_at(
    const peal_engine_client *client, size_t index, peal_slice *value);
/* Path and query as they came. */
PEAL_API peal_slice peal_engine_client_url(const peal_engine_client *client);
/* Of the peer, as text; "unix" over a Unix socket. */
PEAL_API peal_slice
peal_engine_client_address(const peal_engine_client *client);
/* When the session began, in milliseconds since 1970. */
PEAL_API int64_t peal_engine_client_since_ms(const peal_engine_client *client);

/* -- beyond a handler ------------------------------------------------------ */

/* A client is borrowed; this outlives it, and knows when it has gone. A value:
 * copied like a number, nothing to free, usable on any thread as long as the
 * server lives. */
typedef struct peal_engine_ref {
  peal_engine_server *server;
  char id[24]; /* of the session, terminated */
} peal_engine_ref;

/* {0} without a client. */
PEAL_API peal_engine_ref
peal_engine_client_ref(const peal_engine_client *client);
/* The client again, on its own worker; NULL if it has gone (from on_close on),
 * or on another thread. Thread: any. */
PEAL_API peal_engine_client *peal_engine_ref_client(const peal_engine_ref *ref);

/* The next three act at once on the client's own worker, and in its next turn
 * from another thread; what comes from one thread keeps its order. A client
 * that has gone is no error: nothing happens to it.
 * Returns: PEAL_OK (also when the run is over: all have gone), PEAL_ERR_NOMEM,
 * PEAL_ERR_QUEUE_FULL (some workers are behind, as in peal_engine_server_send),
 * PEAL_ERR_USAGE ({0}); on errors nothing happens. */

/* As peal_engine_client_send_with; its errors are returned on the client's own
 * worker only, but for PEAL_ERR_UTF8, PEAL_ERR_USAGE and PEAL_ERR_OPTION.
 * Thread: any. */
PEAL_API peal_err peal_engine_ref_send(const peal_engine_ref *ref,
                                       peal_slice data, bool binary,
                                       const peal_engine_how *how);
/* As peal_engine_client_close. Thread: any. */
PEAL_API peal_err peal_engine_ref_close(const peal_engine_ref *ref,
                                        bool discard);
/* `client` is NULL if it has gone. */
typedef void (*peal_engine_post_fn)(peal_engine_client *client, void *user);
/* Call `fn` with the client on its worker, exactly once if this returns
 * PEAL_OK, also if it has gone: so it may free `user`. Inside this call only on
 * the client's own worker, and when the run is over. Thread: any. */
PEAL_API peal_err peal_engine_ref_post(const peal_engine_ref *ref,
                                       peal_engine_post_fn fn, void *user);

#ifdef __cplusplus
}
#endif
