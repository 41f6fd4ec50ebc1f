/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_error: functions that hear of requests that were refused (reference:
 * connection_error). */
#include <peal/engine_use.h>

#include "engine/engine_types.h"

struct peal_incoming;

/* Before the run. Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_error_add(peal_engine *engine,
                                               peal_connection_error_fn fn,
                                               void *user);
/* It is about to be refused: `message` is that of the code, `text` what is
 * answered, or NULL: the same. */
void peal_engine_error_tell(const struct peal_incoming *incoming, unsigned code,
                            const char *message, const char *text);
