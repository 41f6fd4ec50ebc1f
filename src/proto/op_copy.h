/* SPDX-License-Identifier: MIT */
#pragma once
/* op_copy: an operation that outlives the call in which it was borrowed. */
#include "proto/op.h"

/* Copy `op` into the arena; its message is referenced, and the copy's owner gives
 * that back. Returns: PEAL_OK; PEAL_ERR_NOMEM: *out is {0}. */
PEAL_MUST_CHECK peal_err peal_op_copy(peal_op *out, const peal_op *op,
                                      peal_arena *arena);
/* What the copy takes of the arena, without the message. */
size_t peal_op_copy_bytes(const peal_op *op);
