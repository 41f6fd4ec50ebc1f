/* SPDX-License-Identifier: MIT */
#pragma once
/* emitter_encode: an operation to the command that says it in the emitter's
 * dialect. Any thread. */
#include "cluster/emitter_impl.h"
#include "proto/bus.h"

/* A message of a node without a name: OP or CALL. `out` gets the command.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (the dialect cannot say it), PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_emitter_encode(peal_emitter_job **out,
                                             const peal_emitter *emitter,
                                             peal_bus_msg *msg);
