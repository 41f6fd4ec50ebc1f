/* SPDX-License-Identifier: MIT */
#pragma once
/* events: what becomes of an event on its way to its handlers, beyond peal_on:
 * wildcards, middleware, errors, rates; and a call that waits for a client's
 * answer.
 *
 *   an event comes
 *       |  its rate (peal_event_rate): too many are dropped, or an error
 *       v
 *   peal_on_any            all of them are told
 *       |
 *       v
 *   peal_use_event, then peal_socket_use: each lets it pass, now or later, or
 *       |                  refuses: an error
 *       v
 *   peal_on, then peal_socket_on
 *       |  none of them was called:
 *       v
 *   peal_on_wildcard of the namespace; otherwise peal_on of
 *       peal_server_wildcard; otherwise peal_on_wildcard of that
 *
 *   an error (peal_event_fail, a refusal, a rate): peal_on_error of the
 *       namespace; otherwise that of peal_server_wildcard
 *
 * As in <peal/server.h>, a function runs on the worker of its object unless it
 * says otherwise, pointers are borrowed for the call, and without an object
 * (NULL) nothing happens: it returns PEAL_ERR_USAGE, NULL, 0 or false. What
 * registers a handler is as peal_on in all else: when it holds, what it
 * returns, on which thread.
 *
 * Example: examples/event_rules/main.c */
#include <peal/base.h>
#include <peal/event.h>
#include <peal/handle.h>
#include <peal/server.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- wildcards ------------------------------------------------------------- */

/* Call `fn` for every event for which no other handler of its namespace or its
 * socket was called (Flask: on('*')); catch-all ones (peal_on_any) do not count.
 * Connecting and disconnecting are no events. Thread: any. */
PEAL_API peal_err peal_on_wildcard(peal_nsp *nsp, peal_event_fn fn, void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_wildcard(peal_nsp *nsp, peal_event_fn fn,
                                    void *user);
/* A namespace in which no client is, whose handlers serve all namespaces that
 * have none of their own for what has come (Flask: namespace='*'): peal_on,
 * peal_once, peal_on_wildcard, peal_on_error, peal_on_connect,
 * peal_on_disconnecting and peal_on_disconnect. peal_socket_nsp says which
 * namespace it is. It makes no namespace: a client still gets only into those
 * that there are. Nothing can be sent to it.
 * Borrowed for the life of the server. Returns NULL if memory is out, or the
 * server runs and it was not asked for before. Thread: any during the run;
 * before it the one that sets up. */
PEAL_API peal_nsp *peal_server_wildcard(peal_server *server);

/* -- catch-all handlers, in front and counted ------------------------------- */

/* As peal_on_any, in front of those that are there (reference: prependAny).
 * Thread: any. */
PEAL_API peal_err peal_prepend_any(peal_nsp *nsp, peal_event_fn fn, void *user);
/* As peal_on_any_outgoing, in front of those that are there (reference:
 * prependAnyOutgoing). Thread: any. */
PEAL_API peal_err peal_prepend_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn,
                                            void *user);
/* How many peal_on_any handlers the calling worker has; before the run, how
 * many there are (reference: listenersAny). A parent
 * (peal_server_of_pattern) has none of its own. */
PEAL_API size_t peal_any_count(peal_nsp *nsp);
/* The one at `index` below the count, in the order of the calls; `user` may be
 * NULL. Returns NULL if there are not so many. */
PEAL_API peal_event_fn peal_any_at(peal_nsp *nsp, size_t index, void **user);
/* As peal_any_count, of peal_on_any_outgoing (reference:
 * listenersAnyOutgoing). */
PEAL_API size_t peal_any_outgoing_count(peal_nsp *nsp);
/* As peal_any_at, of peal_on_any_outgoing. */
PEAL_API peal_outgoing_fn peal_any_outgoing_at(peal_nsp *nsp, size_t index,
                                               void **user);

/* -- errors ---------------------------------------------------------------- */

/* Something went wrong with what this socket sent: `event` failed
 * (peal_event_fail), was refused by a middleware (PEAL_ERR_REFUSED), came above
 * its rate (PEAL_ERR_LIMIT); or `event` is NULL: its client sent what is no
 * packet (the reference's local event `error`), and is closed when this has
 * returned. `message` is for people. All is borrowed.
 * Nothing of it goes to the client. What the function acknowledges (peal_ack,
 * peal_ack_later) is the answer of the event, if nobody has answered yet. */
typedef void (*peal_error_fn)(peal_socket *socket, const peal_event *event,
                              peal_err err, const char *message, void *user);
/* Call `fn` for each error of the namespace (Flask: on_error). With
 * peal_server_wildcard: for those of all namespaces that have no such handler
 * (Flask: on_error_default). An error that nobody hears of is a line of the log,
 * at level warn. Thread: any. */
PEAL_API peal_err peal_on_error(peal_nsp *nsp, peal_error_fn fn, void *user);
/* The reverse, as peal_off. Thread: any. */
PEAL_API peal_err peal_off_error(peal_nsp *nsp, peal_error_fn fn, void *user);
/* In a handler: it has failed. The error handlers run inside this call; the
 * event's other handlers are not called any more. `message` NULL: that of `err`.
 * The first failure of an event counts, a later one is PEAL_OK. A handler that
 * is run for a failure cannot fail.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (no event, `err` is PEAL_OK, or an event of
 * a client or of another node). */
PEAL_API peal_err peal_event_fail(const peal_event *event, peal_err err,
                                  const char *message);

/* -- middleware of events --------------------------------------------------- */

/* The rest of the way of one event. Answer it exactly once, by one of the
 * functions below, in the middleware or later on the socket's worker. The first
 * answer counts; what comes later, within five minutes or 4096 questions of its
 * worker, has no effect, and neither has one when the socket has gone. */
typedef struct peal_event_next peal_event_next;
/* May this event pass? `event` is borrowed until the function returns: who
 * answers later copies what it needs. Until the answer the later events of this
 * socket wait, in order (what waits is counted as what a client sends before it
 * is accepted: of too much the client is closed, PEAL_ERR_LIMIT);
 * acknowledgements do not wait, and neither does a disconnect, with which the
 * event is dropped. */
typedef void (*peal_use_event_fn)(peal_socket *socket, const peal_event *event,
                                  peal_event_next *next, void *user);
/* Run `fn` for each event of the namespace's sockets, in order of registration,
 * behind the catch-all handlers and before all others. It cannot be removed.
 * Thread: any. */
PEAL_API peal_err peal_use_event(peal_nsp *nsp, peal_use_event_fn fn,
                                 void *user);
/* The same for one socket alone, behind those of its namespace (reference:
 * socket.use); it ends with the socket.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_LIMIT (more than
 * this client may make us hold), PEAL_ERR_CLOSED (it is leaving, or gone). */
PEAL_API peal_err peal_socket_use(peal_socket *socket, peal_use_event_fn fn,
                                  void *user);
/* On to the next middleware, behind the last one to the handlers. They run when
 * the callback that answers has returned. */
PEAL_API void peal_event_next_ok(peal_event_next *next);
/* The event ends here: the error handlers hear of it, with PEAL_ERR_REFUSED and
 * this message (NULL: "refused"; copied, at most 127 bytes), its handlers do not. Nothing goes to
 * the client; who asked for an acknowledgement gets one if an error handler
 * gives it. */
PEAL_API void peal_event_next_refuse(peal_event_next *next,
                                     const char *message);

/* -- a call that waits ------------------------------------------------------ */

/* Emit to one socket and wait for its acknowledgement, on a thread that is no
 * worker: a task (peal_task_run), a thread of the application. Any number of
 * threads may wait at once, each for its own; none may when peal_server_free is
 * called. *answer is a copy of what came: an array of all that was
 * acknowledged, given back by peal_doc_free; NULL on errors. `timeout_ms` 0:
 * 60000. It ends at once when the socket goes, or the run is over.
 * Returns: PEAL_OK; PEAL_ERR_TIMEOUT; PEAL_ERR_CLOSED (it has gone, it has
 * not been accepted, the run is over); PEAL_ERR_USAGE (a reference to none; on
 * a worker's thread: it would wait for itself); as peal_emit_ack. Thread: any but
 * a worker. */
PEAL_API PEAL_MUST_CHECK peal_err peal_ref_call(peal_socket_ref ref,
                                                const char *event,
                                                peal_args args,
                                                uint32_t timeout_ms,
                                                peal_doc **answer);
/* The same for a socket by its id, on whatever worker it is, and on whatever
 * node of a cluster: of one on another node the first argument alone comes back
 * (reference), and PEAL_ERR_TIMEOUT may also say that it has gone. Thread: any
 * but a worker. */
PEAL_API PEAL_MUST_CHECK peal_err peal_nsp_call(peal_nsp *nsp, const char *id,
                                                const char *event,
                                                peal_args args,
                                                uint32_t timeout_ms,
                                                peal_doc **answer);

/* -- rates ----------------------------------------------------------------- */

/* How many events each socket may send is an option of the server
 * (event_rate); these say otherwise for some. An event is one packet, whatever
 * its handlers; acknowledgements, connecting and leaving are none. What is
 * above the rate is counted (peal_server_stats.rate_limited), and the log says
 * so once a minute for each such socket. The bucket is the socket's: a client that
 * leaves its namespace and comes back has a full one. So it keeps a mistaken
 * client in bounds, and is no wall against a hostile one. A limit costs a socket
 * that has sent something some 60 bytes; where there is none, nothing. */

/* For the sockets of this namespace: `rate` (copied) instead of the server's,
 * {0}: no limit; NULL: the server's again. What a bucket holds stays. That of a
 * parent (peal_server_of_pattern) is that of its children that have none.
 * Returns: PEAL_OK, PEAL_ERR_USAGE. Thread: any. */
PEAL_API peal_err peal_nsp_set_event_rate(peal_nsp *nsp,
                                          const peal_event_rate *rate);
/* For this socket alone, also in its connect handler: a full bucket of this
 * rate (copied), {0}: no limit; NULL: its namespace's again.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_LIMIT (more than
 * this client may make us hold), PEAL_ERR_CLOSED (it has gone). */
PEAL_API peal_err peal_socket_set_event_rate(peal_socket *socket,
                                             const peal_event_rate *rate);

#ifdef __cplusplus
}
#endif
