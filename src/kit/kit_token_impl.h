/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_token_impl: tokens from inside: what signing and checking share. */
#include <jose/cfg.h>
#include <pthread.h>
#include <sys/stat.h>

#include <peal/kit_token.h>

#include "kit/kit_token_keys.h"

struct peal_kit_tokens {
  peal_kit_tokens_opts opts; /* with texts of its own */
  pthread_rwlock_t lock;     /* of `keys` */
  peal_kit_token_keys *keys;
  struct stat seen; /* the file that they were read from */
};

int64_t peal_kit_tokens_now_ms(const peal_kit_tokens *tokens);
/* For libjose: what it thinks of a token is no line for stderr. NULL: no
 * memory. The caller's: jose_cfg_decref. */
jose_cfg_t *peal_kit_token_quiet(void);
