/* SPDX-License-Identifier: MIT */
#pragma once
/* json: JSON text to values and back (RFC8259).
 * In the flow: wire/sio_packet -> [json] -> values; values -> [json] -> bytes.
 * Strings without escapes are not copied: they point into the input. Values
 * that encoding would write as they came remember their text (base/val_impl):
 * encoding copies it. Both hold as long as the input does. */
#include <peal/val.h>

#include "base/arena.h"
#include "base/buf.h"

/* Decode one value that fills all of `in` (borrowed by *out; blanks around it
 * are allowed). Iterative: no recursion on input. Integers that fit int64_t
 * are PEAL_INT, every other number is PEAL_DOUBLE, correctly rounded. Strings
 * must be valid UTF-8; lone surrogate escapes become U+FFFD. `info` may be
 * NULL.
 * Returns: PEAL_OK, PEAL_ERR_JSON, PEAL_ERR_UTF8, PEAL_ERR_DEPTH (deeper than
 * PEAL_LIMIT_JSON_DEPTH), PEAL_ERR_NOMEM. Thread: pure. Spec: RFC8259. */
PEAL_MUST_CHECK peal_err peal_json_decode(peal_val *out, peal_slice in,
                                          peal_arena *arena,
                                          peal_err_info *info);

/* The same for text of which the caller knows that it is valid UTF-8: it is
 * not looked at again (a WebSocket text message has been checked as it came).
 * Debug builds assert it. */
PEAL_MUST_CHECK peal_err peal_json_decode_utf8(peal_val *out, peal_slice in,
                                               peal_arena *arena,
                                               peal_err_info *info);

/* Append the value as JSON.stringify writes it: no spaces, `/` not escaped,
 * shortest number that reads back the same, not finite as null, undefined
 * left out of objects and null in arrays. Binary becomes
 * {"_placeholder":true,"num":N} with N = (*placeholders)++ in depth-first
 * order, or a base64 string if `placeholders` is NULL. Invalid UTF-8 in a
 * string is replaced by U+FFFD: what we send is always valid.
 * Deeper than PEAL_LIMIT_JSON_DEPTH: sticky PEAL_ERR_DEPTH in `out`.
 * Thread: pure. */
void peal_json_encode(peal_buf *out, peal_val value, size_t *placeholders);

/* Append an array of `first`, if its ptr is not NULL, and `args`: an event or
 * the arguments of an acknowledgement. Otherwise as peal_json_encode. */
void peal_json_encode_args(peal_buf *out, peal_slice first, peal_args args,
                           size_t *placeholders);

/* Append a string with its quotes. */
void peal_json_encode_str(peal_buf *out, peal_slice text);
