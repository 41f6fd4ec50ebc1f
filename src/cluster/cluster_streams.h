/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_streams: entries to the streams of Redis, and what is read of them, as
 * redis-streams-adapter does it. On worker 0. */
#include "cluster/cluster_impl.h"

/* ADD. */
void peal_cluster_streams_add(peal_cluster *cluster,
                              const peal_cluster_event *event);
/* READ: from there on, until it is told to read the stream from elsewhere. */
void peal_cluster_streams_read(peal_cluster *cluster,
                               const peal_cluster_event *event);
