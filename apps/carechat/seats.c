/* SPDX-License-Identifier: MIT */
#include "seats.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

enum { KEY_BYTES = 64 };

typedef struct seat {
  char key[KEY_BYTES];
  unsigned count;
} seat;

struct seats {
  pthread_mutex_t lock;
  seat *items; /* in the order of their keys */
  size_t count, cap;
};

seats *seats_new(void) {
  seats *all = calloc(1, sizeof *all);
  if (all != NULL)
    pthread_mutex_init(&all->lock, NULL);
  return all;
}

void seats_free(seats *all) {
  if (all == NULL)
    return;
  pthread_mutex_destroy(&all->lock);
  free(all->items);
  free(all);
}

/* Cut: keys are numbers and addresses. */
static void write_key(char out[KEY_BYTES], peal_slice key) {
  size_t len = key.len < KEY_BYTES ? key.len : KEY_BYTES - 1;
  memset(out, 0, KEY_BYTES);
  memcpy(out, key.ptr, len);
}

static bool find(const seats *all, const char *key, size_t *at) {
  size_t low = 0, high = all->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (memcmp(all->items[middle].key, key, KEY_BYTES) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *at = low;
  return low < all->count && memcmp(all->items[low].key, key, KEY_BYTES) == 0;
}

static bool insert(seats *all, const char *key, size_t at) {
  if (all->count == all->cap) {
    size_t cap = all->cap > 0 ? all->cap * 2 : 16;
    seat *items = realloc(all->items, cap * sizeof *items);
    if (items == NULL)
      return false;
    all->items = items;
    all->cap = cap;
  }
  memmove(all->items + at + 1, all->items + at,
          (all->count - at) * sizeof(*all->items));
  memcpy(all->items[at].key, key, KEY_BYTES);
  all->items[at].count = 1;
  all->count++;
  return true;
}

bool seats_take(seats *all, peal_slice key, unsigned max) {
  char text[KEY_BYTES];
  size_t at;
  write_key(text, key);
  pthread_mutex_lock(&all->lock);
  bool has = find(all, text, &at);
  bool is_free = !has || max == 0 || all->items[at].count < max;
  if (has && is_free)
    all->items[at].count++;
  else if (is_free)
    is_free = insert(all, text, at);
  pthread_mutex_unlock(&all->lock);
  return is_free;
}

void seats_give(seats *all, peal_slice key) {
  char text[KEY_BYTES];
  size_t at;
  write_key(text, key);
  pthread_mutex_lock(&all->lock);
  if (find(all, text, &at) && --all->items[at].count == 0) {
    all->count--;
    memmove(all->items + at, all->items + at + 1,
            (all->count - at) * sizeof(*all->items));
  }
  pthread_mutex_unlock(&all->lock);
}

unsigned seats_count(seats *all, peal_slice key) {
  char text[KEY_BYTES];
  size_t at;
  write_key(text, key);
  pthread_mutex_lock(&all->lock);
  unsigned count = find(all, text, &at) ? all->items[at].count : 0;
  pthread_mutex_unlock(&all->lock);
  return count;
}
