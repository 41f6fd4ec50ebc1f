/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_token: signed tokens (JWT: RFC7519, RFC7515) and the keys that they are
 * signed with: HS256 by libjose, with care about what it leaves to its caller.
 *
 *   data folder/token.keys (0600)      {"keys":[{"kid","k","alg","kty","iat"}]}
 *         |
 *   peal_kit_tokens_open               the newest signs, every one checks
 *         |
 *   peal_kit_tokens_sign ----token----> client ----token----> _check
 *
 * What a token says about its algorithm is compared and never followed: the
 * algorithm is that of the key, which is found by the token's `kid`. Refused,
 * before any signature is looked at: what is longer than a few hundred bytes
 * need, other than three parts of base64url without padding, header or claims
 * with a name twice, `alg` other than HS256 (`none` too), `kid` missing or
 * unknown, `crit`, `b64`, and keys inside the token (`jwk`, `jku`, `x5u`,
 * `x5c`).
 *
 * A key that was rotated out still checks until the tokens that it signed are
 * over, and is then dropped from the file. */
#include <peal/base.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The keys of one program. */
typedef struct peal_kit_tokens peal_kit_tokens;

/* Now, in milliseconds since 1970; as peal_wall_ms. */
typedef int64_t (*peal_kit_clock_fn)(void *user);

/* Options; `path` and `issuer` are needed. Texts are copied. */
typedef struct peal_kit_tokens_opts {
  const char *path;     /* of the file of keys; made if missing */
  const char *issuer;   /* `iss` of every token */
  const char *audience; /* `aud`; default: as the issuer */
  int64_t life_ms;      /* of a token; 1000 to 366 days; default 15 minutes */
  int64_t rotate_ms;    /* a key signs so long; default 30 days */
  int64_t leeway_ms;    /* how far clocks may differ: for `iat` and `nbf`; a
                           token is over when it says so. Default 10 s */
  peal_kit_clock_fn clock; /* NULL: the system's */
  void *clock_user;        /* its argument */
  /* The one key is made of this text, and no other follows: for several
   * programs that take each other's tokens. NULL: random ones. */
  const char *secret;
  /* 0: for what comes. */
  uintptr_t reserved[7];
} peal_kit_tokens_opts;

/* Read the keys, or make the first one: *is_new (may be NULL) is then set, so
 * that the program says so. A file that others may read is refused. Blocks:
 * before the run. On failure *out is NULL, and `info`, if not NULL, says why.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (options, the file), PEAL_ERR_SYSTEM,
 * PEAL_ERR_NOMEM. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_tokens_open(peal_kit_tokens **out, const peal_kit_tokens_opts *opts,
                     bool *is_new, peal_err_info *info);
/* Wipe and free; NULL is a no-op. */
PEAL_API void peal_kit_tokens_close(peal_kit_tokens *tokens);
/* Look whether another program has changed the file (--rotate-keys), whether
 * the newest key is due to be followed and the oldest to go, and do it. Blocks
 * shortly: for the pool, every few seconds. `force`: a new key in any case.
 * Returns: PEAL_OK, and as peal_kit_tokens_open: the keys stay as they were.
 * Thread: any, one at a time. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_tokens_turn(peal_kit_tokens *tokens,
                                                       bool force);
/* How many keys check at present. Thread: any. */
PEAL_API size_t peal_kit_tokens_count(peal_kit_tokens *tokens);

/* What a token says. Slices are borrowed. */
typedef struct peal_kit_claims {
  peal_slice sub;       /* whom it is about */
  peal_slice role;      /* may be empty */
  peal_slice name;      /* may be empty */
  peal_slice sid;       /* the sign-in that it came from */
  int64_t iat_s, exp_s; /* seconds since 1970 */
} peal_kit_claims;

enum {
  PEAL_KIT_TOKEN_MAX_BYTES = 2048, /* what is longer is none of ours */
  PEAL_KIT_CLAIM_BYTES = 96,       /* of each of the texts above */
};

/* A token for these (times of `claims` are set, not read), with a random `jti`,
 * terminated: in `out`, which has PEAL_KIT_TOKEN_MAX_BYTES.
 * Returns: PEAL_OK, PEAL_ERR_TOO_LONG, PEAL_ERR_SYSTEM (no random numbers),
 * PEAL_ERR_NOMEM. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_tokens_sign(peal_kit_tokens *tokens,
                                                       peal_kit_claims *claims,
                                                       char *out);

/* What is to be thought of a token. */
typedef enum peal_kit_token_verdict {
  PEAL_KIT_TOKEN_OK,
  PEAL_KIT_TOKEN_MISSING, /* there was none */
  PEAL_KIT_TOKEN_INVALID, /* not ours, changed, ended, not yet valid; no memory */
  PEAL_KIT_TOKEN_EXPIRED /* it was ours, and its time is over */
} peal_kit_token_verdict;

/* The texts of claims that were read. */
typedef struct peal_kit_token_text {
  char sub[PEAL_KIT_CLAIM_BYTES], role[PEAL_KIT_CLAIM_BYTES];
  char name[PEAL_KIT_CLAIM_BYTES], sid[PEAL_KIT_CLAIM_BYTES];
} peal_kit_token_text;

/* Is it one of ours, and in its time? `claims` is set with _OK and _EXPIRED,
 * and borrows from `text`. Some 30 microseconds: for a worker. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_kit_token_verdict
peal_kit_tokens_check(peal_kit_tokens *tokens, peal_slice token,
                      peal_kit_claims *claims, peal_kit_token_text *text);
/* "token_missing", "token_invalid", "token_expired"; "" for _OK.
 * Constant text. Thread: pure. */
PEAL_API const char *peal_kit_token_code(peal_kit_token_verdict verdict);

#ifdef __cplusplus
}
#endif
