/* SPDX-License-Identifier: MIT */
#include "net/crypto.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <uv.h>

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Fetching an algorithm takes locks and a search: once for the program. */
static uv_once_t fetch_once = UV_ONCE_INIT;
static EVP_MD *sha1;
static EVP_MD *sha256;

static void fetch(void) {
  sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
  sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

peal_err peal_crypto_random(void *out, size_t len) {
  unsigned char *to = out;
  while (len > 0) {
    int part = len > 65536 ? 65536 : (int)len;
    if (RAND_bytes(to, part) != 1)
      return PEAL_ERR_SYSTEM;
    to += part;
    len -= (size_t)part;
  }
  return PEAL_OK;
}

/* RFC4648 4 for a whole number of three-byte groups. */
static void encode_groups(char *out, const unsigned char *in, size_t groups,
                          const char *alphabet) {
  for (size_t i = 0; i < groups; i++) {
    uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = alphabet[bits >> 6 & 63];
    out[3] = alphabet[bits & 63];
    in += 3;
    out += 4;
  }
}

peal_err peal_crypto_id(char out[21]) {
  unsigned char bits[15];
  peal_err err = peal_crypto_random(bits, sizeof(bits));
  if (err)
    return err;
  encode_groups(out, bits, 5, url_safe);
  out[20] = 0;
  return PEAL_OK;
}

/* Digest of two pieces. */
static peal_err digest(unsigned char *out, EVP_MD *const *md, peal_slice a,
                       peal_slice b) {
  uv_once(&fetch_once, fetch);
  if (!*md)
    return PEAL_ERR_SYSTEM;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx && EVP_DigestInit_ex2(ctx, *md, NULL) &&
            (!a.len || EVP_DigestUpdate(ctx, a.ptr, a.len)) &&
            (!b.len || EVP_DigestUpdate(ctx, b.ptr, b.len)) &&
            EVP_DigestFinal_ex(ctx, out, NULL);
  EVP_MD_CTX_free(ctx);
  return ok ? PEAL_OK : PEAL_ERR_SYSTEM;
}

peal_err peal_crypto_ws_accept(char out[29], peal_slice key) {
  /* RFC6455 1.3: the key, then this GUID; SHA-1; base64 */
  const peal_slice guid = PEAL_S("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  unsigned char sum[21];
  peal_err err = digest(sum, &sha1, key, guid);
  if (err)
    return err;
  sum[20] = 0;
  encode_groups(out, sum, 7, standard);
  out[27] = '=';
  out[28] = 0;
  return PEAL_OK;
}

peal_err peal_crypto_sha256_hex(char out[65], peal_slice data) {
  unsigned char sum[32];
  peal_err err = digest(sum, &sha256, data, (peal_slice){NULL, 0});
  if (err)
    return err;
  for (size_t i = 0; i < sizeof(sum); i++) {
    out[2 * i] = "0123456789abcdef"[sum[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
  }
  out[64] = 0;
  return PEAL_OK;
}

bool peal_crypto_eq(peal_slice a, peal_slice b) {
  if (a.len != b.len)
    return false;
  return a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}
