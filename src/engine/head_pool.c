/* SPDX-License-Identifier: MIT */
#include "engine/head_pool.h"

#include <assert.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define MIN_CAP 16u

void peal_head_pool_init(peal_head_pool *pool, const peal_mem *mem,
                         peal_account_worker *account, uint32_t seed) {
  *pool = (peal_head_pool){
      .mem = peal_mem_or_libc(mem), .account = account, .seed = seed};
}

void peal_head_pool_deinit(peal_head_pool *pool) {
  assert(!pool->count);
  peal_mem_free(pool->mem, pool->buckets);
  pool->buckets = NULL;
  pool->cap = 0;
}

static peal_head **bucket_of(const peal_head_pool *pool, uint32_t hash) {
  return &pool->buckets[hash & (pool->cap - 1)];
}

static void put(peal_head_pool *pool, peal_head *head) {
  peal_head **bucket = bucket_of(pool, head->hash);
  head->next = *bucket;
  *bucket = head;
}

/* A table that cannot grow is slower, and no error but when it is the first. */
static bool make_room(peal_head_pool *pool) {
  if (pool->count < pool->cap || pool->cap > UINT32_MAX / 4)
    return true;
  uint32_t cap = pool->cap ? pool->cap * 2 : MIN_CAP;
  peal_head **buckets = peal_mem_zalloc(pool->mem, cap * sizeof *buckets);
  if (!buckets)
    return pool->cap != 0;
  peal_head_pool old = *pool;
  pool->buckets = buckets;
  pool->cap = cap;
  for (uint32_t i = 0; i < old.cap; i++)
    for (peal_head *head = old.buckets[i], *next; head; head = next) {
      next = head->next;
      put(pool, head);
    }
  peal_mem_free(pool->mem, old.buckets);
  return true;
}

static peal_head *find(const peal_head_pool *pool, uint32_t hash,
                       peal_slice bytes) {
  if (!pool->cap)
    return NULL;
  peal_head *head = *bucket_of(pool, hash);
  while (head && (head->hash != hash || head->len != bytes.len ||
                  memcmp(head->data, bytes.ptr, bytes.len) != 0))
    head = head->next;
  return head;
}

static peal_head *add(peal_head_pool *pool, uint32_t hash, peal_slice bytes) {
  size_t size = sizeof(peal_head) + bytes.len;
  if (!make_room(pool) || peal_account_worker_charge(pool->account, size))
    return NULL;
  peal_head *head = peal_mem_alloc(pool->mem, size);
  if (!head) {
    peal_account_worker_release(pool->account, size);
    return NULL;
  }
  head->hash = hash;
  head->refs = 1;
  head->len = bytes.len;
  if (bytes.len)
    memcpy(head->data, bytes.ptr, bytes.len);
  put(pool, head);
  pool->count++;
  return head;
}

peal_head *peal_head_pool_take(peal_head_pool *pool, peal_slice bytes) {
  uint32_t hash = peal_map_hash(bytes, pool->seed);
  peal_head *head = find(pool, hash, bytes);
  if (!head)
    return add(pool, hash, bytes);
  head->refs++;
  return head;
}

void peal_head_pool_give(peal_head_pool *pool, peal_head *head) {
  if (!head || --head->refs)
    return;
  peal_head **link = bucket_of(pool, head->hash);
  while (*link != head)
    link = &(*link)->next;
  *link = head->next;
  pool->count--;
  peal_account_worker_release(pool->account, sizeof *head + head->len);
  peal_mem_free(pool->mem, head);
}
