/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_utf8: one character at a time. */
#include <peal/kit_small.h>

/* The character at the beginning of `text`, which is not empty: its bytes, and
 * in *code what it is. 0: it is none (RFC3629 4). Thread: pure. */
size_t peal_kit_utf8_next(peal_slice text, uint32_t *code);
