/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_streams: entries to the streams of Redis, and what is read of them, as
 * redis-streams-adapter does it. On worker 0. */
#include "cluster/cluster_impl.h"

/* The name of a stream: with several of them, its number behind it; in the
 * cluster's scratch `channel`. NULL ptr: no memory. */
peal_slice peal_cluster_streams_name(peal_cluster *cluster, unsigned stream);
/* What an entry says, in the arena `decoded`, which is reset; the message is the
 * caller's. False: of no form that is known. */
bool peal_cluster_streams_decode(peal_cluster *cluster,
                                 const peal_redis_reply *fields,
                                 peal_bus_msg *out);
/* ADD. */
void peal_cluster_streams_add(peal_cluster *cluster,
                              const peal_cluster_event *event);
/* Tell those who wait for the entry of this number; 0: all who wait. */
void peal_cluster_streams_stored(peal_cluster *cluster, uint64_t number,
                                 peal_err err, peal_slice id);
/* READ: from there on, until it is told to read the stream from elsewhere. */
void peal_cluster_streams_read(peal_cluster *cluster,
                               const peal_cluster_event *event);
/* Behind the way to Redis: readings that wait to ask again. */
void peal_cluster_streams_drop(peal_cluster *cluster);
