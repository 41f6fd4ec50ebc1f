/* SPDX-License-Identifier: MIT */
#pragma once
/* iovs: what a machine's _pull fills: pieces of one write. Long pieces are
 * referenced, short ones are copied one after the other into the worker's
 * scratch, so that sixteen small messages leave as one piece.
 * Pulling changes nothing: what was pulled and not reported by _sent comes
 * again at the next pull. */
#include <peal/base.h>

#include "base/limits.h"

typedef struct peal_iovs {
  peal_slice items[PEAL_LIMIT_IOVECS];
  size_t count;
  size_t bytes;  /* of all items */
  char *scratch; /* borrowed from the worker */
  size_t scratch_len;
  size_t scratch_cap;
  bool is_all; /* said by who fills it: nothing waits but this, so that it need
                * not be asked again; false as long as nobody says so */
} peal_iovs;

void peal_iovs_init(peal_iovs *iovs, char *scratch, size_t scratch_cap);
void peal_iovs_reset(peal_iovs *iovs);
/* Append all of `data` (borrowed until written) or nothing.
 * Returns false if there is no room: stop pulling. */
bool peal_iovs_add(peal_iovs *iovs, peal_slice data);
/* Append a copy, always; for headers built on the stack.
 * Returns false if there is no room. */
bool peal_iovs_copy(peal_iovs *iovs, peal_slice data);
/* Room for `len` bytes in the scratch that will belong to the last piece, or
 * NULL if there is none or they would begin a piece too many. Write them at
 * once, then commit what was written. */
char *peal_iovs_reserve(peal_iovs *iovs, size_t len);
void peal_iovs_commit(peal_iovs *iovs, size_t len);
