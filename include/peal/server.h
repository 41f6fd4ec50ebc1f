/* SPDX-License-Identifier: MIT */
#pragma once
/* server: the Socket.IO server (Engine.IO 4, Socket.IO 5): namespaces,
 * sockets, rooms, events, acknowledgements.
 *
 * Everything is set up first (peal_server_of, peal_on, peal_use, …), then the
 * server runs; setting up during the run returns PEAL_ERR_USAGE. Handlers of
 * one socket run on its worker, in order, never two at a time.
 *
 * Example: examples/chat/main.c */
#include <peal/base.h>
#include <peal/engine.h>
#include <peal/http.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_server peal_server;
/* A namespace: one for the life of the server, shared by all workers. */
typedef struct peal_nsp peal_nsp;
/* One client in one namespace. Valid from its first middleware until its
 * disconnect handler has returned. */
typedef struct peal_socket peal_socket;
/* An event that came in; borrowed by the handler. */
typedef struct peal_event peal_event;

/* -- options ---------------------------------------------------------------- */

#define PEAL_OFF UINT32_MAX /* for options whose 0 means "default" */

typedef struct peal_server_opts {
  /* The HTTP server to live on (borrowed); NULL: one of its own, from host,
   * port, workers, log, mem as in peal_http_server_opts. */
  peal_http_server *http;
  const char *host;
  int port;
  unsigned workers;
  peal_log_opts log;
  const peal_mem *mem;

  const char *path;                /* default "/socket.io" */
  bool no_trailing_slash;          /* serve <path> instead of <path>/ */
  unsigned transports;             /* bits of peal_transport; default both */
  bool no_upgrades;                /* reference: allowUpgrades false */
  uint32_t ping_interval_ms;       /* default 25000 */
  uint32_t ping_timeout_ms;        /* default 20000 */
  uint32_t upgrade_timeout_ms;     /* default 10000 */
  uint32_t connect_timeout_ms;     /* default 45000: to join a namespace */
  size_t max_payload_bytes;        /* default 1000000: maxHttpBufferSize */
  size_t compress_threshold_bytes; /* default 1024 (httpCompression);
                                      PEAL_OFF: never */
  peal_cors_opts cors; /* also enforced: other origins are refused, on
                          WebSocket too. {0}: same origin only */
  peal_server_cookie cookie;
  bool no_client;         /* do not serve <path>/socket.io.js and kin */
  const char *client_dir; /* default: the installed share folder */

  /* Sessions at one time, of all clients and of one address (IPv6: its /64);
   * others get 503. Behind a proxy all clients have its address. */
  uint32_t max_clients;             /* default: no limit of its own */
  uint32_t max_clients_per_address; /* default 10000; PEAL_OFF: no limit */
  /* A session that began over polling has to be used within this time, or it
   * ends. Default 10000; PEAL_OFF: it has its ping timeout. */
  uint32_t first_use_timeout_ms;
  size_t max_queue_bytes;      /* send queue of a client; default 8 MiB */
  size_t max_queue_soft_bytes; /* volatile events are dropped above;
                                  default 1 MiB */
  peal_queue_policy queue_policy;
  uint32_t max_attachments; /* of one packet; default 10 */
  uint32_t max_rooms;       /* of one socket; default 10000 */
  uint32_t max_acks;        /* awaited from one socket; default 1024 */
  size_t max_auth_bytes;    /* of one socket's `auth`, as JSON; default 64 KiB;
                               beyond it CONNECT is refused */

  /* Asked for each handshake (reference: allowRequest). */
  peal_allow_fn allow_request;
  /* Reference: events initial_headers and headers. */
  peal_headers_fn on_headers;
  void *user; /* of these two */
} peal_server_opts;

/* -- life --------------------------------------------------------------------- */

/* Copies `opts`; NULL is {0}. Returns NULL after logging why: port in use,
 * contradictory options, memory. */
PEAL_API PEAL_MUST_CHECK peal_server *peal_server_new(
    const peal_server_opts *opts);
/* Run its HTTP server until stopped (SIGINT, SIGTERM, peal_server_stop).
 * NULL is allowed and returns 1. Returns the exit code for main. */
PEAL_API int peal_server_run(peal_server *server);
/* Stop accepting, close every socket with "server shutting down", wait for
 * what is queued, end the run. Thread: any. */
PEAL_API void peal_server_stop(peal_server *server);
PEAL_API void peal_server_free(peal_server *server);
PEAL_API peal_http_server *peal_server_http(peal_server *server);
PEAL_API peal_workers *peal_server_workers(peal_server *server);

typedef struct peal_server_stats {
  uint64_t clients;         /* open Engine.IO sessions */
  uint64_t clients_polling; /* of them on polling */
  uint64_t sockets;         /* connected, all namespaces */
  uint64_t sessions_total;
  uint64_t events_in, events_out; /* packets, a broadcast counts receivers */
  uint64_t bytes_in, bytes_out;   /* of messages, before framing */
  uint64_t errors_peer;           /* sessions closed for a violation */
  uint64_t queue_full;            /* events refused or dropped */
} peal_server_stats;

/* Sum over the workers, consistent within a moment. Thread: any. */
PEAL_API void peal_server_stats_get(peal_server *server,
                                    peal_server_stats *out);

/* -- namespaces and handlers ------------------------------------------------- */

/* The namespace of this name, made if new; a missing leading slash is added.
 * NULL if memory is out, the name too long (256 bytes) or the server runs and
 * has none of this name. Borrowed for the life of the server. */
PEAL_API peal_nsp *peal_server_of(peal_server *server, const char *name);
PEAL_API const char *peal_nsp_name(const peal_nsp *nsp);
PEAL_API peal_server *peal_nsp_server(peal_nsp *nsp);

typedef void (*peal_event_fn)(peal_socket *socket, const peal_event *event,
                              void *user);
/* Call `fn` for this event from any socket of the namespace. Several handlers
 * run in order of registration. `event` is copied.
 * Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_on(peal_nsp *nsp, const char *event, peal_event_fn fn,
                          void *user);
/* Call `fn` for every event, before the event's own handlers. */
PEAL_API peal_err peal_on_any(peal_nsp *nsp, peal_event_fn fn, void *user);

typedef void (*peal_outgoing_fn)(peal_socket *socket, peal_slice event,
                                 peal_args args, void *user);
/* Call `fn` for every event that goes out, once per receiver; acknowledgements
 * excluded. */
PEAL_API peal_err peal_on_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn,
                                       void *user);

/* A new socket has passed the middleware. It may join, emit (what it emits is
 * sent behind CONNECT) and refuse: by peal_refuse, or by returning an error;
 * a refused socket was never a member. */
typedef peal_err (*peal_connect_fn)(peal_socket *socket, void *user);
PEAL_API peal_err peal_on_connect(peal_nsp *nsp, peal_connect_fn fn,
                                  void *user);

/* Why a socket went (the strings of the reference by peal_reason_text). */
typedef enum peal_reason {
  PEAL_REASON_CLIENT_DISCONNECT, /* "client namespace disconnect" */
  PEAL_REASON_SERVER_DISCONNECT, /* "server namespace disconnect" */
  PEAL_REASON_SHUTDOWN,          /* "server shutting down" */
  PEAL_REASON_PING_TIMEOUT,      /* "ping timeout" */
  PEAL_REASON_TRANSPORT_CLOSE,   /* "transport close" */
  PEAL_REASON_TRANSPORT_ERROR,   /* "transport error" */
  PEAL_REASON_PARSE_ERROR,       /* "parse error" */
  PEAL_REASON_FORCED_CLOSE,      /* "forced close": packet out of order */
  PEAL_REASON_FORCED_SERVER,     /* "forced server close" */
  PEAL_REASON_SLOW_CONSUMER      /* "slow consumer": send queue full */
} peal_reason;

PEAL_API const char *peal_reason_text(peal_reason reason);

/* `err` says more exactly what was wrong (PEAL_OK if nothing). */
typedef void (*peal_disconnect_fn)(peal_socket *socket, peal_reason reason,
                                   peal_err err, void *user);
/* Exactly once for every socket whose connect handlers ran to success; it has
 * left its rooms. */
PEAL_API peal_err peal_on_disconnect(peal_nsp *nsp, peal_disconnect_fn fn,
                                     void *user);
/* The same while it is still in its rooms. */
PEAL_API peal_err peal_on_disconnecting(peal_nsp *nsp, peal_disconnect_fn fn,
                                        void *user);
typedef void (*peal_socket_fn)(peal_socket *socket, void *user);
/* The client's send queue, which had refused or dropped events or passed its
 * soft ceiling, is empty again. */
PEAL_API peal_err peal_on_drain(peal_nsp *nsp, peal_socket_fn fn, void *user);

/* -- middleware --------------------------------------------------------------- */

/* The rest of the chain; call one of the functions below exactly once, now or
 * later (on the socket's worker). If the client goes away meanwhile, the call
 * is still due and has no effect. */
typedef struct peal_next peal_next;
typedef void (*peal_use_fn)(peal_socket *socket, peal_next *next, void *user);
/* Run for each CONNECT to the namespace, in order of registration; the socket
 * is no member yet. */
PEAL_API peal_err peal_use(peal_nsp *nsp, peal_use_fn fn, void *user);
PEAL_API void peal_next_ok(peal_next *next);
/* CONNECT_ERROR {"message":…,"data":…}; `data` undefined leaves it out. */
PEAL_API void peal_next_refuse(peal_next *next, const char *message,
                               peal_val data);

/* -- events ------------------------------------------------------------------- */

PEAL_API peal_slice peal_event_name(const peal_event *event);
PEAL_API peal_args peal_event_args(const peal_event *event);
/* Argument `index`; undefined if there are fewer. */
PEAL_API peal_val peal_event_arg(const peal_event *event, size_t index);
/* Argument `index` as a terminated string (borrowed); NULL if it is no
 * string, holds a NUL byte, or memory is out. */
PEAL_API const char *peal_event_str(const peal_event *event, size_t index);
PEAL_API bool peal_event_wants_ack(const peal_event *event);
/* Acknowledge: the arguments are encoded at once. The first call counts, later
 * ones and those for events that want none are no-ops.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL. */
PEAL_API peal_err peal_ack(const peal_event *event, peal_args args);

/* An acknowledgement that is given after the handler has returned. */
typedef struct peal_reply peal_reply;
/* NULL if the event wants none or memory is out. Give it back by
 * peal_reply_send or peal_reply_drop. */
PEAL_API peal_reply *peal_ack_later(const peal_event *event);
/* Takes `reply`. A socket that has gone is no error. Thread: any. */
PEAL_API peal_err peal_reply_send(peal_reply *reply, peal_args args);
PEAL_API void peal_reply_drop(peal_reply *reply);

/* -- emitting ----------------------------------------------------------------- */

/* Names of rooms, for peal_to. */
#define PEAL_ROOMS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Who gets a broadcast, and how. NULL or {0}: everyone in the namespace. */
typedef struct peal_to {
  /* Union of rooms, each socket once; a socket id is a room of its own. NULL:
   * all; an empty list: nobody. NULL-terminated, borrowed for the call. */
  const char *const *rooms;
  const char *const *except; /* sockets in any of these are left out */
  bool with_self;            /* peal_emit_to: the socket itself, too */
  bool is_volatile;          /* may be dropped by a client that is not ready */
  /* A queued event with the same key (in the same namespace) is replaced, so
   * that a slow client gets the newest and never a backlog. */
  const char *conflate;
  bool no_compress; /* polling answers with it are not compressed for it */
} peal_to;

/* To this client. Event and arguments are encoded at once.
 * Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM,
 * PEAL_ERR_QUEUE_FULL, PEAL_ERR_DEPTH. */
PEAL_API peal_err peal_emit(peal_socket *socket, const char *event,
                            peal_args args);
/* The same with options; `to->rooms` and `to->except` must be NULL. A volatile
 * event that was dropped is PEAL_OK. */
PEAL_API peal_err peal_emit_with(peal_socket *socket, const peal_to *to,
                                 const char *event, peal_args args);
/* To others: everyone that `to` names but this socket (reference:
 * socket.to(…), socket.broadcast). */
PEAL_API peal_err peal_emit_to(peal_socket *socket, const peal_to *to,
                               const char *event, peal_args args);
/* To everyone that `to` names in the namespace. Thread: any. */
PEAL_API peal_err peal_nsp_emit(peal_nsp *nsp, const peal_to *to,
                                const char *event, peal_args args);
/* As peal_emit with event "message". */
PEAL_API peal_err peal_send(peal_socket *socket, peal_args args);

/* The answer of one client, exactly once: PEAL_OK with its arguments
 * (borrowed), PEAL_ERR_TIMEOUT, or PEAL_ERR_CLOSED when it went away. */
typedef void (*peal_ack_fn)(peal_socket *socket, peal_err err, peal_args args,
                            void *user);
/* Emit and ask for an acknowledgement within `timeout_ms` (0: no limit, the
 * disconnect ends it).
 * Not before the socket has been accepted (in a connect handler it has).
 * Returns: as peal_emit, PEAL_ERR_LIMIT (max_acks awaited); on error `fn` is
 * not called. */
PEAL_API peal_err peal_emit_ack(peal_socket *socket, const char *event,
                                peal_args args, uint32_t timeout_ms,
                                peal_ack_fn fn, void *user);

/* What came back from a broadcast. `responses` (borrowed) has each client's
 * first argument, in order of arrival. */
typedef struct peal_acks {
  peal_err err;    /* PEAL_OK: all answered; PEAL_ERR_TIMEOUT */
  size_t expected; /* clients that were asked */
  peal_args responses;
} peal_acks;

typedef void (*peal_acks_fn)(const peal_acks *acks, void *user);
/* Broadcast and gather. `fn` comes exactly once, on the calling worker (worker
 * 0 if called from another thread). `timeout_ms` 0: 10000. Thread: any. */
PEAL_API peal_err peal_nsp_emit_ack(peal_nsp *nsp, const peal_to *to,
                                    const char *event, peal_args args,
                                    uint32_t timeout_ms, peal_acks_fn fn,
                                    void *user);

/* -- rooms ---------------------------------------------------------------------- */

/* A name that a client chose may be the id of another socket, whose events it
 * would then receive: put a prefix of your own in front of such names.
 * Returns: PEAL_OK (also if it is in already), PEAL_ERR_LIMIT (max_rooms),
 * PEAL_ERR_CLOSED (not yet accepted, or gone), PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_join(peal_socket *socket, const char *room);
PEAL_API void peal_leave(peal_socket *socket, const char *room);
PEAL_API bool peal_socket_in(const peal_socket *socket, const char *room);
/* Number of rooms, its own included. */
PEAL_API size_t peal_socket_room_count(const peal_socket *socket);
/* Room `index` below the count (0 is its own); borrowed until it leaves. */
PEAL_API const char *peal_socket_room(const peal_socket *socket, size_t index);

/* For every socket that `to` names, on all workers. Thread: any. */
PEAL_API peal_err peal_nsp_join(peal_nsp *nsp, const peal_to *to,
                                const char *room);
PEAL_API peal_err peal_nsp_leave(peal_nsp *nsp, const peal_to *to,
                                 const char *room);
/* `close`: the client's connection too. */
PEAL_API peal_err peal_nsp_disconnect(peal_nsp *nsp, const peal_to *to,
                                      bool close);

/* Sockets that `to` names; `ids` (borrowed, strings) is empty if only the
 * count was asked for. */
typedef void (*peal_members_fn)(peal_err err, size_t count, peal_args ids,
                                void *user);
/* Ask all workers. `fn` comes once, on the calling worker (worker 0 if called
 * from another thread). Thread: any. */
PEAL_API peal_err peal_nsp_count(peal_nsp *nsp, const peal_to *to,
                                 peal_members_fn fn, void *user);
PEAL_API peal_err peal_nsp_members(peal_nsp *nsp, const peal_to *to,
                                   peal_members_fn fn, void *user);
/* Call `fn` for each socket of this worker that `to` names. */
PEAL_API void peal_nsp_each(peal_nsp *nsp, const peal_to *to, peal_socket_fn fn,
                            void *user);

/* -- the socket ----------------------------------------------------------------- */

/* 20 characters, terminated; not the Engine.IO session id. */
PEAL_API const char *peal_socket_id(const peal_socket *socket);
PEAL_API peal_nsp *peal_socket_nsp(const peal_socket *socket);
PEAL_API peal_worker *peal_socket_worker(const peal_socket *socket);
PEAL_API bool peal_socket_is_connected(const peal_socket *socket);
/* "polling" or "websocket". */
PEAL_API const char *peal_socket_transport(const peal_socket *socket);
PEAL_API size_t peal_socket_queued_bytes(const peal_socket *socket);
/* Another ceiling and policy for this client than the server's. The sockets of
 * one client share its queue. 0 bytes: the server's. */
PEAL_API void peal_socket_set_queue(peal_socket *socket, size_t max_bytes,
                                    peal_queue_policy policy);
/* Leave the namespace; `close`: end the client's connection with all its
 * namespaces. Takes effect when the handler returns. */
PEAL_API void peal_disconnect(peal_socket *socket, bool close);
/* In a connect handler: refuse with this message. Returns an error to
 * return. */
PEAL_API peal_err peal_refuse(peal_socket *socket, const char *message,
                              peal_val data);
/* One pointer of the application's. */
PEAL_API void peal_socket_set_user(peal_socket *socket, void *user);
PEAL_API void *peal_socket_user(const peal_socket *socket);
typedef void (*peal_user_free_fn)(void *user);
/* Call `fn` with the pointer. */
PEAL_API peal_err peal_socket_set_user_free(peal_socket *socket,
                                            peal_user_free_fn fn);

/* The handshake; borrowed for the life of the socket. */
/* What the client sent as `auth`; undefined if nothing. */
PEAL_API peal_val peal_socket_auth(const peal_socket *socket);
/* Fields of the request that began the session, without Connection, Upgrade
 * and Sec-WebSocket-*. */
PEAL_API peal_slice peal_socket_header(const peal_socket *socket,
                                       const char *name);
/* A parameter of the query, percent-decoded. */
PEAL_API peal_slice peal_socket_query(const peal_socket *socket,
                                      const char *name);
PEAL_API peal_slice peal_socket_url(const peal_socket *socket);
PEAL_API peal_slice peal_socket_address(const peal_socket *socket);
/* Milliseconds since 1970. */
PEAL_API int64_t peal_socket_since_ms(const peal_socket *socket);

#ifdef __cplusplus
}
#endif
