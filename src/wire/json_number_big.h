/* SPDX-License-Identifier: MIT */
#pragma once
/* json_number_big: the exact comparison behind json_number, for the few
 * decimals that stand too near to the middle of two doubles. */
#include <peal/base.h>

/* Compare digits * 10^exponent with f * 2^e, both positive: negative, zero or
 * positive as the first is less, equal or greater. `digits` may hold a point,
 * which is ignored. The two must be near to each other, as they are when f *
 * 2^e is the middle between the doubles around the decimal.
 * Thread: pure. */
int peal_json_number_big_compare(peal_slice digits, int64_t exponent,
                                 uint64_t f, int e);
