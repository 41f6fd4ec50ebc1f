/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_tell: is it up? Said to the owner and to the log, once for each
 * outage. */
#include "cluster/redis_impl.h"

/* Something has changed, perhaps. In a callback of net/ only. */
void peal_redis_tell_look(peal_redis *redis);
