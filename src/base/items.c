/* SPDX-License-Identifier: MIT */
/* items: an array that grows (peal_items of <peal/val.h>). */
#include "base/build.h"
#include "base/val_impl.h"

struct peal_items {
  peal_build *build;
  peal_val *items;
  uint32_t count, cap;
};

peal_items *peal_items_new(peal_build *build) {
  peal_items *made = build ? peal_build_alloc(build, sizeof *made) : NULL;
  if (made)
    *made = (peal_items){.build = build};
  return made;
}

void peal_items_add(peal_items *to, peal_val value) {
  if (!to || to->build->err)
    return;
  if (to->count == to->cap) {
    peal_val *grown =
        peal_build_grow(to->build, to->items, &to->cap, sizeof *grown);
    if (!grown)
      return;
    to->items = grown;
  }
  to->items[to->count++] = value;
}

size_t peal_items_count(const peal_items *of) {
  return of ? of->count : 0;
}

peal_val peal_items_val(const peal_items *of) {
  if (!of || of->build->err)
    return peal_val_impl_lost(of ? of->build->err : PEAL_ERR_NOMEM);
  return peal_array(of->items, of->count);
}

peal_args peal_items_args(const peal_items *of) {
  static const peal_val no_memory = {.flags = PEAL_VAL_IMPL_LOST,
                                     .as.integer = PEAL_ERR_NOMEM};
  if (!of || of->build->err)
    return (peal_args){&no_memory, 1};
  return (peal_args){of->items, of->count};
}
