/* SPDX-License-Identifier: MIT */
#include "base/iovs.h"

#include <string.h>

#include "base/limits.h"

/* Below this a copy is cheaper than one more piece of the write. */
#define IOVS_COPY_BYTES 512u

void peal_iovs_init(peal_iovs *iovs, char *scratch, size_t scratch_cap) {
  iovs->scratch = scratch;
  iovs->scratch_cap = scratch_cap;
  peal_iovs_reset(iovs);
}

void peal_iovs_reset(peal_iovs *iovs) {
  iovs->count = 0;
  iovs->bytes = 0;
  iovs->scratch_len = 0;
  iovs->is_all = false;
}

static bool iovs_reference(peal_iovs *iovs, peal_slice data) {
  if (iovs->count == PEAL_LIMIT_IOVECS)
    return false;
  iovs->items[iovs->count++] = data;
  iovs->bytes += data.len;
  return true;
}

bool peal_iovs_add(peal_iovs *iovs, peal_slice data) {
  if (data.len <= IOVS_COPY_BYTES && peal_iovs_copy(iovs, data))
    return true;
  return iovs_reference(iovs, data);
}

char *peal_iovs_reserve(peal_iovs *iovs, size_t len) {
  if (len > iovs->scratch_cap - iovs->scratch_len ||
      iovs->count == PEAL_LIMIT_IOVECS)
    return NULL;
  return iovs->scratch + iovs->scratch_len;
}

void peal_iovs_commit(peal_iovs *iovs, size_t len) {
  char *from = iovs->scratch + iovs->scratch_len;
  peal_slice *last = iovs->count > 0 ? &iovs->items[iovs->count - 1] : NULL;
  if (len == 0)
    return;
  /* Only a copied piece can end where the scratch goes on. */
  if (last && iovs->scratch_len > 0 && last->ptr + last->len == from)
    last->len += len;
  else
    iovs->items[iovs->count++] = (peal_slice){from, len};
  iovs->bytes += len;
  iovs->scratch_len += len;
}

bool peal_iovs_copy(peal_iovs *iovs, peal_slice data) {
  if (data.len == 0)
    return true;
  char *to = peal_iovs_reserve(iovs, data.len);
  if (!to)
    return false;
  memcpy(to, data.ptr, data.len);
  peal_iovs_commit(iovs, data.len);
  return true;
}
