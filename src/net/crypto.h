/* SPDX-License-Identifier: MIT */
#pragma once
/* crypto: random bytes and digests, by OpenSSL. */
#include <peal/base.h>

/* From the system's generator. Returns: PEAL_OK, PEAL_ERR_SYSTEM. Thread:
 * any. */
PEAL_MUST_CHECK peal_err peal_crypto_random(void *out, size_t len);
/* An id of 20 characters [A-Za-z0-9_-]: 120 random bits. `out` has 21 bytes,
 * terminated. The bits are drawn for many ids at once, apart for each thread
 * and for the child of a fork. Returns: PEAL_OK, PEAL_ERR_SYSTEM. Thread:
 * any. */
PEAL_MUST_CHECK peal_err peal_crypto_id(char out[21]);
/* SHA-1, for protocols that ask for it; it protects nothing any more. */
PEAL_MUST_CHECK peal_err peal_crypto_sha1(unsigned char out[20],
                                          peal_slice data);
/* SHA-256 in lower-case hex, terminated. */
PEAL_MUST_CHECK peal_err peal_crypto_sha256_hex(char out[65], peal_slice data);
/* Constant-time comparison of equal lengths. */
bool peal_crypto_eq(peal_slice a, peal_slice b);
