/* SPDX-License-Identifier: MIT */
#pragma once
/* http_address: how many connections each peer address has, for the limit per
 * address. Counts are kept only if there is a limit. */
#include <uv.h>

#include <peal/base.h>

/* The tag of a connection that was refused: it counts nowhere. */
#define PEAL_HTTP_ADDRESS_REFUSED UINT32_MAX

typedef struct peal_http_addresses {
  uv_mutex_t lock;
  const peal_mem *mem;
  size_t max; /* connections of one address; 0: nothing is counted */
  struct peal_http_address_entry *entries;
  uint32_t *buckets;
  uint32_t cap;   /* of both, a power of two */
  uint32_t count; /* entries ever used */
  uint32_t free;  /* first of the free ones, chained */
  uint32_t seed;
} peal_http_addresses;

PEAL_MUST_CHECK peal_err peal_http_address_init(peal_http_addresses *table,
                                                size_t max,
                                                const peal_mem *mem);
void peal_http_address_deinit(peal_http_addresses *table);
/* One connection more. *tag is to be given back; 0 if nothing is counted.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. Thread: any. */
PEAL_MUST_CHECK peal_err peal_http_address_add(peal_http_addresses *table,
                                               const uint8_t ip[16],
                                               uint32_t *tag);
/* One less. Thread: any. */
void peal_http_address_remove(peal_http_addresses *table, uint32_t tag);
