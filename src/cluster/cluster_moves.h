/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_moves: how many sockets of this node are in each room: what changed in
 * a worker's turn goes to worker 0 at its end, as the number that is there now. So
 * a number that was lost is mended by the next one. */
#include "cluster/cluster_impl.h"

/* One for each worker. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_cluster_moves_init(peal_cluster *cluster);
void peal_cluster_moves_deinit(peal_cluster *cluster);
/* On the worker of `local`: somebody has come into this room or has left it;
 * room.ptr NULL: the namespace. */
void peal_cluster_moves_note(peal_cluster *cluster, peal_nsp_local *local,
                             peal_slice room, bool is_private);
/* How many sockets of this node are there; room.ptr NULL: in the namespace. Under
 * the lock. */
size_t peal_cluster_moves_count(const peal_cluster *cluster, peal_slice nsp,
                                peal_slice room);
