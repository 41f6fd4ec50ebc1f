/* SPDX-License-Identifier: MIT */
#include "kit/kit_device_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <peal/kit_auth.h>

enum { KEY_BYTES = (PEAL_KIT_DEVICE_KEY_BYTES - 1) / 2 };

typedef struct entry {
  char id[PEAL_KIT_DEVICE_ID_BYTES];
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  bool is_revoked;
} entry;

struct peal_kit_device_keys {
  peal_kit *h;
  pthread_mutex_t lock; /* of the two below */
  entry *entries;       /* by id */
  size_t count;

  int64_t changed, rows; /* of the table when it was loaded; worker 0 */
  bool is_looking;

  char sim_key[PEAL_KIT_DEVICE_KEY_BYTES]; /* empty: none */
  uint8_t sim_hash[PEAL_KIT_DIGEST_BYTES];
};

#define ALL                                                                    \
  "SELECT device_id, hash, is_revoked, changed FROM device_keys"               \
  " ORDER BY device_id"

static void set_entries(peal_kit_device_keys *keys, entry *entries,
                        size_t count) {
  pthread_mutex_lock(&keys->lock);
  entry *old = keys->entries;
  keys->entries = entries;
  keys->count = count;
  pthread_mutex_unlock(&keys->lock);
  free(old);
}

static bool take_rows(peal_kit_device_keys *keys, peal_val rows) {
  entry *entries = calloc(rows.len > 0 ? rows.len : 1, sizeof *entries);
  if (entries == NULL)
    return false;
  int64_t changed = 0;
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    peal_slice id = peal_val_str(peal_val_get(row, "device_id"));
    peal_slice hash = peal_val_binary(peal_val_get(row, "hash"));
    entry *e = &entries[i];
    snprintf(e->id, sizeof e->id, "%.*s", PEAL_SFMT(id));
    // a hash of another length is no hash: the device stays refused
    e->is_revoked = hash.len != PEAL_KIT_DIGEST_BYTES ||
                    peal_val_int(peal_val_get(row, "is_revoked"), 1) != 0;
    if (hash.len == PEAL_KIT_DIGEST_BYTES)
      memcpy(e->hash, hash.ptr, PEAL_KIT_DIGEST_BYTES);
    int64_t at = peal_val_int(peal_val_get(row, "changed"), 0);
    changed = at > changed ? at : changed;
  }
  keys->changed = changed;
  keys->rows = rows.len;
  set_entries(keys, entries, rows.len);
  return true;
}

peal_kit_device_keys *peal_kit_device_keys_new(peal_kit *h) {
  peal_kit_device_keys *keys = calloc(1, sizeof *keys);
  if (keys == NULL)
    return NULL;
  keys->h = h;
  pthread_mutex_init(&keys->lock, NULL);
  peal_doc *rows = NULL;
  bool done =
      peal_store_exec_sync(h->store, ALL, PEAL_NO_ARGS, &rows) == PEAL_OK &&
      take_rows(keys, peal_doc_val(rows));
  peal_doc_free(rows);
  if (done)
    return keys;
  peal_kit_log(h, PEAL_LOG_ERROR, "keys", "the device keys cannot be read");
  peal_kit_device_keys_free(keys);
  return NULL;
}

void peal_kit_device_keys_free(peal_kit_device_keys *keys) {
  if (keys == NULL)
    return;
  pthread_mutex_destroy(&keys->lock);
  free(keys->entries);
  free(keys);
}

/* ---- looking again -------------------------------------------------- */

static void on_rows(const peal_store_result *result, void *user) {
  peal_kit_device_keys *keys = user;
  keys->is_looking = false;
  if (result->err != PEAL_OK || !take_rows(keys, result->rows))
    peal_kit_log(keys->h, PEAL_LOG_WARN, "keys",
                 "the device keys could not be read again");
  else
    peal_kit_log(keys->h, PEAL_LOG_INFO, "keys", "device keys changed");
}

static void on_version(const peal_store_result *result, void *user) {
  peal_kit_device_keys *keys = user;
  peal_val row = peal_val_at(result->rows, 0);
  bool is_same =
      result->err != PEAL_OK ||
      (peal_val_int(peal_val_get(row, "changed"), 0) == keys->changed &&
       peal_val_int(peal_val_get(row, "rows"), 0) == keys->rows);
  if (is_same || peal_store_read(keys->h->store, ALL, PEAL_NO_ARGS, on_rows,
                                 keys) != PEAL_OK)
    keys->is_looking = false;
}

void peal_kit_device_keys_refresh(peal_kit_device_keys *keys) {
  if (keys->is_looking)
    return;
  keys->is_looking =
      peal_store_read(keys->h->store,
                      "SELECT max(changed) AS changed, count(*) AS rows"
                      " FROM device_keys",
                      PEAL_NO_ARGS, on_version, keys) == PEAL_OK;
}

/* ---- asking --------------------------------------------------------- */

static int compare(peal_slice id, const entry *e) {
  size_t len = strlen(e->id);
  int order = memcmp(id.ptr, e->id, id.len < len ? id.len : len);
  return order != 0 ? order : (id.len > len) - (id.len < len);
}

/* With the lock held. */
static const entry *find(const peal_kit_device_keys *keys, peal_slice id) {
  size_t low = 0, high = keys->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(id, &keys->entries[middle]);
    if (order == 0)
      return &keys->entries[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

/* The id whose key has this hash; false: none. All are looked at, whichever it
 * is. */
static bool find_id(peal_kit_device_keys *keys,
                    const uint8_t hash[PEAL_KIT_DIGEST_BYTES],
                    char id[PEAL_KIT_DEVICE_ID_BYTES], bool *is_revoked) {
  bool found = false;
  pthread_mutex_lock(&keys->lock);
  for (size_t i = 0; i < keys->count; i++)
    if (peal_kit_digest_is_equal(keys->entries[i].hash, hash)) {
      memcpy(id, keys->entries[i].id, PEAL_KIT_DEVICE_ID_BYTES);
      *is_revoked = keys->entries[i].is_revoked;
      found = true;
    }
  pthread_mutex_unlock(&keys->lock);
  return found;
}

peal_kit_device_keys_verdict peal_kit_device_keys_who(
    peal_kit_device_keys *keys, peal_slice address, peal_slice key,
    char id[PEAL_KIT_DEVICE_ID_BYTES]) {
  static const uint8_t none[PEAL_KIT_DIGEST_BYTES];
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  bool is_revoked = false;
  id[0] = '\0';
  // a key has more bits than anybody guesses: one that is wrong must not make
  // the neighbours at its address wait, whose own are right
  if (key.len > 0 && peal_kit_digest_of(hash, key) &&
      find_id(keys, hash, id, &is_revoked) && !is_revoked)
    return PEAL_KIT_DEVICE_KEYS_SHOWN;
  id[0] = '\0';
  return peal_kit_guard_ask(keys->h->guard, address, PEAL_S("any key"), key,
                            none, NULL) == PEAL_KIT_GUARD_WAIT
             ? PEAL_KIT_DEVICE_KEYS_WAIT
             : PEAL_KIT_DEVICE_KEYS_REFUSED;
}

bool peal_kit_device_keys_has(peal_kit_device_keys *keys, peal_slice id) {
  pthread_mutex_lock(&keys->lock);
  bool has = find(keys, id) != NULL;
  pthread_mutex_unlock(&keys->lock);
  return has;
}

/* Copies the hash that the key must have; false: none is known. */
static bool find_hash(peal_kit_device_keys *keys, peal_slice id, bool *is_known,
                      uint8_t hash[PEAL_KIT_DIGEST_BYTES]) {
  pthread_mutex_lock(&keys->lock);
  const entry *e = find(keys, id);
  *is_known = e != NULL;
  bool has = e != NULL && !e->is_revoked;
  if (has)
    memcpy(hash, e->hash, PEAL_KIT_DIGEST_BYTES);
  pthread_mutex_unlock(&keys->lock);
  return has;
}

bool peal_kit_device_keys_is_of(peal_kit_device_keys *keys, peal_slice id,
                                const uint8_t hash[PEAL_KIT_DIGEST_BYTES]) {
  uint8_t now[PEAL_KIT_DIGEST_BYTES];
  bool is_known;
  return find_hash(keys, id, &is_known, now) &&
         peal_kit_digest_is_equal(now, hash);
}

peal_kit_device_keys_verdict peal_kit_device_keys_ask(
    peal_kit_device_keys *keys, peal_slice address, peal_slice id,
    peal_slice key, uint64_t *retry_ms) {
  uint8_t hash[PEAL_KIT_DIGEST_BYTES], shown[PEAL_KIT_DIGEST_BYTES];
  bool is_known;
  // that of this run is for our own children only
  if (key.len > 0 && keys->sim_key[0] != '\0' && peal_slice_starts(id, "SIM") &&
      peal_kit_digest_of(shown, key) &&
      peal_kit_digest_is_equal(shown, keys->sim_hash))
    return PEAL_KIT_DEVICE_KEYS_SHOWN;
  bool has = find_hash(keys, id, &is_known, hash);
  if (!is_known && !keys->h->conf.require_keys)
    return PEAL_KIT_DEVICE_KEYS_NONE;
  if (!has || key.len == 0)
    return PEAL_KIT_DEVICE_KEYS_REFUSED;
  char what[PEAL_KIT_DEVICE_ID_BYTES + 8];
  snprintf(what, sizeof what, "key %.*s", PEAL_SFMT(id));
  peal_kit_guard_verdict found = peal_kit_guard_ask(
      keys->h->guard, address, peal_slice_of(what), key, hash, retry_ms);
  return found == PEAL_KIT_GUARD_RIGHT  ? PEAL_KIT_DEVICE_KEYS_SHOWN
         : found == PEAL_KIT_GUARD_WAIT ? PEAL_KIT_DEVICE_KEYS_WAIT
                                        : PEAL_KIT_DEVICE_KEYS_REFUSED;
}

static bool make_key(char out[PEAL_KIT_DEVICE_KEY_BYTES],
                     uint8_t hash[PEAL_KIT_DIGEST_BYTES]) {
  uint8_t random[KEY_BYTES];
  if (!peal_kit_digest_random(random, sizeof random))
    return false;
  peal_kit_digest_hex(out, random, sizeof random);
  return peal_kit_digest_of(hash, peal_slice_of(out));
}

const char *peal_kit_device_keys_for_simulation(peal_kit_device_keys *keys) {
  if (keys->sim_key[0] == '\0' && !make_key(keys->sim_key, keys->sim_hash)) {
    keys->sim_key[0] = '\0';
    return NULL;
  }
  return keys->sim_key;
}

/* ---- the command line ----------------------------------------------- */

static int complain(const peal_kit *h, const char *what) {
  fprintf(stderr, "%s: %s\n", h->about->program, what);
  return 1;
}

/* A new key takes the place of the one before. */
peal_err peal_kit_device_keys_store(peal_kit *h, const char *id,
                                    char out[PEAL_KIT_DEVICE_KEY_BYTES],
                                    peal_store_fn fn, void *user) {
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  if (!make_key(out, hash))
    return PEAL_ERR_SYSTEM;
  peal_slice bytes = {(const char *)hash, sizeof hash};
  static const char sql[] =
      "INSERT INTO device_keys (device_id, hash, changed, is_revoked)"
      " VALUES (?1, ?2, max(?3, " PEAL_KIT_DEVICE_KEYS_LATER "), 0)"
      " ON CONFLICT (device_id) DO UPDATE SET hash = ?2,"
      " changed = excluded.changed, is_revoked = 0";
  const peal_val args[] = {peal_str(id), peal_binary(bytes),
                           peal_int(peal_wall_ms())};
  return fn != NULL
             ? peal_store_write(h->store, sql, (peal_args){args, 3}, fn, user)
             : peal_store_exec_sync(h->store, sql, (peal_args){args, 3}, NULL);
}

static int add(peal_kit *h, const char *id) {
  char key[PEAL_KIT_DEVICE_KEY_BYTES];
  if (!peal_kit_device_id_is_good(peal_slice_of(id)))
    return complain(h, "a device id is text of 1 to 64 bytes without control "
                       "characters");
  if (peal_kit_device_keys_store(h, id, key, NULL, NULL) != PEAL_OK)
    return complain(h, "the key could not be stored");
  fprintf(stderr, "This is the key of %s; it is shown only now. %s\n", id,
          h->about->key_help);
  printf("%s\n", key);
  return 0;
}

static int revoke(peal_kit *h, const char *id) {
  peal_doc *rows = NULL;
  if (peal_store_exec_sync(h->store, PEAL_KIT_DEVICE_KEYS_REVOKE,
                           PEAL_ARGS(peal_str(id), peal_int(peal_wall_ms())),
                           &rows) != PEAL_OK)
    return complain(h, "the key could not be revoked");
  bool had = peal_doc_val(rows).len > 0;
  peal_doc_free(rows);
  if (!had)
    return complain(h, "this device has no key");
  printf("revoked: %s is refused until it is given a new key\n", id);
  return 0;
}

static int list(peal_kit *h) {
  peal_doc *doc = NULL;
  if (peal_store_exec_sync(h->store, ALL, PEAL_NO_ARGS, &doc) != PEAL_OK)
    return complain(h, "the keys could not be read");
  peal_val rows = peal_doc_val(doc);
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    char when[25];
    peal_web_time_iso(when, peal_val_int(peal_val_get(row, "changed"), 0));
    bool is_revoked = peal_val_int(peal_val_get(row, "is_revoked"), 0) != 0;
    printf("%s  %-7s  %.*s\n", when, is_revoked ? "revoked" : "valid",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "device_id"))));
  }
  peal_doc_free(doc);
  return 0;
}

int peal_kit_device_keys_manage(peal_kit *h) {
  if (h->conf.add_key != NULL)
    return add(h, h->conf.add_key);
  if (h->conf.revoke_key != NULL)
    return revoke(h, h->conf.revoke_key);
  return list(h);
}
