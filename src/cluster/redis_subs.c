/* SPDX-License-Identifier: MIT */
#include "cluster/redis_subs.h"

#include <assert.h>

#include "base/mem.h"
#include "wire/redis_slot.h"

void peal_redis_subs_init(peal_redis_subs *subs, const peal_mem *mem,
                          size_t max, uint32_t seed) {
  *subs = (peal_redis_subs){.mem = mem, .max = max};
  peal_list_init(&subs->homeless);
  for (int i = 0; i < 3; i++)
    peal_map_init(&subs->maps[i], mem, seed);
}

void peal_redis_subs_place_init(peal_redis_sub_place *place) {
  peal_list_init(&place->due);
  peal_list_init(&place->all);
}

static peal_slice name_of(const peal_redis_sub *sub) {
  return (peal_slice){sub->name, sub->len};
}

void peal_redis_subs_deinit(peal_redis_subs *subs) {
  for (int i = 0; i < 3; i++) {
    uint32_t cursor = 0;
    for (void *sub; (sub = peal_map_next(&subs->maps[i], &cursor));)
      peal_mem_free(subs->mem, sub);
    peal_map_deinit(&subs->maps[i]);
  }
}

peal_redis_sub *peal_redis_subs_find(const peal_redis_subs *subs,
                                     peal_redis_way way, peal_slice name) {
  return peal_map_get(&subs->maps[way], name);
}

static void forget(peal_redis_subs *subs, peal_redis_sub *sub) {
  peal_list_remove(&sub->due);
  peal_list_remove(&sub->node);
  peal_map_remove(&subs->maps[sub->way], name_of(sub));
  subs->count--;
  peal_mem_free(subs->mem, sub);
}

/* Where it waits, if anything is to be done for it. */
static void settle(peal_redis_subs *subs, peal_redis_sub *sub) {
  bool is_due = sub->refs ? sub->state == PEAL_REDIS_SUB_OFF
                          : sub->state == PEAL_REDIS_SUB_ON;
  peal_list_remove(&sub->due);
  if (!sub->refs && sub->state == PEAL_REDIS_SUB_OFF)
    forget(subs, sub);
  else if (is_due)
    peal_list_push(sub->place ? &sub->place->due : &subs->homeless, &sub->due);
}

static peal_err add(peal_redis_subs *subs, peal_redis_way way, peal_slice name,
                    peal_redis_sub **out) {
  if (subs->count >= subs->max)
    return PEAL_ERR_LIMIT;
  peal_redis_sub *sub = peal_mem_zalloc(subs->mem, sizeof(*sub) + name.len + 1);
  if (!sub)
    return PEAL_ERR_NOMEM;
  peal_list_init(&sub->due);
  peal_list_init(&sub->node);
  sub->way = way;
  sub->slot = way == PEAL_REDIS_SHARD ? (int)peal_redis_slot_of(name) : -1;
  sub->len = name.len;
  if (name.len)
    memcpy(sub->name, name.ptr, name.len);
  if (peal_map_add(&subs->maps[way], name_of(sub), sub)) {
    peal_mem_free(subs->mem, sub);
    return PEAL_ERR_NOMEM;
  }
  subs->count++;
  *out = sub;
  return PEAL_OK;
}

peal_err peal_redis_subs_want(peal_redis_subs *subs, peal_redis_way way,
                              peal_slice name, peal_redis_sub **out) {
  *out = peal_redis_subs_find(subs, way, name);
  if (!*out) {
    peal_err err = add(subs, way, name, out);
    if (err)
      return err;
  }
  (*out)->refs++;
  settle(subs, *out);
  return PEAL_OK;
}

void peal_redis_subs_unwant(peal_redis_subs *subs, peal_redis_sub *sub) {
  if (!sub->refs)
    return;
  sub->refs--;
  settle(subs, sub);
}

void peal_redis_subs_move(peal_redis_subs *subs, peal_redis_sub *sub,
                          peal_redis_sub_place *place) {
  assert(sub->state == PEAL_REDIS_SUB_OFF);
  peal_list_remove(&sub->node);
  sub->place = place;
  if (place)
    peal_list_push(&place->all, &sub->node);
  settle(subs, sub);
}

void peal_redis_subs_set(peal_redis_subs *subs, peal_redis_sub *sub,
                         peal_redis_sub_state state) {
  sub->state = state;
  settle(subs, sub);
}

void peal_redis_subs_lost(peal_redis_subs *subs, peal_redis_sub_place *place) {
  peal_list *next;
  for (peal_list *node = place->all.next; node != &place->all; node = next) {
    next = node->next;
    peal_redis_subs_set(subs, PEAL_LIST_OF(node, peal_redis_sub, node),
                        PEAL_REDIS_SUB_OFF);
  }
}

void peal_redis_subs_leave(peal_redis_subs *subs, peal_redis_sub_place *place) {
  peal_redis_subs_lost(subs, place);
  while (!peal_list_is_empty(&place->all))
    peal_redis_subs_move(
        subs, PEAL_LIST_OF(place->all.next, peal_redis_sub, node), NULL);
}
