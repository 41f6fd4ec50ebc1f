/* SPDX-License-Identifier: MIT */
/* kit_people_sign: sign-ins: a row of the store each, whose refresh tokens are
 * a chain that is computed and not stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit_people_impl.h"

enum {
  MAC_CHARS = 2 * PEAL_KIT_DIGEST_BYTES,
  ID_CHARS = PEAL_KIT_SIGN_IN_BYTES - 1,
  GRACE_MS = 30000,  /* an answer that was lost is asked for again */
  RETRY_BYTES = 128, /* of the client's name for a request */
  LATE_MS = 60000,   /* a worker is behind another, at most */
  TRY_AT_ONCE = 64,  /* disconnecting again, in a tick */
  CLEAN_TICKS = 60,
  KEEP_MS = 86400000, /* a row that is over, to know its tokens by */
};

#define REFRESHED                                                              \
  " RETURNING person, serial,"                                                 \
  " (SELECT name FROM people WHERE people.id = sign_ins.person) AS name,"      \
  " (SELECT role FROM people WHERE people.id = sign_ins.person) AS role"

/* ---- tokens: id.number.mac ------------------------------------------------------ */

static bool mac_of(const peal_kit_people *people, const char *id,
                   int64_t serial, uint8_t out[PEAL_KIT_DIGEST_BYTES]) {
  char text[96];
  snprintf(text, sizeof text, "refresh %s.%lld", id, (long long)serial);
  return peal_kit_digest_hmac(out, people->secret, peal_slice_of(text));
}

static bool make_token(const peal_kit_people *people, const char *id,
                       int64_t serial, char out[PEAL_KIT_REFRESH_BYTES]) {
  uint8_t mac[PEAL_KIT_DIGEST_BYTES];
  char hex[PEAL_KIT_DIGEST_HEX_BYTES];
  if (!mac_of(people, id, serial, mac))
    return false;
  peal_kit_digest_hex(hex, mac, sizeof mac);
  snprintf(out, PEAL_KIT_REFRESH_BYTES, "%s.%lld.%s", id, (long long)serial,
           hex);
  return true;
}

static int hex_of(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

static bool read_hex(uint8_t *out, const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    int high = hex_of(text[2 * i]), low = hex_of(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out[i] = (uint8_t)(high * 16 + low);
  }
  return true;
}

/* Digits between the dots. */
static bool read_serial(peal_slice text, int64_t *out) {
  *out = 0;
  if (text.len == 0 || text.len > 15 || (text.len > 1 && text.ptr[0] == '0'))
    return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9')
      return false;
    *out = *out * 10 + (text.ptr[i] - '0');
  }
  return true;
}

bool peal_kit_people_sign_of(const peal_kit_people *people, peal_slice token,
                             char id[PEAL_KIT_SIGN_IN_BYTES], int64_t *serial) {
  uint8_t shown[PEAL_KIT_DIGEST_BYTES], own[PEAL_KIT_DIGEST_BYTES];
  const size_t least = ID_CHARS + 1 + 1 + 1 + MAC_CHARS;
  id[0] = '\0';
  if (token.len < least || token.len >= PEAL_KIT_REFRESH_BYTES ||
      token.ptr[ID_CHARS] != '.' || token.ptr[token.len - MAC_CHARS - 1] != '.')
    return false;
  peal_slice middle = {token.ptr + ID_CHARS + 1,
                       token.len - ID_CHARS - 2 - MAC_CHARS};
  uint8_t ignored[ID_CHARS / 2];
  if (!read_hex(ignored, token.ptr, sizeof ignored) ||
      !read_serial(middle, serial) ||
      !read_hex(shown, token.ptr + token.len - MAC_CHARS, sizeof shown))
    return false;
  memcpy(id, token.ptr, ID_CHARS);
  id[ID_CHARS] = '\0';
  return mac_of(people, id, *serial, own) &&
         peal_kit_digest_is_equal(shown, own);
}

void peal_kit_people_sign_room(char out[PEAL_KIT_SIGN_ROOM_BYTES],
                               const char *id) {
  snprintf(out, PEAL_KIT_SIGN_ROOM_BYTES, "signed %s", id);
}

/* ---- ending -------------------------------------------------------------------- */

static bool part(peal_kit_people *people, const char *id) {
  char room[PEAL_KIT_SIGN_ROOM_BYTES];
  bool done = true;
  peal_kit_people_sign_room(room, id);
  for (size_t i = 0; i < people->nsp_count; i++)
    if (peal_nsp_disconnect(people->nsps[i],
                            &(peal_to){.rooms = PEAL_ROOMS(room)},
                            true) != PEAL_OK)
      done = false;
  if (done)
    peal_kit_people_ended_part(&people->ended, id);
  return done;
}

/* How long an access token may be good, whatever was said when it was given out
 * (kit_token_check.c), as seconds are rounded, and by a clock that is ahead. */
static int64_t life_ms(const peal_kit_people *people) {
  return people->opts.access_ms + 15000;
}

/* The same for one that began in this run, whose tokens have its life, the last
 * of them perhaps signed a moment behind the end: so who signs in and out again
 * and again does not fill the table. */
static int64_t life_of(const peal_kit_people *people, int64_t begun_ms) {
  return begun_ms >= people->began_ms ? people->opts.access_ms + LATE_MS
                                      : life_ms(people);
}

/* In memory: from here on its tokens are refused. */
static void end_now(peal_kit_people *people, const char *id, int64_t person,
                    int64_t begun_ms) {
  int64_t now = peal_kit_people_now_ms(people);
  if (!peal_kit_people_ended_add(&people->ended, id,
                                 now + life_of(people, begun_ms), now))
    return;
  if (!part(people, id))
    peal_kit_people_log(people, PEAL_LOG_WARN,
                        "a sign-in is over, and its sockets will be "
                        "disconnected with the next tick");
  if (people->opts.on_sign == NULL)
    return;
  peal_kit_person gone = {.role_name = ""};
  peal_kit_people_person(&gone, person);
  snprintf(gone.sign_in, sizeof gone.sign_in, "%s", id);
  people->opts.on_sign(&gone, false, people->opts.sign_user);
}

static void end_rows(peal_kit_people *people, peal_val rows) {
  for (size_t i = 0; i < rows.len; i++) {
    peal_val row = peal_val_at(rows, i);
    char id[PEAL_KIT_SIGN_IN_BYTES];
    snprintf(id, sizeof id, "%.*s",
             PEAL_SFMT(peal_val_str(peal_val_get(row, "id"))));
    end_now(people, id, peal_val_int(peal_val_get(row, "person"), 0),
            peal_val_int(peal_val_get(row, "begun_ms"), 0));
  }
}

/* The end of some, on its way through the store. */
typedef struct ending {
  peal_kit_people *people;
  peal_store_fn fn;
  void *user;
} ending;

static void on_ended(const peal_store_result *result, void *user) {
  ending e = *(ending *)user;
  free(user);
  if (result->err == PEAL_OK)
    end_rows(e.people, result->rows);
  else
    peal_kit_people_log(e.people, PEAL_LOG_ERROR, "a sign-in did not end: %s",
                        result->message != NULL
                            ? result->message
                            : peal_err_message(result->err));
  if (e.fn != NULL)
    e.fn(result, e.user);
}

static peal_err end_in_store(peal_kit_people *people,
                             const peal_store_stmt *stmts, size_t count,
                             peal_store_fn fn, void *user) {
  ending *e = malloc(sizeof *e);
  if (e == NULL)
    return PEAL_ERR_NOMEM;
  *e = (ending){people, fn, user};
  peal_err err =
      peal_store_write_all(people->opts.store, stmts, count, on_ended, e);
  if (err != PEAL_OK)
    free(e);
  return err;
}

peal_err peal_kit_people_sign_end(peal_kit_people *people, const char *id,
                                  peal_store_fn fn, void *user) {
  peal_val now = peal_int(peal_kit_people_now_ms(people));
  const peal_store_stmt one = {"UPDATE sign_ins SET ended_ms = ?2"
                               " WHERE id = ?1 AND ended_ms IS NULL"
                               " RETURNING id, person, begun_ms",
                               PEAL_ARGS(peal_str(id), now)};
  return end_in_store(people, &one, 1, fn, user);
}

peal_err peal_kit_people_sign_end_all(peal_kit_people *people,
                                      const peal_store_stmt *change,
                                      int64_t person, const char *keep,
                                      peal_store_fn fn, void *user) {
  peal_val now = peal_int(peal_kit_people_now_ms(people));
  peal_val kept = peal_str(keep != NULL ? keep : "");
  peal_store_stmt both[] = {
      {0},
      {"UPDATE sign_ins SET ended_ms = ?3"
       " WHERE person = ?1 AND id <> ?2 AND ended_ms IS NULL"
       " RETURNING id, person, begun_ms",
       PEAL_ARGS(peal_int(person), kept, now)}};
  if (change == NULL)
    return end_in_store(people, both + 1, 1, fn, user);
  both[0] = *change;
  return end_in_store(people, both, 2, fn, user);
}

peal_err peal_kit_people_end(peal_kit_people *people, int64_t id,
                             const char *keep) {
  return peal_kit_people_sign_end_all(people, NULL, id, keep, NULL, NULL);
}

/* ---- beginning and refreshing ----------------------------------------------------- */

/* One that begins or goes on, on its way through the store. */
typedef struct course {
  peal_kit_people *people;
  peal_kit_people_signed what;
  int64_t serial;
  uint8_t retry[PEAL_KIT_DIGEST_BYTES];
  bool has_retry;
  peal_kit_people_signed_fn fn;
  void *user;
} course;

static void finish(course *c, peal_err err) {
  c->what.err = err;
  if (err == PEAL_OK &&
      !make_token(c->people, c->what.who.sign_in, c->serial, c->what.refresh))
    c->what.err = PEAL_ERR_SYSTEM;
  c->fn(&c->what, c->user);
  free(c);
}

static void on_begun(const peal_store_result *result, void *user) {
  course *c = user;
  if (result->err == PEAL_OK) {
    end_rows(c->people, result->rows);
    if (c->people->opts.on_sign != NULL)
      c->people->opts.on_sign(&c->what.who, true, c->people->opts.sign_user);
  }
  finish(c, result->err);
}

static bool make_id(char out[PEAL_KIT_SIGN_IN_BYTES]) {
  uint8_t random[ID_CHARS / 2];
  if (!peal_kit_digest_random(random, sizeof random))
    return false;
  peal_kit_digest_hex(out, random, sizeof random);
  return true;
}

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Of nobody, which the table refuses, if hash or role were changed meanwhile.
 * Beyond the ceiling those that were not used for the longest time end. */
static peal_err begin(course *c, const char *hash) {
  const peal_kit_people_opts *o = &c->people->opts;
  int64_t now = peal_kit_people_now_ms(c->people);
  const peal_kit_person *who = &c->what.who;
  peal_val id = peal_str(who->sign_in), person = peal_int(who->id),
           end = peal_int(now + earlier(o->refresh_ms, o->sign_in_ms));
  const peal_store_stmt both[] = {
      {"INSERT INTO sign_ins (id, person, used_ms, begun_ms, end_ms)"
       " VALUES (?1, (SELECT id FROM people WHERE id = ?2 AND role = ?5"
       " AND hash = ?6), ?3, ?3, ?4)",
       PEAL_ARGS(id, person, peal_int(now), end, peal_str(who->role_name),
                 peal_str(hash))},
      {"UPDATE sign_ins SET ended_ms = ?3 WHERE id IN (SELECT id FROM sign_ins"
       " WHERE person = ?2 AND ended_ms IS NULL AND id <> ?1"
       " ORDER BY used_ms DESC, begun_ms DESC LIMIT -1 OFFSET ?4)"
       " RETURNING id, person, begun_ms",
       PEAL_ARGS(id, person, peal_int(now), peal_int(o->max_sign_ins - 1))}};
  return peal_store_write_all(o->store, both, 2, on_begun, c);
}

peal_err peal_kit_people_sign_begin(peal_kit_people *people,
                                    const peal_kit_person *who,
                                    const char *hash,
                                    peal_kit_people_signed_fn fn, void *user) {
  course *c = calloc(1, sizeof *c);
  if (c == NULL)
    return PEAL_ERR_NOMEM;
  *c = (course){.people = people, .what.who = *who, .fn = fn, .user = user};
  peal_err err =
      make_id(c->what.who.sign_in) ? begin(c, hash) : PEAL_ERR_SYSTEM;
  if (err != PEAL_OK)
    free(c);
  return err;
}

/* The row says whose it is, as of now: name and role may have changed. */
static bool read_row(course *c, peal_val row) {
  peal_kit_person *who = &c->what.who;
  peal_slice role = peal_val_str(peal_val_get(row, "role"));
  who->role = peal_kit_people_role(c->people, role, &who->role_name);
  peal_kit_people_person(who, peal_val_int(peal_val_get(row, "person"), 0));
  snprintf(who->username, sizeof who->username, "%.*s",
           PEAL_SFMT(peal_val_str(peal_val_get(row, "name"))));
  c->serial = peal_val_int(peal_val_get(row, "serial"), 0);
  return who->role != 0;
}

/* An answer was lost, and the same request comes again. */
static bool is_retry(const course *c, peal_val row) {
  peal_slice retry = peal_val_binary(peal_val_get(row, "retry"));
  int64_t used = peal_val_int(peal_val_get(row, "used_ms"), 0);
  return c->has_retry && retry.len == sizeof c->retry &&
         peal_kit_digest_is_equal((const uint8_t *)retry.ptr, c->retry) &&
         c->serial + 1 == peal_val_int(peal_val_get(row, "serial"), 0) &&
         used + GRACE_MS > peal_kit_people_now_ms(c->people);
}

static void on_reused(const peal_store_result *result, void *user) {
  (void)result;
  finish(user, PEAL_ERR_EXISTS);
}

static void on_looked(const peal_store_result *result, void *user) {
  course *c = user;
  peal_val row = peal_val_at(result->rows, 0);
  if (result->err != PEAL_OK || result->rows.len == 0) {
    finish(c, result->err != PEAL_OK ? result->err : PEAL_ERR_CLOSED);
    return;
  }
  if (is_retry(c, row)) {
    finish(c, read_row(c, row) ? PEAL_OK : PEAL_ERR_CLOSED);
    return;
  }
  peal_kit_people_log(c->people, PEAL_LOG_WARN,
                      "a refresh token of person %lld was used twice: the "
                      "sign-in is over",
                      (long long)peal_val_int(peal_val_get(row, "person"), 0));
  peal_err err =
      peal_kit_people_sign_end(c->people, c->what.who.sign_in, on_reused, c);
  if (err != PEAL_OK)
    finish(c, err);
}

/* Not the newest: which one is it? */
static peal_err look(course *c) {
  return peal_store_read(
      c->people->opts.store,
      "SELECT person, serial, retry, used_ms,"
      " (SELECT name FROM people WHERE people.id = sign_ins.person) AS name,"
      " (SELECT role FROM people WHERE people.id = sign_ins.person) AS role"
      " FROM sign_ins WHERE id = ?1 AND ended_ms IS NULL AND end_ms > ?2"
      " AND serial > ?3",
      PEAL_ARGS(peal_str(c->what.who.sign_in),
                peal_int(peal_kit_people_now_ms(c->people)),
                peal_int(c->serial)),
      on_looked, c);
}

static void on_refreshed(const peal_store_result *result, void *user) {
  course *c = user;
  peal_err err = result->err;
  if (err == PEAL_OK && result->rows.len == 0) {
    err = look(c);
    if (err == PEAL_OK)
      return;
  } else if (err == PEAL_OK && !read_row(c, peal_val_at(result->rows, 0))) {
    err = PEAL_ERR_CLOSED;
  }
  finish(c, err);
}

static peal_err refresh(course *c) {
  const peal_kit_people_opts *o = &c->people->opts;
  int64_t now = peal_kit_people_now_ms(c->people);
  peal_slice retry = {(const char *)c->retry, sizeof c->retry};
  return peal_store_write(
      o->store,
      "UPDATE sign_ins SET serial = serial + 1, retry = ?3, used_ms = ?4,"
      " end_ms = min(?4 + ?5, begun_ms + ?6)"
      " WHERE id = ?1 AND serial = ?2 AND ended_ms IS NULL"
      " AND end_ms > ?4" REFRESHED,
      PEAL_ARGS(peal_str(c->what.who.sign_in), peal_int(c->serial),
                c->has_retry ? peal_binary(retry) : peal_null(), peal_int(now),
                peal_int(o->refresh_ms), peal_int(o->sign_in_ms)),
      on_refreshed, c);
}

peal_err peal_kit_people_sign_refresh(peal_kit_people *people, peal_slice token,
                                      peal_slice retry,
                                      peal_kit_people_signed_fn fn,
                                      void *user) {
  char id[PEAL_KIT_SIGN_IN_BYTES];
  int64_t serial;
  // what has ended in memory is not asked of the store
  if (!peal_kit_people_sign_of(people, token, id, &serial) ||
      peal_kit_people_ended_has(&people->ended, id, INT64_MAX))
    return PEAL_ERR_CLOSED;
  course *c = calloc(1, sizeof *c);
  if (c == NULL)
    return PEAL_ERR_NOMEM;
  *c = (course){.people = people, .serial = serial, .fn = fn, .user = user};
  memcpy(c->what.who.sign_in, id, sizeof id);
  c->has_retry = retry.len > 0 && retry.len <= RETRY_BYTES &&
                 peal_kit_digest_of(c->retry, retry);
  peal_err err = refresh(c);
  if (err != PEAL_OK)
    free(c);
  return err;
}

/* ---- before the run, and every second ------------------------------------------------ */

bool peal_kit_people_sign_load(peal_kit_people *people) {
  peal_doc *rows = NULL;
  int64_t now = peal_kit_people_now_ms(people);
  if (peal_store_exec_sync(people->opts.store,
                           "SELECT id, ended_ms FROM sign_ins"
                           " WHERE ended_ms > ?1 LIMIT 10000",
                           PEAL_ARGS(peal_int(now - life_ms(people))),
                           &rows) != PEAL_OK) {
    peal_kit_people_log(people, PEAL_LOG_ERROR, "the sign-ins cannot be read");
    return false;
  }
  peal_val all = peal_doc_val(rows);
  for (size_t i = 0; i < all.len; i++) {
    char id[PEAL_KIT_SIGN_IN_BYTES];
    peal_val row = peal_val_at(all, i);
    snprintf(id, sizeof id, "%.*s",
             PEAL_SFMT(peal_val_str(peal_val_get(row, "id"))));
    (void)peal_kit_people_ended_add(
        &people->ended, id,
        peal_val_int(peal_val_get(row, "ended_ms"), now) + life_ms(people),
        now);
    peal_kit_people_ended_part(&people->ended, id);
  }
  // more than one answer has: none of what was given out before is good
  if (all.len == 10000)
    people->ended.floor_s = now / 1000;
  peal_doc_free(rows);
  return true;
}

/* Rows that are over, so long that no token of theirs is asked about. */
static void clean(peal_kit_people *people) {
  int64_t before = peal_kit_people_now_ms(people) - KEEP_MS;
  peal_err err = peal_store_write(
      people->opts.store,
      "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins"
      " WHERE end_ms < ?1 OR ended_ms < ?2 LIMIT 1000)",
      PEAL_ARGS(peal_int(before), peal_int(before - life_ms(people))), NULL,
      NULL);
  if (err != PEAL_OK)
    peal_kit_people_log(people, PEAL_LOG_WARN,
                        "old sign-ins were not deleted: %s",
                        peal_err_message(err));
}

void peal_kit_people_sign_tick(peal_kit_people *people) {
  char id[PEAL_KIT_SIGN_IN_BYTES];
  for (int i = 0;
       i < TRY_AT_ONCE && peal_kit_people_ended_next(&people->ended, id) &&
       part(people, id);
       i++)
    ;
  if (people->ticks % CLEAN_TICKS == 1)
    clean(people);
}
