/* SPDX-License-Identifier: MIT */
#pragma once
/* address_count: how many connections each peer address has, for the limit per
 * address. Counts are kept only if there is a limit. */
#include <uv.h>

#include <peal/base.h>

/* The tag of a connection that was refused: it counts nowhere. */
#define PEAL_ADDRESS_COUNT_REFUSED UINT32_MAX

typedef struct peal_address_counts {
  uv_mutex_t lock;
  const peal_mem *mem;
  size_t max; /* connections of one address; 0: nothing is counted */
  struct peal_address_count_entry *entries;
  uint32_t *buckets;
  uint32_t cap;   /* of both, a power of two */
  uint32_t count; /* entries ever used */
  uint32_t free;  /* first of the free ones, chained */
  uint32_t seed;
} peal_address_counts;

PEAL_MUST_CHECK peal_err peal_address_count_init(peal_address_counts *table,
                                                 size_t max,
                                                 const peal_mem *mem);
void peal_address_count_deinit(peal_address_counts *table);
/* One connection more. *tag is to be given back; 0 if nothing is counted.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. Thread: any. */
PEAL_MUST_CHECK peal_err peal_address_count_add(peal_address_counts *table,
                                                const uint8_t ip[16],
                                                uint32_t *tag);
/* One less. Thread: any. */
void peal_address_count_remove(peal_address_counts *table, uint32_t tag);
