/* SPDX-License-Identifier: MIT */
#pragma once
/* lookup: the addresses of a name, asked for on libuv's pool, so that a slow
 * resolver keeps no worker: at most half of the pool's threads do that. A
 * worker's end waits for what runs: the resolver cannot be interrupted. */
#include <uv.h>

#include <peal/worker.h>

typedef struct peal_lookup peal_lookup;

/* `list` is borrowed; NULL: there is none, and `status` is a UV_EAI_... or
 * another error of libuv's. Once, on the worker, never inside _open. */
typedef void (*peal_lookup_fn)(peal_lookup *lookup, int status,
                               const struct addrinfo *list, void *user);

/* On the worker, while it does not end. Returns NULL if memory is out, or what
 * libuv refuses is in *status. */
PEAL_MUST_CHECK peal_lookup *peal_lookup_open(peal_worker *worker,
                                              const char *host, uint16_t port,
                                              peal_lookup_fn fn, void *user,
                                              int *status);
/* No callback comes any more; not behind it. */
void peal_lookup_close(peal_lookup *lookup);
