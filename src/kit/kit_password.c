/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <peal/kit_password.h>
#include <peal/kit_small.h>

enum {
  SALT_BYTES = 16,
  HASH_BYTES = 32,
  MAX_PART_BYTES = 64, /* of a salt or hash that another program made */
  MAX_MEMORY = 256 * 1024 * 1024,
};

typedef struct parsed {
  peal_kit_password_cost cost;
  uint8_t salt[MAX_PART_BYTES], hash[MAX_PART_BYTES];
  size_t salt_len, hash_len;
} parsed;

/* ---- costs ------------------------------------------------------------------ */

static peal_kit_password_cost cost_of(const peal_kit_password_cost *wanted) {
  peal_kit_password_cost cost = {0};
  if (wanted != NULL)
    cost = *wanted;
  if (cost.ln == 0)
    cost.ln = PEAL_KIT_PASSWORD_LN;
  if (cost.r == 0)
    cost.r = PEAL_KIT_PASSWORD_R;
  if (cost.p == 0)
    cost.p = PEAL_KIT_PASSWORD_P;
  return cost;
}

/* RFC7914 2: N is below 2^(128 * r / 8). */
static bool is_cost_good(const peal_kit_password_cost *cost) {
  return cost->ln >= 4 && cost->ln <= 20 && cost->r >= 1 && cost->r <= 32 &&
         cost->p >= 1 && cost->p <= 16 && cost->ln < 16 * cost->r &&
         (UINT64_C(128) * cost->r << cost->ln) <= MAX_MEMORY;
}

static bool derive(uint8_t *out, size_t len, peal_slice password,
                   const uint8_t *salt, size_t salt_len,
                   const peal_kit_password_cost *cost) {
  // what libcrypto counts in beside the large table
  uint64_t small = UINT64_C(128) * cost->r * (cost->p + 2) + 4096;
  uint64_t memory = (UINT64_C(128) * cost->r << cost->ln) + small;
  return EVP_PBE_scrypt(password.len > 0 ? password.ptr : "", password.len,
                        salt, salt_len, UINT64_C(1) << cost->ln, cost->r,
                        cost->p, memory, out, len) == 1;
}

/* ---- the text ----------------------------------------------------------------- */

/* What stands in front of the next `end`, which is taken, too. */
static bool take(peal_slice *rest, char end, peal_slice *out) {
  const char *at =
      rest->len > 0 ? (const char *)memchr(rest->ptr, end, rest->len) : NULL;
  if (at == NULL)
    return false;
  *out = (peal_slice){rest->ptr, (size_t)(at - rest->ptr)};
  *rest = (peal_slice){at + 1, rest->len - out->len - 1};
  return true;
}

/* "ln=15": name and number, which has no sign and no zero in front. */
static bool number_of(peal_slice text, const char *name, unsigned *out) {
  size_t used = strlen(name);
  if (!peal_slice_starts(text, name) || text.len <= used ||
      text.len > used + 3 || text.ptr[used] == '0')
    return false;
  *out = 0;
  for (; used < text.len; used++) {
    if (text.ptr[used] < '0' || text.ptr[used] > '9')
      return false;
    *out = *out * 10 + (unsigned)(text.ptr[used] - '0');
  }
  return true;
}

/* A salt or a hash: some bytes. */
static bool part_of(uint8_t out[MAX_PART_BYTES], size_t *len, peal_slice text) {
  return peal_kit_base64_read(out, MAX_PART_BYTES, len, text,
                              PEAL_KIT_BASE64_BARE) &&
         *len > 0;
}

static bool parse(parsed *out, peal_slice text) {
  peal_slice ln, r, p, salt;
  static const char head[] = "$scrypt$";
  if (!peal_slice_starts(text, head) || text.len >= PEAL_KIT_PASSWORD_BYTES)
    return false;
  text = (peal_slice){text.ptr + sizeof head - 1, text.len - (sizeof head - 1)};
  return take(&text, ',', &ln) && take(&text, ',', &r) &&
         take(&text, '$', &p) && take(&text, '$', &salt) &&
         number_of(ln, "ln=", &out->cost.ln) &&
         number_of(r, "r=", &out->cost.r) && number_of(p, "p=", &out->cost.p) &&
         is_cost_good(&out->cost) && part_of(out->salt, &out->salt_len, salt) &&
         part_of(out->hash, &out->hash_len, text);
}

static void write_part(char *out, const uint8_t *bytes, size_t len) {
  (void)peal_kit_base64_write(out, (peal_slice){(const char *)bytes, len},
                              PEAL_KIT_BASE64_BARE);
}

/* ---- hash and check ------------------------------------------------------------- */

peal_err peal_kit_password_hash(char out[PEAL_KIT_PASSWORD_BYTES],
                                peal_slice password,
                                const peal_kit_password_cost *wanted) {
  uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
  char salt_text[PEAL_KIT_BASE64_BYTES(SALT_BYTES)];
  char hash_text[PEAL_KIT_BASE64_BYTES(HASH_BYTES)];
  peal_kit_password_cost cost = cost_of(wanted);
  out[0] = '\0';
  if (!is_cost_good(&cost))
    return PEAL_ERR_USAGE;
  if (RAND_bytes(salt, sizeof salt) != 1)
    return PEAL_ERR_SYSTEM;
  if (!derive(hash, sizeof hash, password, salt, sizeof salt, &cost))
    return PEAL_ERR_NOMEM;
  write_part(salt_text, salt, sizeof salt);
  write_part(hash_text, hash, sizeof hash);
  snprintf(out, PEAL_KIT_PASSWORD_BYTES, "$scrypt$ln=%u,r=%u,p=%u$%s$%s",
           cost.ln, cost.r, cost.p, salt_text, hash_text);
  OPENSSL_cleanse(hash, sizeof hash);
  return PEAL_OK;
}

peal_err peal_kit_password_check(bool *is_right, bool *is_old,
                                 peal_slice password, peal_slice hash,
                                 const peal_kit_password_cost *wanted) {
  parsed was;
  uint8_t found[MAX_PART_BYTES];
  peal_kit_password_cost cost = cost_of(wanted);
  *is_right = false;
  if (!parse(&was, hash))
    return PEAL_ERR_USAGE;
  if (!derive(found, was.hash_len, password, was.salt, was.salt_len, &was.cost))
    return PEAL_ERR_NOMEM;
  // a hash of a few bytes would be right for too many passwords
  *is_right =
      was.hash_len >= 16 && CRYPTO_memcmp(found, was.hash, was.hash_len) == 0;
  if (is_old != NULL)
    *is_old = was.cost.ln != cost.ln || was.cost.r != cost.r ||
              was.cost.p != cost.p || was.hash_len != HASH_BYTES ||
              was.salt_len < SALT_BYTES;
  OPENSSL_cleanse(found, sizeof found);
  return PEAL_OK;
}
