/* SPDX-License-Identifier: MIT */
#pragma once
/* ws: plain WebSocket endpoints (RFC6455) beside the routes of an HTTP server,
 * without Socket.IO: messages as they come, the same queues, limits and
 * workers.
 *
 *   peal_http_server_new, peal_ws_on, peal_http_server_run
 *
 * A connection, and what is called for it:
 *
 *   a request to upgrade
 *      |   of WebSocket, version 13?           no: 400, 426
 *      |   origin allowed (peal_cors_opts)?    no: 403
 *      |   the server goes on, has memory?     no: 503
 *      v
 *   allow       may this client? now or later  no: what peal_ws_refuse says
 *      v
 *   on_open     the 101 leaves; what is sent from here on, behind it
 *      |
 *   on_message  once for each message, whole; fragments are put together
 *   on_drain    the queue that was too full is empty
 *      |
 *   on_close    exactly once and last, however it ends; then the function of
 *               peal_ws_set_user
 *
 * What nobody sees: pings are answered; a peer of which nothing has been heard
 * for `ping_interval_ms` is pinged, and has to answer; a text that is not UTF-8
 * (as soon as it shows), a frame that breaks the rules, a message that is too
 * large or comes too slowly closes the connection with the code of RFC6455
 * 7.4.1. When the run is stopped each peer is told 1001.
 *
 * Handlers of a connection run on its worker, in order, never two at a time.
 * Unless it says otherwise, a function runs there, too (Thread: worker; in
 * builds with asserts one that is called elsewhere during the run says so and
 * ends the program), and pointers are borrowed for the call. Without an object
 * (NULL) nothing happens: it returns PEAL_ERR_USAGE, NULL, 0, false or the
 * empty slice; without an HTTP server there is no endpoint, and
 * peal_http_server_run returns 1.
 *
 * Example: examples/ws_echo/main.c */
#include <peal/base.h>
#include <peal/deflate.h>
#include <peal/http.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An endpoint: a path and what is done there, for all its connections. */
typedef struct peal_ws_endpoint peal_ws_endpoint;
/* One connection. Valid from on_open until its on_close has returned. */
typedef struct peal_ws peal_ws;
/* A question of `allow`, to be answered once. */
typedef struct peal_ws_ask peal_ws_ask;

/* What happens when a client's send queue has no room for a message
 * (max_queue_bytes, default 8 MiB). Before that, what waits is written as far
 * as the client takes it, also in the middle of a turn; into an empty queue any
 * message fits. So the policy is for clients that are slower than what is sent
 * to them over many turns:
 *
 *   send -> room? --yes--> queued
 *             | no
 *             v
 *           write what it takes -> room? --yes--> queued
 *                                    | no
 *                                    v
 *                                  the policy
 *
 * Volatile messages are another thing: they are dropped earlier, above
 * max_queue_soft_bytes. And of messages with a key (conflate) one waits at
 * most: they need no policy. */
typedef enum peal_queue_policy {
  PEAL_QUEUE_CLOSE,       /* default: the client goes at the end of the turn,
                             reason "slow consumer"; sending returns
                             PEAL_ERR_QUEUE_FULL */
  PEAL_QUEUE_DROP_NEWEST, /* sending returns PEAL_ERR_QUEUE_FULL */
  PEAL_QUEUE_DROP_OLDEST  /* the oldest queued messages make room;
                             acknowledgements are kept, and if these alone fill
                             the queue sending returns PEAL_ERR_QUEUE_FULL */
} peal_queue_policy;

/* -- endpoints ------------------------------------------------------------- */

/* Something concerns this connection; `user` is that of the options. */
typedef void (*peal_ws_fn)(peal_ws *ws, void *user);
/* A message has come, whole: text (valid UTF-8, not terminated) or binary. */
typedef void (*peal_ws_message_fn)(peal_ws *ws, peal_slice data, bool is_binary,
                                   void *user);

/* How a connection ended. */
typedef struct peal_ws_end {
  unsigned code;     /* of the peer's close frame; 1005: it had none; 1006: no
                        close frame came (RFC6455 7.1.5) */
  peal_slice reason; /* of that frame, valid UTF-8; borrowed */
  /* PEAL_OK: by a close frame of either side; PEAL_ERR_CLOSED: the connection
   * ended without one; PEAL_ERR_TIMEOUT: the peer has not answered a ping or a
   * close, or trickled; PEAL_ERR_QUEUE_FULL: it took less than was sent;
   * PEAL_ERR_CANCELLED: the run ended; PEAL_ERR_NOMEM; else what it did wrong:
   * peal_err_ws_code is what it was told. */
  peal_err err;
} peal_ws_end;

/* It is over: nothing can be sent any more. */
typedef void (*peal_ws_close_fn)(peal_ws *ws, const peal_ws_end *end,
                                 void *user);
/* May this client open a connection? `req` has its head: cookies, tokens,
 * address; it is borrowed until the answer (peal_ws_accept, peal_ws_refuse) and
 * not to be answered with the functions of <peal/http.h>, but for
 * peal_http_answer_header: those fields stand in the 101 or in the refusal. */
typedef void (*peal_ws_allow_fn)(peal_http_req *req, peal_ws_ask *ask,
                                 void *user);

/* Options of an endpoint; {0} takes messages of 1 MB and does nothing with
 * them, for pages of the same origin and for clients that are no page. */
typedef struct peal_ws_opts {
  peal_ws_fn on_open; /* each of these may be NULL */
  peal_ws_message_fn on_message;
  peal_ws_fn on_drain;
  peal_ws_close_fn on_close;
  peal_ws_allow_fn allow; /* NULL: everybody whose origin is allowed */
  void *user;             /* the last argument of these */

  /* Subprotocols that are spoken here, separated by blanks or commas, the most
   * wanted first: of those that a client offers this order chooses one. NULL:
   * none is ever named (a browser that offered some then closes by itself).
   * Spec: RFC6455 1.9. */
  const char *protocols;
  peal_cors_opts cors; /* of it only `origins`: pages that may connect; others
                          get 403. {0}: same origin */

  size_t max_message_bytes;  /* default 1000000; more: 1009 */
  uint32_t ping_interval_ms; /* default 25000; PEAL_OFF: none is sent */
  /* Default 20000: so long may the answer take, unless the peer takes what
   * waits for it, 512 bytes a second. */
  uint32_t ping_timeout_ms;
  size_t max_queue_bytes;         /* of one connection; default 8 MiB */
  size_t max_queue_soft_bytes;    /* volatile messages are dropped above;
                                     default 1 MiB */
  peal_queue_policy queue_policy; /* default: it is closed, code 1008 */
  uint32_t max_groups;            /* of one connection; default 10000 */
  /* Keep the request as long as the connection (peal_ws_req); otherwise it is
   * there in on_open, and an idle connection costs nothing for it. */
  bool keep_request;
  peal_deflate_opts deflate; /* default: none */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[12];
} peal_ws_opts;

/* Serve WebSocket at a path of this server; before its run. A path that ends
 * with `/` has all below it, any other one only itself. A request there that
 * does not ask for a WebSocket gets 426. `path` NULL: none, connections come by
 * peal_ws_upgrade alone. Copies `opts` (NULL: {0}) with its texts. The endpoint
 * is freed with the server.
 * Returns NULL if `http` is NULL, memory is out, or after logging why: the path
 * is taken or none, the server runs, options that contradict one another.
 * Thread: the one that sets up. */
PEAL_API peal_ws_endpoint *peal_ws_on(peal_http_server *http, const char *path,
                                      const peal_ws_opts *opts);
/* Make the connection of this request one of the endpoint, with its origin
 * check and `allow`: in a handler of a mount or a route, which decides by path,
 * session or whatever it likes. It answers the request in any case: what does
 * not ask for a WebSocket gets 426. Also later, if the request was deferred. An
 * endpoint of another HTTP server: 500. */
PEAL_API void peal_ws_upgrade(peal_ws_endpoint *endpoint, peal_http_req *req);

/* Answers to `allow`; give exactly one, now or later, on the request's worker;
 * the request is gone with it. The first counts, a second one within five
 * minutes behind it changes nothing. If the client goes away meanwhile the
 * answer is still due and has no effect. No time limit runs while it is due. */

/* Let the client in: on_open is called inside this call. `protocol`: which of
 * the options' protocols to speak; NULL: as they say. One that is not among
 * them or that the client did not offer is not named. NULL for `ask`: nothing.
 * */
PEAL_API void peal_ws_accept(peal_ws_ask *ask, const char *protocol);
/* Turn the client away with this status (400 to 599; others become 403) and
 * text (copied; NULL: the status in words). A browser tells its page neither.
 * */
PEAL_API void peal_ws_refuse(peal_ws_ask *ask, unsigned status,
                             const char *text);

/* Since the endpoint was made, but for `open`. */
typedef struct peal_ws_stats {
  uint64_t open;                      /* connections */
  uint64_t total;                     /* that ever were opened */
  uint64_t messages_in, messages_out; /* a group's count receivers */
  uint64_t bytes_in, bytes_out;       /* of messages, before framing */
  uint64_t queue_full;  /* messages that were refused or dropped */
  uint64_t errors_peer; /* connections that were closed for a violation, or a
                           limit */
  /* For what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_ws_stats;

/* Sum over the workers, each figure for itself as of now. Thread: any. */
PEAL_API void peal_ws_stats_get(peal_ws_endpoint *endpoint, peal_ws_stats *out);

/* -- sending --------------------------------------------------------------- */

/* Sending queues, and never blocks: what was queued leaves when the handler has
 * returned, in order. A text has to be UTF-8: that is not looked at, and the
 * peer closes for one that is not. */

/* How a message is sent; {0}: as text, none of the others. */
typedef struct peal_ws_how {
  bool is_binary;
  bool is_volatile; /* may be dropped by a client that is not ready */
  bool no_compress; /* goes as it is, whatever was agreed on (`deflate`) */
  /* A queued message of the endpoint with the same key is replaced, so that a
   * slow client gets the newest and never a backlog. Empty: no key. */
  peal_slice conflate;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_ws_how;

/* Send a message (copied).
 * Returns: PEAL_OK, PEAL_ERR_CLOSED (it is closing or closed),
 * PEAL_ERR_QUEUE_FULL (see peal_queue_policy), PEAL_ERR_NOMEM; of the next two
 * also PEAL_ERR_OPTION. */
PEAL_API peal_err peal_ws_send(peal_ws *ws, peal_slice data, bool is_binary);
/* The same with options (NULL: {0}). A volatile message that was dropped is
 * PEAL_OK. */
PEAL_API peal_err peal_ws_send_with(peal_ws *ws, const peal_ws_how *how,
                                    peal_slice data);
/* The same with bytes that are not copied: one reference is added for as long
 * as they wait, the caller's stays the caller's. NULL means that memory ran out
 * while they were made: PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_ws_send_bytes(peal_ws *ws, const peal_ws_how *how,
                                     peal_bytes *bytes);
/* Close it: what was sent before goes out first, then a close frame with this
 * code (1000 to 1003, 1007 to 1014, 3000 to 4999; others: no code) and reason
 * (copied; UTF-8, cut to 123 bytes). From now on nothing more is told but
 * on_close, when the peer has answered or 5 s later; not inside this call. A
 * peer that takes less than 512 bytes a second of what waits is not waited for.
 * Again: nothing. */
PEAL_API void peal_ws_close(peal_ws *ws, unsigned code, peal_slice reason);

/* -- groups ---------------------------------------------------------------- */

/* A group is a name of any bytes, at most 1024; it begins with the first
 * connection that joins and ends with the last that leaves. Connections leave
 * their groups before on_close. */

/* Returns: PEAL_OK (also if it is in already), PEAL_ERR_LIMIT (max_groups, or
 * the name is too long), PEAL_ERR_CLOSED, PEAL_ERR_NOMEM. */
PEAL_API peal_err peal_ws_join(peal_ws *ws, peal_slice group);
/* No error if it is not in it. */
PEAL_API void peal_ws_leave(peal_ws *ws, peal_slice group);
/* Is it in this group? */
PEAL_API bool peal_ws_in(const peal_ws *ws, peal_slice group);
/* How many groups it is in. */
PEAL_API size_t peal_ws_group_count(const peal_ws *ws);

/* A connection as a value that outlives it and names no other one ever: to keep
 * it, and for other threads. {0} names none. */
typedef struct peal_ws_ref {
  peal_ws_endpoint *endpoint; /* the rest is its own */
  uint64_t serial;
  uint32_t worker, slot;
} peal_ws_ref;

/* Who gets a message, and how; {0}: everybody at the endpoint. */
typedef struct peal_ws_to {
  /* Union of groups, each connection once; borrowed for the call. NULL: all;
   * `group_count` 0 with a list: nobody. */
  const peal_slice *groups;
  size_t group_count;
  peal_ws_ref except; /* this one is left out; {0}: nobody is */
  peal_ws_how how;
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_ws_to;

/* Send a message to all members of a group, on all workers; `group` empty: to
 * everybody at the endpoint. It is copied once for all of them; who is full is
 * treated as its policy says, and told nobody. From one thread they arrive in
 * the order of the calls.
 * Returns: PEAL_OK, also if nobody receives it; PEAL_ERR_NOMEM,
 * PEAL_ERR_QUEUE_FULL (some workers are behind: 16384 messages or 64 MiB wait
 * for them), PEAL_ERR_OPTION: nobody received it, on no worker. Thread: any. */
PEAL_API peal_err peal_ws_group_send(peal_ws_endpoint *endpoint,
                                     peal_slice group, peal_slice data,
                                     bool is_binary);
/* The same to several groups and with options (NULL: {0}). Thread: any. */
PEAL_API peal_err peal_ws_group_send_to(peal_ws_endpoint *endpoint,
                                        const peal_ws_to *to, peal_slice data);

/* -- the connection -------------------------------------------------------- */

/* One pointer of the application's, NULL at first, and who frees it: `fn` (may
 * be NULL) is called with it, unless it is NULL, behind on_close. What was
 * there before is not freed. */
PEAL_API void peal_ws_set_user(peal_ws *ws, void *user, void (*fn)(void *user));
/* What peal_ws_set_user was given. */
PEAL_API void *peal_ws_user(const peal_ws *ws);
/* The request that began it: path, query, fields, cookies, address, by the
 * functions of <peal/http.h>; not to be answered. Valid until on_open has
 * returned, with `keep_request` until on_close has; NULL afterwards. */
PEAL_API peal_http_req *peal_ws_req(const peal_ws *ws);
/* The subprotocol that was chosen, as the options spell it; "" if none.
 * Borrowed for the life of the endpoint. */
PEAL_API const char *peal_ws_protocol(const peal_ws *ws);
/* The endpoint that it belongs to. Thread: any, while the connection is valid.
 * */
PEAL_API peal_ws_endpoint *peal_ws_endpoint_of(const peal_ws *ws);
/* Where its functions run, for its whole life. Thread: any, while the
 * connection is valid. */
PEAL_API peal_worker *peal_ws_worker(const peal_ws *ws);
/* Can it be sent to: neither closing nor closed? */
PEAL_API bool peal_ws_is_open(const peal_ws *ws);
/* Bytes of messages that wait for it, with 32 for each. */
PEAL_API size_t peal_ws_queued_bytes(const peal_ws *ws);

/* -- references ------------------------------------------------------------ */

/* One that names this connection as long as it lives, and nothing afterwards.
 * */
PEAL_API peal_ws_ref peal_ws_ref_of(const peal_ws *ws);
/* The connection, or NULL: it has ended, or this is not its worker. Thread:
 * any; elsewhere than on its worker it is always NULL. */
PEAL_API peal_ws *peal_ws_ref_get(peal_ws_ref ref);
/* Send to it from anywhere (copied; `how` NULL: {0}). Messages from one thread
 * arrive in the order of the calls.
 * Returns: on its worker as peal_ws_send_with, PEAL_ERR_CLOSED if it has ended;
 * elsewhere PEAL_OK (it may be gone), PEAL_ERR_NOMEM, PEAL_ERR_OPTION,
 * PEAL_ERR_QUEUE_FULL (its worker is behind). Thread: any. */
PEAL_API peal_err peal_ws_ref_send(peal_ws_ref ref, const peal_ws_how *how,
                                   peal_slice data);
/* peal_ws_close from anywhere. Returns: as peal_ws_ref_send; on its worker
 * PEAL_OK. Thread: any. */
PEAL_API peal_err peal_ws_ref_close(peal_ws_ref ref, unsigned code,
                                    peal_slice reason);

#ifdef __cplusplus
}
#endif
