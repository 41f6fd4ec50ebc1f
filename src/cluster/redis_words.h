/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_words: errors of Redis in words that say what to do. */
#include "cluster/redis_reply.h"

/* Written to `out`, terminated: what the error means, and what Redis itself
 * said. `reply` is an error. Returns `out`. Thread: pure. */
const char *peal_redis_words_error(char *out, size_t cap,
                                   const peal_redis_reply *reply);
