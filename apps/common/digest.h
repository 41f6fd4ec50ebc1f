/* SPDX-License-Identifier: MIT */
#pragma once
/* digest: SHA-256, HMAC and random bytes for keys and sessions; the only place
 * of the program that knows libcrypto. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/base.h>

enum { DIGEST_BYTES = 32, DIGEST_HEX_BYTES = 2 * DIGEST_BYTES + 1 };

/* Each returns false if libcrypto fails, and `out` is then zero. Thread:
 * any. */
PEAL_MUST_CHECK bool digest_of(uint8_t out[DIGEST_BYTES], peal_slice data);
PEAL_MUST_CHECK bool digest_hmac(uint8_t out[DIGEST_BYTES],
                                 const uint8_t key[DIGEST_BYTES],
                                 peal_slice data);
PEAL_MUST_CHECK bool digest_random(uint8_t *out, size_t len);
/* In the same time, whatever differs. Thread: pure. */
bool digest_is_equal(const uint8_t a[DIGEST_BYTES],
                     const uint8_t b[DIGEST_BYTES]);
/* Lower case, terminated: `out` has 2 * len + 1 bytes. Thread: pure. */
void digest_hex(char *out, const uint8_t *bytes, size_t len);
