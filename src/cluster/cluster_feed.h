/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_feed: what comes from Redis, decoded, to the machine. Nothing in it is
 * trusted. On worker 0. */
#include "cluster/cluster_impl.h"

/* A message of a channel, as peal_redis_opts.on_message; `user` is the cluster. */
void peal_cluster_feed_message(peal_redis *redis,
                               const peal_redis_message *message, void *user);
