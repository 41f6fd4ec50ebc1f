/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_chain: functions of the program's that the engine calls one after the
 * other; registered before the run, fixed then. */
#include <peal/engine_use.h>

#include "engine/engine_impl.h"

typedef struct peal_engine_hook {
  struct peal_engine_hook *next;

  union {
    peal_engine_use_fn use;
    peal_connection_error_fn error;
  } fn;

  void *user;
} peal_engine_hook;

/* A copy of `like` at the end. Returns: PEAL_OK, PEAL_ERR_USAGE (the run has
 * begun), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_chain_add(const peal_engine *engine,
                                               peal_engine_hook **chain,
                                               const peal_engine_hook *like);
void peal_engine_chain_free(const peal_engine *engine, peal_engine_hook *chain);
