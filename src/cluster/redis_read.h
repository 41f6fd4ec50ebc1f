/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_read: bytes of a connection to replies. hiredis reads the protocol; what
 * it reads becomes a tree in an arena, one reply at a time.
 * In the flow: net/stream -> [redis_read] -> cluster/redis_conn. */
#include <peal/base.h>

#include "cluster/redis_reply.h"

typedef struct peal_redis_read peal_redis_read;

/* `max_bytes` is the ceiling of one reply, as it comes and as a tree. NULL if
 * memory is out. */
PEAL_MUST_CHECK peal_redis_read *peal_redis_read_new(const peal_mem *mem,
                                                     size_t max_bytes);
void peal_redis_read_free(peal_redis_read *read);
/* Bytes have come; copied. Then _next until it wants more.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_redis_read_feed(peal_redis_read *read,
                                              peal_slice data);
/* The next whole reply, valid until the next call.
 * Returns: PEAL_OK; PEAL_ERR_AGAIN; PEAL_ERR_TOO_LONG; PEAL_ERR_ANSWER: it is
 * no reply, or nested too deeply; PEAL_ERR_NOMEM.
 * Behind an error nothing can be read any more. */
PEAL_MUST_CHECK peal_err peal_redis_read_next(peal_redis_read *read,
                                              const peal_redis_reply **out);
