/* SPDX-License-Identifier: MIT */
#pragma once
/* decimal: whole numbers to and from digits, without locale and without
 * blanks, signs or prefixes. All Thread: pure. */
#include <peal/base.h>

/* Bytes of the largest uint64_t. */
#define PEAL_DECIMAL_MAX 20

/* The whole text as a number of at most `max`. False, *out unchanged, if it
 * is empty, has something else than digits, or is larger. */
bool peal_decimal_parse(peal_slice text, uint64_t max, uint64_t *out);
/* The same with an optional '-' in front. */
bool peal_decimal_parse_signed(peal_slice text, int64_t *out);
/* The digits that `text` begins with; too large stays at UINT64_MAX. Returns
 * how many they are: 0, *out = 0, if there is none. */
size_t peal_decimal_take(peal_slice text, uint64_t *out);
/* Write the digits of `value`, not terminated. Returns how many. */
size_t peal_decimal_put(char out[PEAL_DECIMAL_MAX], uint64_t value);
