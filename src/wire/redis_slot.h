/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_slot: which of a Redis Cluster's slots a key belongs to (Redis Cluster
 * specification, "Key distribution model" and "Hash tags"); a channel of
 * sharded Pub/Sub is as a key. */
#include <peal/base.h>

#define PEAL_REDIS_SLOTS 16384u

/* CRC16 of what stands between the first '{' and the next '}', if that is
 * something, or else of all of it, modulo the slots. Thread: pure. */
unsigned peal_redis_slot_of(peal_slice key);
