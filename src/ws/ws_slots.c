/* SPDX-License-Identifier: MIT */
#include "ws/ws_slots.h"

#include <assert.h>

#include "base/mem.h"

#define FIRST_CAP 16u

void peal_ws_slots_init(peal_ws_slots *slots, const peal_mem *mem) {
  *slots = (peal_ws_slots){.mem = mem};
}

void peal_ws_slots_deinit(peal_ws_slots *slots) {
  peal_mem_free(slots->mem, slots->items);
  peal_ws_slots_init(slots, slots->mem);
}

static peal_err grow(peal_ws_slots *slots) {
  uint32_t cap = slots->cap ? slots->cap * 2 : FIRST_CAP;
  if (cap <= slots->cap)
    return PEAL_ERR_NOMEM;
  peal_ws_slot *items =
      peal_mem_resize(slots->mem, slots->items, cap * sizeof *items);
  if (!items)
    return PEAL_ERR_NOMEM;
  slots->items = items;
  slots->cap = cap;
  return PEAL_OK;
}

peal_err peal_ws_slots_add(peal_ws_slots *slots, void *who, uint32_t *slot) {
  if (slots->free) {
    *slot = slots->free - 1;
    slots->free = slots->items[*slot].next;
  } else {
    if (slots->count == slots->cap && grow(slots))
      return PEAL_ERR_NOMEM;
    *slot = slots->count++;
  }
  slots->items[*slot] = (peal_ws_slot){.who = who};
  return PEAL_OK;
}

void peal_ws_slots_remove(peal_ws_slots *slots, uint32_t slot) {
  assert(slot < slots->count && slots->items[slot].who);
  slots->items[slot] = (peal_ws_slot){.next = slots->free};
  slots->free = slot + 1;
}

void *peal_ws_slots_get(const peal_ws_slots *slots, uint32_t slot) {
  return slot < slots->count ? slots->items[slot].who : NULL;
}
