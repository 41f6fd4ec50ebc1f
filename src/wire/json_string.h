/* SPDX-License-Identifier: MIT */
#pragma once
/* json_string: strings that cannot be taken or written as they are. */
#include "base/arena.h"
#include "base/buf.h"

/* A string being decoded. */
typedef struct peal_json_string {
  const char *at;  /* its opening quote; then behind the closing one, or where
                      the failure was noticed */
  const char *end; /* of the text */
  bool is_utf8;    /* the text is known to be valid UTF-8 */
  bool is_same;    /* encoding it gives the same bytes again */
  peal_slice text; /* what it stands for, in the arena */
  const char *msg; /* constant, on failure */
} peal_json_string;

/* Decode a string into the arena. Escapes that name half a surrogate pair
 * become U+FFFD.
 * Returns: PEAL_OK, PEAL_ERR_JSON, PEAL_ERR_UTF8, PEAL_ERR_NOMEM.
 * Thread: pure. Spec: RFC8259 7. */
PEAL_MUST_CHECK peal_err peal_json_string_decode(peal_json_string *string,
                                                 peal_arena *arena);
/* Append `text` with quotes and escapes as JSON.stringify writes them, U+FFFD
 * for what is not UTF-8. Thread: pure. */
void peal_json_string_encode(peal_buf *out, peal_slice text);
