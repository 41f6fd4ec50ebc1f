/* SPDX-License-Identifier: MIT */
#pragma once
/* server: the Socket.IO server (Engine.IO 4, Socket.IO 5): namespaces,
 * sockets, rooms, events, acknowledgements.
 *
 * Namespaces are set up first (peal_server_of), then the server runs; others may
 * come while it does (<peal/namespaces.h>), and handlers may come and go at any
 * time (peal_on, peal_off). Handlers of one socket run
 * on its worker, in order, never two at a time.
 *
 * A socket is one client in one namespace. Its states, and what may be done in
 * each:
 *
 *   CONNECT comes
 *       |
 *    pending     middleware (peal_use) runs; peal_emit is held
 *       |  \
 *       |   refused: peal_next_refuse           -> CONNECT_ERROR, gone
 *       v
 *    accepting   connect handlers run; peal_join and peal_emit_ack too; what
 *       |  \     is emitted is held behind CONNECT; not counted, and reached
 *       |   \    by no broadcast
 *       |    refused: peal_refuse, or an error  -> CONNECT_ERROR, gone
 *       v
 *    connected   CONNECT has gone out: a member of its namespace and rooms
 *       |
 *       v
 *    leaving     peal_disconnect was called: nothing more goes out; until the
 *       |        handler has returned
 *       v
 *      gone      disconnecting handlers (still in its rooms), it leaves them,
 *                awaited acknowledgements end, disconnect handlers; then the
 *                function of peal_socket_set_user_free
 *
 * Unless it says otherwise, a function runs on the worker of its object
 * (Thread: worker), pointers are borrowed for the call, and without an object
 * (NULL) nothing happens: it returns PEAL_ERR_USAGE, NULL, 0, false, "" or the
 * empty slice. So a program that could not make its server needs no test:
 * peal_server_run returns 1.
 *
 * Example: examples/chat/main.c */
#include <peal/base.h>
#include <peal/deflate.h>
#include <peal/engine.h>
#include <peal/event.h>
#include <peal/http.h>
#include <peal/parser.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A server: all namespaces of one path of one HTTP server. */
typedef struct peal_server peal_server;
/* A namespace, shared by all workers; for the life of the server, but for those
 * that clients make (<peal/namespaces.h>). */
typedef struct peal_nsp peal_nsp;
/* One client in one namespace. Valid from its first middleware until its
 * disconnect handler has returned. */
typedef struct peal_socket peal_socket;

/* -- options --------------------------------------------------------------- */

/* Connection state recovery (reference: connectionStateRecovery): a client
 * whose connection breaks and who is back within the window is the socket that
 * it was, with its id and its rooms, and is sent what it missed, once. {0}: it
 * is a new one. docs/guide/recovery.md. */
typedef struct peal_recovery_opts {
  /* How long it may be away; 0: recovery is off. Reference: 120000
   * (maxDisconnectionDuration). */
  uint32_t window_ms;
  bool run_middlewares; /* for those who come back, too; reference:
                           skipMiddlewares false */
  size_t max_bytes;     /* events and sessions that are kept, all together;
                           default 64 MiB; beyond it the oldest go, and who
                           misses one of those is a new socket */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[2];
} peal_recovery_opts;

/* What happens to an event that comes above the rate of peal_event_rate. */
typedef enum peal_rate_policy {
  PEAL_RATE_DROP,      /* it is dropped */
  PEAL_RATE_ERROR,     /* the same, and the error handlers hear of it; who asked
                          for an acknowledgement gets what they answer */
  PEAL_RATE_DISCONNECT /* its client is closed */
} peal_rate_policy;

/* How many events a socket may send: a bucket of `burst` tokens, which fills
 * with `per_s` a second. {0}: no limit. */
typedef struct peal_event_rate {
  uint32_t per_s;
  uint32_t burst; /* default: per_s */
  peal_rate_policy policy;
} peal_event_rate;

/* Options of a server, named after those of the reference; {0} is a server on
 * port 3000, path /socket.io/, for pages of the same origin. What has the same
 * name in peal_engine_server_opts is the same, with the same default (but the
 * path). */
typedef struct peal_server_opts {
  /* The HTTP server to live on (borrowed); NULL: one of its own, from the
   * fields down to mem, as in peal_http_server_opts. */
  peal_http_server *http;
  const char *host;
  int port;
  bool no_listen; /* peal_http_listen(peal_server_http(…), …) says where */
  peal_tls *tls;  /* HTTPS and WSS, with these certificates (borrowed) */
  unsigned workers;
  const char *proxies; /* whose word about the client counts; default nobody */
  peal_forwarded forwarded;
  bool proxy_protocol;
  size_t max_target_bytes; /* of a request, query included; default 16384 */
  size_t max_held_bytes;   /* by all clients together; default 1 GiB */
  peal_log_opts log;
  const peal_mem *mem;

  const char *path;                /* default "/socket.io"; "/": the root */
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
  peal_cors_opts cors;       /* also enforced: other origins are refused, on
                          WebSocket too. {0}: same origin only */
  peal_server_cookie cookie; /* default: none */
  bool no_client;            /* do not serve <path>/socket.io.js and kin */
  const char *client_dir;    /* default: the installed share folder */

  /* Sessions at one time, of all clients and of one address (IPv6: its /64; not
   * over Unix sockets); others get 503. Behind a proxy all clients have its
   * address, unless `proxies` names it: then each has its own. */
  uint32_t max_clients;             /* default: no limit of its own */
  uint32_t max_clients_per_address; /* default 10000; PEAL_OFF: no limit */
  /* A session that began over polling has to be used within this time, or it
   * ends. Default 10000; PEAL_OFF: it has its ping timeout. */
  uint32_t first_use_timeout_ms;
  size_t max_queue_bytes;         /* send queue of a client; default 8 MiB */
  size_t max_queue_soft_bytes;    /* volatile events are dropped above;
                                  default 1 MiB */
  peal_queue_policy queue_policy; /* default: the client is closed */
  uint32_t max_attachments;       /* of one packet; default 10 */
  uint32_t max_namespaces;        /* of one client; default 1000; beyond it
                                  CONNECT is refused */
  uint32_t max_rooms;             /* of one socket; default 10000 */
  uint32_t max_acks;              /* awaited from one socket; default 1024 */
  size_t max_auth_bytes; /* of one socket's `auth`, as JSON; default 64 KiB;
                               beyond it CONNECT is refused */

  /* Asked for each handshake (reference: allowRequest). */
  peal_allow_fn allow_request;
  void *allow_user; /* the last argument of it */
  /* Reference: events initial_headers and headers. */
  peal_headers_fn on_headers;
  void *headers_user;          /* the last argument of it */
  peal_recovery_opts recovery; /* default: none */

  peal_deflate_opts deflate; /* reference: perMessageDeflate; default: none */
  const peal_parser *parser; /* borrowed; default: JSON */
  bool allow_eio3;           /* reference: allowEIO3: clients of Socket.IO 2 */
  /* Who asks for an acknowledgement gets an empty one if a handler ran and none
   * has answered or will (python-socketio's way). */
  bool auto_ack;
  /* Reference: cleanupEmptyChildNamespaces. */
  bool cleanup_empty_namespaces;
  peal_event_rate event_rate; /* of one socket; default: no limit */
  /* A handler that takes more time of its processor than this is reported;
   * default 50; PEAL_OFF: never. */
  uint32_t slow_handler_ms;
  /* How long peal_server_stop waits for what is queued; default 4000. */
  uint32_t stop_timeout_ms;
  /* Over how long its clients are told to come back, each at a time of its own;
   * default 0: at once. */
  uint32_t stop_spread_ms;
  /* A path: here the next process of this program takes over listening sockets
   * and sessions, and here this one asks the one before it. Default: none. */
  const char *handover;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[18];
} peal_server_opts;

/* -- life ------------------------------------------------------------------ */

/* Make a server and listen; no client is served before peal_server_run.
 * Copies `opts` with its strings; NULL is {0}.
 * Returns NULL after logging why: port in use, contradictory options, memory.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_server *peal_server_new(
    const peal_server_opts *opts);
/* The same with options that are written as JSON, by the names of the fields:
 *
 *   {"port": 3000, "cors": {"origins": "*"}, "queue_policy": "drop_oldest"}
 *
 * For languages that have no structs of C. Enums are words ("close",
 * "drop_newest", "drop_oldest"; log.level "error", "warn", "info", "debug";
 * log.format "text", "keys", "json"; forwarded "either", "x", "rfc7239"); what
 * is no data (functions, objects) has no name here. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_server *peal_server_new_json(peal_slice json);
/* Run its HTTP server until stopped (SIGINT, SIGTERM, peal_server_stop).
 * Returns the exit code for main: 0, or 1 if it could not run (`server` NULL
 * is one reason). Thread: the one that becomes worker 0. */
PEAL_API int peal_server_run(peal_server *server);
/* Stop accepting, close every socket with "server shutting down", at once or over
 * stop_spread_ms, wait for what is queued (stop_timeout_ms at most), end the run.
 * Again: at once. So does the run on SIGTERM and SIGINT. Thread: any. */
PEAL_API void peal_server_stop(peal_server *server);
/* After the run, or instead of it. Sockets whose middleware has never answered
 * go with it. Thread: the one that made it. */
PEAL_API void peal_server_free(peal_server *server);
/* The HTTP server that it lives on: for routes, its port, its workers.
 * Borrowed for the life of the server. Thread: any. */
PEAL_API peal_http_server *peal_server_http(peal_server *server);
/* The workers that it runs on: for tasks, timers and posts. Borrowed for the
 * life of the server. Thread: any. */
PEAL_API peal_workers *peal_server_workers(peal_server *server);

/* Since the server was made, but for the first three, which are of now. */
typedef struct peal_server_stats {
  uint64_t clients;               /* open Engine.IO sessions */
  uint64_t clients_polling;       /* of them on polling */
  uint64_t sockets;               /* connected, all namespaces */
  uint64_t sessions_total;        /* clients that ever were let in */
  uint64_t events_in, events_out; /* packets, a broadcast counts receivers */
  uint64_t bytes_in, bytes_out;   /* of messages, before framing */
  uint64_t errors_peer;           /* sessions closed for a violation */
  uint64_t queue_full;            /* events refused or dropped; operations
                                     refused as some workers were behind */
  /* What was done about full queues. */
  uint64_t closed_full;      /* clients closed: PEAL_QUEUE_CLOSE */
  uint64_t dropped_newest;   /* events refused: PEAL_QUEUE_DROP_NEWEST, and
                                where nothing older could go */
  uint64_t dropped_oldest;   /* queued events that made room */
  uint64_t conflated;        /* queued events that a newer one replaced */
  uint64_t dropped_volatile; /* volatile events for those not ready */
  uint64_t rate_limited;     /* events above the rate (peal_event_rate) */
  uint64_t slow_handlers;    /* events whose handlers took longer than
                                slow_handler_ms */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[9];
} peal_server_stats;

/* Sum over the workers, each figure consistent within a moment; all zero
 * without a server. Thread: any. */
PEAL_API void peal_server_stats_get(peal_server *server,
                                    peal_server_stats *out);

/* -- namespaces and handlers ----------------------------------------------- */

/* The namespace of this name, made if new; a missing leading slash is added.
 * Borrowed for the life of the server: one that clients have made is kept from
 * then on. During the run sockets come into a new one at the end of the turn of
 * the worker that has made it, behind what it has registered; made by a thread
 * that is none, at once: what must be there first is registered by
 * peal_on_namespace (<peal/namespaces.h>). A new one that matches the pattern of
 * a parent is its child.
 * Returns NULL if memory is out, the name too long (256 bytes) or with a comma,
 * or its parent has as many children as it may. Thread: any during the run;
 * before it the one that sets up. */
PEAL_API peal_nsp *peal_server_of(peal_server *server, const char *name);
/* With its slash. Borrowed for the life of the server. Thread: any. */
PEAL_API const char *peal_nsp_name(const peal_nsp *nsp);
/* The server that it belongs to. Thread: any. */
PEAL_API peal_server *peal_nsp_server(peal_nsp *nsp);

/* Handlers are registered with the namespace, once, for all its sockets: none
 * is made per socket (for those see peal_socket_on of <peal/handle.h>). Those
 * of one kind run in the order of their registration; `user` is given to each
 * call, and is the caller's to keep alive until peal_server_free, or until its
 * handler is gone.
 *
 * They may be added and removed before the run and during it, also by
 * themselves and by each other. On the calling worker that holds at once: a
 * handler that is added hears of the next thing, not of the one that is being
 * told; one that is removed is not called any more, even if it stood next. On
 * the other workers, and from a thread that is none, it holds from a later turn
 * of each on: what is posted to a worker (peal_worker_post) behind the removal
 * runs when the handler is not called there any more, and may free its
 * `user`.
 *
 * All functions that register or remove return PEAL_OK, PEAL_ERR_USAGE (no
 * namespace, no function) or PEAL_ERR_NOMEM (nothing was changed). Thread: any
 * during the run; before it the one that sets up. */

/* An event has come; both are borrowed until the function returns. What it
 * emits leaves afterwards. */
typedef void (*peal_event_fn)(peal_socket *socket, const peal_event *event,
                              void *user);
/* Call `fn` for this event from any socket of the namespace. `event` is
 * copied. If a handler disconnects the socket, those behind it are not called.
 * Returns: as all of them, and PEAL_ERR_RESERVED (connect, connect_error,
 * disconnect, disconnecting, newListener, removeListener). Thread: any. */
PEAL_API peal_err peal_on(peal_nsp *nsp, const char *event, peal_event_fn fn,
                          void *user);
/* As peal_on, for one event in all, of whatever socket on whatever worker: it
 * is removed before it is called. Thread: any. */
PEAL_API peal_err peal_once(peal_nsp *nsp, const char *event, peal_event_fn fn,
                            void *user);
/* Remove what was registered for this event with this function and this `user`,
 * however often. No error if nothing was. Thread: any. */
PEAL_API peal_err peal_off(peal_nsp *nsp, const char *event, peal_event_fn fn,
                           void *user);
/* Call `fn` for every event, before the event's own handlers; also for those
 * that have none. Thread: any. */
PEAL_API peal_err peal_on_any(peal_nsp *nsp, peal_event_fn fn, void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_any(peal_nsp *nsp, peal_event_fn fn, void *user);

/* An event is about to be queued for `socket`; all is borrowed. To look at, not
 * to change. */
typedef void (*peal_outgoing_fn)(peal_socket *socket, peal_slice event,
                                 peal_args args, void *user);
/* Call `fn` for every event that goes out, once per receiver, on the
 * receiver's worker, before it is queued; acknowledgements excluded. It costs
 * a broadcast its values on every worker. Thread: any. */
PEAL_API peal_err peal_on_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn,
                                       void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn,
                                        void *user);

/* A new socket has passed the middleware. It may join, emit (what it emits is
 * sent behind CONNECT) and refuse: by peal_refuse, or by returning an error.
 * A refused socket was never a member, and its disconnect handlers do not
 * run. */
typedef peal_err (*peal_connect_fn)(peal_socket *socket, void *user);
/* Call `fn` for every new socket; the first that refuses ends the chain.
 * During it the socket is in no count and no broadcast reaches it: to greet
 * all with the newcomer use peal_emit_to with `with_self`. Thread: any. */
PEAL_API peal_err peal_on_connect(peal_nsp *nsp, peal_connect_fn fn,
                                  void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_connect(peal_nsp *nsp, peal_connect_fn fn,
                                   void *user);

/* `err` says more exactly what was wrong (PEAL_OK if nothing). */
typedef void (*peal_disconnect_fn)(peal_socket *socket, peal_reason reason,
                                   peal_err err, void *user);
/* Call `fn` exactly once for every socket that was connected, and for no
 * other. It has left its rooms; nothing can be sent to it any more; `socket`
 * is valid until the last of these handlers has returned. Thread: any. */
PEAL_API peal_err peal_on_disconnect(peal_nsp *nsp, peal_disconnect_fn fn,
                                     void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_disconnect(peal_nsp *nsp, peal_disconnect_fn fn,
                                      void *user);
/* As peal_on_disconnect while it is still in its rooms: to tell those who share
 * them. Thread: any. */
PEAL_API peal_err peal_on_disconnecting(peal_nsp *nsp, peal_disconnect_fn fn,
                                        void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_disconnecting(peal_nsp *nsp, peal_disconnect_fn fn,
                                         void *user);
/* Something concerns this socket (borrowed). */
typedef void (*peal_socket_fn)(peal_socket *socket, void *user);
/* The client's send queue, which had refused or dropped events or passed its
 * soft ceiling, is empty again: whoever has more to send may go on. Thread:
 * any. */
PEAL_API peal_err peal_on_drain(peal_nsp *nsp, peal_socket_fn fn, void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_drain(peal_nsp *nsp, peal_socket_fn fn, void *user);

/* -- middleware ------------------------------------------------------------ */

/* The rest of the chain: each function is asked by a `next` of its own. Answer
 * it exactly once, by one of the functions below, in the middleware or later
 * on the socket's worker. The first answer counts; a second one within five
 * minutes behind it has no effect, whatever comes meanwhile. If the client goes
 * away, the answer is still due, and only ends the socket: so `socket` stays
 * valid until then. */
typedef struct peal_next peal_next;
/* May this client join? Nothing of the socket is known to others yet. What the
 * middleware hangs on it (peal_socket_set_user) goes by the function of
 * peal_socket_set_user_free, also if the client leaves first. */
typedef void (*peal_use_fn)(peal_socket *socket, peal_next *next, void *user);
/* Run `fn` for each CONNECT to the namespace, in order of registration, before
 * the connect handlers. Events that the client sends meanwhile wait. It may be
 * added during the run, then for clients that have not passed the others yet;
 * it cannot be removed. Thread: any. */
PEAL_API peal_err peal_use(peal_nsp *nsp, peal_use_fn fn, void *user);
/* On to the next middleware, behind the last one to the connect handlers,
 * which run inside this call (unless the chain that called the middleware is
 * still on the stack). */
PEAL_API void peal_next_ok(peal_next *next);
/* CONNECT_ERROR {"message":…,"data":…}: the socket is gone, the client stays
 * and may try again. `message` NULL: "refused"; `data` undefined leaves it
 * out; both are encoded at once. */
PEAL_API void peal_next_refuse(peal_next *next, const char *message,
                               peal_val data);

/* -- emitting -------------------------------------------------------------- */

/* Emitting queues, and never blocks: what was queued leaves when the handler
 * has returned, for each client in the order in which it was emitted. Event
 * and arguments are encoded before the call returns, once for all receivers;
 * a broadcast that nobody on the only worker receives is not encoded at all.
 * What happens when a queue is full, a policy decides (peal_queue_policy):
 * that is told by the return value for one receiver, and by nothing for
 * many. */

/* PEAL_ROOMS, PEAL_NAMES and PEAL_TO: in C they live until the end of the
 * enclosing block, in C++ only as long as the expression in which they stand:
 * there they are given to a call, and not kept in a variable. */
#ifdef __cplusplus
#define PEAL_ROOMS(...) (peal_rooms_(__VA_ARGS__).list())
#else
/* Names of rooms, for peal_to: any number; none is nobody. */
#define PEAL_ROOMS(...)                                                        \
  ((const char *const[]){__VA_ARGS__ PEAL_COMMA_BEHIND_(__VA_ARGS__) NULL})
#endif

/* Names that need not be terminated, and may hold NUL bytes; borrowed. */
typedef struct peal_names {
  const peal_slice *items; /* NULL: no list */
  size_t count;            /* 0 is an empty list: nobody */
} peal_names;

#ifdef __cplusplus
#define PEAL_NAMES(...) peal_names_({__VA_ARGS__})
#define PEAL_TO(...) (peal_to_list_{peal_rooms_(__VA_ARGS__)}.to())
#else
/* At least one name: PEAL_NAMES(peal_event_name(event), PEAL_S("x")). */
#define PEAL_NAMES(...)                                                        \
  ((peal_names){(const peal_slice[]){__VA_ARGS__},                             \
                sizeof((const peal_slice[]){__VA_ARGS__}) /                    \
                    sizeof(peal_slice)})
/* To these rooms, without anything else: peal_emit_to(socket, PEAL_TO("lobby"),
 * "chat", args). */
#define PEAL_TO(...) (&(const peal_to){.rooms = PEAL_ROOMS(__VA_ARGS__)})
#endif

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
  bool no_compress; /* it goes as it is over a WebSocket, and polling answers
                       are not compressed for it */
  /* Rooms, exceptions and the key once more, as slices: beside the lists above,
   * in addition to what is in them; the key instead of `conflate`. */
  peal_names room_names;
  peal_names except_names;
  peal_slice conflate_name;
  bool is_local; /* this node's sockets alone (<peal/cluster.h>); reference:
                    local */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[7];
} peal_to;

/* Every function that takes the name of an event or of a room has a twin that
 * ends in _n and takes a slice: so a handler for all events passes on what came
 * without a copy, and a name may hold any byte. Otherwise they are the same; a
 * slice whose ptr is NULL is as NULL. */

/* To this client. In the middleware and in connect handlers it is held, and
 * follows CONNECT.
 * Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_CLOSED (it has gone or is
 * leaving), PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL, PEAL_ERR_DEPTH (values nested
 * deeper than 128), PEAL_ERR_LIMIT (more than 65535 binaries, or more than
 * this client may make us hold). */
PEAL_API peal_err peal_emit(peal_socket *socket, const char *event,
                            peal_args args);
/* As peal_emit. */
PEAL_API peal_err peal_emit_n(peal_socket *socket, peal_slice event,
                              peal_args args);
/* The same with options; `to` must name no rooms and no exceptions. A volatile
 * event that was dropped is PEAL_OK. */
PEAL_API peal_err peal_emit_with(peal_socket *socket, const peal_to *to,
                                 const char *event, peal_args args);
/* As peal_emit_with. */
PEAL_API peal_err peal_emit_with_n(peal_socket *socket, const peal_to *to,
                                   peal_slice event, peal_args args);
/* To others: everyone that `to` names but this socket (reference:
 * socket.to(…), socket.broadcast); with `to->with_self` this one, too: in a
 * connect handler its copy follows its CONNECT.
 * Returns: PEAL_OK, also if nobody receives it; PEAL_ERR_RESERVED,
 * PEAL_ERR_DEPTH, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL (some
 * workers are behind: 16384 operations or 64 MiB wait for them): nobody
 * received it, on no worker. */
PEAL_API peal_err peal_emit_to(peal_socket *socket, const peal_to *to,
                               const char *event, peal_args args);
/* As peal_emit_to. */
PEAL_API peal_err peal_emit_to_n(peal_socket *socket, const peal_to *to,
                                 peal_slice event, peal_args args);
/* To everyone that `to` names in the namespace. Returns: as peal_emit_to.
 * Events from one thread arrive in the order of the calls. Thread: any. */
PEAL_API peal_err peal_nsp_emit(peal_nsp *nsp, const peal_to *to,
                                const char *event, peal_args args);
/* As peal_nsp_emit. Thread: any. */
PEAL_API peal_err peal_nsp_emit_n(peal_nsp *nsp, const peal_to *to,
                                  peal_slice event, peal_args args);
/* An event was stored under `offset` (borrowed): whoever comes back before it
 * expires is sent it, whatever happens to this server. Otherwise `err`:
 * PEAL_ERR_CLOSED, PEAL_ERR_TIMEOUT: Redis was away, or went away, it may be stored
 * or not; PEAL_ERR_REFUSED, PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM: it is not. The
 * clients of this server got it in any case. */
typedef void (*peal_stored_fn)(peal_err err, peal_slice offset, void *user);
/* As peal_nsp_emit, and `fn` is called once when the event has been stored for
 * those who come back (peal_recovery_opts): by Redis in a cluster over streams,
 * otherwise in this server's memory. On the calling worker (worker 0 if called
 * from another thread), never inside the call.
 * Returns: as peal_nsp_emit; PEAL_ERR_OPTION: nothing is stored here, there is no
 * recovery, or the event is volatile or local; on error `fn` is not called.
 * Thread: any. */
PEAL_API peal_err peal_nsp_emit_stored(peal_nsp *nsp, const peal_to *to,
                                       const char *event, peal_args args,
                                       peal_stored_fn fn, void *user);
/* As peal_nsp_emit_stored. Thread: any. */
PEAL_API peal_err peal_nsp_emit_stored_n(peal_nsp *nsp, const peal_to *to,
                                         peal_slice event, peal_args args,
                                         peal_stored_fn fn, void *user);
/* As peal_emit with event "message". */
PEAL_API peal_err peal_send(peal_socket *socket, peal_args args);

/* The answer of one client, exactly once: PEAL_OK with its arguments
 * (borrowed), PEAL_ERR_TIMEOUT, or PEAL_ERR_CLOSED when it went away. */
typedef void (*peal_ack_fn)(peal_socket *socket, peal_err err, peal_args args,
                            void *user);
/* Emit and ask for an acknowledgement within `timeout_ms` (0: no limit, the
 * disconnect ends it). An answer that comes later is dropped.
 * Not before the socket has been accepted (in a connect handler it has).
 * Returns: as peal_emit, PEAL_ERR_LIMIT (max_acks awaited); on error `fn` is
 * not called. */
PEAL_API peal_err peal_emit_ack(peal_socket *socket, const char *event,
                                peal_args args, uint32_t timeout_ms,
                                peal_ack_fn fn, void *user);
/* As peal_emit_ack. */
PEAL_API peal_err peal_emit_ack_n(peal_socket *socket, peal_slice event,
                                  peal_args args, uint32_t timeout_ms,
                                  peal_ack_fn fn, void *user);

/* What came back from a broadcast. `responses` (borrowed) has each client's
 * first argument, in order of arrival. */
typedef struct peal_acks {
  peal_err err;        /* PEAL_OK: all answered; PEAL_ERR_TIMEOUT: some did not;
                      PEAL_ERR_CLOSED: the cluster was away; PEAL_ERR_LIMIT,
                      PEAL_ERR_NOMEM: some could not be asked or kept */
  size_t expected;     /* clients that were asked */
  peal_args responses; /* fewer than `expected` if some did not answer */
  size_t missing;      /* nodes of a cluster that did not say whom they asked;
                     PEAL_MISSING_UNKNOWN: the cluster was away */
} peal_acks;

/* As a count of nodes that gave no answer: nobody knows how many there are. */
#define PEAL_MISSING_UNKNOWN SIZE_MAX

/* All have answered, gone, or run out of time; `acks` is borrowed. */
typedef void (*peal_acks_fn)(const peal_acks *acks, void *user);
/* Broadcast and gather. `fn` comes exactly once, on the calling worker (worker
 * 0 if called from another thread), when all have answered, gone or run out of
 * time; with one worker inside the call if nobody is asked. `timeout_ms` 0:
 * 10000.
 * Returns: as peal_emit_to; on error `fn` is not called. Thread: any. */
PEAL_API peal_err peal_nsp_emit_ack(peal_nsp *nsp, const peal_to *to,
                                    const char *event, peal_args args,
                                    uint32_t timeout_ms, peal_acks_fn fn,
                                    void *user);
/* As peal_nsp_emit_ack. Thread: any. */
PEAL_API peal_err peal_nsp_emit_ack_n(peal_nsp *nsp, const peal_to *to,
                                      peal_slice event, peal_args args,
                                      uint32_t timeout_ms, peal_acks_fn fn,
                                      void *user);

/* -- between servers ------------------------------------------------------- */

/* Events that the servers of a cluster (<peal/cluster.h>) send one another; no
 * client sees them. Without a cluster there is nobody to hear them. */

/* To the other nodes, not to this one (reference: serverSideEmit).
 * Returns: PEAL_OK, also if nobody hears it; PEAL_ERR_RESERVED (connect,
 * connection, new_namespace), PEAL_ERR_DEPTH, PEAL_ERR_NOMEM. Thread: any. */
PEAL_API peal_err peal_nsp_server_emit(peal_nsp *nsp, const char *event,
                                       peal_args args);
/* The same, and every other node answers once. `fn` comes once, on the calling
 * worker (worker 0 if called from another thread), never inside the call:
 * `responses` has the first argument of each answer, `expected` is how many
 * nodes were asked, `missing` how many of them were silent for `timeout_ms` (0:
 * 5000). A node without a handler for the event is silent.
 * Returns: as peal_nsp_server_emit; on error `fn` is not called. Thread: any. */
PEAL_API peal_err peal_nsp_server_emit_ack(peal_nsp *nsp, const char *event,
                                           peal_args args, uint32_t timeout_ms,
                                           peal_acks_fn fn, void *user);

/* Another node has sent this; both are borrowed. It is answered by peal_ack or
 * peal_ack_later. */
typedef void (*peal_server_event_fn)(peal_nsp *nsp, const peal_event *event,
                                     void *user);
/* Call `fn` on worker 0 for this event of another node; as peal_on. Thread:
 * any. */
PEAL_API peal_err peal_on_server_event(peal_nsp *nsp, const char *event,
                                       peal_server_event_fn fn, void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_server_event(peal_nsp *nsp, const char *event,
                                        peal_server_event_fn fn, void *user);

/* -- rooms ----------------------------------------------------------------- */

/* A room is a name; it begins with the first socket that joins and ends with
 * the last that leaves. Each socket is in the room of its own id. Joining,
 * leaving and asking take the same time in whatever many rooms a socket is;
 * a socket in none owns nothing for it. */

/* A name that a client chose may be the id of another socket, whose events it
 * would then receive: put a prefix of your own in front of such names.
 * Returns: PEAL_OK (also if it is in already), PEAL_ERR_LIMIT (max_rooms, a
 * name of more than 1024 bytes, or more than this client may make us hold),
 * PEAL_ERR_CLOSED (not yet accepted, leaving, or gone), PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_join(peal_socket *socket, const char *room);
/* As peal_join. */
PEAL_API peal_err peal_join_n(peal_socket *socket, peal_slice room);
/* No error if it is not in it. It cannot leave the room of its own id. */
PEAL_API void peal_leave(peal_socket *socket, const char *room);
/* As peal_leave. */
PEAL_API void peal_leave_n(peal_socket *socket, peal_slice room);
/* Also for the room of its own id; false before it has been accepted and after
 * it has left. */
PEAL_API bool peal_socket_in(const peal_socket *socket, const char *room);
/* As peal_socket_in. */
PEAL_API bool peal_socket_in_n(const peal_socket *socket, peal_slice room);
/* Number of rooms, its own included. */
PEAL_API size_t peal_socket_room_count(const peal_socket *socket);
/* Room `index` below the count (0 is its own), otherwise NULL; borrowed until
 * it leaves. Leaving a room moves the last one to its place. */
PEAL_API const char *peal_socket_room(const peal_socket *socket, size_t index);
/* The same with its length; NULL ptr if there is none. */
PEAL_API peal_slice peal_socket_room_n(const peal_socket *socket, size_t index);

/* The next three act on every socket that `to` names, on all workers: at once
 * on the calling worker, in the next turn on others. A socket that cannot join
 * is logged, not returned.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL (some
 * workers are behind, as in peal_emit_to): nothing was done. Thread: any. */

/* As peal_join for each. Thread: any. */
PEAL_API peal_err peal_nsp_join(peal_nsp *nsp, const peal_to *to,
                                const char *room);
/* As peal_nsp_join. Thread: any. */
PEAL_API peal_err peal_nsp_join_n(peal_nsp *nsp, const peal_to *to,
                                  peal_slice room);
/* As peal_leave for each. Thread: any. */
PEAL_API peal_err peal_nsp_leave(peal_nsp *nsp, const peal_to *to,
                                 const char *room);
/* As peal_nsp_leave. Thread: any. */
PEAL_API peal_err peal_nsp_leave_n(peal_nsp *nsp, const peal_to *to,
                                   peal_slice room);
/* As peal_disconnect for each. `close`: the client's connection too. Thread:
 * any. */
PEAL_API peal_err peal_nsp_disconnect(peal_nsp *nsp, const peal_to *to,
                                      bool close);

/* Sockets that `to` names; `ids` (borrowed, strings) is empty if only the
 * count was asked for. `err` is PEAL_OK; PEAL_ERR_NOMEM with a count of 0; in a
 * cluster PEAL_ERR_TIMEOUT or PEAL_ERR_CLOSED with what is known: some nodes
 * did not answer (how many says peal_nsp_fetch_count), or it was away. */
typedef void (*peal_members_fn)(peal_err err, size_t count, peal_args ids,
                                void *user);
/* Ask all workers how many, and all nodes of a cluster. `fn` comes once, on the
 * calling worker (worker 0 if called from another thread); inside the call if
 * there is only one worker and no cluster.
 * Returns: PEAL_OK; PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL (some
 * workers are behind, as in peal_emit_to): `fn` does not come. Thread: any. */
PEAL_API peal_err peal_nsp_count(peal_nsp *nsp, const peal_to *to,
                                 peal_members_fn fn, void *user);
/* The same with their ids. Thread: any. */
PEAL_API peal_err peal_nsp_members(peal_nsp *nsp, const peal_to *to,
                                   peal_members_fn fn, void *user);

/* What was fetched; borrowed. */
typedef struct peal_fetched {
  peal_err err;      /* PEAL_OK: all there is; PEAL_ERR_TIMEOUT: `missing` nodes
                        did not answer; PEAL_ERR_CLOSED: the cluster was away,
                        this is what is here; PEAL_ERR_LIMIT, PEAL_ERR_NOMEM:
                        not all could be had */
  size_t count;      /* sockets */
  peal_args sockets; /* of peal_nsp_fetch objects, of peal_nsp_fetch_ids
                        strings; otherwise empty */
  size_t nodes;      /* other nodes that were asked; 0 without a cluster */
  size_t missing;    /* of them, those who did not answer in time;
                        PEAL_MISSING_UNKNOWN: the cluster was away */
} peal_fetched;

/* All have answered, or their time is over. */
typedef void (*peal_fetched_fn)(const peal_fetched *fetched, void *user);
/* Describe each socket that `to` names, on all workers and all nodes of a
 * cluster (reference: fetchSockets): `id`; `handshake` with `headers`, `time`,
 * `address`, `xdomain`, `secure`, `issued`, `url`, `query`, `auth`; `rooms`, an
 * array of texts; `data` (peal_socket_set_data; {} if there is none). To act on
 * one of them: peal_nsp_emit, _join, _leave, _disconnect to the room of its id.
 * Headers and auth of clients are in it: nothing to be handed to others.
 * `fn` comes as that of peal_nsp_count. Returns: as peal_nsp_count. Thread:
 * any. */
PEAL_API peal_err peal_nsp_fetch(peal_nsp *nsp, const peal_to *to,
                                 peal_fetched_fn fn, void *user);
/* Their ids alone. Thread: any. */
PEAL_API peal_err peal_nsp_fetch_ids(peal_nsp *nsp, const peal_to *to,
                                     peal_fetched_fn fn, void *user);
/* How many there are, without a name. Thread: any. */
PEAL_API peal_err peal_nsp_fetch_count(peal_nsp *nsp, const peal_to *to,
                                       peal_fetched_fn fn, void *user);
/* Call `fn` for each socket of this worker that `to` names; nothing happens on
 * a thread that is no worker of the server. Thread: any. */
PEAL_API void peal_nsp_each(peal_nsp *nsp, const peal_to *to, peal_socket_fn fn,
                            void *user);
/* The connected socket with this id, if it is one of the calling worker's; NULL
 * if not, and on a thread that is no worker of the server. One hash lookup.
 * Across workers emit to the room of its id, or keep a peal_socket_ref
 * (<peal/handle.h>). Thread: any. */
PEAL_API peal_socket *peal_nsp_find(peal_nsp *nsp, const char *id);

/* -- the socket ------------------------------------------------------------ */

/* A socket is valid from its first middleware until its last disconnect
 * handler has returned (if it was refused: until the callback that refused
 * has). To keep one beyond a handler keep a reference (peal_ref_of of
 * <peal/handle.h>), or its id, and emit to the room of that name. */

/* 20 characters, terminated; not the Engine.IO session id. Nobody can guess
 * it. Borrowed for the life of the socket. */
PEAL_API const char *peal_socket_id(const peal_socket *socket);
/* The namespace that it is in. */
PEAL_API peal_nsp *peal_socket_nsp(const peal_socket *socket);
/* Where its handlers run, for its whole life. */
PEAL_API peal_worker *peal_socket_worker(const peal_socket *socket);
/* Values in the memory of the turn: valid until the handler has returned.
 * Without a socket it is one whose error is PEAL_ERR_USAGE. */
PEAL_API peal_build *peal_socket_build(peal_socket *socket);
/* False in the middleware, in connect handlers, and once it leaves. */
PEAL_API bool peal_socket_is_connected(const peal_socket *socket);
/* Is it one that has come back (peal_recovery_opts)? Known from its middleware
 * on; once it has been accepted it is final: a client who has not been sent all
 * that it missed is none that has come back. */
PEAL_API bool peal_socket_is_recovered(const peal_socket *socket);
/* "polling" or "websocket" at present; "" when its client has gone. */
PEAL_API const char *peal_socket_transport(const peal_socket *socket);
/* What waits for this client, all its namespaces together. */
PEAL_API size_t peal_socket_queued_bytes(const peal_socket *socket);
/* Another ceiling and policy for this client than the server's. The sockets of
 * one client share its queue. 0 bytes: the server's. */
PEAL_API void peal_socket_set_queue(peal_socket *socket, size_t max_bytes,
                                    peal_queue_policy policy);
/* Leave the namespace; `close`: end the client's connection with all its
 * namespaces. What was emitted before goes out first. Takes effect when the
 * handler returns: the disconnect handlers do not run inside this call. Again,
 * or while it goes: nothing. */
PEAL_API void peal_disconnect(peal_socket *socket, bool close);
/* In a connect handler: refuse with this message (NULL: "refused") and data
 * (undefined: none), copied. Returns an error to return; it is refused also if
 * the handler returns PEAL_OK. Elsewhere nothing happens:
 * PEAL_ERR_USAGE. */
PEAL_API peal_err peal_refuse(peal_socket *socket, const char *message,
                              peal_val data);
/* One pointer of the application's, NULL at first. What was there before is
 * not freed. */
PEAL_API void peal_socket_set_user(peal_socket *socket, void *user);
/* What peal_socket_set_user was given. */
PEAL_API void *peal_socket_user(const peal_socket *socket);

/* Frees what peal_socket_set_user was given. The socket is no argument: it is
 * going. */
typedef void (*peal_user_free_fn)(void *user);
/* Call `fn` with the pointer (unless it is NULL) when the socket ends, exactly
 * once, on its worker, however it ends: behind its disconnect handlers, when it
 * was refused, and when its client has left during the middleware (there: when
 * the middleware answers, or the server is freed). `fn` NULL: do not.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (the pointer is still the caller's). */
PEAL_API peal_err peal_socket_set_user_free(peal_socket *socket,
                                            peal_user_free_fn fn);

/* One value of the application's that other nodes may see by peal_nsp_fetch
 * (reference: socket.data); copied, and what was there before is freed.
 * Undefined: none. Not for what others must not see.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM (also if it is nested deeper
 * than 128), PEAL_ERR_CLOSED (its client has gone): it is as before. */
PEAL_API peal_err peal_socket_set_data(peal_socket *socket, peal_val data);
/* What peal_socket_set_data was given; undefined if nothing. Borrowed until it is
 * set again, or the socket goes. */
PEAL_API peal_val peal_socket_data(const peal_socket *socket);

/* What the client sent as `auth`; undefined if nothing, memory is out, or it
 * was refused or its client has gone. It is kept as text of at most
 * max_auth_bytes and decoded by each call: borrowed until the handler has
 * returned. */
PEAL_API peal_val peal_socket_auth(const peal_socket *socket);

/* The request that began the session; slices are borrowed for the life of the
 * socket. What is absent has a NULL ptr; what is there and empty has a ptr and
 * no length. When its client has gone, everything is absent. */

/* A field by its name, without regard to case; NULL ptr if absent. Connection,
 * Upgrade and Sec-WebSocket-* are not kept. */
PEAL_API peal_slice peal_socket_header(const peal_socket *socket,
                                       const char *name);
/* The first parameter of the query whose decoded name is `name`, decoded (+ is
 * a blank); empty, with a ptr, if it has no value (`?debug`, `?debug=`). NULL
 * ptr if absent. */
PEAL_API peal_slice peal_socket_query(const peal_socket *socket,
                                      const char *name);
/* How many fields are kept; those of one name each count. */
PEAL_API size_t peal_socket_header_count(const peal_socket *socket);
/* The name of field `index` below the count, as it was sent, and its value
 * (`value` may be NULL); those of one name in the order in which they came,
 * others in any. Both have a NULL ptr if there are not so many. */
PEAL_API peal_slice peal_socket_header_at(const peal_socket *socket,
                                          size_t index, peal_slice *value);
/* How many parameters the query has; those of one name each count. */
PEAL_API size_t peal_socket_query_count(const peal_socket *socket);
/* The name of parameter `index` below the count, in their order, and its value
 * (`value` may be NULL), both decoded; without a `=` the value is empty. Both
 * have a NULL ptr if there are not so many. */
PEAL_API peal_slice peal_socket_query_at(const peal_socket *socket,
                                         size_t index, peal_slice *value);
/* Path and query as they came. */
PEAL_API peal_slice peal_socket_url(const peal_socket *socket);
/* The client's, as text: peal_http_req_address of the request that began the
 * session; "unix" over a Unix socket. */
PEAL_API peal_slice peal_socket_address(const peal_socket *socket);
/* When the session began, in milliseconds since 1970. */
PEAL_API int64_t peal_socket_since_ms(const peal_socket *socket);

#ifdef __cplusplus
}

/* What stands behind PEAL_ROOMS in C++: a list that lives until the end of the
 * statement. */
template <typename... Names> struct peal_rooms_list_ {
  const char *names[sizeof...(Names) + 1];

  const char *const *list() const {
    return names;
  }
};

template <typename... Names>
peal_rooms_list_<Names...> peal_rooms_(Names... names) {
  return {{names..., nullptr}};
}

/* The same behind PEAL_TO. */
template <typename List> struct peal_to_list_ {
  List rooms;
  peal_to all;

  explicit peal_to_list_(List list) : rooms(list), all() {}

  const peal_to *to() {
    all.rooms = rooms.list();
    return &all;
  }
};

inline peal_names peal_names_(std::initializer_list<peal_slice> names) {
  return {names.begin(), names.size()};
}
#endif
