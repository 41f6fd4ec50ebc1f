/* SPDX-License-Identifier: MIT */
#pragma once
/* handle: what outlives a handler: references to sockets, and what hangs on a
 * socket: values of several modules, timers, handlers of its own. All of it
 * ends with the socket, however it ends, and is counted among what its client
 * makes the server hold. A socket for which none of this is used owns nothing
 * for it.
 *
 *   peal_socket *              borrowed by the handler, on its worker
 *      |  peal_ref_of
 *      v
 *   peal_socket_ref            a value: keep it, copy it, give it to a thread
 *      |    \  peal_ref_emit, peal_ref_disconnect, peal_ref_post: any thread
 *      |  peal_ref_socket: on its worker
 *      v
 *   peal_socket *, or NULL     it has gone
 *
 * As in <peal/server.h>, a function runs on the worker of its socket unless it
 * says otherwise, pointers are borrowed for the call, and without an object
 * (NULL, the reference {0}) nothing happens: it returns PEAL_ERR_USAGE or
 * NULL.
 *
 * Example: examples/handles/main.c */
#include <peal/base.h>
#include <peal/server.h>
#include <peal/val.h>
#include <peal/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- references ------------------------------------------------------------ */

/* Of one socket, for as long as the server lives: once the socket has gone it
 * is of nobody, for ever: no later socket is mistaken for it. {0} is of nobody
 * from the beginning. Two are of the same socket if all members are equal; the
 * members are to be copied and compared, not made up. */
typedef struct peal_socket_ref {
  peal_nsp *nsp; /* its namespace, as long as it is there; NULL: of nobody */
  uint64_t generation; /* of no two sockets of a worker the same */
  uint32_t slot;       /* its place in a table of its worker */
  uint32_t worker;     /* peal_worker_index of it */
} peal_socket_ref;

/* A reference to this socket. Each call gives the same.
 * Returns {0} if memory is out, or its client has gone. */
PEAL_API peal_socket_ref peal_ref_of(peal_socket *socket);
/* The socket, or NULL if it has gone; borrowed as by a handler. It is found
 * until the last of its disconnect handlers has returned, in the same time
 * however many there are.
 * Thread: worker, that of the socket (peal_ref_worker). */
PEAL_API peal_socket *peal_ref_socket(peal_socket_ref ref);
/* The worker on which it is to be used, also when the socket has gone; NULL for
 * {0}. Thread: any. */
PEAL_API peal_worker *peal_ref_worker(peal_socket_ref ref);

/* The next six reach the socket from everywhere. From another thread they are
 * mail to its worker: PEAL_OK means that it has been sent, and one thread's
 * arrive in the order of the calls. What is under way is counted with the
 * operations between workers (peal_emit_to).
 * Returns: as they say, and PEAL_ERR_USAGE; from another thread also
 * PEAL_ERR_QUEUE_FULL (its worker is behind), PEAL_ERR_NOMEM, PEAL_ERR_CLOSED
 * (the run is over): nothing was sent. */

/* To this client, as peal_emit, also before it has been accepted. On its worker
 * it is queued inside the call; PEAL_ERR_CLOSED: it has gone. From another
 * thread that is no error. Thread: any. */
PEAL_API peal_err peal_ref_emit(peal_socket_ref ref, const char *event,
                                peal_args args);
/* As peal_ref_emit. Thread: any. */
PEAL_API peal_err peal_ref_emit_n(peal_socket_ref ref, peal_slice event,
                                  peal_args args);
/* The same with options, as peal_emit_with. Thread: any. */
PEAL_API peal_err peal_ref_emit_with(peal_socket_ref ref, const peal_to *to,
                                     const char *event, peal_args args);
/* As peal_ref_emit_with. Thread: any. */
PEAL_API peal_err peal_ref_emit_with_n(peal_socket_ref ref, const peal_to *to,
                                       peal_slice event, peal_args args);
/* As peal_disconnect; one that has gone is no error. Thread: any. */
PEAL_API peal_err peal_ref_disconnect(peal_socket_ref ref, bool close);
/* Call `fn` on the worker of the socket, never inside this call, with the
 * socket, or with NULL if it has gone: so PEAL_OK means that it is called once,
 * and it may free `user`. Thread: any. */
PEAL_API peal_err peal_ref_post(peal_socket_ref ref, peal_socket_fn fn,
                                void *user);

/* -- values of several modules ---------------------------------------------- */

/* A module's place for one value with every socket. Its address is the key: one
 * static variable for each kind of value, which outlives the sockets.
 *
 *   static const peal_socket_key session = {.free_fn = free_session};
 */
typedef struct peal_socket_key {
  peal_user_free_fn free_fn; /* gets the value at its end; NULL: nobody does */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[3];
} peal_socket_key;

/* Keep `value` with the socket under this key: taken. The one that was there
 * before goes to `free_fn`, unless it is the same; NULL takes it out. When the
 * socket ends `free_fn` gets it exactly once, on its worker, however it ends
 * (as peal_socket_set_user_free says), the newest key first; the socket is not
 * to be used there.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED (its client
 * has gone during the middleware), PEAL_ERR_OPTION (a reserved word is not 0):
 * on errors the value is still the caller's. */
PEAL_API peal_err peal_socket_key_set(peal_socket *socket,
                                      const peal_socket_key *key, void *value);
/* What peal_socket_key_set was given; NULL if nothing. Borrowed. */
PEAL_API void *peal_socket_key_get(const peal_socket *socket,
                                   const peal_socket_key *key);

/* -- timers of a socket ------------------------------------------------------ */

/* Call `fn` with the socket and `user` in `delay_ms` (0: as soon as this
 * callback has returned), then every `repeat_ms` (0: once), as
 * peal_timer_start. A socket has one timer for each pair of `fn` and `user`:
 * started again, also by itself, its times are replaced. `fn` may start and
 * stop this and other timers, emit, and disconnect the socket. It comes from
 * the middleware on until peal_disconnect was called or the client has gone,
 * and never behind it.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED (it is
 * leaving, or has gone). */
PEAL_API peal_err peal_socket_timer_start(peal_socket *socket,
                                          uint64_t delay_ms, uint64_t repeat_ms,
                                          peal_socket_fn fn, void *user);
/* That of this pair does not come any more, also from another callback of the
 * turn in which it is due. No error if there is none. */
PEAL_API void peal_socket_timer_stop(peal_socket *socket, peal_socket_fn fn,
                                     void *user);

/* -- handlers of one socket ---------------------------------------------------- */

/* Call `fn` for this event of this socket alone, behind the handlers of its
 * namespace (peal_on), in order of registration, from the next event on;
 * `event` is copied. For what all sockets have the namespace's handlers are
 * cheaper: they cost no memory per socket.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_RESERVED (as peal_on),
 * PEAL_ERR_NOMEM,
 * PEAL_ERR_CLOSED (it is leaving, or has gone). */
PEAL_API peal_err peal_socket_on(peal_socket *socket, const char *event,
                                 peal_event_fn fn, void *user);
/* As peal_socket_on, for one event: it is removed before it is called. */
PEAL_API peal_err peal_socket_once(peal_socket *socket, const char *event,
                                   peal_event_fn fn, void *user);
/* Remove what was registered for this event with this function and this `user`,
 * however often: it is not called any more, even if it stood next. No error if
 * nothing was. */
PEAL_API void peal_socket_off(peal_socket *socket, const char *event,
                              peal_event_fn fn, void *user);

#ifdef __cplusplus
}
#endif
