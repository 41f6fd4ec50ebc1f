/* SPDX-License-Identifier: MIT */
#include "proto/eio_keys.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define MIN_BUCKETS 16u

typedef struct bucket {
  uint64_t key; /* 0: free */
  uint32_t pos;
} bucket;

struct peal_eio_keys {
  const peal_mem *mem;
  peal_account_worker *account;
  uint32_t count;
  uint32_t mask; /* buckets - 1; at most half of them are used */
  bucket buckets[];
};

static size_t bytes_of(size_t buckets) {
  return sizeof(peal_eio_keys) + buckets * sizeof(bucket);
}

peal_eio_keys *peal_eio_keys_new(uint32_t count, const peal_mem *mem,
                                 peal_account_worker *account) {
  size_t buckets = MIN_BUCKETS;
  while (buckets < 4 * (size_t)count)
    buckets *= 2;
  if (buckets > UINT32_MAX ||
      (account && peal_account_worker_charge(account, bytes_of(buckets))))
    return NULL;
  peal_eio_keys *keys = peal_mem_zalloc(mem, bytes_of(buckets));
  if (!keys) {
    if (account)
      peal_account_worker_release(account, bytes_of(buckets));
    return NULL;
  }
  keys->mem = mem;
  keys->account = account;
  keys->mask = (uint32_t)(buckets - 1);
  return keys;
}

void peal_eio_keys_free(peal_eio_keys *keys) {
  if (!keys)
    return;
  if (keys->account)
    peal_account_worker_release(keys->account,
                                bytes_of(keys->mask + (size_t)1));
  peal_mem_free(keys->mem, keys);
}

bool peal_eio_keys_fits(const peal_eio_keys *keys, uint32_t count) {
  return 2 * (size_t)count <= keys->mask;
}

uint32_t peal_eio_keys_count(const peal_eio_keys *keys) {
  return keys->count;
}

static uint32_t home_of(const peal_eio_keys *keys, uint64_t key) {
  return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & keys->mask;
}

/* The bucket of this key, or the free one where it belongs. */
static uint32_t bucket_of(const peal_eio_keys *keys, uint64_t key) {
  uint32_t at = home_of(keys, key);
  while (keys->buckets[at].key && keys->buckets[at].key != key)
    at = (at + 1) & keys->mask;
  return at;
}

bool peal_eio_keys_find(const peal_eio_keys *keys, uint64_t key,
                        uint32_t *pos) {
  const bucket *found = &keys->buckets[bucket_of(keys, key)];
  *pos = found->pos;
  return found->key != 0;
}

void peal_eio_keys_put(peal_eio_keys *keys, uint64_t key, uint32_t pos) {
  bucket *free_one = &keys->buckets[bucket_of(keys, key)];
  assert(key && !free_one->key && peal_eio_keys_fits(keys, keys->count + 1));
  *free_one = (bucket){key, pos};
  keys->count++;
}

/* Linear probing without tombstones: what stands behind the hole and may be
 * nearer to its own bucket moves into it. */
void peal_eio_keys_remove(peal_eio_keys *keys, uint64_t key) {
  uint32_t hole = bucket_of(keys, key);
  assert(keys->buckets[hole].key);
  for (uint32_t next = (hole + 1) & keys->mask; keys->buckets[next].key;
       next = (next + 1) & keys->mask) {
    uint32_t home = home_of(keys, keys->buckets[next].key);
    if (((next - home) & keys->mask) < ((next - hole) & keys->mask))
      continue;
    keys->buckets[hole] = keys->buckets[next];
    hole = next;
  }
  keys->buckets[hole].key = 0;
  keys->count--;
}

void peal_eio_keys_clear(peal_eio_keys *keys) {
  memset(keys->buckets, 0, (keys->mask + (size_t)1) * sizeof(bucket));
  keys->count = 0;
}
