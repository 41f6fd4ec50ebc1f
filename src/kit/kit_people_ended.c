/* SPDX-License-Identifier: MIT */
#include "kit/kit_people_ended.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROWS = 64 };

void peal_kit_people_ended_init(peal_kit_people_ended *all) {
  *all = (peal_kit_people_ended){.max = PEAL_KIT_PEOPLE_ENDED_MAX};
  pthread_rwlock_init(&all->lock, NULL);
}

void peal_kit_people_ended_deinit(peal_kit_people_ended *all) {
  free(all->rows);
  pthread_rwlock_destroy(&all->lock);
}

/* ---- a table by id, with open places; the lock is held ------------------------ */

/* The ids are random numbers in hex, which nobody chooses. */
static size_t hash_of(const char *id) {
  size_t hash = 0;
  for (; *id != '\0'; id++)
    hash = hash * 31 + (unsigned char)*id;
  return hash;
}

/* The place of this id, or the open one where it would be. There is always an
 * open one. */
static size_t place_of(const peal_kit_people_ended *all, const char *id) {
  size_t at = hash_of(id) % all->cap;
  while (all->rows[at].id[0] != '\0' && strcmp(all->rows[at].id, id) != 0)
    at = (at + 1) % all->cap;
  return at;
}

/* Into a new table of `cap` places those that are not over by `now_ms`. */
static bool move(peal_kit_people_ended *all, size_t cap, int64_t now_ms) {
  peal_kit_people_end_row *old = all->rows;
  size_t old_cap = all->cap;
  peal_kit_people_end_row *rows = calloc(cap, sizeof *rows);
  if (rows == NULL)
    return false;
  all->rows = rows;
  all->cap = cap;
  all->count = all->unparted = 0;
  for (size_t i = 0; i < old_cap; i++)
    if (old[i].id[0] != '\0' &&
        (old[i].until_ms > now_ms || !old[i].is_parted)) {
      rows[place_of(all, old[i].id)] = old[i];
      all->count++;
      all->unparted += old[i].is_parted ? 0 : 1;
    }
  free(old);
  return true;
}

/* Room for one more: half of the places stay open. */
static bool grow(peal_kit_people_ended *all, int64_t now_ms) {
  if (all->count < all->cap / 2)
    return true;
  size_t cap = all->cap == 0 ? FIRST_ROWS : 2 * all->cap;
  return all->count < all->max && move(all, cap, now_ms);
}

/* ---- from outside --------------------------------------------------------------- */

bool peal_kit_people_ended_add(peal_kit_people_ended *all, const char *id,
                               int64_t until_ms, int64_t now_ms) {
  bool is_new = true;
  pthread_rwlock_wrlock(&all->lock);
  if (!grow(all, now_ms)) {
    all->floor_s = now_ms / 1000;
  } else {
    size_t at = place_of(all, id);
    is_new = all->rows[at].id[0] == '\0';
    if (is_new) {
      snprintf(all->rows[at].id, sizeof all->rows[at].id, "%s", id);
      all->rows[at].until_ms = until_ms;
      all->count++;
      all->unparted++;
    }
  }
  pthread_rwlock_unlock(&all->lock);
  return is_new;
}

bool peal_kit_people_ended_has(peal_kit_people_ended *all, const char *id,
                               int64_t iat_s) {
  pthread_rwlock_rdlock(&all->lock);
  bool has = iat_s <= all->floor_s ||
             (all->count > 0 && all->rows[place_of(all, id)].id[0] != '\0');
  pthread_rwlock_unlock(&all->lock);
  return has;
}

void peal_kit_people_ended_part(peal_kit_people_ended *all, const char *id) {
  pthread_rwlock_wrlock(&all->lock);
  peal_kit_people_end_row *row =
      all->count > 0 ? &all->rows[place_of(all, id)] : NULL;
  if (row != NULL && row->id[0] != '\0' && !row->is_parted) {
    row->is_parted = true;
    all->unparted--;
  }
  pthread_rwlock_unlock(&all->lock);
}

bool peal_kit_people_ended_next(peal_kit_people_ended *all,
                                char id[PEAL_KIT_SIGN_IN_BYTES]) {
  bool found = false;
  pthread_rwlock_rdlock(&all->lock);
  for (size_t i = 0; all->unparted > 0 && !found && i < all->cap; i++)
    if (all->rows[i].id[0] != '\0' && !all->rows[i].is_parted) {
      memcpy(id, all->rows[i].id, PEAL_KIT_SIGN_IN_BYTES);
      found = true;
    }
  pthread_rwlock_unlock(&all->lock);
  return found;
}

void peal_kit_people_ended_drop(peal_kit_people_ended *all, int64_t now_ms) {
  pthread_rwlock_wrlock(&all->lock);
  if (all->count > 0)
    (void)move(all, all->cap, now_ms); // without memory they stay longer
  pthread_rwlock_unlock(&all->lock);
}
