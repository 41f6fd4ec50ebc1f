/* SPDX-License-Identifier: MIT */
#include "kit/kit_token_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <jose/b64.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/kit_small.h>
#include <peal/val.h>

enum {
  SECRET_BYTES = 32, /* RFC7518 3.2: as many as the hash has */
  MAX_FILE_BYTES = 65536,
};

/* ---- a key --------------------------------------------------------------------- */

static void drop_key(peal_kit_token_keys *all, size_t at) {
  json_decref(all->keys[at].jwk);
  OPENSSL_cleanse(&all->keys[at], sizeof all->keys[at]);
  all->count--;
  memmove(&all->keys[at], &all->keys[at + 1],
          (all->count - at) * sizeof *all->keys);
}

void peal_kit_token_keys_free(peal_kit_token_keys *all) {
  if (all == NULL)
    return;
  while (all->count > 0)
    drop_key(all, all->count - 1);
  free(all);
}

const peal_kit_token_key *peal_kit_token_keys_find(
    const peal_kit_token_keys *all, const char *kid) {
  for (size_t i = 0; i < all->count; i++)
    if (strcmp(all->keys[i].kid, kid) == 0)
      return &all->keys[i];
  return NULL;
}

static bool is_secret(peal_slice k) {
  uint8_t secret[PEAL_KIT_TOKEN_SECRET_BYTES];
  if (k.len >= PEAL_KIT_TOKEN_SECRET_BYTES)
    return false;
  size_t len = jose_b64_dec_buf(k.ptr, k.len, secret, sizeof secret);
  OPENSSL_cleanse(secret, sizeof secret);
  return len != SIZE_MAX && len >= SECRET_BYTES;
}

/* One more at the end. */
static peal_err append(peal_kit_token_keys *all, peal_slice kid, peal_slice k,
                       int64_t iat_s) {
  peal_kit_token_key *key = &all->keys[all->count];
  *key = (peal_kit_token_key){.iat_s = iat_s};
  snprintf(key->kid, sizeof key->kid, "%.*s", PEAL_SFMT(kid));
  snprintf(key->k, sizeof key->k, "%.*s", PEAL_SFMT(k));
  if (peal_kit_token_keys_find(all, key->kid) != NULL)
    return PEAL_ERR_USAGE;
  key->jwk =
      json_pack("{s:s, s:s, s:s}", "kty", "oct", "alg", "HS256", "k", key->k);
  if (key->jwk == NULL)
    return PEAL_ERR_NOMEM;
  all->count++;
  return PEAL_OK;
}

/* Named by random numbers of their own, which are not those of the secret. */
peal_err peal_kit_token_keys_add(peal_kit_token_keys *all, int64_t now_s) {
  uint8_t secret[SECRET_BYTES], name[8];
  char kid[2 * sizeof name + 1], k[PEAL_KIT_TOKEN_SECRET_BYTES];
  if (!peal_kit_digest_random(secret, sizeof secret) ||
      !peal_kit_digest_random(name, sizeof name))
    return PEAL_ERR_SYSTEM;
  peal_kit_digest_hex(kid, name, sizeof name);
  size_t len = jose_b64_enc_buf(secret, sizeof secret, k, sizeof k);
  OPENSSL_cleanse(secret, sizeof secret);
  if (len == SIZE_MAX)
    return PEAL_ERR_NOMEM;
  if (all->count == PEAL_KIT_TOKEN_KEYS_MAX)
    drop_key(all, 0);
  peal_err err = append(all, peal_slice_of(kid), (peal_slice){k, len}, now_s);
  OPENSSL_cleanse(k, sizeof k);
  return err;
}

/* Two keys of it, so that the name tells nothing of the other. */
peal_err peal_kit_token_keys_derive(peal_kit_token_keys *all, peal_slice secret,
                                    int64_t now_s, bool *changed) {
  uint8_t root[PEAL_KIT_DIGEST_BYTES], name[PEAL_KIT_DIGEST_BYTES],
      key[PEAL_KIT_DIGEST_BYTES];
  char kid[17], k[PEAL_KIT_TOKEN_SECRET_BYTES];
  if (!peal_kit_digest_of(root, secret) ||
      !peal_kit_digest_hmac(name, root, PEAL_S("name of a key of tokens")) ||
      !peal_kit_digest_hmac(key, root, PEAL_S("key of tokens")))
    return PEAL_ERR_SYSTEM;
  peal_kit_digest_hex(kid, name, 8);
  *changed = all->count != 1 || strcmp(all->keys[0].kid, kid) != 0;
  size_t len = jose_b64_enc_buf(key, sizeof key, k, sizeof k);
  peal_err err = PEAL_OK;
  if (*changed) {
    while (all->count > 0)
      drop_key(all, all->count - 1);
    err = len != SIZE_MAX
              ? append(all, peal_slice_of(kid), (peal_slice){k, len}, now_s)
              : PEAL_ERR_NOMEM;
  }
  OPENSSL_cleanse(root, sizeof root);
  OPENSSL_cleanse(key, sizeof key);
  OPENSSL_cleanse(k, sizeof k);
  return err;
}

bool peal_kit_token_keys_drop(peal_kit_token_keys *all, int64_t before_s) {
  bool any = false;
  // a key signs until the next one does
  while (all->count > 1 && all->keys[1].iat_s < before_s) {
    drop_key(all, 0);
    any = true;
  }
  return any;
}

/* ---- the file -------------------------------------------------------------------- */

/* NULL with *err. */
static char *read_text(const char *path, size_t *len, peal_err *err,
                       const char **why) {
  struct stat about;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  char *text = NULL;
  *why = "it cannot be read";
  *err = fd < 0 && errno == ENOENT ? PEAL_ERR_AGAIN : PEAL_ERR_SYSTEM;
  if (fd < 0)
    return NULL;
  if (fstat(fd, &about) == 0) {
    *err = PEAL_ERR_USAGE;
    if (!S_ISREG(about.st_mode) || about.st_size > MAX_FILE_BYTES)
      *why = "it is no file of keys";
    else if ((about.st_mode & 077) != 0)
      *why = "others may read it: chmod 600";
    else if ((text = malloc((size_t)about.st_size + 1)) == NULL)
      *err = PEAL_ERR_NOMEM;
  }
  ssize_t got = text != NULL ? read(fd, text, (size_t)about.st_size) : -1;
  close(fd);
  if (text != NULL && got < 0) {
    *err = PEAL_ERR_SYSTEM;
    free(text);
    return NULL;
  }
  *len = got > 0 ? (size_t)got : 0;
  return text;
}

/* Only what we would have made: anything else in the file is no key of ours. */
static peal_err take_key(peal_kit_token_keys *all, peal_val jwk) {
  peal_slice kid = peal_val_str(peal_val_get(jwk, "kid")),
             k = peal_val_str(peal_val_get(jwk, "k"));
  peal_val iat = peal_val_get(jwk, "iat");
  if (!peal_slice_is(peal_val_str(peal_val_get(jwk, "kty")), "oct") ||
      !peal_slice_is(peal_val_str(peal_val_get(jwk, "alg")), "HS256") ||
      kid.len == 0 || kid.len >= PEAL_KIT_TOKEN_KID_BYTES || !is_secret(k) ||
      !peal_val_is(iat, PEAL_INT) || all->count == PEAL_KIT_TOKEN_KEYS_MAX)
    return PEAL_ERR_USAGE;
  return append(all, kid, k, peal_val_int(iat, 0));
}

static peal_err take_all(peal_kit_token_keys *all, peal_slice text) {
  peal_doc *doc = NULL;
  peal_err err = peal_doc_from_json(&doc, text, NULL);
  peal_val list = peal_val_get(peal_doc_val(doc), "keys");
  if (err == PEAL_OK && (list.type != PEAL_ARRAY || list.len == 0))
    err = PEAL_ERR_USAGE;
  for (size_t i = 0; err == PEAL_OK && i < list.len; i++)
    err = take_key(all, peal_val_at(list, i));
  peal_doc_free(doc);
  return err == PEAL_OK || err == PEAL_ERR_NOMEM ? err : PEAL_ERR_USAGE;
}

peal_err peal_kit_token_keys_read(peal_kit_token_keys **out, const char *path,
                                  const char **why) {
  size_t len = 0;
  peal_err err;
  *out = NULL;
  char *text = read_text(path, &len, &err, why);
  if (text == NULL)
    return err;
  peal_kit_token_keys *all = calloc(1, sizeof *all);
  err = all != NULL ? take_all(all, (peal_slice){text, len}) : PEAL_ERR_NOMEM;
  OPENSSL_cleanse(text, len);
  free(text);
  if (err == PEAL_OK) {
    *out = all;
    return PEAL_OK;
  }
  peal_kit_token_keys_free(all);
  *why = "it is no file of keys";
  return err;
}

static bool write_text(const char *path, peal_slice text) {
  int fd =
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return false;
  bool done = fchmod(fd, 0600) == 0 &&
              write(fd, text.ptr, text.len) == (ssize_t)text.len &&
              write(fd, "\n", 1) == 1 && fsync(fd) == 0;
  return close(fd) == 0 && done;
}

/* A JWK set. RFC7517 5 */
static peal_bytes *text_of(const peal_kit_token_keys *all) {
  peal_build *build = peal_build_new();
  peal_items *list = peal_items_new(build);
  for (size_t i = 0; i < all->count; i++) {
    const peal_kit_token_key *key = &all->keys[i];
    peal_items_add(
        list, peal_build_keep(build, PEAL_OBJECT({"kid", peal_str(key->kid)},
                                                 {"kty", peal_str("oct")},
                                                 {"alg", peal_str("HS256")},
                                                 {"iat", peal_int(key->iat_s)},
                                                 {"k", peal_str(key->k)})));
  }
  peal_bytes *text =
      peal_json_bytes(PEAL_OBJECT({"keys", peal_items_val(list)}));
  peal_build_free(build);
  return text;
}

peal_err peal_kit_token_keys_write(const peal_kit_token_keys *all,
                                   const char *path) {
  char beside[4096];
  peal_bytes *text = text_of(all);
  if (text == NULL)
    return PEAL_ERR_NOMEM;
  int len = snprintf(beside, sizeof beside, "%s.new", path);
  bool done = len < (int)sizeof beside &&
              write_text(beside, peal_bytes_slice(text)) &&
              rename(beside, path) == 0;
  peal_bytes_unref(text);
  return done ? PEAL_OK : PEAL_ERR_SYSTEM;
}
