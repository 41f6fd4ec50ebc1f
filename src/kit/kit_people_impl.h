/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_people_impl: the people from inside: what its files share.
 *
 *   kit_people_routes, _hook   requests    kit_people_socket   sockets
 *          |                               |
 *   kit_people_account  who they are: names, passwords, guesses
 *   kit_people_sign     sign-ins: begun, refreshed, ended
 *          |                               |
 *   kit_people (this object)   kit_people_hashes, kit_people_ended, tokens */
#include <stdatomic.h>

#include <peal/kit_people.h>
#include <peal/kit_small.h>

#include "kit/kit_people_ended.h"
#include "kit/kit_people_hashes.h"

enum {
  PEAL_KIT_PEOPLE_NSPS = 8,
  PEAL_KIT_PEOPLE_ROLES = 32,
  PEAL_KIT_PASSWORD_MAX = 1024, /* bytes */
  PEAL_KIT_REFRESH_BYTES = 128, /* a refresh token, with its terminator */
  PEAL_KIT_SIGN_ROOM_BYTES = PEAL_KIT_SIGN_IN_BYTES + 8,
};

struct peal_kit_people {
  peal_kit_people_opts opts; /* with texts of its own */
  char *texts[6];            /* these */
  char *role_names[PEAL_KIT_PEOPLE_ROLES + 1];
  peal_kit_tokens *tokens;
  uint8_t secret[PEAL_KIT_DIGEST_BYTES]; /* of refresh tokens */
  char decoy[PEAL_KIT_PASSWORD_BYTES];   /* the hash of who is unknown */
  peal_kit_people_hashes hashes;
  peal_kit_people_ended ended;
  peal_web_limit *by_both, *by_name, *by_network; /* wrong guesses */
  peal_web_limit *registers;
  peal_nsp *nsps[PEAL_KIT_PEOPLE_NSPS]; /* set up before the run */
  size_t nsp_count;
  atomic_bool is_turning;  /* the keys are being looked at */
  atomic_bool is_turn_bad; /* and could not be, the last time */
  uint64_t ticks;
  int64_t began_ms; /* since 1970 */
};

/* ---- all of it --------------------------------------------------------------- */

int64_t peal_kit_people_now_ms(const peal_kit_people *people);
PEAL_PRINTF(3, 4)
void peal_kit_people_log(peal_kit_people *people, peal_log_level level,
                         const char *format, ...);
/* Bit of a role by its name; 0: there is none. *name is set to ours. */
uint32_t peal_kit_people_role(const peal_kit_people *people, peal_slice role,
                              const char **name);
/* Fill in room and number. */
void peal_kit_people_person(peal_kit_person *out, int64_t id);

/* ---- guesses ------------------------------------------------------------------ */

/* Who guesses at what; `folded` is empty for what is no username. */
typedef struct peal_kit_people_guess {
  char network[PEAL_KIT_ADDRESS_BYTES];
  char folded[PEAL_KIT_USERNAME_BYTES];
} peal_kit_people_guess;

/* Taken before it is looked at: many at the same time are as many guesses. */
PEAL_MUST_CHECK bool peal_kit_people_guess_take(
    peal_kit_people *people, const peal_kit_people_guess *guess,
    uint64_t *retry_ms);
/* It was right. */
void peal_kit_people_guess_give(peal_kit_people *people,
                                const peal_kit_people_guess *guess);

/* ---- sign-ins ------------------------------------------------------------------- */

/* What came of beginning or refreshing one; borrowed. */
typedef struct peal_kit_people_signed {
  /* PEAL_OK; PEAL_ERR_CLOSED: there is none like it; PEAL_ERR_EXISTS: the token
   * was used before, and the sign-in has ended; PEAL_ERR_USAGE: the account is
   * another by now; as a store's */
  peal_err err;
  peal_kit_person who;
  char refresh[PEAL_KIT_REFRESH_BYTES];
} peal_kit_people_signed;

typedef void (*peal_kit_people_signed_fn)(const peal_kit_people_signed *what,
                                          void *user);

/* A new one of `who` (copied), whose sign_in is made up here; `hash` is that of
 * the password that was shown. If hash or role are others by now, there is none:
 * a change ends what begins before it and refuses what was looked at before it.
 * `fn` comes once, on this worker, unless an error is returned. */
PEAL_MUST_CHECK peal_err peal_kit_people_sign_begin(
    peal_kit_people *people, const peal_kit_person *who, const char *hash,
    peal_kit_people_signed_fn fn, void *user);
/* The next token in place of this one. `retry` is the client's name for this
 * request, or empty. */
PEAL_MUST_CHECK peal_err peal_kit_people_sign_refresh(
    peal_kit_people *people, peal_slice token, peal_slice retry,
    peal_kit_people_signed_fn fn, void *user);
/* Which one is it about? False: it is no token of ours. */
PEAL_MUST_CHECK bool peal_kit_people_sign_of(const peal_kit_people *people,
                                             peal_slice token,
                                             char id[PEAL_KIT_SIGN_IN_BYTES],
                                             int64_t *serial);
/* This one is over at once; in the store when `fn` (may be NULL) comes. */
PEAL_MUST_CHECK peal_err peal_kit_people_sign_end(peal_kit_people *people,
                                                  const char *id,
                                                  peal_store_fn fn, void *user);
/* All of this person are over but `keep`, in memory and in the store when `fn`
 * (may be NULL) comes; together with the change that is the reason (may be
 * NULL), or neither. */
PEAL_MUST_CHECK peal_err peal_kit_people_sign_end_all(
    peal_kit_people *people, const peal_store_stmt *change, int64_t person,
    const char *keep, peal_store_fn fn, void *user);
/* What has ended lately, from the store. Blocks: before the run. */
PEAL_MUST_CHECK bool peal_kit_people_sign_load(peal_kit_people *people);
/* Every second; sockets that could not be disconnected; now and then what is
 * over is deleted. */
void peal_kit_people_sign_tick(peal_kit_people *people);
/* The room of its sockets. */
void peal_kit_people_sign_room(char out[PEAL_KIT_SIGN_ROOM_BYTES],
                               const char *id);

/* ---- accounts ---------------------------------------------------------------------- */

/* A question about a password, and its answer. Freed by its `fn`. */
typedef struct peal_kit_people_ask {
  peal_kit_people_job job; /* first */
  peal_kit_people *people;
  void (*fn)(struct peal_kit_people_ask *ask); /* the answer is there */
  /* PEAL_OK; PEAL_ERR_CLOSED: wrong, or nobody; PEAL_ERR_EXISTS, _LIMIT,
   * _QUEUE_FULL, _CANCELLED, as a store's */
  peal_err err;
  peal_kit_person who;
  peal_kit_people_guess guess;
  char name[PEAL_KIT_USERNAME_BYTES]; /* as written */
  char password[PEAL_KIT_PASSWORD_MAX + 1];
  size_t password_len;
  char fresh[PEAL_KIT_PASSWORD_MAX + 1]; /* to change it */
  size_t fresh_len;
  char hash[PEAL_KIT_PASSWORD_BYTES];
  char was[PEAL_KIT_PASSWORD_BYTES]; /* that `hash` takes the place of */
  bool is_old;
  void *user;               /* the caller's two: a request, a function */
  peal_kit_people_fn added; /* of peal_kit_people_add */
} peal_kit_people_ask;

/* NULL: out of memory. Secrets are wiped by _free. */
peal_kit_people_ask *peal_kit_people_ask_new(peal_kit_people *people);
void peal_kit_people_ask_free(peal_kit_people_ask *ask);
/* What is wrong with these for a new account, or NULL; *field is which. */
const char *peal_kit_people_wrong(peal_slice username, peal_slice password,
                                  const char **field);

/* Each begins; then `fn` comes once, on this worker. An error: it does not. */
/* Is `password` that of the account `guess.folded`? `who` is set. */
PEAL_MUST_CHECK peal_err peal_kit_people_account_ask(peal_kit_people_ask *ask);
/* A new one: name, password, who.role_name. `who` is set. */
PEAL_MUST_CHECK peal_err peal_kit_people_account_add(peal_kit_people_ask *ask);
/* `fresh` in place of `password` of this person, whose sign-ins are over but
 * who.sign_in. */
PEAL_MUST_CHECK peal_err
peal_kit_people_account_change(peal_kit_people_ask *ask);

/* ---- requests ------------------------------------------------------------------------ */

/* The token of `Authorization: Bearer`, or NULL ptr. */
peal_slice peal_kit_people_bearer(peal_slice value);
