/* SPDX-License-Identifier: MIT */
#pragma once
/* lookup: the addresses of a name. A resolver cannot be interrupted, and may
 * take its time: each lookup has a thread of its own, which nobody waits for.
 * So a slow one keeps neither a worker, nor its end, nor another name. */
#include <netdb.h>

#include <peal/worker.h>

/* Lookups of a process at one time, those that nobody waits for any more
 * included: beyond it there is EAI_AGAIN. */
#define PEAL_LOOKUP_MAX 64u

typedef struct peal_lookup peal_lookup;

/* `list` is borrowed; NULL: there is none, and `status` is an EAI_... Once, on
 * the worker, never inside _open; behind it the lookup is gone. */
typedef void (*peal_lookup_fn)(peal_lookup *lookup, int status,
                               const struct addrinfo *list, void *user);

/* On the worker, while it does not end; to be closed before it has ended.
 * Returns NULL, and why in *status: EAI_MEMORY, EAI_AGAIN. */
PEAL_MUST_CHECK peal_lookup *peal_lookup_open(peal_worker *worker,
                                              const char *host, uint16_t port,
                                              peal_lookup_fn fn, void *user,
                                              int *status);
/* No callback comes any more; not behind it. */
void peal_lookup_close(peal_lookup *lookup);
