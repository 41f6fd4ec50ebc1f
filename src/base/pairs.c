/* SPDX-License-Identifier: MIT */
/* pairs: an object that grows (peal_pairs of <peal/val.h>). */
#include <string.h>

#include "base/build.h"
#include "base/val_impl.h"

struct peal_pairs {
  peal_build *build;
  peal_pair *pairs;
  uint32_t *lens; /* of the keys, once one of them has a NUL byte inside */
  uint32_t count, cap, lens_cap;
};

peal_pairs *peal_pairs_new(peal_build *build) {
  peal_pairs *made = build ? peal_build_alloc(build, sizeof *made) : NULL;
  if (made)
    *made = (peal_pairs){.build = build};
  return made;
}

void peal_pairs_add(peal_pairs *to, const char *key, peal_val value) {
  if (!to || to->build->err)
    return;
  if (to->count == to->cap) {
    peal_pair *grown =
        peal_build_grow(to->build, to->pairs, &to->cap, sizeof *grown);
    if (!grown)
      return;
    to->pairs = grown;
  }
  to->pairs[to->count++] = (peal_pair){key ? key : "", value};
}

/* Room for a length per pair that there is; those so far are as far as the
 * terminator. */
static bool begin_lens(peal_pairs *to) {
  uint32_t had = to->lens ? to->lens_cap : 0;
  if (to->lens && to->lens_cap >= to->cap)
    return true;
  uint32_t *lens = peal_build_alloc(to->build, to->cap * sizeof *lens);
  if (!lens)
    return false;
  for (uint32_t i = 0; i < had; i++)
    lens[i] = to->lens[i];
  for (uint32_t i = had; i < to->cap; i++)
    lens[i] = UINT32_MAX;
  to->lens = lens;
  to->lens_cap = to->cap;
  return true;
}

void peal_pairs_add_n(peal_pairs *to, peal_slice key, peal_val value) {
  if (!to || to->build->err)
    return;
  char *copy = peal_build_alloc(to->build, key.len + 1);
  if (!copy)
    return;
  if (key.len)
    memcpy(copy, key.ptr, key.len);
  copy[key.len] = '\0';
  peal_pairs_add(to, copy, value);
  if (to->build->err || strlen(copy) == key.len || !begin_lens(to))
    return;
  to->lens[to->count - 1] = (uint32_t)key.len;
}

size_t peal_pairs_count(const peal_pairs *of) {
  return of ? of->count : 0;
}

/* With the lengths behind the pairs, as values have them. */
static peal_val keyed(const peal_pairs *of) {
  size_t each = sizeof(peal_pair) + sizeof(uint32_t);
  peal_pair *pairs = peal_build_alloc(of->build, of->count * each);
  if (!pairs)
    return peal_val_impl_lost(of->build->err);
  memcpy(pairs, of->pairs, of->count * sizeof *pairs);
  uint32_t *lens = (uint32_t *)(void *)(pairs + of->count);
  for (uint32_t i = 0; i < of->count; i++) {
    bool counted = i < of->lens_cap && of->lens[i] != UINT32_MAX;
    lens[i] = counted ? of->lens[i] : (uint32_t)strlen(pairs[i].key);
  }
  return peal_val_impl_keyed(peal_object(pairs, of->count));
}

peal_val peal_pairs_val(const peal_pairs *of) {
  if (!of || of->build->err)
    return peal_val_impl_lost(of ? of->build->err : PEAL_ERR_NOMEM);
  return of->lens ? keyed(of) : peal_object(of->pairs, of->count);
}
