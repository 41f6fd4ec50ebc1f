/* SPDX-License-Identifier: MIT */
#pragma once
/* event_bucket: what one socket may still send (event_rate). */
#include "server/belongings.h"

typedef struct peal_event_bucket {
  uint64_t at_ms; /* when it was filled last */
  uint64_t milli; /* parts in it */
  uint64_t log_ms;
  uint32_t dropped; /* since the last line of the log */
  bool is_new;
  bool has_own;
  peal_event_rate own;
} peal_event_bucket;

/* NULL: it has none. */
static inline peal_event_bucket *peal_event_bucket_of(
    const peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  return own ? own->bucket : NULL;
}

/* Made if it is missing. Returns: as peal_belongings_alloc. */
PEAL_MUST_CHECK peal_err peal_event_bucket_open(peal_socket *socket,
                                                peal_event_bucket **out);
/* The socket ends. */
void peal_event_bucket_end(peal_socket *socket);
