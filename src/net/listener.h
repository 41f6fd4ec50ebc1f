/* SPDX-License-Identifier: MIT */
#pragma once
/* listener: accepts connections on every worker, for one place (net/
 * listen_spec); a program may have several. When accepting fails (descriptors
 * are out, as a rule) the log has it once, with a number when it is over; the
 * peers that wait are refused where that is possible, and it is tried again
 * after a pause: a listener never stops by itself, and never spins. */
#include <peal/base.h>

#include "net/address.h"
#include "net/listen_name.h"
#include "net/listen_spec.h"
#include "net/worker.h"

/* Of one listener at most. */
#define PEAL_LISTENER_SOCKETS 256u

typedef struct peal_listener peal_listener;

/* `fd` is accepted, non-blocking, close-on-exec, TCP_NODELAY; taken. A peer of
 * a Unix socket has no known address. */
typedef void (*peal_listener_fn)(peal_worker *worker, int fd,
                                 const peal_address *peer, void *user);

/* Listen at `spec` (copied). Accepting starts on each worker when the group
 * runs. On failure an inherited descriptor stays the caller's.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, or an error of peal_listen_spec_open (text
 * in `why`, if not NULL, constant or static). */
PEAL_MUST_CHECK peal_err peal_listener_listen(peal_listener **out,
                                              peal_workers *workers,
                                              const peal_listen_spec *spec,
                                              peal_listener_fn fn, void *user,
                                              const char **why);
/* The same for TCP; *port says which it is. */
PEAL_MUST_CHECK peal_err peal_listener_open(peal_listener **out,
                                            peal_workers *workers,
                                            const char *host, uint16_t *port,
                                            int backlog, peal_listener_fn fn,
                                            void *user, const char **why);
/* Of TCP, otherwise 0. */
uint16_t peal_listener_port(const peal_listener *listener);
/* Where, as text: peal_listen_name_of. */
void peal_listener_name(const peal_listener *listener, const char *scheme,
                        char out[PEAL_LISTEN_NAME_MAX]);
/* Where, of TCP, as peal_listen_name_address. Before the run. */
bool peal_listener_address(const peal_listener *listener, peal_address *out,
                           bool *both);
/* Rest, or go on accepting, on this worker, which is the calling one. */
void peal_listener_rest(peal_listener *listener, const peal_worker *worker,
                        bool rests);
/* Its sockets, borrowed; returns how many, at most `cap`. */
unsigned peal_listener_sockets(const peal_listener *listener, int *fds,
                               unsigned cap);
/* The place of another process is ours from now on; or it is another one's. */
void peal_listener_own(peal_listener *listener);
void peal_listener_leave(peal_listener *listener);
/* Stop accepting on all workers. Thread: any. */
void peal_listener_stop(peal_listener *listener);
/* After the group has ended or without a run, before the group is freed. The
 * file of a Unix socket is removed at the latest here. */
void peal_listener_free(peal_listener *listener);
