/* SPDX-License-Identifier: MIT */
/* kit_people_account: names and passwords: asked about, made, changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "kit/kit_people_impl.h"

/* The hash of a disabled account begins with a mark that none of ours has: it is
 * that of no password, and is good again without it. */
enum { LEAST_PASSWORD = 8, DISABLED = '!' };

#define INSERT                                                                 \
  "INSERT INTO people (folded, name, hash, role, made_ms)"                     \
  " SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM people) < ?6"        \
  " RETURNING id"

/* ---- a question --------------------------------------------------------------- */

peal_kit_people_ask *peal_kit_people_ask_new(peal_kit_people *people) {
  peal_kit_people_ask *ask = calloc(1, sizeof *ask);
  if (ask == NULL)
    return NULL;
  ask->people = people;
  ask->who.role_name = "";
  return ask;
}

void peal_kit_people_ask_free(peal_kit_people_ask *ask) {
  if (ask == NULL)
    return;
  OPENSSL_cleanse(ask, sizeof *ask);
  free(ask);
}

static void answer(peal_kit_people_ask *ask, peal_err err) {
  ask->err = err;
  ask->fn(ask);
}

static peal_slice password_of(const peal_kit_people_ask *ask) {
  return (peal_slice){ask->password, ask->password_len};
}

static peal_slice fresh_of(const peal_kit_people_ask *ask) {
  return (peal_slice){ask->fresh, ask->fresh_len};
}

const char *peal_kit_people_wrong(peal_slice username, peal_slice password,
                                  const char **field) {
  char folded[PEAL_KIT_USERNAME_BYTES], same[PEAL_KIT_USERNAME_BYTES];
  *field = "username";
  if (!peal_kit_people_fold(folded, username))
    return "a username is 1 to 64 letters, digits and . _ - @ +, beginning "
           "with a letter or digit";
  *field = "password";
  if (password.len < LEAST_PASSWORD || password.len > PEAL_KIT_PASSWORD_MAX)
    return "a password has 8 to 1024 bytes";
  if (peal_kit_people_fold(same, password) && strcmp(same, folded) == 0)
    return "the password is the username";
  return NULL;
}

/* ---- is it right? --------------------------------------------------------------- */

static void work_check(peal_kit_people_job *job) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  bool is_right = false;
  ask->err = peal_kit_password_check(&is_right, &ask->is_old, password_of(ask),
                                     peal_slice_of(ask->hash),
                                     &ask->people->opts.cost);
  if (ask->err == PEAL_OK && !is_right)
    ask->err = PEAL_ERR_CLOSED;
}

/* Costs have changed since it was made. Nobody waits for it: if it cannot be
 * done now, the next login does it. */
static void work_renew(peal_kit_people_job *job) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  ask->err = peal_kit_password_hash(ask->hash, password_of(ask),
                                    &ask->people->opts.cost);
}

static void done_renew(peal_kit_people_job *job, peal_err err) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  if (err == PEAL_OK && ask->err == PEAL_OK &&
      peal_store_write(ask->people->opts.store,
                       "UPDATE people SET hash = ?2"
                       " WHERE id = ?1 AND hash = ?3",
                       PEAL_ARGS(peal_int(ask->who.id), peal_str(ask->hash),
                                 peal_str(ask->was)),
                       NULL, NULL) == PEAL_OK)
    peal_kit_people_log(ask->people, PEAL_LOG_INFO,
                        "the password of %s is hashed at other costs",
                        ask->guess.folded);
  peal_kit_people_ask_free(ask);
}

static void renew(const peal_kit_people_ask *from) {
  peal_kit_people_ask *ask = malloc(sizeof *ask);
  if (ask == NULL)
    return;
  *ask = *from;
  memcpy(ask->was, from->hash, sizeof ask->was);
  ask->job = (peal_kit_people_job){.work = work_renew, .done = done_renew};
  if (peal_kit_people_hashes_add(&ask->people->hashes, from->job.worker,
                                 &ask->job) != PEAL_OK)
    peal_kit_people_ask_free(ask);
}

static void done_check(peal_kit_people_job *job, peal_err err) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  if (err == PEAL_OK)
    err = ask->who.id != 0 || ask->err != PEAL_OK ? ask->err : PEAL_ERR_CLOSED;
  if (err == PEAL_OK && ask->is_old)
    renew(ask);
  // only what was looked at and wrong is a guess
  if (err != PEAL_ERR_CLOSED)
    peal_kit_people_guess_give(ask->people, &ask->guess);
  answer(ask, err);
}

/* Somebody unknown takes as long as a wrong password. */
static void on_account(const peal_store_result *result, void *user) {
  peal_kit_people_ask *ask = user;
  peal_val row = peal_val_at(result->rows, 0);
  peal_slice hash = peal_val_str(peal_val_get(row, "hash"));
  // one that is disabled is as one that there is not
  bool has = result->err == PEAL_OK && result->rows.len > 0 && hash.len > 0 &&
             hash.ptr[0] != DISABLED;
  if (has) {
    peal_kit_people_person(&ask->who, peal_val_int(peal_val_get(row, "id"), 0));
    snprintf(ask->who.username, sizeof ask->who.username, "%.*s",
             PEAL_SFMT(peal_val_str(peal_val_get(row, "name"))));
    ask->who.role = peal_kit_people_role(
        ask->people, peal_val_str(peal_val_get(row, "role")),
        &ask->who.role_name);
  }
  snprintf(ask->hash, sizeof ask->hash, "%.*s",
           PEAL_SFMT(has ? hash : peal_slice_of(ask->people->decoy)));
  peal_err err = result->err;
  if (err == PEAL_OK)
    err = peal_kit_people_hashes_add(&ask->people->hashes, peal_worker_self(),
                                     &ask->job);
  if (err == PEAL_OK)
    return;
  peal_kit_people_guess_give(ask->people, &ask->guess);
  answer(ask, err);
}

static peal_err find_account(peal_kit_people_ask *ask) {
  peal_err err = peal_store_read(
      ask->people->opts.store,
      "SELECT id, name, hash, role FROM people WHERE folded = ?1",
      PEAL_ARGS(peal_str(ask->guess.folded)), on_account, ask);
  if (err != PEAL_OK)
    peal_kit_people_guess_give(ask->people, &ask->guess);
  return err;
}

static void begin_job(peal_kit_people_ask *ask,
                      void (*work)(peal_kit_people_job *),
                      void (*done)(peal_kit_people_job *, peal_err)) {
  ask->job.work = work;
  ask->job.done = done;
  memcpy(ask->job.network, ask->guess.network, sizeof ask->job.network);
}

peal_err peal_kit_people_account_ask(peal_kit_people_ask *ask) {
  begin_job(ask, work_check, done_check);
  return find_account(ask);
}

/* ---- a new one ---------------------------------------------------------------------- */

static void work_hash(peal_kit_people_job *job) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  ask->err = peal_kit_password_hash(ask->hash, password_of(ask),
                                    &ask->people->opts.cost);
}

static void on_added(const peal_store_result *result, void *user) {
  peal_kit_people_ask *ask = user;
  peal_err err = result->err;
  if (err == PEAL_OK && result->rows.len == 0)
    err = PEAL_ERR_LIMIT;
  if (err == PEAL_OK) {
    peal_val row = peal_val_at(result->rows, 0);
    peal_kit_people_person(&ask->who, peal_val_int(peal_val_get(row, "id"), 0));
    snprintf(ask->who.username, sizeof ask->who.username, "%s", ask->name);
  }
  answer(ask, err);
}

static void done_hash(peal_kit_people_job *job, peal_err err) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  if (err == PEAL_OK)
    err = ask->err;
  if (err == PEAL_OK)
    err = peal_store_write(
        ask->people->opts.store, INSERT,
        PEAL_ARGS(peal_str(ask->guess.folded), peal_str(ask->name),
                  peal_str(ask->hash), peal_str(ask->who.role_name),
                  peal_int(peal_kit_people_now_ms(ask->people)),
                  peal_int(ask->people->opts.max_people)),
        on_added, ask);
  if (err != PEAL_OK)
    answer(ask, err);
}

/* A name that is taken is not worth a hash. */
static void on_looked(const peal_store_result *result, void *user) {
  peal_kit_people_ask *ask = user;
  peal_err err = result->err;
  if (err == PEAL_OK && result->rows.len > 0)
    err = PEAL_ERR_EXISTS;
  if (err == PEAL_OK)
    err = peal_kit_people_hashes_add(&ask->people->hashes, peal_worker_self(),
                                     &ask->job);
  if (err != PEAL_OK)
    answer(ask, err);
}

peal_err peal_kit_people_account_add(peal_kit_people_ask *ask) {
  begin_job(ask, work_hash, done_hash);
  return peal_store_read(
      ask->people->opts.store, "SELECT id FROM people WHERE folded = ?1",
      PEAL_ARGS(peal_str(ask->guess.folded)), on_looked, ask);
}

/* ---- another password ---------------------------------------------------------------- */

static void work_change(peal_kit_people_job *job) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  memcpy(ask->was, ask->hash, sizeof ask->was);
  work_check(job);
  if (ask->err == PEAL_OK)
    ask->err = peal_kit_password_hash(ask->hash, fresh_of(ask),
                                      &ask->people->opts.cost);
}

static void on_changed(const peal_store_result *result, void *user) {
  answer(user, result->err);
}

/* No hash at all, which the table refuses, if another change came first. */
static peal_err store_change(peal_kit_people_ask *ask) {
  const peal_store_stmt change = {
      "UPDATE people SET hash = CASE WHEN hash = ?3 THEN ?2 END WHERE id = ?1",
      PEAL_ARGS(peal_int(ask->who.id), peal_str(ask->hash),
                peal_str(ask->was))};
  return peal_kit_people_sign_end_all(ask->people, &change, ask->who.id,
                                      ask->who.sign_in, on_changed, ask);
}

static void done_change(peal_kit_people_job *job, peal_err err) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  if (err == PEAL_OK)
    err = ask->who.id != 0 || ask->err != PEAL_OK ? ask->err : PEAL_ERR_CLOSED;
  if (err != PEAL_ERR_CLOSED)
    peal_kit_people_guess_give(ask->people, &ask->guess);
  if (err == PEAL_OK)
    err = store_change(ask);
  if (err != PEAL_OK)
    answer(ask, err);
}

peal_err peal_kit_people_account_change(peal_kit_people_ask *ask) {
  begin_job(ask, work_change, done_change);
  return find_account(ask);
}

/* ---- for programs ---------------------------------------------------------------------- */

peal_err peal_kit_people_id_sync(peal_store *store, peal_slice username,
                                 int64_t *id) {
  char folded[PEAL_KIT_USERNAME_BYTES];
  peal_doc *rows = NULL;
  *id = 0;
  if (!peal_kit_people_fold(folded, username))
    return PEAL_OK;
  peal_err err =
      peal_store_exec_sync(store, "SELECT id FROM people WHERE folded = ?1",
                           PEAL_ARGS(peal_str(folded)), &rows);
  if (err == PEAL_OK)
    *id =
        peal_val_int(peal_val_get(peal_val_at(peal_doc_val(rows), 0), "id"), 0);
  peal_doc_free(rows);
  return err;
}

static const char *role_of(const peal_kit_people *people, uint32_t role) {
  for (unsigned i = 0; people->role_names[i] != NULL; i++)
    if (role == UINT32_C(1) << i)
      return people->role_names[i];
  return NULL;
}

peal_err peal_kit_people_add_sync(peal_kit_people *people, peal_slice username,
                                  peal_slice password, uint32_t role,
                                  int64_t *id) {
  const char *field, *name = role_of(people, role);
  char folded[PEAL_KIT_USERNAME_BYTES], hash[PEAL_KIT_PASSWORD_BYTES];
  peal_doc *rows = NULL;
  *id = 0;
  if (name == NULL ||
      peal_kit_people_wrong(username, password, &field) != NULL ||
      !peal_kit_people_fold(folded, username))
    return PEAL_ERR_USAGE;
  peal_err err = peal_kit_password_hash(hash, password, &people->opts.cost);
  if (err == PEAL_OK)
    err = peal_store_exec_sync(
        people->opts.store, INSERT,
        PEAL_ARGS(peal_str(folded), peal_str_slice(username), peal_str(hash),
                  peal_str(name), peal_int(peal_kit_people_now_ms(people)),
                  peal_int(people->opts.max_people)),
        &rows);
  if (err == PEAL_OK && peal_doc_val(rows).len == 0)
    err = PEAL_ERR_LIMIT;
  if (err == PEAL_OK)
    *id =
        peal_val_int(peal_val_get(peal_val_at(peal_doc_val(rows), 0), "id"), 0);
  peal_doc_free(rows);
  return err;
}

static void tell_added(peal_kit_people_ask *ask) {
  peal_kit_people_fn fn = ask->added;
  void *user = ask->user;
  peal_err err = ask->err;
  int64_t id = ask->who.id;
  peal_kit_people_ask_free(ask);
  if (fn != NULL)
    fn(err, id, user);
}

peal_err peal_kit_people_add(peal_kit_people *people, peal_slice username,
                             peal_slice password, uint32_t role,
                             peal_kit_people_fn fn, void *user) {
  const char *field, *name = role_of(people, role);
  if (name == NULL || peal_kit_people_wrong(username, password, &field) != NULL)
    return PEAL_ERR_USAGE;
  peal_kit_people_ask *ask = peal_kit_people_ask_new(people);
  if (ask == NULL)
    return PEAL_ERR_NOMEM;
  ask->fn = tell_added;
  ask->added = fn;
  ask->user = user;
  ask->who.role = role;
  ask->who.role_name = name;
  ask->password_len = password.len;
  memcpy(ask->password, password.ptr, password.len);
  snprintf(ask->name, sizeof ask->name, "%.*s", PEAL_SFMT(username));
  // what was found good above can be folded
  peal_err err = peal_kit_people_fold(ask->guess.folded, username)
                     ? peal_kit_people_account_add(ask)
                     : PEAL_ERR_USAGE;
  if (err != PEAL_OK)
    peal_kit_people_ask_free(ask);
  return err;
}

peal_err peal_kit_people_role_set(peal_kit_people *people, int64_t id,
                                  uint32_t role) {
  const char *name = role_of(people, role);
  if (name == NULL)
    return PEAL_ERR_USAGE;
  const peal_store_stmt change = {"UPDATE people SET role = ?2 WHERE id = ?1",
                                  PEAL_ARGS(peal_int(id), peal_str(name))};
  return peal_kit_people_sign_end_all(people, &change, id, NULL, NULL, NULL);
}

/* ---- set by others ---------------------------------------------------------------------- */

static void on_reset(const peal_store_result *result, void *user) {
  answer(user, result->err);
}

static void done_reset(peal_kit_people_job *job, peal_err err) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  if (err == PEAL_OK)
    err = ask->err;
  if (err == PEAL_OK) {
    const peal_store_stmt change = {
        "UPDATE people SET hash = CASE WHEN hash LIKE '!%' THEN '!' ELSE ''"
        " END || ?2 WHERE id = ?1",
        PEAL_ARGS(peal_int(ask->who.id), peal_str(ask->hash))};
    err = peal_kit_people_sign_end_all(ask->people, &change, ask->who.id, NULL,
                                       on_reset, ask);
  }
  if (err != PEAL_OK)
    answer(ask, err);
}

static void on_known(const peal_store_result *result, void *user) {
  peal_kit_people_ask *ask = user;
  peal_err err = result->err;
  if (err == PEAL_OK && result->rows.len == 0)
    err = PEAL_ERR_CLOSED;
  if (err == PEAL_OK)
    err = peal_kit_people_hashes_add(&ask->people->hashes, peal_worker_self(),
                                     &ask->job);
  if (err != PEAL_OK)
    answer(ask, err);
}

peal_err peal_kit_people_password_set(peal_kit_people *people, int64_t id,
                                      peal_slice password,
                                      peal_kit_people_fn fn, void *user) {
  const char *field;
  if (peal_kit_people_wrong(PEAL_S("x"), password, &field) != NULL)
    return PEAL_ERR_USAGE;
  peal_kit_people_ask *ask = peal_kit_people_ask_new(people);
  if (ask == NULL)
    return PEAL_ERR_NOMEM;
  ask->fn = tell_added;
  ask->added = fn;
  ask->user = user;
  ask->who.id = id;
  ask->password_len = password.len;
  memcpy(ask->password, password.ptr, password.len);
  begin_job(ask, work_hash, done_reset);
  peal_err err =
      peal_store_read(people->opts.store, "SELECT id FROM people WHERE id = ?1",
                      PEAL_ARGS(peal_int(id)), on_known, ask);
  if (err != PEAL_OK)
    peal_kit_people_ask_free(ask);
  return err;
}

peal_err peal_kit_people_disable(peal_kit_people *people, int64_t id,
                                 bool is_disabled) {
  const peal_store_stmt change = {
      is_disabled ? "UPDATE people SET hash = '!' || hash"
                    " WHERE id = ?1 AND hash NOT LIKE '!%'"
                  : "UPDATE people SET hash = substr(hash, 2)"
                    " WHERE id = ?1 AND hash LIKE '!%'",
      PEAL_ARGS(peal_int(id))};
  return peal_kit_people_sign_end_all(people, &change, id, NULL, NULL, NULL);
}
