/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_small: digests, random bytes, addresses, the time zone: the small things
 * that every application needs somewhere. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- digests ----------------------------------------------------------------- */

enum {
  PEAL_KIT_DIGEST_BYTES = 32,
  PEAL_KIT_DIGEST_HEX_BYTES = 2 * PEAL_KIT_DIGEST_BYTES + 1
};

/* SHA-256, its HMAC, and random bytes, all by libcrypto. Each returns false if
 * that fails, and `out` is then zero. Thread:
 * any. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_digest_of(
    uint8_t out[PEAL_KIT_DIGEST_BYTES], peal_slice data);
PEAL_API PEAL_MUST_CHECK bool peal_kit_digest_hmac(
    uint8_t out[PEAL_KIT_DIGEST_BYTES],
    const uint8_t key[PEAL_KIT_DIGEST_BYTES], peal_slice data);
PEAL_API PEAL_MUST_CHECK bool peal_kit_digest_random(uint8_t *out, size_t len);
/* In the same time, whatever differs. Thread: pure. */
PEAL_API bool peal_kit_digest_is_equal(const uint8_t a[PEAL_KIT_DIGEST_BYTES],
                                       const uint8_t b[PEAL_KIT_DIGEST_BYTES]);
/* Lower case, terminated: `out` has 2 * len + 1 bytes. Thread: pure. */
PEAL_API void peal_kit_digest_hex(char *out, const uint8_t *bytes, size_t len);

/* -- addresses --------------------------------------------------------------- */

enum { PEAL_KIT_ADDRESS_BYTES = 46 };

/* Whom an address stands for when it is counted: itself, or of IPv6 the network
 * of 64 bits, as every host there may choose the rest. What is no address stays as it is, cut.
 * Thread: pure. */
PEAL_API void peal_kit_address_network(char out[PEAL_KIT_ADDRESS_BYTES],
                                       peal_slice address);

/* -- text -------------------------------------------------------------------- */

/* Is it valid UTF-8 (RFC 3629)? Thread: pure. */
PEAL_API bool peal_kit_utf8_is_good(peal_slice text);
/* Its characters (code points), if it is. Thread: pure. */
PEAL_API size_t peal_kit_utf8_count(peal_slice text);
/* How many bytes, of at most `max_bytes`, hold whole characters: where it may be
 * cut. Thread: pure. */
PEAL_API size_t peal_kit_utf8_cut(peal_slice text, size_t max_bytes);

/* -- the time zone ----------------------------------------------------------- */

/* A name of the time zone database such as Asia/Kolkata, or an offset such as
 * +05:30. It becomes that of the process: before any thread. False: it is
 * none. */
PEAL_API bool peal_kit_zone_set(const char *name);

#ifdef __cplusplus
}
#endif
