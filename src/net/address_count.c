/* SPDX-License-Identifier: MIT */
#include "net/address_count.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "net/crypto.h"

#define FIRST_CAP 64u

/* Tags and links are index + 1; 0 is none. */
struct peal_address_count_entry {
  uint8_t ip[16];
  uint32_t count;
  uint32_t next; /* in the bucket, or in the free chain */
};

peal_err peal_address_count_init(peal_address_counts *table, size_t max,
                                 const peal_mem *mem) {
  *table = (peal_address_counts){.max = max, .mem = mem};
  if (uv_mutex_init(&table->lock))
    return PEAL_ERR_SYSTEM;
  return peal_crypto_random(&table->seed, sizeof(table->seed));
}

void peal_address_count_deinit(peal_address_counts *table) {
  peal_mem_free(table->mem, table->entries);
  peal_mem_free(table->mem, table->buckets);
  uv_mutex_destroy(&table->lock);
}

static uint32_t *bucket_of(const peal_address_counts *table,
                           const uint8_t ip[16]) {
  peal_slice key = {(const char *)ip, 16};
  return &table->buckets[peal_map_hash(key, table->seed) & (table->cap - 1)];
}

static bool grow(peal_address_counts *table) {
  uint32_t cap = table->cap ? table->cap * 2 : FIRST_CAP;
  uint32_t *buckets =
      peal_mem_zalloc(table->mem, (size_t)cap * sizeof(*buckets));
  if (!buckets)
    return false;
  struct peal_address_count_entry *entries = peal_mem_resize(
      table->mem, table->entries, (size_t)cap * sizeof(*entries));
  if (!entries) {
    peal_mem_free(table->mem, buckets);
    return false;
  }
  peal_mem_free(table->mem, table->buckets);
  table->entries = entries;
  table->buckets = buckets;
  table->cap = cap;
  /* All are in use: otherwise there would be a free one. */
  for (uint32_t i = 0; i < table->count; i++) {
    uint32_t *bucket = bucket_of(table, entries[i].ip);
    entries[i].next = *bucket;
    *bucket = i + 1;
  }
  return true;
}

static uint32_t find(const peal_address_counts *table, const uint8_t ip[16]) {
  if (!table->cap)
    return 0;
  uint32_t tag = *bucket_of(table, ip);
  while (tag && memcmp(table->entries[tag - 1].ip, ip, 16) != 0)
    tag = table->entries[tag - 1].next;
  return tag;
}

static uint32_t insert(peal_address_counts *table, const uint8_t ip[16]) {
  uint32_t tag = table->free;
  if (tag) {
    table->free = table->entries[tag - 1].next;
  } else {
    if (table->count == table->cap && !grow(table))
      return 0;
    tag = ++table->count;
  }
  struct peal_address_count_entry *entry = &table->entries[tag - 1];
  uint32_t *bucket = bucket_of(table, ip);
  memcpy(entry->ip, ip, 16);
  entry->count = 0;
  entry->next = *bucket;
  *bucket = tag;
  return tag;
}

static peal_err add(peal_address_counts *table, const uint8_t ip[16],
                    uint32_t *tag) {
  uint32_t found = find(table, ip);
  if (!found)
    found = insert(table, ip);
  if (!found)
    return PEAL_ERR_NOMEM;
  struct peal_address_count_entry *entry = &table->entries[found - 1];
  if (entry->count >= table->max)
    return PEAL_ERR_LIMIT;
  entry->count++;
  *tag = found;
  return PEAL_OK;
}

peal_err peal_address_count_add(peal_address_counts *table,
                                const uint8_t ip[16], uint32_t *tag) {
  *tag = 0;
  if (!table->max)
    return PEAL_OK;
  uv_mutex_lock(&table->lock);
  peal_err err = add(table, ip, tag);
  uv_mutex_unlock(&table->lock);
  return err;
}

static void drop(peal_address_counts *table, uint32_t tag) {
  struct peal_address_count_entry *entry = &table->entries[tag - 1];
  uint32_t *link = bucket_of(table, entry->ip);
  while (*link != tag)
    link = &table->entries[*link - 1].next;
  *link = entry->next;
  entry->next = table->free;
  table->free = tag;
}

void peal_address_count_remove(peal_address_counts *table, uint32_t tag) {
  if (!tag)
    return;
  uv_mutex_lock(&table->lock);
  if (--table->entries[tag - 1].count == 0)
    drop(table, tag);
  uv_mutex_unlock(&table->lock);
}
