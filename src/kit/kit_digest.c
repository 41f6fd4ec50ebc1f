/* SPDX-License-Identifier: MIT */
/* kit_digest: digests and random bytes, by libcrypto. */
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <peal/kit_small.h>

bool peal_kit_digest_of(uint8_t out[PEAL_KIT_DIGEST_BYTES], peal_slice data) {
  memset(out, 0, PEAL_KIT_DIGEST_BYTES);
  return EVP_Digest(data.len > 0 ? data.ptr : "", data.len, out, NULL,
                    EVP_sha256(), NULL) == 1;
}

bool peal_kit_digest_hmac(uint8_t out[PEAL_KIT_DIGEST_BYTES],
                          const uint8_t key[PEAL_KIT_DIGEST_BYTES],
                          peal_slice data) {
  memset(out, 0, PEAL_KIT_DIGEST_BYTES);
  return HMAC(EVP_sha256(), key, PEAL_KIT_DIGEST_BYTES,
              (const unsigned char *)data.ptr, data.len, out, NULL) != NULL;
}

bool peal_kit_digest_random(uint8_t *out, size_t len) {
  memset(out, 0, len);
  return len <= INT_MAX && RAND_bytes(out, (int)len) == 1;
}

bool peal_kit_digest_is_equal(const uint8_t a[PEAL_KIT_DIGEST_BYTES],
                              const uint8_t b[PEAL_KIT_DIGEST_BYTES]) {
  return CRYPTO_memcmp(a, b, PEAL_KIT_DIGEST_BYTES) == 0;
}

void peal_kit_digest_hex(char *out, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * len] = '\0';
}
