/* SPDX-License-Identifier: MIT */
#pragma once
/* msgpack: MessagePack to values or to JSON text, and back, as the two
 * libraries of the field write it: notepack.io 3 (adapters of Redis), notepack.io 2
 * (the parser of clients), @msgpack/msgpack 2 (what Streams publishes).
 * In the flow: cluster -> proto/bus_* -> [msgpack] -> proto/op;
 * wire/sio_msgpack.
 *
 *   nil false true          null, false, true
 *   int, uint               PEAL_INT; above INT64_MAX a PEAL_DOUBLE
 *   float 32, 64            PEAL_DOUBLE
 *   str                     PEAL_STRING, must be UTF-8
 *   bin, ext 0 of c7 c8 c9  PEAL_BINARY (ext 0: an ArrayBuffer of notepack 2)
 *   ext -1, ext 0 of d7     a Date: the string that JSON.stringify makes of
 *                           it; one beyond JavaScript's years is null
 *   ext 0 of d4             PEAL_UNDEFINED (of notepack 2)
 *   array, map              PEAL_ARRAY, PEAL_OBJECT; keys are str
 *
 * Any other ext is refused: nobody writes it. */
#include <peal/val.h>

#include "base/arena.h"
#include "base/buf.h"
#include "wire/msgpack_read.h"

/* Both write the smallest form of whole numbers, and other numbers as float
 * 64; -0 is 0. Undefined is nil in arrays but
 * for one. */
typedef enum peal_msgpack_style {
  PEAL_MSGPACK_NOTEPACK, /* undefined members are left out; whole numbers up to
                            2^64 are ints */
  PEAL_MSGPACK_PLAIN,    /* @msgpack/msgpack: undefined members are nil; whole
                            numbers beyond 2^53 - 1 are float 64 */
  PEAL_MSGPACK_NOTEPACK2 /* as NOTEPACK, but undefined in arrays is d4 00 00 */
} peal_msgpack_style;

/* What values take at most in the arena: this many bytes for each of the
 * message, besides what blocks leave over. A container takes nothing before
 * the input has shown to be long enough for what it announces. */
#define PEAL_MSGPACK_FACTOR 24u

/* Decode one value that fills all of `in` (borrowed by *out: strings and
 * binaries lie in it). No recursion on input. Of equal keys the last counts.
 * Returns: PEAL_OK, PEAL_ERR_SIO_PAYLOAD (malformed), PEAL_ERR_UTF8,
 * PEAL_ERR_DEPTH (deeper than PEAL_LIMIT_JSON_DEPTH), PEAL_ERR_NOMEM.
 * Thread: pure. Spec: MessagePack, notepack.io 3.0.1. */
PEAL_MUST_CHECK peal_err peal_msgpack_decode(peal_val *out, peal_slice in,
                                             peal_arena *arena);
/* The same, but members `key` of maps that `depth` - 1 containers enclose are
 * not decoded: each is a PEAL_BINARY of its own bytes of the input, for
 * peal_msgpack_to_json. */
PEAL_MUST_CHECK peal_err peal_msgpack_decode_held(peal_val *out, peal_slice in,
                                                  peal_arena *arena,
                                                  size_t depth, peal_slice key);
/* The next value of what is being read, all of it. What is wrong sticks in
 * `read`, and *out is undefined. */
void peal_msgpack_decode_next(peal_val *out, peal_msgpack_read *read,
                              peal_arena *arena);

/* How many binaries are in the one value that fills `in`?
 * Returns: PEAL_OK, PEAL_ERR_SIO_PAYLOAD, PEAL_ERR_UTF8. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_msgpack_binaries(peal_slice in, size_t *count);
/* Append the one value that fills `in` as JSON.stringify writes it, without
 * values in between; what stands at `outer` levels already. Binaries become
 * placeholders, numbered from 0; parts[i] (borrowed from `in`) is the i-th:
 * there is room for as many as peal_msgpack_binaries says.
 * Returns: PEAL_OK, as peal_msgpack_decode, or what is sticky in `out`.
 * Thread: pure. */
PEAL_MUST_CHECK peal_err peal_msgpack_to_json(peal_buf *out, peal_slice in,
                                              size_t outer, peal_slice *parts);

/* Append a value. Deeper than PEAL_LIMIT_JSON_DEPTH: sticky PEAL_ERR_DEPTH.
 * What is not UTF-8 in a string is U+FFFD. Thread: pure. */
void peal_msgpack_encode(peal_buf *out, peal_val value,
                         peal_msgpack_style style);
/* Append `first`, unless its ptr is NULL, and `args` as one array. */
void peal_msgpack_encode_args(peal_buf *out, peal_slice first, peal_args args,
                              peal_msgpack_style style);
/* Append the head of an array or of a map, of which the caller appends the
 * items or pairs. `count` is below 2^32. */
void peal_msgpack_add_array(peal_buf *out, size_t count);
void peal_msgpack_add_map(peal_buf *out, size_t count);
void peal_msgpack_add_str(peal_buf *out, peal_slice text);
void peal_msgpack_add_u64(peal_buf *out, uint64_t value);
