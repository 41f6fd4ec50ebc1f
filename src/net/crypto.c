/* SPDX-License-Identifier: MIT */
#include "net/crypto.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <uv.h>

#define ID_BYTES 15u

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

/* RFC4648 5 for a whole number of three-byte groups. */
static void encode_groups(char *out, const unsigned char *in, size_t groups) {
  for (size_t i = 0; i < groups; i++) {
    uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    out[0] = url_safe[bits >> 18];
    out[1] = url_safe[bits >> 12 & 63];
    out[2] = url_safe[bits >> 6 & 63];
    out[3] = url_safe[bits & 63];
    in += 3;
    out += 4;
  }
}

/* Random bits for ids, drawn for many at once: a draw costs thousands of
 * instructions, however short it is. Each thread has its own, and each bit is
 * used once and wiped. */
typedef struct id_pool {
  unsigned char bits[ID_BYTES * 32];
  size_t left;   /* bytes, at the end */
  unsigned fork; /* `forks` when it was filled */
} id_pool;

static _Thread_local id_pool ids;

/* A child has the bits of its parent: it must not use them, too. */
static uv_once_t fork_once = UV_ONCE_INIT;
static bool fork_is_seen;
static atomic_uint forks;

static void on_fork(void) {
  atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void watch_forks(void) {
  fork_is_seen = pthread_atfork(NULL, NULL, on_fork) == 0;
}

static peal_err fill_ids(unsigned fork) {
  uv_once(&fork_once, watch_forks);
  if (!fork_is_seen)
    return PEAL_ERR_SYSTEM;
  ids.left = 0;
  peal_err err = peal_crypto_random(ids.bits, sizeof(ids.bits));
  if (err)
    return err;
  ids.fork = fork;
  ids.left = sizeof(ids.bits);
  return PEAL_OK;
}

peal_err peal_crypto_id(char out[21]) {
  unsigned fork = atomic_load_explicit(&forks, memory_order_relaxed);
  peal_err err = ids.left && ids.fork == fork ? PEAL_OK : fill_ids(fork);
  if (err)
    return err;
  unsigned char *bits = ids.bits + sizeof(ids.bits) - ids.left;
  ids.left -= ID_BYTES;
  encode_groups(out, bits, ID_BYTES / 3);
  OPENSSL_cleanse(bits, ID_BYTES);
  out[20] = 0;
  return PEAL_OK;
}

static peal_err digest(unsigned char *out, EVP_MD *const *md, peal_slice data) {
  uv_once(&fetch_once, fetch);
  if (!*md)
    return PEAL_ERR_SYSTEM;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx && EVP_DigestInit_ex2(ctx, *md, NULL) &&
            (!data.len || EVP_DigestUpdate(ctx, data.ptr, data.len)) &&
            EVP_DigestFinal_ex(ctx, out, NULL);
  EVP_MD_CTX_free(ctx);
  return ok ? PEAL_OK : PEAL_ERR_SYSTEM;
}

peal_err peal_crypto_sha1(unsigned char out[20], peal_slice data) {
  return digest(out, &sha1, data);
}

peal_err peal_crypto_sha256_hex(char out[65], peal_slice data) {
  unsigned char sum[32];
  peal_err err = digest(sum, &sha256, data);
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
