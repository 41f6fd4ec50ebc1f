/* SPDX-License-Identifier: MIT */
#pragma once
/* client: a Socket.IO client (Engine.IO 4, Socket.IO 5): one connection to one
 * server, any number of namespaces over it, reconnection, acknowledgements,
 * buffers for what is said while there is no connection.
 *
 *   peal_client                      JavaScript's Manager: url, connection,
 *      |                             reconnection
 *      +-- peal_client_nsp           JavaScript's Socket: one namespace, its
 *      +-- peal_client_nsp           handlers, what waits for it
 *
 * What runs it, one of four:
 *
 *   peal_client_run      this thread, until peal_client_stop
 *   peal_client_start    a thread of its own, until peal_client_free
 *   a loop of yours      peal_workers_begin, _fd, _timeout_ms, _step or
 *                        peal_workers_attach (<peal/worker.h>) with
 *                        peal_client_workers
 *   opts.worker          a worker that runs anyway, with servers or other
 *                        clients on it
 *
 * Handlers run on the client's worker, one at a time, in order. Functions are
 * for any thread unless they say otherwise: on the worker they act inside the
 * call, elsewhere they are posted to it, in the order of one thread's calls.
 * In its own callbacks everything may be called, peal_client_free included.
 * Without an object (NULL) nothing happens: the result is PEAL_ERR_USAGE,
 * NULL, 0, false or "".
 *
 * A namespace's life:
 *
 *   idle ---connect---> connecting ---CONNECT---> connected
 *    ^                   |  ^  |                     |   |
 *    |    CONNECT_ERROR  |  |  +--no connection------+   | DISCONNECT,
 *    +-------------------+  +--reconnects---------<--+   | peal_client_leave
 *    ^                                                   |
 *    +---------------------------------------------------+
 *
 * Example: examples/client_listen/main.c */
#include <peal/base.h>
#include <peal/deflate.h>
#include <peal/event.h>
#include <peal/parser.h>
#include <peal/tls.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A client: one server, one connection at a time. */
typedef struct peal_client peal_client;
/* One namespace of a client. Borrowed for the life of the client. */
typedef struct peal_client_nsp peal_client_nsp;

/* -- options --------------------------------------------------------------- */

/* The ways to connect, for `transports`: tried in this order. */
typedef enum peal_client_transports {
  PEAL_CLIENT_POLLING_FIRST,   /* polling, then upgrade: the reference's */
  PEAL_CLIENT_WEBSOCKET_FIRST, /* with try_all_transports: polling if not */
  PEAL_CLIENT_POLLING_ONLY,
  PEAL_CLIENT_WEBSOCKET_ONLY
} peal_client_transports;

/* What happens to an event for which there is no room while it waits for a
 * connection. */
typedef enum peal_client_full {
  PEAL_CLIENT_REFUSE, /* peal_client_emit returns PEAL_ERR_QUEUE_FULL */
  PEAL_CLIENT_DROP_OLDEST
} peal_client_full;

/* A field of a request's head, or a parameter of its query. */
typedef struct peal_client_field {
  const char *name, *value;
} peal_client_field;

/* Options of a client, named after the reference's; only `url` is needed.
 * Times: 0 is the default, PEAL_OFF is none. */
typedef struct peal_client_opts {
  /* http, https, ws or wss; host or address (IPv6 in brackets), port; without
   * a scheme it is http. Its path is the namespace (peal_client_of with NULL),
   * its query is sent with each connection. */
  const char *url;
  const char *path;    /* of the server's endpoint; default "/socket.io/" */
  peal_worker *worker; /* borrowed; NULL: workers of its own, one */

  peal_client_transports transports;
  bool no_upgrade;         /* reference: upgrade false */
  bool remember_upgrade;   /* a WebSocket that worked is tried first later */
  bool try_all_transports; /* the next transport if one cannot be opened */

  bool no_auto_connect; /* peal_client_open or peal_client_connect begins */
  bool no_reconnection; /* when the connection is lost it stays lost */
  bool no_first_retry;  /* the first connection is tried once only, as
                            python-socketio does */
  uint32_t reconnection_attempts;     /* default: for ever */
  uint32_t reconnection_delay_ms;     /* default 1000, doubling */
  uint32_t reconnection_delay_max_ms; /* default 5000 */
  double randomization_factor;        /* 0 to 1; default 0.5; negative: 0 */
  uint32_t timeout_ms;         /* of one attempt to connect; default 20000 */
  uint32_t request_timeout_ms; /* of a request that does not wait (POST, the
                                  handshake); default 20000 */

  /* Of events that ask for an acknowledgement and say no other: default
   * none. */
  uint32_t ack_timeout_ms;
  /* Events are sent again until they are acknowledged, this many times beyond
   * the first, one after the other (reference: retries); default 0. */
  uint32_t retries;

  /* What waits for a connection, of all namespaces: default 8 MiB, and no
   * ceiling of their number. */
  size_t max_buffer_bytes;
  uint32_t max_buffer_events;
  peal_client_full buffer_full;
  /* What waits to be sent on a connection: above it events and acknowledgements
   * are refused (PEAL_ERR_QUEUE_FULL). Default 8 MiB. */
  size_t max_queue_bytes;
  size_t max_payload_bytes; /* of what comes; default 16 MiB */
  uint32_t max_attachments; /* of one packet; default PEAL_OFF: no limit but
                               max_payload_bytes */

  peal_client_tls tls;
  /* "http://user:password@host:port", "https://", "socks5://" (names are
   * resolved here), "socks5h://" (there). NULL: what the environment says, as
   * curl reads it (http_proxy, https_proxy, all_proxy, no_proxy); "": none. */
  const char *proxy;
  const peal_client_field *headers; /* in each request; `count` of them */
  size_t header_count;
  const peal_client_field *query; /* beside that of the URL */
  size_t query_count;
  bool no_cookies;   /* do not keep and send the server's (between its requests:
                      for proxies that choose a server by one) */
  bool no_timestamp; /* leave out `t` of polling requests */

  peal_log_opts log;         /* of workers of its own */
  const peal_mem *mem;       /* borrowed for life; NULL: libc */
  peal_deflate_opts deflate; /* reference: perMessageDeflate; default: none */
  const peal_parser *parser; /* borrowed; default: JSON */
  bool eio3;                 /* speak Engine.IO 3: to servers of Socket.IO 2 */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[26];
} peal_client_opts;

/* What was wrong, in words for people: which step, which name or file. */
typedef struct peal_client_problem {
  peal_err err;
  char text[256];
  /* Of a refused CONNECT: what the server said besides; else undefined.
   * Borrowed for the callback. */
  peal_val data;
} peal_client_problem;

/* -- life ------------------------------------------------------------------ */

/* Make a client; it connects when it runs (unless no_auto_connect: the
 * namespaces that were asked for by peal_client_of, or the URL's if there are
 * none). On a worker that runs already it begins in a later turn: who makes it
 * on another thread takes no_auto_connect, and peal_client_open when its
 * handlers are there. Copies `opts` with all its strings. `why` may be NULL.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (no URL, a scheme or a number that is
 * none); PEAL_ERR_OPTION; PEAL_ERR_TLS (a file of certificates);
 * PEAL_ERR_NOMEM; PEAL_ERR_NO_FILES; *out is NULL on errors. Reads files: not
 * in a handler. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_client_new(peal_client **out,
                                                  const peal_client_opts *opts,
                                                  peal_client_problem *why);
/* The same from options in JSON, for languages that have no structs of C: an
 * object of the fields above by their names; `transports` and `buffer_full` are
 * words ("websocket_only", "drop_oldest"), tls and log are objects, headers and
 * query objects of strings:
 *
 *   {"url": "https://chat.example", "retries": 3, "headers": {"X-Key": "1"}}
 *
 * Returns: as peal_client_new; PEAL_ERR_OPTION also for what is no option.
 * Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_client_new_json(
    peal_client **out, peal_slice json, peal_client_problem *why);
/* Run it on this thread until peal_client_stop, SIGINT or SIGTERM, or until it
 * has given up for good (refused, disconnected by the server, no attempt
 * left).
 * Returns the exit code for main: 0, or 1 if it could not run, was never
 * connected or was given up. Thread: the one that becomes its worker. */
PEAL_API int peal_client_run(peal_client *client);
/* Run it on a thread of its own, until peal_client_free.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (it lives on a worker of others, or runs),
 * PEAL_ERR_SYSTEM. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_client_start(peal_client *client);
/* Disconnect from all namespaces, send what waits (at most 2 s; 5 s on a worker
 * of others), end the run of workers of its own. */
PEAL_API void peal_client_stop(peal_client *client);
/* The workers that it runs on. Borrowed for the life of the client. */
PEAL_API peal_workers *peal_client_workers(peal_client *client);
/* When it returns no callback runs and none will come, unless it was called
 * inside of one: then none comes behind that one, and its workers, if they are
 * its own, end and go with their run (in a loop of the program's own: with
 * peal_workers_end, as soon as a step says PEAL_ERR_CLOSED). Acknowledgements
 * that were to come are told inside of it. What waits is lost: to send it,
 * peal_client_stop before. On a thread of its own it waits for that. For a
 * client on a worker of others: on that worker, or before and after its
 * run. */
PEAL_API void peal_client_free(peal_client *client);

/* Connect all namespaces, if there is no connection and none is being made: with
 * no_auto_connect, or again after it was given up or closed; while it waits to
 * try again, at once. Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED (it has
 * been stopped). */
PEAL_API peal_err peal_client_open(peal_client *client);
/* Leave all namespaces and close the connection; nothing reconnects. What was
 * emitted on it before leaves first. */
PEAL_API void peal_client_close(peal_client *client);

/* -- namespaces ------------------------------------------------------------ */

/* This namespace, made if new; it connects by itself, as the client does, or
 * by peal_client_connect. NULL: that of the URL ("/" if it has none).
 * Returns NULL if memory is out or the name is none. */
PEAL_API peal_client_nsp *peal_client_of(peal_client *client, const char *name);
/* With its slash. */
PEAL_API const char *peal_client_nsp_name(const peal_client_nsp *nsp);
PEAL_API peal_client *peal_client_nsp_client(peal_client_nsp *nsp);

/* What the server gets as `auth` with each CONNECT; copied. undefined: none. */
PEAL_API peal_err peal_client_set_auth(peal_client_nsp *nsp, peal_val auth);
/* A question for `auth`, at every connect anew: a token that has changed. */
typedef struct peal_client_auth peal_client_auth;
/* Answer by peal_client_auth_give, here or later. */
typedef void (*peal_client_auth_fn)(peal_client_nsp *nsp, peal_client_auth *ask,
                                    void *user);
/* Ask `fn` instead; NULL: what peal_client_set_auth said. */
PEAL_API peal_err peal_client_on_auth(peal_client_nsp *nsp,
                                      peal_client_auth_fn fn, void *user);
/* Takes `ask`, once: an object, or undefined. Too late (the connection has gone)
 * is no error, nor is a second answer, which is none.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (no object), PEAL_ERR_DEPTH, PEAL_ERR_NOMEM:
 * it waits for another answer. */
PEAL_API peal_err peal_client_auth_give(peal_client_auth *ask, peal_val auth);

/* Join the namespace; again after peal_client_leave, a refusal, a DISCONNECT.
 * Opens the connection if it must. Nothing if it is joined or being joined. */
PEAL_API peal_err peal_client_connect(peal_client_nsp *nsp);
/* Leave it: DISCONNECT, and its disconnect handlers run ("io client
 * disconnect"). When none is left the connection is closed. */
PEAL_API void peal_client_leave(peal_client_nsp *nsp);

/* Its id at the server, new with each connect (the same behind a recovery); ""
 * while it is not connected. Thread: worker. */
PEAL_API const char *peal_client_id(const peal_client_nsp *nsp);
PEAL_API bool peal_client_is_connected(const peal_client_nsp *nsp);
/* Connected, or it will be by itself. */
PEAL_API bool peal_client_is_active(const peal_client_nsp *nsp);
/* Did the last connect bring back what was missed (connection state
 * recovery)? */
PEAL_API bool peal_client_is_recovered(const peal_client_nsp *nsp);
/* "polling", "websocket", or "" without a connection. */
PEAL_API const char *peal_client_transport(const peal_client *client);

/* -- handlers -------------------------------------------------------------- */

/* As with the server's (peal_on): those of one kind run in order of their
 * registration, may be added and removed at any time, also by themselves.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_RESERVED. */

typedef void (*peal_client_event_fn)(peal_client_nsp *nsp,
                                     const peal_event *event, void *user);
PEAL_API peal_err peal_client_on(peal_client_nsp *nsp, const char *event,
                                 peal_client_event_fn fn, void *user);
PEAL_API peal_err peal_client_once(peal_client_nsp *nsp, const char *event,
                                   peal_client_event_fn fn, void *user);
PEAL_API peal_err peal_client_off(peal_client_nsp *nsp, const char *event,
                                  peal_client_event_fn fn, void *user);
PEAL_API peal_err peal_client_on_any(peal_client_nsp *nsp,
                                     peal_client_event_fn fn, void *user);
PEAL_API peal_err peal_client_off_any(peal_client_nsp *nsp,
                                      peal_client_event_fn fn, void *user);
/* An event is about to be queued; to look at. */
typedef void (*peal_client_outgoing_fn)(peal_client_nsp *nsp, peal_slice event,
                                        peal_args args, void *user);
PEAL_API peal_err peal_client_on_any_outgoing(peal_client_nsp *nsp,
                                              peal_client_outgoing_fn fn,
                                              void *user);
PEAL_API peal_err peal_client_off_any_outgoing(peal_client_nsp *nsp,
                                               peal_client_outgoing_fn fn,
                                               void *user);

typedef void (*peal_client_connect_fn)(peal_client_nsp *nsp, void *user);
PEAL_API peal_err peal_client_on_connect(peal_client_nsp *nsp,
                                         peal_client_connect_fn fn, void *user);
PEAL_API peal_err peal_client_off_connect(peal_client_nsp *nsp,
                                          peal_client_connect_fn fn,
                                          void *user);
/* No connection could be made (it is tried again while peal_client_is_active),
 * or the server has refused this namespace (PEAL_ERR_REFUSED; it is not). */
typedef void (*peal_client_connect_error_fn)(peal_client_nsp *nsp,
                                             const peal_client_problem *problem,
                                             void *user);
PEAL_API peal_err peal_client_on_connect_error(peal_client_nsp *nsp,
                                               peal_client_connect_error_fn fn,
                                               void *user);
PEAL_API peal_err peal_client_off_connect_error(peal_client_nsp *nsp,
                                                peal_client_connect_error_fn fn,
                                                void *user);

/* Why it went; the reference's strings by peal_client_reason_text. */
typedef enum peal_client_reason {
  PEAL_CLIENT_SERVER_LEFT,     /* "io server disconnect": no reconnection */
  PEAL_CLIENT_LEFT,            /* "io client disconnect" */
  PEAL_CLIENT_PING_TIMEOUT,    /* "ping timeout" */
  PEAL_CLIENT_TRANSPORT_CLOSE, /* "transport close" */
  PEAL_CLIENT_TRANSPORT_ERROR, /* "transport error" */
  PEAL_CLIENT_PARSE_ERROR      /* "parse error" */
} peal_client_reason;

PEAL_API const char *peal_client_reason_text(peal_client_reason reason);
/* Once for each connect; `err` says more exactly why, PEAL_OK if nothing was
 * wrong. */
typedef void (*peal_client_disconnect_fn)(peal_client_nsp *nsp,
                                          peal_client_reason reason,
                                          peal_err err, void *user);
PEAL_API peal_err peal_client_on_disconnect(peal_client_nsp *nsp,
                                            peal_client_disconnect_fn fn,
                                            void *user);
PEAL_API peal_err peal_client_off_disconnect(peal_client_nsp *nsp,
                                             peal_client_disconnect_fn fn,
                                             void *user);

/* What happens to the connection (reference: the Manager's events). */
typedef enum peal_client_notice_type {
  PEAL_CLIENT_OPEN,              /* "open" */
  PEAL_CLIENT_ERROR,             /* "error": the first attempt failed */
  PEAL_CLIENT_CLOSED,            /* "close" */
  PEAL_CLIENT_PING,              /* "ping" */
  PEAL_CLIENT_UPGRADED,          /* the engine's "upgrade" */
  PEAL_CLIENT_RECONNECT_WAIT,    /* the next attempt comes in `delay_ms` */
  PEAL_CLIENT_RECONNECT_ATTEMPT, /* "reconnect_attempt": it begins */
  PEAL_CLIENT_RECONNECT_ERROR,   /* "reconnect_error": it failed */
  PEAL_CLIENT_RECONNECT_FAILED,  /* "reconnect_failed": it was the last */
  PEAL_CLIENT_RECONNECTED        /* "reconnect" */
} peal_client_notice_type;

typedef struct peal_client_notice {
  peal_client_notice_type type;
  uint32_t attempt;                   /* RECONNECT_*: from 1 */
  uint32_t delay_ms;                  /* RECONNECT_WAIT */
  peal_client_reason reason;          /* CLOSED */
  const peal_client_problem *problem; /* ERROR, CLOSED, RECONNECT_ERROR;
                                         borrowed */
} peal_client_notice;

typedef void (*peal_client_notice_fn)(peal_client *client,
                                      const peal_client_notice *notice,
                                      void *user);
PEAL_API peal_err peal_client_on_notice(peal_client *client,
                                        peal_client_notice_fn fn, void *user);
PEAL_API peal_err peal_client_off_notice(peal_client *client,
                                         peal_client_notice_fn fn, void *user);

/* -- emitting -------------------------------------------------------------- */

/* Event and arguments are encoded before the call returns. Without a connection
 * the event waits, in order, for the next (max_buffer_bytes). As everywhere,
 * functions that end in _n take a slice. */

/* How an event is sent. {0}: as peal_client_emit. */
typedef struct peal_client_how {
  bool is_volatile;    /* nothing if there is no connection that takes it */
  bool no_retry;       /* outside of the queue of `retries` */
  uint32_t timeout_ms; /* of the acknowledgement; 0: ack_timeout_ms of the
                           options; PEAL_OFF: none */
  bool no_compress;    /* it goes as it is */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_client_how;

/* Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT (more
 * than 65535 binaries), PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED
 * (it is being freed). From another thread a full queue is not seen, but in the
 * log: see peal_client_queued_bytes. */
PEAL_API peal_err peal_client_emit(peal_client_nsp *nsp, const char *event,
                                   peal_args args);
PEAL_API peal_err peal_client_emit_n(peal_client_nsp *nsp, peal_slice event,
                                     peal_args args);
PEAL_API peal_err peal_client_emit_with(peal_client_nsp *nsp,
                                        const peal_client_how *how,
                                        const char *event, peal_args args);
PEAL_API peal_err peal_client_emit_with_n(peal_client_nsp *nsp,
                                          const peal_client_how *how,
                                          peal_slice event, peal_args args);
/* Event "message". */
PEAL_API peal_err peal_client_send(peal_client_nsp *nsp, peal_args args);

/* The acknowledgement, exactly once: PEAL_OK with its arguments (borrowed),
 * PEAL_ERR_TIMEOUT, PEAL_ERR_CLOSED (the connection went, or the event was
 * given up after its retries: PEAL_ERR_TIMEOUT), PEAL_ERR_QUEUE_FULL (it was
 * dropped to make room); of an event from another thread also what
 * peal_client_emit would have returned on the worker. `nsp` is NULL if the
 * client is being freed. */
typedef void (*peal_client_ack_fn)(peal_client_nsp *nsp, peal_err err,
                                   peal_args args, void *user);
/* Emit and be told of the acknowledgement. `how` may be NULL. On error `fn` is
 * not called. */
PEAL_API peal_err peal_client_emit_ack(peal_client_nsp *nsp,
                                       const peal_client_how *how,
                                       const char *event, peal_args args,
                                       peal_client_ack_fn fn, void *user);
PEAL_API peal_err peal_client_emit_ack_n(peal_client_nsp *nsp,
                                         const peal_client_how *how,
                                         peal_slice event, peal_args args,
                                         peal_client_ack_fn fn, void *user);
/* Emit and wait for the acknowledgement: for programs with a thread to spare.
 * *answer (may be NULL) gets its arguments as an array; the caller's, by
 * peal_doc_free. `timeout_ms` 0: 60000.
 * Returns: as the acknowledgement; PEAL_ERR_USAGE on the client's worker, which
 * would wait for itself, and while it does not run. Thread: any but its
 * worker. */
PEAL_API PEAL_MUST_CHECK peal_err peal_client_call(peal_client_nsp *nsp,
                                                   const char *event,
                                                   peal_args args,
                                                   uint32_t timeout_ms,
                                                   peal_doc **answer);

/* What waits: for a connection, and on it. */
PEAL_API size_t peal_client_queued_bytes(const peal_client *client);

#ifdef __cplusplus
}
#endif
