/* SPDX-License-Identifier: MIT */
#pragma once
/* base64: RFC4648 section 4, with padding. */
#include <peal/base.h>

#include "base/buf.h"

/* Bytes of the encoding of `len` bytes. */
size_t peal_base64_encode_len(size_t len);
void peal_base64_encode(peal_buf *out, peal_slice data);
/* The same into `out`, which has peal_base64_encode_len bytes. */
void peal_base64_encode_to(char *out, peal_slice data);
/* An upper bound of the decoded bytes. */
size_t peal_base64_decode_max(size_t len);
/* Copy without the line breaks that MIME and kin put in (RFC2045 6.8), CR and
 * LF, to `out`, which has text.len bytes. Returns the length. Thread: pure. */
size_t peal_base64_unfold(char *out, peal_slice text);
/* Decode into `out`, which has peal_base64_decode_max bytes. Strict, but
 * missing padding is accepted as browsers' and Node's decoders do; foreign
 * characters, wrong padding and stray bits are refused. `out` may be
 * text.ptr.
 * Returns: PEAL_OK, PEAL_ERR_BASE64. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_base64_decode(char *out, size_t *out_len,
                                            peal_slice text);
