/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_queue: messages that wait until Redis is back, and until those are who
 * are to hear them: what is published before they have subscribed again is lost.
 * Behind it everything keeps its order. On worker 0. */
#include "cluster/cluster_impl.h"

/* Must a message wait? */
bool peal_cluster_queue_is_due(const peal_cluster *cluster);
/* Keep one, copied. False: there is no room, or memory is out. */
PEAL_MUST_CHECK bool peal_cluster_queue_add(peal_cluster *cluster,
                                            peal_redis_way way,
                                            peal_slice channel,
                                            peal_slice payload);
/* Redis is back. */
void peal_cluster_queue_up(peal_cluster *cluster);
/* Send what waits if its time has come; true: it is to be asked again soon. */
bool peal_cluster_queue_flush(peal_cluster *cluster);
void peal_cluster_queue_drop(peal_cluster *cluster);
