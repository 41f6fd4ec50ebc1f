/* SPDX-License-Identifier: MIT */
#pragma once
/* json_number_table: powers of ten in 128 bits. */
#include "base/wide.h"

#define PEAL_JSON_NUMBER_TABLE_MIN (-342)
#define PEAL_JSON_NUMBER_TABLE_MAX 324
/* The powers from 0 up to this one are exact. */
#define PEAL_JSON_NUMBER_TABLE_EXACT 55

/* For each k the smallest integer T >= 10^k * 2^s, where s is such that the
 * highest of the 128 bits is set: 2^127 <= T < 2^128, and T - 10^k * 2^s < 1.
 */
extern const peal_wide peal_json_number_table_pow10[PEAL_JSON_NUMBER_TABLE_MAX -
                                                    PEAL_JSON_NUMBER_TABLE_MIN +
                                                    1];
