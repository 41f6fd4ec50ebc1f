/* SPDX-License-Identifier: MIT */
#include "runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

enum {
  MAX_RUNS = 256, /* of more, the oldest is forgotten */
  LONGEST_MS = 45 * 60000,
};

typedef struct entry {
  char sender[RUNS_SENDER_BYTES], test_id[SAMPLE_ID_BYTES];
  int64_t start_ms;
} entry;

struct runs {
  pthread_mutex_t lock;
  size_t count;
  entry list[MAX_RUNS];
};

static void load_row(runs *all, peal_val row) {
  char sender[RUNS_SENDER_BYTES], id[SAMPLE_ID_BYTES];
  snprintf(sender, sizeof sender, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "sender"))));
  snprintf(id, sizeof id, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "test_id"))));
  runs_begin(all, sender, id, peal_val_int(peal_val_get(row, "heard_ms"), 0));
}

runs *runs_new(lab *app) {
  runs *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  pthread_mutex_init(&all->lock, NULL);
  peal_doc *rows = NULL;
  if (peal_store_exec_sync(
          app->house.store,
          "SELECT sender, test_id, heard_ms FROM tests AS t"
          " WHERE heard_ms > ?1 AND EXISTS (SELECT 1 FROM results AS r"
          " WHERE r.test_id = t.test_id AND t_min = 0) AND NOT EXISTS"
          " (SELECT 1 FROM results AS r WHERE r.test_id = t.test_id AND"
          " t_min = 30) ORDER BY heard_ms LIMIT 256",
          PEAL_ARGS(peal_int(peal_wall_ms() - LONGEST_MS)), &rows) != PEAL_OK) {
    runs_free(all);
    return NULL;
  }
  for (size_t i = 0; i < peal_doc_val(rows).len; i++)
    load_row(all, peal_val_at(peal_doc_val(rows), i));
  peal_doc_free(rows);
  return all;
}

void runs_free(runs *all) {
  if (all == NULL)
    return;
  pthread_mutex_destroy(&all->lock);
  free(all);
}

/* With the lock held. Those that should have ended long ago have. */
static void forget_old(runs *all) {
  int64_t since = peal_wall_ms() - LONGEST_MS;
  for (size_t i = 0; i < all->count;)
    if (all->list[i].start_ms < since)
      all->list[i] = all->list[--all->count];
    else
      i++;
}

/* With the lock held: that of the sender, a free place, or the oldest. */
static entry *place_of(runs *all, const char *sender) {
  entry *oldest = all->list;
  for (size_t i = 0; i < all->count; i++) {
    if (strcmp(all->list[i].sender, sender) == 0)
      return &all->list[i];
    if (all->list[i].start_ms < oldest->start_ms)
      oldest = &all->list[i];
  }
  return all->count < MAX_RUNS ? &all->list[all->count++] : oldest;
}

void runs_begin(runs *all, const char *sender, const char *test_id,
                int64_t start_ms) {
  pthread_mutex_lock(&all->lock);
  forget_old(all);
  entry *e = place_of(all, sender);
  snprintf(e->sender, sizeof e->sender, "%s", sender);
  snprintf(e->test_id, sizeof e->test_id, "%s", test_id);
  e->start_ms = start_ms;
  pthread_mutex_unlock(&all->lock);
}

void runs_end(runs *all, const char *test_id) {
  pthread_mutex_lock(&all->lock);
  for (size_t i = 0; i < all->count;)
    if (strcmp(all->list[i].test_id, test_id) == 0)
      all->list[i] = all->list[--all->count];
    else
      i++;
  pthread_mutex_unlock(&all->lock);
}

bool runs_find(runs *all, const char *sender, char test_id[SAMPLE_ID_BYTES],
               int64_t *t_s) {
  bool found = false;
  pthread_mutex_lock(&all->lock);
  forget_old(all);
  for (size_t i = 0; i < all->count && !found; i++) {
    const entry *e = &all->list[i];
    found = strcmp(e->sender, sender) == 0;
    if (!found)
      continue;
    int64_t since = (peal_wall_ms() - e->start_ms) / 1000;
    *t_s = since < 0 ? 0 : since < SAMPLE_MAX_S ? since : SAMPLE_MAX_S;
    memcpy(test_id, e->test_id, SAMPLE_ID_BYTES);
  }
  pthread_mutex_unlock(&all->lock);
  return found;
}

size_t runs_count(runs *all) {
  pthread_mutex_lock(&all->lock);
  forget_old(all);
  size_t count = all->count;
  pthread_mutex_unlock(&all->lock);
  return count;
}
