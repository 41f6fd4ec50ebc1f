/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_sessions: connection state recovery over streams, as
 * redis-streams-adapter does it (reference 4.2): events are entries of a stream,
 * their ids the offsets; sessions are keys of Redis that end by themselves.
 *
 *   save   SET sio:session:<pid> base64(msgpack {sid, pid, rooms, data}) PX ms
 *   take   GETDEL, then XRANGE behind the offset, as far as this node has read:
 *          what comes behind that comes to the socket itself
 *
 * While Redis is away sessions wait here, and are saved when it is back.
 * The store's verbs are for any thread, all else is worker 0's. */
#include "cluster/cluster_impl.h"

/* Become the store of the server's recovery, if it is to have it: what is in
 * memory is given up. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_cluster_sessions_init(peal_cluster *cluster);
void peal_cluster_sessions_deinit(peal_cluster *cluster);
/* Redis is back: what waits is saved. */
void peal_cluster_sessions_up(peal_cluster *cluster);
/* The event of an entry, with its offset; NULL: it goes out as it is. */
peal_message *peal_cluster_sessions_stamp(const peal_cluster *cluster,
                                          const peal_op *op, peal_slice offset);
