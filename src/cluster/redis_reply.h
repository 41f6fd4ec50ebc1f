/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_reply: what Redis says, as a tree. hiredis reads the protocol (RESP2);
 * the tree is ours, in the worker's memory, bounded while it grows.
 * In the flow: net/stream -> [redis_reply] -> cluster/redis_conn. */
#include <peal/base.h>

typedef enum peal_redis_reply_kind {
  PEAL_REDIS_NIL,
  PEAL_REDIS_STRING,
  PEAL_REDIS_STATUS, /* "OK" */
  PEAL_REDIS_ERROR,  /* "WRONGPASS ..." */
  PEAL_REDIS_INTEGER,
  PEAL_REDIS_ARRAY
} peal_redis_reply_kind;

typedef struct peal_redis_reply {
  peal_redis_reply_kind kind;
  int64_t number;                  /* of an integer */
  peal_slice text;                 /* of a string, status, error */
  size_t count;                    /* of an array */
  struct peal_redis_reply **items; /* `count`, none of them NULL */
} peal_redis_reply;

/* Item `at` of an array; NULL if it is none or has not so many. `reply` may be
 * NULL. Thread: pure. */
const peal_redis_reply *peal_redis_reply_at(const peal_redis_reply *reply,
                                            size_t at);
/* Its text, or that of the array's item; {NULL, 0} if it is another kind.
 * Thread: pure. */
peal_slice peal_redis_reply_text(const peal_redis_reply *reply);
peal_slice peal_redis_reply_text_at(const peal_redis_reply *reply, size_t at);
/* An integer, also one that stands as digits in a string. False: it is none.
 * Thread: pure. */
bool peal_redis_reply_number(const peal_redis_reply *reply, int64_t *out);
/* Is it an error that begins with this word? "MOVED". Thread: pure. */
bool peal_redis_reply_is_error(const peal_redis_reply *reply, const char *word);
