/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_auth: who may look: a name and a password, and the sessions of those
 * who have shown them. Shared by all workers: everything is under one lock, but
 * for the hashing of a password (a tenth of a second), which is done on the
 * thread pool, few at a time. Addresses that guess are made to wait. */
#include <pthread.h>

#include <peal/admin.h>
#include <peal/worker.h>

#include "admin/admin_limits.h"
#include "base/list.h"

#define PEAL_ADMIN_SESSION_LEN 16u /* hex digits, as the reference's */

typedef struct peal_admin_session {
  char id[PEAL_ADMIN_SESSION_LEN + 1];
  uint64_t until_ms; /* 0: none */
} peal_admin_session;

/* What is known of those addresses that share a place in the table. */
typedef struct peal_admin_guesser {
  uint32_t failures;
  uint64_t until_ms; /* nothing is looked at before */
} peal_admin_guesser;

typedef struct peal_admin_auth {
  const char *username, *password; /* borrowed */
  bool is_open;                    /* anybody may */
  bool is_hash;                    /* the password is one of bcrypt */
  uint32_t seed;
  pthread_mutex_t lock;
  peal_list waiting; /* to be hashed */
  unsigned waiting_count, hashing;
  peal_admin_session sessions[PEAL_LIMIT_ADMIN_SESSIONS];
  peal_admin_guesser guessers[256];
} peal_admin_auth;

typedef enum peal_admin_verdict {
  PEAL_ADMIN_RIGHT,
  PEAL_ADMIN_WRONG,
  PEAL_ADMIN_BUSY /* not looked at: too many guesses, or too many at a time */
} peal_admin_verdict;

/* Once for each question, on its worker. `worker` NULL: the run is over, what
 * was asked for is not answered any more; `user` is to be freed. */
typedef void (*peal_admin_auth_fn)(peal_worker *worker,
                                   peal_admin_verdict verdict, void *user);

/* Why these options cannot be; NULL: they can. Thread: pure. */
const char *peal_admin_auth_wrong(const peal_admin_opts *opts);
/* The strings of `opts` are borrowed for life. */
void peal_admin_auth_init(peal_admin_auth *auth, const peal_admin_opts *opts,
                          uint32_t seed);
void peal_admin_auth_deinit(peal_admin_auth *auth);
/* Are they right? All slices are borrowed for the call. `fn` comes inside the
 * call, or later. On `worker`, the calling one. */
void peal_admin_auth_ask(peal_admin_auth *auth, peal_worker *worker,
                         peal_slice address, peal_slice username,
                         peal_slice password, peal_admin_auth_fn fn,
                         void *user);
/* A new session, of a day. Returns: PEAL_OK, PEAL_ERR_SYSTEM. Thread: any. */
PEAL_MUST_CHECK peal_err
peal_admin_auth_open(peal_admin_auth *auth, uint64_t now_ms,
                     char out[PEAL_ADMIN_SESSION_LEN + 1]);
/* Is it one? Thread: any. */
bool peal_admin_auth_knows(peal_admin_auth *auth, uint64_t now_ms,
                           peal_slice session);
/* It is none any more. Thread: any. */
void peal_admin_auth_close(peal_admin_auth *auth, peal_slice session);
