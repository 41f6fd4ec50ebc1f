/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_kept: questions of other nodes that this one has not answered yet: whom
 * the answer is for. On worker 0. */
#include "cluster/cluster_impl.h"

/* Keep what the answers will need of `question`. 0: there are too many, or memory
 * is out. */
uint64_t peal_cluster_kept_new(peal_cluster *cluster,
                               peal_cluster_dialect dialect,
                               const peal_bus_msg *question);
/* An answer of this node's; one that comes too late is dropped. */
void peal_cluster_kept_answer(peal_cluster *cluster, uint64_t number,
                              const peal_bus_msg *answer);
/* It will not be answered. */
void peal_cluster_kept_forget(peal_cluster *cluster, uint64_t number);
/* Forget all. */
void peal_cluster_kept_drop(peal_cluster *cluster);
