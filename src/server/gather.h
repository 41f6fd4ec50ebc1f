/* SPDX-License-Identifier: MIT */
#pragma once
/* gather: the acknowledgements of a broadcast, from the clients of all workers
 * to the function that asked for them.
 *
 *   home ── operation ASK ──> every worker ── event ──> its clients
 *     ^                          │ how many it has asked      │
 *     └── peal_gather_begin <────┘                            │
 *     └── one mail per client: answered, or over <────────────┘
 *
 * The function is called when every worker has asked and every client asked is
 * over, and the other nodes have said theirs (peal_gather_far); it is called
 * once. Asked by another node there is no function: how many were asked, and
 * what each answers, goes to that node as it comes. */
#include "proto/op.h"
#include "server/adapter.h"

typedef struct peal_gather peal_gather;

/* One reference is the round's. NULL if memory is out. */
PEAL_MUST_CHECK peal_gather *peal_gather_new(peal_nsp *nsp, peal_worker *home,
                                             peal_acks_fn fn, void *user);
/* The same for question `number` of another node; `home` is worker 0. */
PEAL_MUST_CHECK peal_gather *peal_gather_for_node(peal_nsp *nsp,
                                                  peal_worker *home,
                                                  uint64_t number);
/* Other nodes are asked as well: peal_gather_far will come. Before the round. */
void peal_gather_expect_far(peal_gather *gather);
/* At home: what they have answered. */
void peal_gather_far(peal_gather *gather, const peal_far *far);
/* On a worker: ask these sockets. A client that could not be asked counts as
 * one that did not answer. Returns: PEAL_OK; PEAL_ERR_NOMEM: *asked are fewer
 * than `count`. */
PEAL_MUST_CHECK peal_err peal_gather_ask(peal_gather *gather, const peal_op *op,
                                         peal_socket *const *sockets,
                                         size_t count, size_t *asked);
/* At home: every worker has asked, `expected` clients together. Takes the
 * round's reference. */
void peal_gather_begin(peal_gather *gather, size_t expected, peal_err err);
/* There was no round: takes its reference, nobody is told. */
void peal_gather_drop(peal_gather *gather);
