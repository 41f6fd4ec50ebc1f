/* SPDX-License-Identifier: MIT */
#pragma once
/* json_number: decimal text to double and back, exact in both directions and
 * independent of the locale (no strtod, no printf). */
#include <peal/base.h>

#include "base/buf.h"

/* The double nearest to the decimal number `in`, which has the grammar of
 * RFC8259 6 (checked by the caller). Ties go to even, too large is infinite.
 * Thread: pure. */
double peal_json_number_decode(peal_slice in);
/* Append the shortest decimal that reads back as `value`, in the form that
 * JavaScript prints (ECMA-262 Number::toString); not finite as null. -0 is 0.
 * Thread: pure. */
void peal_json_number_encode(peal_buf *out, double value);
