/* SPDX-License-Identifier: MIT */
#pragma once
/* listener: a listening socket on every worker (SO_REUSEPORT when there are
 * several; the port is first tried without, so that a port in use is an
 * error). When descriptors run out, accepting pauses for a moment and the
 * waiting peers are refused instead of spinning. */
#include <peal/base.h>

#include "net/stream.h"
#include "net/worker_impl.h"

typedef struct peal_listener peal_listener;

/* `fd` is accepted, non-blocking, close-on-exec, TCP_NODELAY; taken. */
typedef void (*peal_listener_fn)(peal_worker *worker, int fd,
                                 const peal_address *peer, void *user);

/* Bind and listen on `host` (NULL: "::" with IPv4 mapped, falling back to
 * 0.0.0.0) and `port` (0: any free one; *port says which). Accepting starts
 * on each worker when the group runs.
 * Returns: PEAL_OK, PEAL_ERR_PORT_IN_USE, PEAL_ERR_SYSTEM (text in `why`, if
 * not NULL, constant or static), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_listener_open(peal_listener **out,
                                            peal_workers *workers,
                                            const char *host, uint16_t *port,
                                            int backlog, peal_listener_fn fn,
                                            void *user, const char **why);
/* Stop accepting on all workers. Thread: any. */
void peal_listener_stop(peal_listener *listener);
/* After the group has ended or without a run, before the group is freed. */
void peal_listener_free(peal_listener *listener);
