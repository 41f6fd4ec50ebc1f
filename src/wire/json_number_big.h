/* SPDX-License-Identifier: MIT */
#pragma once
/* json_number_big: what json_number needs large integers for: the exact
 * comparison, for the few decimals that stand too near to the middle of two
 * doubles; and its table, where there is none. */
#include <peal/base.h>

#include "base/wide.h"

/* Compare digits * 10^exponent with f * 2^e, both positive: negative, zero or
 * positive as the first is less, equal or greater. `digits` may hold a point,
 * which is ignored. The two must be near to each other, as they are when f *
 * 2^e is the middle between the doubles around the decimal.
 * Thread: pure. */
int peal_json_number_big_compare(peal_slice digits, int64_t exponent,
                                 uint64_t f, int e);
/* The power of the table (wire/json_number_table), made anew: `k` from
 * PEAL_JSON_NUMBER_TABLE_MIN to _MAX. For where its 10 KiB are too many; it
 * takes some thousand steps. Thread: pure. */
peal_wide peal_json_number_big_pow10(int k);
