/* SPDX-License-Identifier: MIT */
#pragma once
/* test: unit tests of a server's handlers: the server and its clients in one
 * process, on one thread, without a socket, in a time that the test sets.
 *
 *   peal_server *server = peal_server_new(&(peal_server_opts){
 *       .no_listen = true});
 *   set_up(server);                      the application's own function
 *   peal_test *test;
 *   if (peal_test_new(&test, server))
 *     return 1;
 *   peal_test_client *ada = peal_test_connect(test, NULL);
 *   peal_test_emit(ada, NULL, "say", PEAL_ARGS(peal_str("hello")));
 *   peal_test_event event;
 *   assert(peal_test_received(ada, 0, &event) && !strcmp(event.name, "said"));
 *   peal_test_advance(test, 60000);      a minute later
 *   peal_test_free(test);
 *   peal_server_free(server);
 *
 * The clients are those of <peal/client.h>: handshake, polling, WebSocket,
 * packets and heartbeats are the real ones, only the bytes travel through
 * memory. What a client sees, the test sees.
 *
 * Nothing waits. Each function below returns when the server and all clients
 * have come to rest (peal_test_settle); time stands still until
 * peal_test_advance. Timers, heartbeats, time limits, rates and recovery
 * windows go by that time, and so do peal_worker_now_ms and peal_wall_ms on the
 * worker.
 *
 * A library of its own, static, to be linked with libpeal.a (peal-test of
 * pkg-config, Peal::peal_test of CMake); programs that do not link it do not
 * pay for it. The promises of docs/abi.md are not given for it.
 *
 * Thread, for all of it: the one that called peal_test_new. Without an object
 * (NULL) nothing happens: the result is PEAL_ERR_USAGE, NULL, 0, false or "".
 * `nsp` names a namespace; NULL: that of peal_test_connect.
 *
 * Example: examples/testing/test/chat_test.c */
#include <peal/client.h>
#include <peal/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A server under test, and its time. */
typedef struct peal_test peal_test;
/* One client of it. */
typedef struct peal_test_client peal_test_client;

/* -- the server and its time ----------------------------------------------- */

/* Begin to run `server` (borrowed until peal_test_free), instead of
 * peal_server_run. It has one worker; it need not listen (no_listen).
 * Returns: PEAL_OK; PEAL_ERR_OPTION: it has several workers, which the log says;
 * PEAL_ERR_USAGE: it runs or has run; PEAL_ERR_NOMEM, PEAL_ERR_SYSTEM. */
PEAL_API PEAL_MUST_CHECK peal_err peal_test_new(peal_test **out,
                                                peal_server *server);
/* End the run, with whoever is connected. Clients and lines go with it. The
 * server is still the caller's to free. */
PEAL_API void peal_test_free(peal_test *test);
/* Let everything come to rest, as all functions do: nothing is on its way, no
 * task of the pool (peal_task_run, files) is under way and no question to a
 * store, for which alone it waits.
 * Returns: PEAL_OK; PEAL_ERR_TIMEOUT: a task has taken more than ten seconds;
 * PEAL_ERR_LIMIT: it does not come to rest (100000 turns); PEAL_ERR_CLOSED: the
 * server has been stopped. */
PEAL_API peal_err peal_test_settle(peal_test *test);
/* So many milliseconds later: all that is due meanwhile happens in its order,
 * each at its millisecond. Returns: as peal_test_settle. */
PEAL_API peal_err peal_test_advance(peal_test *test, uint64_t ms);
/* Milliseconds since peal_test_new. */
PEAL_API uint64_t peal_test_now_ms(const peal_test *test);
/* Until `until` says true, in real time and for at most `limit_ms` of it: for
 * what threads of the program's own do. False: it did
 * not. */
PEAL_API bool peal_test_wait(peal_test *test, bool (*until)(void *user),
                             void *user, uint32_t limit_ms);
/* Call `fn` on the worker, for functions of `Thread: worker`. */
PEAL_API peal_err peal_test_run(peal_test *test, peal_post_fn fn, void *user);

/* -- clients --------------------------------------------------------------- */

/* {0}: a client of the main namespace that begins with polling and upgrades, as
 * browsers do. */
typedef struct peal_test_opts {
  const char *nsp;                /* default "/" */
  peal_val auth;                  /* an object; default none */
  const peal_client_field *query; /* of each request; `query_count` */
  size_t query_count;
  const peal_client_field *headers; /* the same */
  size_t header_count;
  peal_client_transports transports;
  const char *path;          /* default "/socket.io/" */
  bool eio3;                 /* a client of Socket.IO 2 */
  const peal_parser *parser; /* borrowed; default: JSON */
  peal_deflate_opts deflate; /* default: none */
  bool reconnects;           /* by itself, as time goes; default: by
                      peal_test_reconnect */
  /* 0: for what comes. */
  uintptr_t reserved[8];
} peal_test_opts;

/* Connect; copies `opts` (NULL: {0}). Whether it is connected is asked
 * (peal_test_is_connected), why not too (peal_test_refused). Until
 * peal_test_client_free or peal_test_free.
 * Returns NULL if memory is out or the options are wrong. */
PEAL_API PEAL_MUST_CHECK peal_test_client *peal_test_connect(
    peal_test *test, const peal_test_opts *opts);
/* Leave, and forget the client and all that it received. */
PEAL_API void peal_test_client_free(peal_test_client *client);
/* One more namespace on the same connection, or the same again.
 * Returns: PEAL_OK; PEAL_ERR_REFUSED; PEAL_ERR_AGAIN: the server has not
 * answered yet (a middleware that waits for time); PEAL_ERR_NOMEM,
 * PEAL_ERR_CLOSED. */
PEAL_API peal_err peal_test_join(peal_test_client *client, const char *nsp,
                                 peal_val auth);
/* Leave one namespace. */
PEAL_API void peal_test_leave(peal_test_client *client, const char *nsp);
/* Leave all, and close the connection in order. */
PEAL_API void peal_test_disconnect(peal_test_client *client);
/* The connection breaks, without a word. */
PEAL_API void peal_test_cut(peal_test_client *client);
/* Connect again, with what was joined, as the same client (recovery). Returns:
 * as peal_test_join. */
PEAL_API peal_err peal_test_reconnect(peal_test_client *client);
/* While it is held it reads nothing, and so answers nothing: a peer that hangs
 * or is slow. The server's queue grows, its pings stay unanswered. */
PEAL_API void peal_test_hold(peal_test_client *client, bool holds);

PEAL_API bool peal_test_is_connected(const peal_test_client *client,
                                     const char *nsp);
/* Has the last connect brought back what was missed? */
PEAL_API bool peal_test_is_recovered(const peal_test_client *client,
                                     const char *nsp);
/* The socket's id; "" while it is not connected. */
PEAL_API const char *peal_test_id(const peal_test_client *client,
                                  const char *nsp);
/* "polling", "websocket" or "". */
PEAL_API const char *peal_test_transport(const peal_test_client *client);
/* Has this namespace been refused (PEAL_ERR_REFUSED, with the message and the
 * data of CONNECT_ERROR), or could no connection be made? `out` (may be NULL)
 * gets why; its data is borrowed until the next try or the client's end. */
PEAL_API bool peal_test_refused(const peal_test_client *client, const char *nsp,
                                peal_client_problem *out);
/* Why it was disconnected last, in the reference's words ("io server
 * disconnect", "transport close", …); "": it never was. */
PEAL_API const char *peal_test_reason(const peal_test_client *client,
                                      const char *nsp);

/* -- what it says ---------------------------------------------------------- */

/* Returns: as peal_client_emit. */
PEAL_API peal_err peal_test_emit(peal_test_client *client, const char *nsp,
                                 const char *event, peal_args args);
/* Emit and ask for an acknowledgement, within `timeout_ms` of the test's time (0:
 * no limit). `answer` (may be NULL) gets its values, borrowed until the next one
 * of this client.
 * Returns: PEAL_OK: it came; PEAL_ERR_AGAIN: not yet (peal_test_answer asks
 * again); as peal_client_emit. */
PEAL_API peal_err peal_test_emit_ack(peal_test_client *client, const char *nsp,
                                     const char *event, peal_args args,
                                     uint32_t timeout_ms, peal_args *answer);
/* The acknowledgement of the last peal_test_emit_ack. Returns: PEAL_OK;
 * PEAL_ERR_AGAIN: it has not come; PEAL_ERR_TIMEOUT, PEAL_ERR_CLOSED: it will
 * not. */
PEAL_API peal_err peal_test_answer(const peal_test_client *client,
                                   peal_args *answer);
/* Any bytes as one packet of Socket.IO ("2[\"say\",1]"), right or wrong, on the
 * client's connection. Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM,
 * PEAL_ERR_QUEUE_FULL. */
PEAL_API peal_err peal_test_packet(peal_test_client *client, bool is_binary,
                                   peal_slice packet);

/* -- what it hears --------------------------------------------------------- */

/* An event that a client received; borrowed until peal_test_clear or the
 * client's end. */
typedef struct peal_test_event {
  const char *name;
  peal_args args;
  const char *nsp;
  bool is_binary; /* there are bytes among its arguments */
  bool wants_ack; /* and has not had it: peal_test_ack */
} peal_test_event;

/* How many there are, of all its namespaces, in the order in which they came. */
PEAL_API size_t peal_test_count(const peal_test_client *client);
/* False: there are not so many. */
PEAL_API bool peal_test_received(const peal_test_client *client, size_t index,
                                 peal_test_event *out);
/* The next of this name from `from` on; SIZE_MAX: there is none. */
PEAL_API size_t peal_test_find(const peal_test_client *client, size_t from,
                               const char *name);
/* Forget them. Those that wait for an acknowledgement never get one. */
PEAL_API void peal_test_clear(peal_test_client *client);
/* Acknowledge one. Returns: as peal_ack; PEAL_ERR_USAGE: it wants none, or has
 * had one. */
PEAL_API peal_err peal_test_ack(peal_test_client *client, size_t index,
                                peal_args args);

/* -- bytes ----------------------------------------------------------------- */

/* A connection of the test's own, on which no client is: whatever it says,
 * right or wrong. */
typedef struct peal_test_line peal_test_line;
/* NULL if memory is out. Until peal_test_line_close or peal_test_free. */
PEAL_API PEAL_MUST_CHECK peal_test_line *peal_test_line_open(peal_test *test);
/* Send these bytes. */
PEAL_API void peal_test_line_send(peal_test_line *line, peal_slice bytes);
/* What came and was not taken; borrowed until the next call for it. */
PEAL_API peal_slice peal_test_line_look(const peal_test_line *line);
PEAL_API void peal_test_line_take(peal_test_line *line, size_t count);
/* Has the server closed it? */
PEAL_API bool peal_test_line_is_closed(const peal_test_line *line);
PEAL_API void peal_test_line_close(peal_test_line *line);

/* A request to the HTTP server: routes of the web layer, files, anything. */
typedef struct peal_test_request {
  const char *method; /* default "GET" */
  const char *target; /* "/path?query" */
  const peal_client_field *headers;
  size_t header_count;
  peal_slice body;
} peal_test_request;

/* Its answer; the caller's, by peal_test_response_free. */
typedef struct peal_test_response peal_test_response;
/* NULL: no whole answer has come. */
PEAL_API PEAL_MUST_CHECK peal_test_response *peal_test_ask(
    peal_test *test, const peal_test_request *request);
/* peal_test_ask with nothing but a target. */
PEAL_API PEAL_MUST_CHECK peal_test_response *peal_test_get(peal_test *test,
                                                           const char *target);
PEAL_API unsigned peal_test_response_status(const peal_test_response *response);
/* The first field of this name, whatever its case; empty: there is none. */
PEAL_API peal_slice peal_test_response_field(const peal_test_response *response,
                                             const char *name);
PEAL_API peal_slice peal_test_response_body(const peal_test_response *response);
PEAL_API void peal_test_response_free(peal_test_response *response);

#ifdef __cplusplus
}
#endif
