/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include <peal/kit_people.h>

#include "kit/kit_people_impl.h"

enum {
  DAY_MS = 86400000,
  MINUTE_MS = 60000,
  SECRET_BYTES = 32,
  TURN_TICKS = 2,
  DROP_TICKS = 60,
};

/* ---- options ----------------------------------------------------------------- */

static void set_defaults(peal_kit_people_opts *o) {
  if (o->prefix == NULL)
    o->prefix = "/api";
  if (o->refresh_path == NULL)
    o->refresh_path = "/token/refresh";
  if (o->access_ms == 0)
    o->access_ms = 15 * MINUTE_MS;
  if (o->refresh_ms == 0)
    o->refresh_ms = INT64_C(14) * DAY_MS;
  if (o->sign_in_ms == 0)
    o->sign_in_ms = INT64_C(90) * DAY_MS;
  if (o->hashes == 0)
    o->hashes = 2;
  if (o->hashes_wait == 0)
    o->hashes_wait = 400;
  if (o->max_sign_ins == 0)
    o->max_sign_ins = 20;
  if (o->max_people == 0)
    o->max_people = 100000;
  if (o->registers_per_hour == 0)
    o->registers_per_hour = 2000;
}

static bool is_good(const peal_kit_people_opts *o) {
  for (size_t i = 0; i < sizeof o->reserved / sizeof *o->reserved; i++)
    if (o->reserved[i] != 0)
      return false;
  return o->issuer != NULL && o->data_dir != NULL && o->store != NULL &&
         o->workers != NULL && o->access_ms >= 0 && o->refresh_ms >= 0 &&
         o->sign_in_ms >= 0 && o->rotate_ms >= 0;
}

static bool copy_roles(peal_kit_people *people) {
  static const char *const one[] = {"user", NULL};
  const char *const *names =
      people->opts.roles != NULL ? people->opts.roles : one;
  for (size_t i = 0; names[i] != NULL; i++)
    if (i == PEAL_KIT_PEOPLE_ROLES ||
        (people->role_names[i] = strdup(names[i])) == NULL)
      return false;
  people->opts.roles = NULL;
  return people->role_names[0] != NULL;
}

/* By default of the program, as cookies know no ports. RFC6265 8.5 */
static bool copy_texts(peal_kit_people *people) {
  peal_kit_people_opts *o = &people->opts;
  char cookie[128];
  snprintf(cookie, sizeof cookie, "%s_refresh", o->issuer);
  if (o->cookie == NULL)
    o->cookie = cookie;
  const char **const texts[] = {&o->issuer, &o->data_dir, &o->prefix,
                                &o->refresh_path, &o->cookie};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    people->texts[i] = strdup(*texts[i]);
    if (people->texts[i] == NULL)
      return false;
    *texts[i] = people->texts[i];
  }
  return true;
}

/* Costs as they are, and a salt and a hash of zeroes. */
static void make_decoy(peal_kit_people *people) {
  const peal_kit_password_cost *cost = &people->opts.cost;
  snprintf(people->decoy, sizeof people->decoy, "$scrypt$ln=%u,r=%u,p=%u$%s$%s",
           cost->ln != 0 ? cost->ln : PEAL_KIT_PASSWORD_LN,
           cost->r != 0 ? cost->r : PEAL_KIT_PASSWORD_R,
           cost->p != 0 ? cost->p : PEAL_KIT_PASSWORD_P,
           "AAAAAAAAAAAAAAAAAAAAAA",
           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

/* ---- secrets ----------------------------------------------------------------- */

static peal_kit_tokens_opts token_opts(const peal_kit_people_opts *o,
                                       char *path, size_t cap) {
  snprintf(path, cap, "%s/token.keys", o->data_dir);
  return (peal_kit_tokens_opts){.path = path,
                                .issuer = o->issuer,
                                .life_ms = o->access_ms,
                                .rotate_ms = o->rotate_ms,
                                .secret = o->secret,
                                .clock = o->clock,
                                .clock_user = o->clock_user};
}

static bool complain(peal_kit_people *people, const char *path, peal_err err,
                     const peal_err_info *info) {
  peal_kit_people_log(people, PEAL_LOG_ERROR, "%s: %s", path,
                      info->msg != NULL ? info->msg : peal_err_message(err));
  return false;
}

static bool open_tokens(peal_kit_people *people) {
  char path[4096];
  bool is_new = false;
  peal_err_info info = {0};
  const peal_kit_tokens_opts opts =
      token_opts(&people->opts, path, sizeof path);
  peal_err err = peal_kit_tokens_open(&people->tokens, &opts, &is_new, &info);
  people->opts.secret = NULL; // borrowed, and copied by now
  if (err != PEAL_OK)
    return complain(people, path, err, &info);
  if (is_new)
    peal_kit_people_log(people, PEAL_LOG_INFO,
                        "a key that access tokens are signed with was made: %s",
                        path);
  return true;
}

static bool open_secret(peal_kit_people *people) {
  char path[4096], *secret = NULL;
  bool is_new = false;
  peal_err_info info = {0};
  snprintf(path, sizeof path, "%s/refresh.secret", people->opts.data_dir);
  peal_err err =
      peal_config_secret(&secret, path, SECRET_BYTES, &is_new, &info);
  if (err != PEAL_OK)
    return complain(people, path, err, &info);
  if (is_new)
    peal_kit_people_log(people, PEAL_LOG_INFO,
                        "a secret that sign-ins are bound to was made: %s",
                        path);
  bool done = peal_kit_digest_of(people->secret, peal_slice_of(secret));
  peal_config_secret_free(secret);
  return done;
}

/* ---- life -------------------------------------------------------------------- */

static bool make_limits(peal_kit_people *people) {
  people->by_both = peal_web_limit_new(
      &(peal_web_limit_opts){.count = 10, .per_ms = MINUTE_MS});
  people->by_name = peal_web_limit_new(
      &(peal_web_limit_opts){.count = 50, .per_ms = 10 * MINUTE_MS});
  people->by_network = peal_web_limit_new(
      &(peal_web_limit_opts){.count = 100, .per_ms = 10 * MINUTE_MS});
  people->registers = peal_web_limit_new(&(peal_web_limit_opts){
      .count = people->opts.registers_per_hour, .per_ms = 60 * MINUTE_MS});
  return people->by_both != NULL && people->by_name != NULL &&
         people->by_network != NULL && people->registers != NULL;
}

static bool make(peal_kit_people *people) {
  if (!copy_roles(people) || !copy_texts(people) || !make_limits(people)) {
    peal_kit_people_log(people, PEAL_LOG_ERROR, "%s",
                        peal_err_message(PEAL_ERR_NOMEM));
    return false;
  }
  make_decoy(people);
  return open_tokens(people) && open_secret(people) &&
         peal_kit_people_sign_load(people);
}

peal_kit_people *peal_kit_people_new(const peal_kit_people_opts *opts) {
  if (opts == NULL || !is_good(opts))
    return NULL;
  peal_kit_people *people = calloc(1, sizeof *people);
  if (people == NULL)
    return NULL;
  people->opts = *opts;
  set_defaults(&people->opts);
  people->began_ms = peal_kit_people_now_ms(people);
  peal_kit_people_hashes_init(&people->hashes, people->opts.hashes,
                              people->opts.hashes_wait);
  peal_kit_people_ended_init(&people->ended);
  if (make(people))
    return people;
  peal_kit_people_free(people);
  return NULL;
}

void peal_kit_people_free(peal_kit_people *people) {
  if (people == NULL)
    return;
  peal_kit_tokens_close(people->tokens);
  peal_kit_people_ended_deinit(&people->ended);
  peal_kit_people_hashes_deinit(&people->hashes);
  peal_web_limit_free(people->by_both);
  peal_web_limit_free(people->by_name);
  peal_web_limit_free(people->by_network);
  peal_web_limit_free(people->registers);
  for (size_t i = 0; i < sizeof people->texts / sizeof *people->texts; i++)
    free(people->texts[i]);
  for (size_t i = 0; i < PEAL_KIT_PEOPLE_ROLES; i++)
    free(people->role_names[i]);
  OPENSSL_cleanse(people->secret, sizeof people->secret);
  free(people);
}

/* ---- every second ------------------------------------------------------------- */

static void turn_keys(void *user) {
  peal_kit_people *people = user;
  peal_err err = peal_kit_tokens_turn(people->tokens, false);
  // it is tried again soon: said once
  bool was_bad = atomic_exchange(&people->is_turn_bad, err != PEAL_OK);
  if (err != PEAL_OK && !was_bad)
    peal_kit_people_log(people, PEAL_LOG_WARN,
                        "the keys of tokens could not be read again: %s",
                        peal_err_message(err));
}

static void on_turned(peal_worker *worker, peal_err err, void *user) {
  peal_kit_people *people = user;
  (void)worker;
  (void)err;
  atomic_store(&people->is_turning, false);
}

static void begin_turn(peal_kit_people *people) {
  peal_worker *worker = peal_worker_self();
  if (atomic_exchange(&people->is_turning, true))
    return;
  if (peal_task_run(worker, turn_keys, on_turned, people) != PEAL_OK)
    atomic_store(&people->is_turning, false);
}

void peal_kit_people_tick(peal_kit_people *people) {
  uint64_t tick = people->ticks++;
  peal_kit_people_sign_tick(people);
  if (tick % TURN_TICKS == 0)
    begin_turn(people);
  if (tick % DROP_TICKS == 0)
    peal_kit_people_ended_drop(&people->ended, peal_kit_people_now_ms(people));
}

/* ---- checking ------------------------------------------------------------------ */

static bool read_id(peal_slice text, int64_t *out) {
  *out = 0;
  if (text.len == 0 || text.len > 18 || text.ptr[0] == '0')
    return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9')
      return false;
    *out = *out * 10 + (text.ptr[i] - '0');
  }
  return true;
}

static bool read_person(const peal_kit_people *people, peal_kit_person *out,
                        const peal_kit_claims *claims) {
  int64_t id;
  *out = (peal_kit_person){0};
  out->role = peal_kit_people_role(people, claims->role, &out->role_name);
  if (!read_id(claims->sub, &id) || out->role == 0 ||
      claims->sid.len != PEAL_KIT_SIGN_IN_BYTES - 1 ||
      claims->name.len >= PEAL_KIT_USERNAME_BYTES)
    return false;
  peal_kit_people_person(out, id);
  snprintf(out->username, sizeof out->username, "%.*s",
           PEAL_SFMT(claims->name));
  snprintf(out->sign_in, sizeof out->sign_in, "%.*s", PEAL_SFMT(claims->sid));
  out->expires_ms = claims->exp_s * 1000;
  return true;
}

peal_kit_token_verdict peal_kit_people_check(peal_kit_people *people,
                                             peal_slice token,
                                             peal_kit_person *out) {
  peal_kit_claims claims;
  peal_kit_token_text text;
  peal_kit_token_verdict verdict =
      peal_kit_tokens_check(people->tokens, token, &claims, &text);
  if (verdict != PEAL_KIT_TOKEN_OK)
    return verdict;
  if (!read_person(people, out, &claims) ||
      peal_kit_people_ended_has(&people->ended, out->sign_in, claims.iat_s))
    return PEAL_KIT_TOKEN_INVALID;
  return PEAL_KIT_TOKEN_OK;
}

/* ---- the command line ------------------------------------------------------------ */

void peal_kit_people_conf(peal_kit_people_opts *opts,
                          const peal_config *config) {
  opts->access_ms = peal_config_int(config, "access-token-time");
  opts->refresh_ms = peal_config_int(config, "refresh-token-time");
  opts->no_register = peal_config_bool(config, "closed-registration");
}

bool peal_kit_people_manage(const peal_kit_people_opts *opts,
                            const peal_config *config, int *exit_code) {
  char path[4096];
  peal_kit_tokens *tokens = NULL;
  peal_err_info info = {0};
  bool is_new = false;
  if (!peal_config_bool(config, "rotate-keys"))
    return false;
  const peal_kit_tokens_opts wanted = token_opts(opts, path, sizeof path);
  peal_err err = peal_kit_tokens_open(&tokens, &wanted, &is_new, &info);
  if (err == PEAL_OK && !is_new)
    err = peal_kit_tokens_turn(tokens, true);
  *exit_code = err == PEAL_OK ? 0 : 1;
  if (err == PEAL_OK)
    printf("%s: tokens are signed with a new key\n", path);
  else
    fprintf(stderr, "%s: %s: %s\n", opts->issuer, path,
            info.msg != NULL ? info.msg : peal_err_message(err));
  peal_kit_tokens_close(tokens);
  return true;
}
