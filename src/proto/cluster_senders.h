/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_senders: which numbers of other nodes' operations have been taken from
 * the streams, so that what was stored twice runs once: a node stores again what
 * it does not find there after an outage. Of each node the last 64 numbers in
 * each stream are known, and of nodes those heard of last; a node that has been
 * away for long is still among them. */
#include "proto/cluster_state.h"

void peal_cluster_senders_init(peal_cluster_machine *machine, uint32_t seed);
void peal_cluster_senders_deinit(peal_cluster_machine *machine);
/* An operation of this number has come. False: it has come before. One that is
 * far behind the last is taken: a stream that was full gets it late, and what is
 * stored twice stands close together; so is all if memory is out. */
bool peal_cluster_senders_take(peal_cluster_machine *machine, peal_slice name,
                               unsigned stream, uint64_t number);
