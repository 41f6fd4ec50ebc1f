/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_log: this node's own operations on their way to a stream: each runs
 * here once, and is kept until it has come back.
 *
 *   _add ── ADD ──> stored ── comes back: runs here, with its offset
 *    │       └ refused ──────────────────> runs here, without one
 *    │       └ the connection broke: runs here, and whether it is stored is
 *    │         seen when the stream has been read up to its end: if not, it is
 *    │         added again, or forgotten (opts.keep)
 *    └ the bus is away: runs here; is added later, or forgotten
 *
 * All of one namespace run in the order in which they were added. */
#include "proto/cluster_state.h"

void peal_cluster_log_init(peal_cluster_machine *machine);
void peal_cluster_log_deinit(peal_cluster_machine *machine);
/* `relayed`: in the name of what this node relays.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM, PEAL_ERR_USAGE: it does not run. */
PEAL_MUST_CHECK peal_err peal_cluster_log_add(peal_cluster_machine *machine,
                                              const peal_op *op, bool relayed);
/* As peal_cluster_machine_added. */
void peal_cluster_log_added(peal_cluster_machine *machine, uint64_t number,
                            peal_slice id, peal_err err);
/* A stream has been read further, past something of no form that is known: what
 * was stored there does not come back. */
void peal_cluster_log_passed(peal_cluster_machine *machine, unsigned stream);
/* An entry of this node's has come back under `offset`; there is room for one to
 * be said. False: it was there before. */
bool peal_cluster_log_echo(peal_cluster_machine *machine,
                           const peal_bus_msg *msg, peal_slice offset);
/* Of a stream, entries are gone that were not read: whether what is doubted was
 * among them nobody can tell, and it is not stored again. */
void peal_cluster_log_trimmed(peal_cluster_machine *machine, unsigned stream);
/* The bus has gone; the streams have been read up to their ends; it is over:
 * what has not run, runs. */
void peal_cluster_log_down(peal_cluster_machine *machine);
void peal_cluster_log_current(peal_cluster_machine *machine);
void peal_cluster_log_end(peal_cluster_machine *machine);
bool peal_cluster_log_has_news(const peal_cluster_machine *machine);
/* RUN: before what has been said since. */
bool peal_cluster_log_next_run(peal_cluster_machine *machine, peal_arena *arena,
                               peal_cluster_event *event);
bool peal_cluster_log_next_add(peal_cluster_machine *machine, peal_arena *arena,
                               peal_cluster_event *event);
bool peal_cluster_log_check(const peal_cluster_machine *machine);
