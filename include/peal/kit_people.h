/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_people: accounts, signing in, and what a signed-in person may do.
 *
 *   POST /api/register, /api/login {"username","password"}
 *        |
 *        +--> access token   in the answer; a JWT of minutes; HTTP shows it as
 *        |                   `Authorization: Bearer`, a socket as auth {token}
 *        +--> refresh token  in a cookie for <prefix> alone, HttpOnly, Strict;
 *                            changes with each use
 *   POST /api/token/refresh      a new pair
 *   POST /api/logout             this sign-in is over
 *   POST /api/logout/everywhere  all of the person's are over
 *   POST /api/password {"password","new_password"}   and the others are over
 *   GET  /api/me                 who is it
 *
 * A sign-in (the family of its refresh tokens) is one row of the store. Its
 * tokens are a chain: each is the keyed hash of the row and its number, under a
 * secret of the data folder, so that the store holds nothing that could be
 * shown, and whatever was ever given out is recognised: a token that is not the
 * newest was copied by somebody, and then the sign-in ends for both. Only who
 * repeats a request whose answer was lost is heard twice: within 30 seconds,
 * with the same Idempotency-Key, which no copy of a cookie has.
 *
 * What ends a sign-in ends it everywhere at once: its access tokens are refused
 * from then on, and its sockets are disconnected, on all workers.
 *
 * Passwords are hashed on the pool, few at a time (kit_password.h). Guesses are
 * counted for an address and account (10 a minute), for an account (50 in ten
 * minutes) and for an address (100 in ten minutes), whatever way they come; an
 * unknown name takes as long as a wrong password.
 *
 * That a page of another site cannot use the cookie is seen to by SameSite, and
 * by the check of Origin and Sec-Fetch-Site before every route
 * (peal_kit_faces).
 *
 * Guide: docs/guide/people.md
 * Example: examples/people/main.c */
#include <peal/config.h>
#include <peal/kit_password.h>
#include <peal/kit_token.h>
#include <peal/server.h>
#include <peal/store.h>
#include <peal/web.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- the store --------------------------------------------------------------- */

/* The tables, for the migrations of the application. `people.id` is the number
 * that rows of the application refer to. `name` is the username as its owner
 * wrote it, `folded` in lower case. */
#define PEAL_KIT_PEOPLE_TABLES                                                 \
  "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT,"                 \
  " folded TEXT NOT NULL UNIQUE, name TEXT NOT NULL, hash TEXT NOT NULL,"      \
  " role TEXT NOT NULL, made_ms INTEGER NOT NULL);"                            \
  "CREATE TABLE sign_ins (id TEXT PRIMARY KEY, person INTEGER NOT NULL,"       \
  " serial INTEGER NOT NULL DEFAULT 0, retry BLOB, used_ms INTEGER NOT NULL,"  \
  " begun_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,"                       \
  " ended_ms INTEGER) WITHOUT ROWID;"                                          \
  "CREATE INDEX sign_ins_person ON sign_ins (person);"                         \
  "CREATE INDEX sign_ins_end ON sign_ins (end_ms);"                            \
  "CREATE INDEX sign_ins_ended ON sign_ins (ended_ms)"                         \
  " WHERE ended_ms IS NOT NULL;"

enum {
  PEAL_KIT_USERNAME_BYTES = 65, /* 1 to 64 characters, and the terminator */
  PEAL_KIT_SIGN_IN_BYTES = 33,  /* an id of sign_ins */
  PEAL_KIT_PERSON_ROOM_BYTES = 32,
};

/* Letters, digits and . _ - @ + of ASCII, of which the first is a letter or a
 * digit: what two people see as one name is one. Written to `out` in lower
 * case, as `folded` has it. False: it is no username. Thread: pure. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_people_fold(
    char out[PEAL_KIT_USERNAME_BYTES], peal_slice username);

/* -- life -------------------------------------------------------------------- */

/* All accounts of one program. */
typedef struct peal_kit_people peal_kit_people;

/* Somebody who has shown a token. */
typedef struct peal_kit_person {
  int64_t id;
  uint32_t role;         /* one bit: 1 << its place among the roles */
  const char *role_name; /* borrowed for the life of the people */
  char username[PEAL_KIT_USERNAME_BYTES];
  char room[PEAL_KIT_PERSON_ROOM_BYTES]; /* "user_<id>": what answers call
                                            `room` */
  char sign_in[PEAL_KIT_SIGN_IN_BYTES];
  int64_t expires_ms; /* of the token, since 1970 */
} peal_kit_person;

/* Somebody has signed in, or out (by whatever end of the sign-in; then `person`
 * has but id and sign_in). On a worker, or at the very end of a run on a thread
 * of the store; `person` is borrowed. */
typedef void (*peal_kit_people_sign_fn)(const peal_kit_person *person,
                                        bool is_in, void *user);

/* Options; the first five are needed. Texts are copied. */
typedef struct peal_kit_people_opts {
  const char *issuer;    /* the program: `iss` and `aud` of tokens */
  const char *data_dir;  /* for token.keys and refresh.secret, both 0600 */
  peal_store *store;     /* with PEAL_KIT_PEOPLE_TABLES; borrowed */
  peal_workers *workers; /* borrowed */
  peal_web *web;         /* for the routes; borrowed */
  peal_log_opts log;
  const char *prefix;       /* of the routes, and of the cookie; "/api" */
  const char *refresh_path; /* behind it; default "/token/refresh" */
  const char *cookie;       /* name; default "refresh_token" */
  bool secure_cookie;       /* also where the request did not come by TLS */
  bool no_register;         /* accounts are made by the program only */
  /* Names of roles, up to 32, with NULL behind them: the first is that of who
   * registers; default "user". In the store and in tokens they are names, so
   * their order may change. */
  const char *const *roles;
  int64_t access_ms;  /* life of an access token; default 15 minutes */
  int64_t refresh_ms; /* a sign-in that is not used so long ends; 14 days */
  int64_t sign_in_ms; /* it ends in any case; default 90 days */
  int64_t rotate_ms;  /* a key signs so long; default 30 days */
  peal_kit_password_cost cost; /* {0}: the usual */
  unsigned hashes;             /* at a time; default 2 */
  unsigned hashes_wait;        /* others wait, beyond it 429; default 400 */
  unsigned max_sign_ins;       /* of a person; default 20, the idlest ends */
  unsigned max_people;         /* default 100000 */
  unsigned registers_per_hour; /* from one address; default 2000 */
  peal_kit_clock_fn clock;     /* NULL: the system's */
  void *clock_user;            /* its argument */
  peal_kit_people_sign_fn on_sign; /* may be NULL */
  void *sign_user;                 /* its argument */
  /* Access tokens are signed with a key that is made of it, so that several
   * programs take each other's; NULL: with keys of token.keys. */
  const char *secret;
  /* 0: for what comes. */
  uintptr_t reserved[15];
} peal_kit_people_opts;

/* Read or make the secrets, and read what has ended lately. Blocks: before the
 * run. Copies `opts`. Returns NULL after logging why. Thread: the one that sets
 * up. */
PEAL_API PEAL_MUST_CHECK peal_kit_people *peal_kit_people_new(
    const peal_kit_people_opts *opts);
/* After store and server were closed. NULL is a no-op. */
PEAL_API void peal_kit_people_free(peal_kit_people *people);
/* The routes above. Before the run.
 * Returns: PEAL_OK, and as peal_web_route_add. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_people_routes(peal_kit_people *people);
/* Every second, on one worker: what is over is forgotten, keys are rotated. */
PEAL_API void peal_kit_people_tick(peal_kit_people *people);

/* -- what programs say about them --------------------------------------------- */

/* Options of the command line: a row for each in the table of the
 * application. */
#define PEAL_KIT_PEOPLE_KEYS                                                   \
  {.name = "access-token-time",                                                \
   .type = PEAL_CONFIG_MS,                                                     \
   .otherwise = "15m",                                                         \
   .help = "life of an access token",                                          \
   .min = 1000,                                                                \
   .max = INT64_C(86400000)},                                                  \
      {.name = "refresh-token-time",                                           \
       .type = PEAL_CONFIG_MS,                                                 \
       .otherwise = "14d",                                                     \
       .help = "a sign-in that is not used so long is over",                   \
       .min = 2000,                                                            \
       .max = INT64_C(366) * 86400000},                                        \
      {.name = "closed-registration",                                          \
       .type = PEAL_CONFIG_BOOL,                                               \
       .otherwise = "false",                                                   \
       .help = "nobody can make an account"},                                  \
  {                                                                            \
    .name = "rotate-keys", .type = PEAL_CONFIG_BOOL, .otherwise = "false",     \
    .help = "sign tokens with a new key from now on, also those of the "       \
            "program that runs on this data folder; end"                       \
  }
/* Set the fields of `opts` that these are about. */
PEAL_API void peal_kit_people_conf(peal_kit_people_opts *opts,
                                   const peal_config *config);
/* Does the command line want the keys rotated in place of a run? Then do it and
 * return true; *exit_code is that of the program. `opts` needs issuer and
 * data_dir. */
PEAL_API bool peal_kit_people_manage(const peal_kit_people_opts *opts,
                                     const peal_config *config, int *exit_code);

/* -- accounts, for programs ---------------------------------------------------- */

/* The number of this username, without waiting for a worker: before the run.
 * Returns: PEAL_OK with *id 0 if there is none; as peal_store_exec_sync.
 * Thread: any but a worker's. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_people_id_sync(peal_store *store,
                                                          peal_slice username,
                                                          int64_t *id);
/* An account of this role (its bit), before the run.
 * Returns: PEAL_OK, PEAL_ERR_EXISTS (the username is taken), PEAL_ERR_USAGE (no
 * username, no password, no such role); as peal_store_exec_sync. Thread: any
 * but a worker's. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_people_add_sync(peal_kit_people *people, peal_slice username,
                         peal_slice password, uint32_t role, int64_t *id);
/* What came of it: PEAL_OK with the account's number; PEAL_ERR_EXISTS,
 * PEAL_ERR_LIMIT (max_people); PEAL_ERR_QUEUE_FULL, PEAL_ERR_CANCELLED, as a
 * store's result. On the calling worker. */
typedef void (*peal_kit_people_fn)(peal_err err, int64_t id, void *user);
/* The same during the run: `fn` comes once, never inside this call.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (as _sync), PEAL_ERR_QUEUE_FULL (too many
 * wait to be hashed), PEAL_ERR_NOMEM: `fn` does not come. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_people_add(
    peal_kit_people *people, peal_slice username, peal_slice password,
    uint32_t role, peal_kit_people_fn fn, void *user);
/* All sign-ins of this person are over but `keep` (its id, or NULL), with their
 * access tokens and sockets.
 * Returns: PEAL_OK: it will be done; as peal_store_write. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_people_end(peal_kit_people *people,
                                                      int64_t id,
                                                      const char *keep);
/* Another role: what was signed in with the old one is over. Returns: as
 * peal_kit_people_end; PEAL_ERR_USAGE: no such role. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_people_role_set(peal_kit_people *people, int64_t id, uint32_t role);
/* Another password, set by somebody who may: all sign-ins of this person are
 * over. `fn` comes once, never inside this call; PEAL_ERR_CLOSED: there is no
 * such account.
 * Returns: as peal_kit_people_add. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_people_password_set(
    peal_kit_people *people, int64_t id, peal_slice password,
    peal_kit_people_fn fn, void *user);
/* Nobody can sign in to this account, and what was signed in is over; or again.
 * Password and role stay. Returns: as peal_kit_people_end. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_people_disable(peal_kit_people *people, int64_t id, bool is_disabled);

/* -- requests ------------------------------------------------------------------ */

/* Is this access token good, and whose is it? `out` is set with _OK. Looks at
 * nothing but memory. On a worker. */
PEAL_API PEAL_MUST_CHECK peal_kit_token_verdict peal_kit_people_check(
    peal_kit_people *people, peal_slice token, peal_kit_person *out);
/* A hook (peal_web_route.before, peal_web_before) of what anybody may do who is
 * signed in: 401 with "code" otherwise. `user` is the people. It leaves who it
 * is for peal_kit_people_of, as the request's user. */
PEAL_API peal_web_verdict peal_kit_people_hook(peal_http_req *req, void *user);

/* The same for some roles: bits; others have 403. */
typedef struct peal_kit_people_gate {
  peal_kit_people *people;
  uint32_t roles;
} peal_kit_people_gate;

/* `user` is a gate, which lives as long as the web layer. */
PEAL_API peal_web_verdict peal_kit_people_require(peal_http_req *req,
                                                  void *user);
/* Who asks, behind one of these hooks; borrowed for the life of the request. */
PEAL_API const peal_kit_person *peal_kit_people_of(const peal_http_req *req);

/* -- sockets ------------------------------------------------------------------- */

/* A socket shows `auth: {token}` (scripts may send the header of HTTP). When
 * its token is over it hears `error` {"message","code":"token_expired"} and is
 * disconnected, unless it has sent `refresh_token` {"token"} before: then it
 * goes on with the new one, which has to be of the same person and role. */

/* On this namespace: the event refresh_token, and what ends with a sign-in.
 * Before the run; up to 8 of them. The application calls the next three from
 * its own handlers.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, and as peal_on. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_people_nsp(peal_kit_people *people,
                                                      peal_nsp *nsp);
/* The same for a namespace where everybody has to be signed in: the middleware
 * and the connect handler too. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_people_nsp_only(peal_kit_people *people, peal_nsp *nsp);
/* Middleware: what it shows. `out` may be NULL. */
PEAL_API PEAL_MUST_CHECK peal_kit_token_verdict peal_kit_people_socket(
    peal_kit_people *people, const peal_socket *socket, peal_kit_person *out);
/* CONNECT_ERROR "Authentication failed" with data {"code"}. */
PEAL_API void peal_kit_people_refuse(peal_next *next,
                                     peal_kit_token_verdict verdict);
/* In a connect handler: it is looked at again (its sign-in may have ended
 * meanwhile), leaves with its sign-in and its token from now on. It is not in
 * the room user_<id>: joining that is the application's.
 * Returns: PEAL_OK; an error to return, after peal_refuse. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_people_bind(peal_kit_people *people,
                                                       peal_socket *socket);
/* Who it is, NULL before peal_kit_people_bind, and of one that is nobody.
 * Borrowed until the handler returns. */
PEAL_API const peal_kit_person *peal_kit_people_on(const peal_socket *socket);
/* In an event's handler: who it is, if it has one of these roles (bits); NULL
 * after an acknowledgement that says no. */
PEAL_API const peal_kit_person *peal_kit_people_may(peal_socket *socket,
                                                    const peal_event *event,
                                                    uint32_t roles);

#ifdef __cplusplus
}
#endif
