/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_count: how many subscribe to a channel: asked of all masters, summed. */
#include "cluster/redis_impl.h"

/* As peal_redis_count. */
PEAL_MUST_CHECK peal_err peal_redis_count_ask(peal_redis *redis,
                                              peal_redis_way way,
                                              peal_slice channel,
                                              peal_redis_count_fn fn,
                                              void *user);
