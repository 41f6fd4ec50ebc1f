/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

bool digest_of(uint8_t out[DIGEST_BYTES], peal_slice data) {
  memset(out, 0, DIGEST_BYTES);
  return EVP_Digest(data.len > 0 ? data.ptr : "", data.len, out, NULL,
                    EVP_sha256(), NULL) == 1;
}

bool digest_hmac(uint8_t out[DIGEST_BYTES], const uint8_t key[DIGEST_BYTES],
                 peal_slice data) {
  memset(out, 0, DIGEST_BYTES);
  return HMAC(EVP_sha256(), key, DIGEST_BYTES, (const unsigned char *)data.ptr,
              data.len, out, NULL) != NULL;
}

bool digest_random(uint8_t *out, size_t len) {
  return len <= INT_MAX && RAND_bytes(out, (int)len) == 1;
}

bool digest_is_equal(const uint8_t a[DIGEST_BYTES],
                     const uint8_t b[DIGEST_BYTES]) {
  return CRYPTO_memcmp(a, b, DIGEST_BYTES) == 0;
}

void digest_hex(char *out, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * len] = '\0';
}
