/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_far: a question of this node on its way: from the worker that asks to
 * worker 0, what the others answer, and home with all of it. */
#include "cluster/cluster_impl.h"

typedef struct peal_cluster_far peal_cluster_far;

/* As the adapter's verb `ask`. Thread: any. */
PEAL_MUST_CHECK peal_err peal_cluster_far_ask(peal_cluster *cluster,
                                              const peal_bus_msg *question,
                                              uint32_t timeout_ms,
                                              peal_far_asker *asker);
/* On worker 0: a node has answered; borrowed. */
void peal_cluster_far_part(peal_cluster *cluster, peal_cluster_far *far,
                           const peal_bus_msg *part);
/* On worker 0: nothing more will come. */
void peal_cluster_far_done(peal_cluster_far *far,
                           const peal_cluster_event *done);
/* The end: what is open is answered with PEAL_ERR_CLOSED. */
void peal_cluster_far_drop(peal_cluster *cluster);
