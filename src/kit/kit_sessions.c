/* SPDX-License-Identifier: MIT */
#include "kit/kit_sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

enum { MAX_SESSIONS = 1000 };

typedef struct session {
  uint8_t id[PEAL_KIT_DIGEST_BYTES]; /* hash of the token */
  int64_t end_ms;                    /* since 1970 */
} session;

struct peal_kit_sessions {
  peal_kit *h;
  uint8_t bound[PEAL_KIT_DIGEST_BYTES];
  pthread_mutex_t lock; /* of the two below */
  size_t count;
  session list[MAX_SESSIONS];
};

static peal_val id_val(const uint8_t id[PEAL_KIT_DIGEST_BYTES]) {
  return peal_binary((peal_slice){(const char *)id, PEAL_KIT_DIGEST_BYTES});
}

static void room_of(char out[PEAL_KIT_SESSIONS_ROOM_BYTES],
                    const uint8_t id[PEAL_KIT_DIGEST_BYTES]) {
  char hex[PEAL_KIT_DIGEST_HEX_BYTES];
  peal_kit_digest_hex(hex, id, PEAL_KIT_DIGEST_BYTES);
  snprintf(out, PEAL_KIT_SESSIONS_ROOM_BYTES, "session %.32s", hex);
}

/* ---- life ---------------------------------------------------------------- */

static void load_row(peal_kit_sessions *all, peal_val row) {
  peal_slice id = peal_val_binary(peal_val_get(row, "id"));
  if (id.len != PEAL_KIT_DIGEST_BYTES || all->count == MAX_SESSIONS)
    return;
  session *s = &all->list[all->count++];
  memcpy(s->id, id.ptr, PEAL_KIT_DIGEST_BYTES);
  s->end_ms = peal_val_int(peal_val_get(row, "end_ms"), 0);
}

/* What has ended, or was begun with another password, goes. */
static bool load(peal_kit_sessions *all) {
  peal_doc *rows = NULL;
  peal_val bound = id_val(all->bound), now = peal_int(peal_wall_ms());
  if (peal_store_exec_sync(
          all->h->store,
          "DELETE FROM sessions WHERE bound <> ?1 OR end_ms <= ?2",
          PEAL_ARGS(bound, now), NULL) != PEAL_OK ||
      peal_store_exec_sync(all->h->store,
                           "SELECT id, end_ms FROM sessions"
                           " ORDER BY end_ms DESC LIMIT ?1",
                           PEAL_ARGS(peal_int(MAX_SESSIONS)), &rows) != PEAL_OK)
    return false;
  for (size_t i = 0; i < peal_doc_val(rows).len; i++)
    load_row(all, peal_val_at(peal_doc_val(rows), i));
  peal_doc_free(rows);
  return true;
}

peal_kit_sessions *peal_kit_sessions_new(
    peal_kit *h, const uint8_t bound[PEAL_KIT_DIGEST_BYTES]) {
  peal_kit_sessions *all = calloc(1, sizeof *all);
  if (all == NULL)
    return NULL;
  all->h = h;
  memcpy(all->bound, bound, PEAL_KIT_DIGEST_BYTES);
  pthread_mutex_init(&all->lock, NULL);
  if (load(all))
    return all;
  peal_kit_log(h, PEAL_LOG_ERROR, "auth", "the sessions cannot be read");
  peal_kit_sessions_free(all);
  return NULL;
}

void peal_kit_sessions_free(peal_kit_sessions *all) {
  if (all == NULL)
    return;
  pthread_mutex_destroy(&all->lock);
  free(all);
}

/* ---- ending -------------------------------------------------------------- */

/* Outside the lock: out of the database, its sockets away. Returns false if
 * one of them has to be tried again: the session stays in the list until then,
 * ended. */
static bool part(peal_kit_sessions *all, const session *gone) {
  char room[PEAL_KIT_SESSIONS_ROOM_BYTES];
  room_of(room, gone->id);
  peal_kit *h = all->h;
  peal_err err =
      peal_store_write(h->store, "DELETE FROM sessions WHERE id = ?1",
                       PEAL_ARGS(id_val(gone->id)), NULL, NULL);
  if (err == PEAL_OK)
    err = peal_nsp_disconnect(h->nsp, &(peal_to){.rooms = PEAL_ROOMS(room)},
                              true);
  if (err != PEAL_OK)
    peal_kit_log(h, PEAL_LOG_WARN, "auth",
                 "a session is over, and its sockets will be disconnected: %s",
                 peal_err_message(err));
  return err == PEAL_OK;
}

/* With the lock held. */
static session take_out(peal_kit_sessions *all, size_t at) {
  session gone = all->list[at];
  all->list[at] = all->list[--all->count];
  return gone;
}

/* With the lock held; `count` if there is none. */
static size_t place_of(const peal_kit_sessions *all,
                       const uint8_t id[PEAL_KIT_DIGEST_BYTES]) {
  size_t at = 0;
  while (at < all->count && !peal_kit_digest_is_equal(all->list[at].id, id))
    at++;
  return at;
}

/* It is ended and stands in the list: take it out, once it has parted. */
static bool finish(peal_kit_sessions *all, const session *gone) {
  if (!part(all, gone))
    return false;
  pthread_mutex_lock(&all->lock);
  size_t at = place_of(all, gone->id);
  if (at < all->count)
    (void)take_out(all, at);
  pthread_mutex_unlock(&all->lock);
  return true;
}

void peal_kit_sessions_end(peal_kit_sessions *all, peal_slice token) {
  session gone;
  if (token.len == 0 || !peal_kit_digest_of(gone.id, token))
    return;
  pthread_mutex_lock(&all->lock);
  size_t at = place_of(all, gone.id);
  bool found = at < all->count;
  if (found)
    all->list[at].end_ms = 0; /* nobody finds it any more */
  pthread_mutex_unlock(&all->lock);
  if (found)
    (void)finish(all, &gone);
}

/* With the lock held; the one that ends first, `count` if there is none. */
static size_t first_to_end(const peal_kit_sessions *all) {
  size_t first = 0;
  for (size_t i = 1; i < all->count; i++)
    if (all->list[i].end_ms < all->list[first].end_ms)
      first = i;
  return first;
}

void peal_kit_sessions_tick(peal_kit_sessions *all) {
  int64_t now = peal_wall_ms();
  for (bool found = true; found;) {
    session gone;
    pthread_mutex_lock(&all->lock);
    size_t at = first_to_end(all);
    found = at < all->count && all->list[at].end_ms <= now;
    if (found)
      gone = all->list[at];
    pthread_mutex_unlock(&all->lock);
    found = found && finish(all, &gone); /* otherwise with the next tick */
  }
}

/* ---- beginning ----------------------------------------------------------- */

bool peal_kit_sessions_begin(peal_kit_sessions *all, int64_t age_s,
                             char token[PEAL_KIT_SESSIONS_TOKEN_BYTES]) {
  uint8_t random[(PEAL_KIT_SESSIONS_TOKEN_BYTES - 1) / 2];
  session made = {.end_ms = peal_wall_ms() + age_s * 1000}, gone;
  if (!peal_kit_digest_random(random, sizeof random))
    return false;
  peal_kit_digest_hex(token, random, sizeof random);
  if (!peal_kit_digest_of(made.id, peal_slice_of(token)))
    return false;
  pthread_mutex_lock(&all->lock);
  bool is_full = all->count == MAX_SESSIONS;
  if (is_full)
    gone = take_out(all, first_to_end(all));
  all->list[all->count++] = made;
  pthread_mutex_unlock(&all->lock);
  if (is_full)
    (void)part(all, &gone);
  if (peal_store_write(
          all->h->store,
          "INSERT INTO sessions (id, bound, end_ms)"
          " VALUES (?1, ?2, ?3)",
          PEAL_ARGS(id_val(made.id), id_val(all->bound), peal_int(made.end_ms)),
          NULL, NULL) != PEAL_OK)
    peal_kit_log(all->h, PEAL_LOG_WARN, "auth",
                 "a session was not stored: it ends with this run");
  return true;
}

bool peal_kit_sessions_find(peal_kit_sessions *all, peal_slice token,
                            char room[PEAL_KIT_SESSIONS_ROOM_BYTES]) {
  uint8_t id[PEAL_KIT_DIGEST_BYTES];
  if (token.len != PEAL_KIT_SESSIONS_TOKEN_BYTES - 1 ||
      !peal_kit_digest_of(id, token))
    return false;
  pthread_mutex_lock(&all->lock);
  size_t at = place_of(all, id);
  bool found = at < all->count && all->list[at].end_ms > peal_wall_ms();
  pthread_mutex_unlock(&all->lock);
  if (found && room != NULL)
    room_of(room, id);
  return found;
}
