/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_token_keys: the keys that tokens are signed with, in memory and in their
 * file. A table of keys does not change once it is made: another takes its
 * place. */
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <peal/base.h>

enum {
  PEAL_KIT_TOKEN_KEYS_MAX = 16,
  PEAL_KIT_TOKEN_KID_BYTES = 33,
  PEAL_KIT_TOKEN_SECRET_BYTES = 129, /* as base64url */
};

typedef struct peal_kit_token_key {
  char kid[PEAL_KIT_TOKEN_KID_BYTES];
  char k[PEAL_KIT_TOKEN_SECRET_BYTES];
  int64_t iat_s; /* since when it signs */
  json_t *jwk;   /* for libjose: RFC7517, kty oct, alg HS256 */
} peal_kit_token_key;

/* The oldest first; the last one signs. */
typedef struct peal_kit_token_keys {
  size_t count;
  peal_kit_token_key keys[PEAL_KIT_TOKEN_KEYS_MAX];
} peal_kit_token_keys;

/* Read the file. Returns: PEAL_OK with at least one key; PEAL_ERR_AGAIN: there
 * is no file; PEAL_ERR_USAGE (others may read it, it is no file of keys),
 * PEAL_ERR_SYSTEM, PEAL_ERR_NOMEM. Blocks. */
PEAL_MUST_CHECK peal_err peal_kit_token_keys_read(peal_kit_token_keys **out,
                                                  const char *path,
                                                  const char **why);
/* Write all of it, so that the file is the old one or the new one; mode 0600.
 * Blocks. */
PEAL_MUST_CHECK peal_err
peal_kit_token_keys_write(const peal_kit_token_keys *all, const char *path);
void peal_kit_token_keys_free(peal_kit_token_keys *all);

/* One more, random, which signs from now on; the oldest gives way if there are
 * too many. */
PEAL_MUST_CHECK peal_err peal_kit_token_keys_add(peal_kit_token_keys *all,
                                                 int64_t now_s);
/* The key that `secret` stands for, and none beside it. *changed: it was not so
 * before. */
PEAL_MUST_CHECK peal_err peal_kit_token_keys_derive(peal_kit_token_keys *all,
                                                    peal_slice secret,
                                                    int64_t now_s,
                                                    bool *changed);
/* Drop those that ceased to sign before `before_s`. Returns whether there were
 * any. */
bool peal_kit_token_keys_drop(peal_kit_token_keys *all, int64_t before_s);
/* By its id, or NULL. */
const peal_kit_token_key *peal_kit_token_keys_find(
    const peal_kit_token_keys *all, const char *kid);
