/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_route: commands to the server that has their slot, their answers to
 * whoever asked; what a Redis Cluster sends elsewhere is sent elsewhere. */
#include "cluster/redis_impl.h"

/* NULL: not known. */
peal_redis_node *peal_redis_route_node(peal_redis *redis, int slot);
/* Subscriptions that have no server yet get theirs. */
void peal_redis_route_subs(peal_redis *redis);
