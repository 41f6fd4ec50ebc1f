/* SPDX-License-Identifier: MIT */
#pragma once
/* quota: how many sessions there may be at one time, on the server and from
 * one address; and how many of them may be on trial, begun and not used. An
 * IPv6 peer has a /64 at least, which counts as one; peers without an address
 * (Unix sockets) count for the server only. */
#include <stdatomic.h>

#include "net/address_count.h"

typedef struct peal_quota {
  atomic_uint count;
  uint32_t max; /* 0: no limit */
  peal_address_counts addresses;
  peal_address_counts trials;
} peal_quota;

/* `max_per_address` 0: no limit, for trials neither. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_quota_init(peal_quota *quota, uint32_t max,
                                         uint32_t max_per_address,
                                         const peal_mem *mem);
void peal_quota_deinit(peal_quota *quota);
/* One session more, from an address as text. *tag is to be given back.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. Thread: any. */
PEAL_MUST_CHECK peal_err peal_quota_take(peal_quota *quota, peal_slice address,
                                         uint32_t *tag);
/* Thread: any. */
void peal_quota_give(peal_quota *quota, uint32_t tag);
/* The same for a session on trial, besides. Returns: PEAL_OK, PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM. Thread: any. */
PEAL_MUST_CHECK peal_err peal_quota_try(peal_quota *quota, peal_slice address,
                                        uint32_t *tag);
/* Its trial is over. Thread: any. */
void peal_quota_tried(peal_quota *quota, uint32_t tag);
