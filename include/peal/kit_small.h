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

/* -- digests --------------------------------------------------------------- */

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

/* -- addresses ------------------------------------------------------------- */

enum { PEAL_KIT_ADDRESS_BYTES = 46 };

/* Whom an address stands for when it is counted: itself, or of IPv6 the network
 * of 64 bits, as every host there may choose the rest. What is no address stays
 * as it is, cut. Thread: pure. */
PEAL_API void peal_kit_address_network(char out[PEAL_KIT_ADDRESS_BYTES],
                                       peal_slice address);

/* -- text ------------------------------------------------------------------ */

/* Is it valid UTF-8 (RFC 3629)? Thread: pure. */
PEAL_API bool peal_kit_utf8_is_good(peal_slice text);
/* Its characters (code points), if it is. Thread: pure. */
PEAL_API size_t peal_kit_utf8_count(peal_slice text);
/* How many bytes, of at most `max_bytes`, hold whole characters: where it may
 * be cut. Thread: pure. */
PEAL_API size_t peal_kit_utf8_cut(peal_slice text, size_t max_bytes);

/* Forms of RFC 4648. */
typedef enum peal_kit_base64 {
  PEAL_KIT_BASE64_STANDARD, /* section 4, with its padding */
  PEAL_KIT_BASE64_BARE,     /* the same without padding */
  PEAL_KIT_BASE64_URL,      /* section 5, without padding: of tokens */
} peal_kit_base64;

/* Room for the text of so many bytes, the terminator included. */
#define PEAL_KIT_BASE64_BYTES(bytes) (4 * (((bytes) + 2) / 3) + 1)

/* Text of `data`, terminated: `out` has PEAL_KIT_BASE64_BYTES(data.len).
 * Returns its length. Thread: pure. */
PEAL_API size_t peal_kit_base64_write(char *out, peal_slice data,
                                      peal_kit_base64 form);
/* And back, into `cap` bytes. False: there is another character, a wrong length
 * or padding, too much of it, or bits that another text has as zeros. Thread:
 * pure. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_base64_read(uint8_t *out, size_t cap,
                                                   size_t *len, peal_slice text,
                                                   peal_kit_base64 form);

/* The value of a cookie in the Cookie header of a request or of a socket's
 * handshake, the first of that name; NULL ptr: there is none. Spec: RFC6265
 * 4.2.1. Thread: pure. */
PEAL_API peal_slice peal_kit_cookie(peal_slice header, const char *name);

/* -- the time zone --------------------------------------------------------- */

/* A name of the time zone database such as Asia/Kolkata, or an offset such as
 * +05:30. It becomes that of the process: before any thread. False: it is
 * none. */
PEAL_API bool peal_kit_zone_set(const char *name);

#ifdef __cplusplus
}
#endif
