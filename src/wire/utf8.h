/* SPDX-License-Identifier: MIT */
#pragma once
/* utf8: is it UTF-8 (RFC3629: no surrogates, nothing overlong, nothing above
 * U+10FFFF)? Whole, or piece by piece with failure at the first bad byte. */
#include <peal/base.h>

/* Where an incremental check stands; {0} at the start of a text. */
typedef struct peal_utf8 {
  uint32_t state; /* 0: between characters */
} peal_utf8;

/* Check the next piece. Returns false at the first byte that cannot be part
 * of valid UTF-8; the state stays bad. Thread: pure. */
bool peal_utf8_feed(peal_utf8 *check, peal_slice piece);
/* True if the text may end here. */
bool peal_utf8_is_complete(const peal_utf8 *check);
/* Whole text; fast on ASCII. Thread: pure. */
bool peal_utf8_is_valid(peal_slice text);
