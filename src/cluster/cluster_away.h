/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_away: the bus of sessions whose requests arrive at other nodes: the
 * channels of @socket.io/cluster-engine, "engine.io#" for all and
 * "engine.io#<node>#" for one, on the cluster's pair to Redis. A node is known
 * by a new name each time it comes up: what was on the way to it before may be
 * lost, and so the others learn of it. */
#include "cluster/cluster_impl.h"

/* Returns: PEAL_OK (also with opts.sticky), PEAL_ERR_NOMEM, PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_cluster_away_init(peal_cluster *cluster);
/* Redis is being sought. */
void peal_cluster_away_start(peal_cluster *cluster);
void peal_cluster_away_state(peal_cluster *cluster, bool up);
/* Takes a message that is of these channels; false: it is another's. */
bool peal_cluster_away_feed(peal_cluster *cluster,
                            const peal_redis_message *message);
/* Behind the end of Redis; before the run too. */
void peal_cluster_away_deinit(peal_cluster *cluster);
