/* SPDX-License-Identifier: MIT */
#include "admin/admin_auth.h"

#include <stdlib.h>
#include <string.h>

#include <crypt.h>

#include "base/hex.h"
#include "net/crypto.h"
#include "net/system.h"

/* -- options --------------------------------------------------------------- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* "$2b$10$" and 53 characters; more than 2^16 rounds take minutes. */
static bool is_hash(const char *text) {
  if (strlen(text) != 60 || strncmp(text, "$2", 2) != 0 ||
      !strchr("abxy", text[2]) || text[3] != '$' || !is_digit(text[4]) ||
      !is_digit(text[5]) || text[6] != '$')
    return false;
  int cost = (text[4] - '0') * 10 + text[5] - '0';
  return cost >= 4 && cost <= 16;
}

const char *peal_admin_auth_wrong(const peal_admin_opts *opts) {
  bool is_named =
      opts->username && *opts->username && opts->password && *opts->password;
  if (opts->no_auth)
    return opts->username || opts->password
               ? "no_auth beside a username or a password"
               : NULL;
  if (!is_named)
    return "a username and a password are needed, or no_auth";
  if (strlen(opts->username) > PEAL_LIMIT_ADMIN_CREDENTIAL_BYTES ||
      strlen(opts->password) > PEAL_LIMIT_ADMIN_CREDENTIAL_BYTES)
    return "the username or the password is too long";
  if (strncmp(opts->password, "$2", 2) == 0 && !is_hash(opts->password))
    return "the password looks like a hash of bcrypt and is none";
  return NULL;
}

void peal_admin_auth_init(peal_admin_auth *auth, const peal_admin_opts *opts,
                          uint32_t seed) {
  *auth = (peal_admin_auth){.username = opts->username,
                            .password = opts->password,
                            .is_open = opts->no_auth,
                            .seed = seed};
  auth->is_hash = opts->password && is_hash(opts->password);
  peal_list_init(&auth->waiting);
  (void)pthread_mutex_init(&auth->lock, NULL);
}

/* -- those who guess --------------------------------------------------------- */

static peal_admin_guesser *guesser_of(peal_admin_auth *auth,
                                      peal_slice address) {
  uint32_t hash = 2166136261u ^ auth->seed;
  for (size_t i = 0; i < address.len; i++)
    hash = (hash ^ (unsigned char)address.ptr[i]) * 16777619u;
  hash ^= hash >> 16;
  return &auth->guessers[hash % 256];
}

static void note_right(peal_admin_guesser *guesser) {
  *guesser = (peal_admin_guesser){0};
}

/* A second behind the sixth in a row, two behind the next, … */
static void note_wrong(peal_admin_guesser *guesser, uint64_t now_ms) {
  uint32_t more = ++guesser->failures;
  if (more <= PEAL_LIMIT_ADMIN_FREE_FAILURES)
    return;
  more -= PEAL_LIMIT_ADMIN_FREE_FAILURES + 1;
  uint64_t wait_ms = more < 16 ? UINT64_C(1000) << more : UINT64_MAX;
  if (wait_ms > PEAL_LIMIT_ADMIN_PENALTY_MS)
    wait_ms = PEAL_LIMIT_ADMIN_PENALTY_MS;
  guesser->until_ms = now_ms + wait_ms;
}

/* -- comparing --------------------------------------------------------------- */

/* In the same time whatever differs. */
static bool is_same(peal_slice a, const char *b) {
  char of_a[65], of_b[65];
  if (peal_crypto_sha256_hex(of_a, a) ||
      peal_crypto_sha256_hex(of_b, peal_slice_of(b)))
    return false;
  return peal_crypto_eq((peal_slice){of_a, 64}, (peal_slice){of_b, 64});
}

typedef struct question {
  peal_list node; /* in auth.waiting */
  peal_admin_auth *auth;
  peal_worker *worker;
  peal_admin_guesser *guesser;
  peal_admin_auth_fn fn;
  void *user;
  bool is_name_right, is_right;
  char password[PEAL_LIMIT_ADMIN_CREDENTIAL_BYTES + 1];
} question;

static peal_admin_verdict judge(peal_admin_auth *auth,
                                peal_admin_guesser *guesser, bool is_right,
                                uint64_t now_ms) {
  (void)pthread_mutex_lock(&auth->lock);
  if (is_right)
    note_right(guesser);
  else
    note_wrong(guesser, now_ms);
  (void)pthread_mutex_unlock(&auth->lock);
  return is_right ? PEAL_ADMIN_RIGHT : PEAL_ADMIN_WRONG;
}

/* -- hashing ----------------------------------------------------------------- */

/* On the pool. Whoever gave another name waits as long. */
static void hash(void *user) {
  question *asked = user;
  const char *wanted = asked->auth->password;
  struct crypt_data *data = calloc(1, sizeof *data);
  const char *made = data ? crypt_r(asked->password, wanted, data) : NULL;
  size_t len = strlen(wanted);
  asked->is_right =
      made && strlen(made) == len &&
      peal_crypto_eq((peal_slice){made, len}, (peal_slice){wanted, len}) &&
      asked->is_name_right;
  if (data)
    peal_system_wipe(data, sizeof *data);
  free(data);
}

static void free_question(question *asked) {
  peal_system_wipe(asked->password, sizeof asked->password);
  free(asked);
}

static question *next_question(peal_admin_auth *auth) {
  if (auth->hashing >= PEAL_LIMIT_ADMIN_HASHING ||
      peal_list_is_empty(&auth->waiting))
    return NULL;
  question *asked = PEAL_LIST_OF(auth->waiting.next, question, node);
  peal_list_remove(&asked->node);
  auth->waiting_count--;
  auth->hashing++;
  return asked;
}

static void give_up(question *asked) {
  asked->fn(NULL, PEAL_ADMIN_BUSY, asked->user);
  free_question(asked);
}

static void on_hashed(peal_worker *worker, peal_err err, void *user);

static void done_hashing(peal_admin_auth *auth) {
  (void)pthread_mutex_lock(&auth->lock);
  auth->hashing--;
  (void)pthread_mutex_unlock(&auth->lock);
}

static void refuse(peal_worker *worker, void *user) {
  on_hashed(worker, PEAL_ERR_NOMEM, user);
}

/* Begin what may be begun. The answers of those that cannot come by mail: this
 * may be another's callback. */
static void begin(peal_admin_auth *auth) {
  for (;;) {
    (void)pthread_mutex_lock(&auth->lock);
    question *asked = next_question(auth);
    (void)pthread_mutex_unlock(&auth->lock);
    if (!asked)
      return;
    if (peal_task_run(asked->worker, hash, on_hashed, asked) &&
        peal_worker_post(asked->worker, refuse, asked)) {
      done_hashing(auth);
      give_up(asked);
    }
  }
}

static void on_hashed(peal_worker *worker, peal_err err, void *user) {
  question *asked = user;
  peal_admin_auth *auth = asked->auth;
  peal_admin_verdict verdict = PEAL_ADMIN_BUSY;
  if (!err)
    verdict = judge(auth, asked->guesser, asked->is_right,
                    peal_worker_now_ms(worker));
  done_hashing(auth);
  asked->fn(worker, verdict, asked->user);
  free_question(asked);
  begin(auth);
}

static bool put_in_line(peal_admin_auth *auth, question *asked) {
  (void)pthread_mutex_lock(&auth->lock);
  bool has_room = auth->waiting_count < PEAL_LIMIT_ADMIN_WAITING;
  if (has_room) {
    peal_list_push(&auth->waiting, &asked->node);
    auth->waiting_count++;
  }
  (void)pthread_mutex_unlock(&auth->lock);
  return has_room;
}

static bool hash_later(const question *like, peal_slice password) {
  question *asked = malloc(sizeof *asked);
  if (!asked)
    return false;
  *asked = *like;
  peal_list_init(&asked->node);
  if (password.len)
    memcpy(asked->password, password.ptr, password.len);
  asked->password[password.len] = 0;
  if (put_in_line(like->auth, asked)) {
    begin(like->auth);
    return true;
  }
  free_question(asked);
  return false;
}

/* -- asking ------------------------------------------------------------------ */

static bool may_ask(peal_admin_auth *auth, const peal_admin_guesser *guesser,
                    uint64_t now_ms) {
  (void)pthread_mutex_lock(&auth->lock);
  bool may = now_ms >= guesser->until_ms;
  (void)pthread_mutex_unlock(&auth->lock);
  return may;
}

static bool can_be(peal_slice text) {
  return text.len && text.len <= PEAL_LIMIT_ADMIN_CREDENTIAL_BYTES &&
         !memchr(text.ptr, 0, text.len);
}

void peal_admin_auth_ask(peal_admin_auth *auth, peal_worker *worker,
                         peal_slice address, peal_slice username,
                         peal_slice password, peal_admin_auth_fn fn,
                         void *user) {
  uint64_t now_ms = peal_worker_now_ms(worker);
  peal_admin_guesser *guesser = guesser_of(auth, address);
  if (auth->is_open) {
    fn(worker, PEAL_ADMIN_RIGHT, user);
  } else if (!may_ask(auth, guesser, now_ms)) {
    fn(worker, PEAL_ADMIN_BUSY, user);
  } else if (!can_be(username) || !can_be(password)) {
    fn(worker, judge(auth, guesser, false, now_ms), user);
  } else if (!auth->is_hash) {
    bool is_name_right = is_same(username, auth->username);
    bool is_right = is_same(password, auth->password) && is_name_right;
    fn(worker, judge(auth, guesser, is_right, now_ms), user);
  } else {
    question like = {.auth = auth,
                     .worker = worker,
                     .guesser = guesser,
                     .fn = fn,
                     .user = user,
                     .is_name_right = is_same(username, auth->username)};
    if (!hash_later(&like, password))
      fn(worker, PEAL_ADMIN_BUSY, user);
  }
}

void peal_admin_auth_deinit(peal_admin_auth *auth) {
  while (!peal_list_is_empty(&auth->waiting))
    give_up(PEAL_LIST_OF(peal_list_shift(&auth->waiting), question, node));
  (void)pthread_mutex_destroy(&auth->lock);
}

/* -- sessions ---------------------------------------------------------------- */

/* A free place, or that of the oldest. */
static peal_admin_session *place(peal_admin_auth *auth) {
  peal_admin_session *oldest = &auth->sessions[0];
  for (size_t i = 1; i < PEAL_LIMIT_ADMIN_SESSIONS; i++)
    if (auth->sessions[i].until_ms < oldest->until_ms)
      oldest = &auth->sessions[i];
  return oldest;
}

peal_err peal_admin_auth_open(peal_admin_auth *auth, uint64_t now_ms,
                              char out[PEAL_ADMIN_SESSION_LEN + 1]) {
  unsigned char random[PEAL_ADMIN_SESSION_LEN / 2];
  peal_err err = peal_crypto_random(random, sizeof random);
  if (err)
    return err;
  peal_hex_put(out, random, sizeof random);
  out[PEAL_ADMIN_SESSION_LEN] = 0;
  (void)pthread_mutex_lock(&auth->lock);
  peal_admin_session *session = place(auth);
  memcpy(session->id, out, sizeof session->id);
  session->until_ms = now_ms + PEAL_LIMIT_ADMIN_SESSION_MS;
  (void)pthread_mutex_unlock(&auth->lock);
  return PEAL_OK;
}

/* With the lock held. */
static peal_admin_session *find(peal_admin_auth *auth, peal_slice id) {
  peal_admin_session *found = NULL;
  if (id.len != PEAL_ADMIN_SESSION_LEN)
    return NULL;
  for (size_t i = 0; i < PEAL_LIMIT_ADMIN_SESSIONS; i++) {
    peal_admin_session *it = &auth->sessions[i];
    if (it->until_ms &&
        peal_crypto_eq(id, (peal_slice){it->id, PEAL_ADMIN_SESSION_LEN}))
      found = it;
  }
  return found;
}

bool peal_admin_auth_knows(peal_admin_auth *auth, uint64_t now_ms,
                           peal_slice session) {
  (void)pthread_mutex_lock(&auth->lock);
  const peal_admin_session *found = find(auth, session);
  bool is_known = found && now_ms < found->until_ms;
  (void)pthread_mutex_unlock(&auth->lock);
  return is_known;
}

void peal_admin_auth_close(peal_admin_auth *auth, peal_slice session) {
  (void)pthread_mutex_lock(&auth->lock);
  peal_admin_session *found = find(auth, session);
  if (found)
    *found = (peal_admin_session){0};
  (void)pthread_mutex_unlock(&auth->lock);
}
