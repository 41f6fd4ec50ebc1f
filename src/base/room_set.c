/* SPDX-License-Identifier: MIT */
#include "base/room_set.h"

#include "base/mem.h"

/* Up to here entries are compared one by one: they are in one or two lines of
 * the cache. */
#define IN_LINE 8u
#define FIRST_CAP 2u

/* -- the index: open addressing, place + 1 of an entry, 0 is free ------------- */

static bool has_index(const peal_room_set *set) {
  return set->cap > IN_LINE;
}

static uint32_t *index_of(peal_room_set *set) {
  return (uint32_t *)(void *)(set->items + set->cap);
}

static uint32_t mask_of(const peal_room_set *set) {
  return set->cap * 2 - 1;
}

static size_t size_of(uint32_t cap) {
  size_t size = sizeof(peal_room_set) + cap * sizeof(peal_room_stay);
  return cap > IN_LINE ? size + 2 * (size_t)cap * sizeof(uint32_t) : size;
}

/* The slot that holds `value` (of this room), or the free one behind. */
static uint32_t slot_of(const peal_room_set *set, const peal_room *room,
                        uint32_t value) {
  const uint32_t *index =
      (const uint32_t *)(const void *)(set->items + set->cap);
  uint32_t slot = room->hash & mask_of(set);
  while (index[slot] && index[slot] != value)
    slot = (slot + 1) & mask_of(set);
  return slot;
}

static void index_put(peal_room_set *set, uint32_t at) {
  index_of(set)[slot_of(set, set->items[at].room, 0)] = at + 1;
}

/* What stands behind the gap and may not be reached over it moves up. */
static void index_drop(peal_room_set *set, uint32_t gap) {
  uint32_t *index = index_of(set);
  uint32_t mask = mask_of(set);
  for (uint32_t at = (gap + 1) & mask; index[at]; at = (at + 1) & mask) {
    uint32_t home = set->items[index[at] - 1].room->hash & mask;
    if (((at - home) & mask) < ((at - gap) & mask))
      continue;
    index[gap] = index[at];
    gap = at;
  }
  index[gap] = 0;
}

static void index_fill(peal_room_set *set) {
  if (!has_index(set))
    return;
  memset(index_of(set), 0, 2 * (size_t)set->cap * sizeof(uint32_t));
  for (uint32_t at = 0; at < set->count; at++)
    index_put(set, at);
}

/* -- the set --------------------------------------------------------------------- */

static peal_err resize(peal_room_set **set, uint32_t cap, const peal_mem *mem) {
  peal_room_set *resized = peal_mem_resize(mem, *set, size_of(cap));
  if (!resized)
    return PEAL_ERR_NOMEM;
  if (!*set)
    resized->count = 0;
  resized->cap = cap;
  *set = resized;
  index_fill(resized);
  return PEAL_OK;
}

uint32_t peal_room_set_find(const peal_room_set *set, const peal_room *room) {
  if (!set)
    return PEAL_ROOM_SET_NONE;
  if (!has_index(set)) {
    for (uint32_t at = 0; at < set->count; at++)
      if (set->items[at].room == room)
        return at;
    return PEAL_ROOM_SET_NONE;
  }
  const uint32_t *index =
      (const uint32_t *)(const void *)(set->items + set->cap);
  uint32_t slot = room->hash & mask_of(set);
  for (; index[slot]; slot = (slot + 1) & mask_of(set))
    if (set->items[index[slot] - 1].room == room)
      return index[slot] - 1;
  return PEAL_ROOM_SET_NONE;
}

peal_err peal_room_set_add(peal_room_set **set, peal_room *room, uint32_t pos,
                           const peal_mem *mem) {
  if (!*set || (*set)->count == (*set)->cap) {
    peal_err err = resize(set, *set ? (*set)->cap * 2 : FIRST_CAP, mem);
    if (err)
      return err;
  }
  uint32_t at = (*set)->count++;
  (*set)->items[at] = (peal_room_stay){.room = room, .pos = pos};
  if (has_index(*set))
    index_put(*set, at);
  return PEAL_OK;
}

/* The last entry takes the place. */
static void fill_gap(peal_room_set *set, uint32_t at) {
  uint32_t last = set->count - 1;
  if (has_index(set)) {
    index_drop(set, slot_of(set, set->items[at].room, at + 1));
    if (at != last)
      index_of(set)[slot_of(set, set->items[last].room, last + 1)] = at + 1;
  }
  set->items[at] = set->items[last];
  set->count = last;
}

void peal_room_set_remove(peal_room_set **set, uint32_t at,
                          const peal_mem *mem) {
  fill_gap(*set, at);
  if ((*set)->count == 0) {
    peal_mem_free(mem, *set);
    *set = NULL;
    return;
  }
  /* Half is given back when a quarter is used. The index must not lie behind
   * the end while the block shrinks, so a smaller one is made. */
  uint32_t cap = (*set)->cap / 2;
  if (cap < FIRST_CAP || (*set)->count > cap / 2)
    return;
  peal_room_set *smaller = peal_mem_alloc(mem, size_of(cap));
  if (!smaller)
    return;
  *smaller = (peal_room_set){.count = (*set)->count, .cap = cap};
  memcpy(smaller->items, (*set)->items,
         smaller->count * sizeof *smaller->items);
  index_fill(smaller);
  peal_mem_free(mem, *set);
  *set = smaller;
}
