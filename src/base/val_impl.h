/* SPDX-License-Identifier: MIT */
#pragma once
/* val_impl: helpers over values for the layers above. */
#include "base/arena.h"
#include "base/val_flags.h"

/* Deep copy into the arena. Returns: PEAL_OK, PEAL_ERR_NOMEM,
 * PEAL_ERR_DEPTH (deeper than PEAL_LIMIT_JSON_DEPTH). */
PEAL_MUST_CHECK peal_err peal_val_impl_copy(peal_val *out, peal_val value,
                                            peal_arena *arena);
/* The same, but texts, bytes and keys are borrowed, and so is what was decoded and
 * not touched. */
PEAL_MUST_CHECK peal_err peal_val_impl_keep(peal_val *out, peal_val value,
                                            peal_arena *arena);
/* Count binaries in the tree, depth first. Returns false beyond
 * PEAL_LIMIT_JSON_DEPTH. */
bool peal_val_impl_binaries(peal_val value, size_t *count);
