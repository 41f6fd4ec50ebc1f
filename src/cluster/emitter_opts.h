/* SPDX-License-Identifier: MIT */
#pragma once
/* emitter_opts: what an emitter was told, checked and copied. */
#include <peal/emitter.h>

#include "base/arena.h"

/* `out` is `opts` with defaults, its strings in `strings`. `why` (may be NULL)
 * gets the words on errors. Returns: PEAL_OK, PEAL_ERR_OPTION,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_emitter_opts_set(peal_emitter_opts *out,
                                               const peal_emitter_opts *opts,
                                               peal_arena *strings,
                                               peal_emitter_problem *why);
/* Returns `err`, which `why` (may be NULL) gets with these words. */
peal_err peal_emitter_opts_problem(peal_emitter_problem *why, peal_err err,
                                   const char *text);
