/* SPDX-License-Identifier: MIT */
#pragma once
/* head_pool: header fields that many clients of a worker send alike (a
 * browser's, on one site), kept once for all of them. */
#include <peal/base.h>

#include "base/account.h"

typedef struct peal_head {
  struct peal_head *next; /* in its bucket */
  uint32_t hash;
  uint32_t refs;
  size_t len;
  char data[];
} peal_head;

typedef struct peal_head_pool {
  peal_head **buckets;
  const peal_mem *mem;
  peal_account_worker *account; /* each head is charged to it once */
  uint32_t count;
  uint32_t cap;  /* 0 or a power of two */
  uint32_t seed; /* so that no peer can make them collide */
} peal_head_pool;

void peal_head_pool_init(peal_head_pool *pool, const peal_mem *mem,
                         peal_account_worker *account, uint32_t seed);
/* All must have been given back. */
void peal_head_pool_deinit(peal_head_pool *pool);
/* A reference to the head with these bytes. Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_head *peal_head_pool_take(peal_head_pool *pool,
                                               peal_slice bytes);
/* NULL is allowed. */
void peal_head_pool_give(peal_head_pool *pool, peal_head *head);
