/* SPDX-License-Identifier: MIT */
#include "slots.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

typedef struct slot {
  char network[PEAL_KIT_ADDRESS_BYTES];
  uint32_t count; /* never 0 */
} slot;

struct slots {
  uint32_t max;
  pthread_mutex_t lock; /* of all below */
  slot *list;           /* as many as addresses that are sending */
  size_t count, cap;
};

slots *slots_new(uint32_t max) {
  slots *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  all->max = max;
  pthread_mutex_init(&all->lock, NULL);
  return all;
}

void slots_free(slots *all) {
  if (all == NULL)
    return;
  pthread_mutex_destroy(&all->lock);
  free(all->list);
  free(all);
}

static slot *find(slots *all, const char *network) {
  for (size_t i = 0; i < all->count; i++)
    if (strcmp(all->list[i].network, network) == 0)
      return &all->list[i];
  return NULL;
}

static slot *add(slots *all, const char *network) {
  if (all->count == all->cap) {
    size_t cap = all->cap > 0 ? 2 * all->cap : 16;
    slot *list = realloc(all->list, cap * sizeof *list);
    if (list == NULL)
      return NULL;
    all->list = list;
    all->cap = cap;
  }
  slot *made = &all->list[all->count++];
  *made = (slot){0};
  memcpy(made->network, network, PEAL_KIT_ADDRESS_BYTES);
  return made;
}

bool slots_take(slots *all, const char network[PEAL_KIT_ADDRESS_BYTES]) {
  pthread_mutex_lock(&all->lock);
  slot *s = find(all, network);
  if (s == NULL)
    s = add(all, network);
  bool has_room = s != NULL && s->count < all->max;
  if (has_room)
    s->count++;
  pthread_mutex_unlock(&all->lock);
  return has_room;
}

void slots_give(slots *all, const char network[PEAL_KIT_ADDRESS_BYTES]) {
  pthread_mutex_lock(&all->lock);
  slot *s = find(all, network);
  if (s != NULL && --s->count == 0)
    *s = all->list[--all->count];
  pthread_mutex_unlock(&all->lock);
}
