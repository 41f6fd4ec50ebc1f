/* SPDX-License-Identifier: MIT */
#pragma once
/* percent: percent-decoding, of forms and of paths. */
#include <peal/base.h>

#include "base/buf.h"

/* application/x-www-form-urlencoded as the URL standard decodes it: + is a
 * blank, a % without two digits stands for itself. `out` has in.len bytes and
 * may be in.ptr. Returns the length. Thread: pure. */
size_t peal_percent_decode_form(char *out, peal_slice in);
/* Is a text of a form its own decoding? Thread: pure. */
bool peal_percent_is_plain(peal_slice in);
/* Is `text` what a text of a form decodes to? No memory. Thread: pure. */
bool peal_percent_form_is(peal_slice in, const char *text);
/* A part of a path: a % must begin two digits (RFC3986 2.1), + is itself.
 * Returns: PEAL_OK, PEAL_ERR_HTTP_SYNTAX (also for an encoded or bare NUL).
 * Thread: pure. */
PEAL_MUST_CHECK peal_err peal_percent_decode_path(char *out, size_t *out_len,
                                                  peal_slice in);
/* A part of a query, encoded: all but letters, digits and -_.~ becomes %XY
 * (RFC3986 2.1, 2.3). Thread: pure. */
void peal_percent_encode(peal_buf *out, peal_slice text);
