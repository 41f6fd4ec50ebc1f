/* SPDX-License-Identifier: MIT */
#pragma once
/* json_string: strings that cannot be taken or written as they are. */
#include "base/arena.h"
#include "base/buf.h"

/* Decode a string whose opening quote is at **at into the arena, and move *at
 * behind its closing quote; on failure to where it was noticed. Escapes that
 * name half a surrogate pair become U+FFFD.
 * Returns: PEAL_OK, PEAL_ERR_JSON, PEAL_ERR_UTF8, PEAL_ERR_NOMEM with *msg.
 * Thread: pure. Spec: RFC8259 7. */
PEAL_MUST_CHECK peal_err peal_json_string_decode(peal_slice *out,
                                                 const char **at,
                                                 const char *end,
                                                 peal_arena *arena,
                                                 const char **msg);
/* Append `text` with quotes and escapes as JSON.stringify writes them, U+FFFD
 * for what is not UTF-8. Thread: pure. */
void peal_json_string_encode(peal_buf *out, peal_slice text);
