/* SPDX-License-Identifier: MIT */
#include "kit_token_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <jose/b64.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  SECRET_BYTES = 32, /* RFC7518 3.2: as many as the hash has */
  MAX_FILE_BYTES = 65536,
};

/* ---- a key --------------------------------------------------------------------- */

static void drop_key(peal_kit_token_keys *all, size_t at) {
  json_decref(all->keys[at].jwk);
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

static bool text_is(const json_t *jwk, const char *name, const char *wanted) {
  const char *found = json_string_value(json_object_get(jwk, name));
  return found != NULL && strcmp(found, wanted) == 0;
}

/* Only what we would have made: anything else in the file is no key of ours. */
static bool take_key(peal_kit_token_keys *all, json_t *jwk) {
  const char *kid = json_string_value(json_object_get(jwk, "kid"));
  const json_t *iat = json_object_get(jwk, "iat"),
               *k = json_object_get(jwk, "k");
  size_t len = json_string_length(json_object_get(jwk, "kid"));
  if (!text_is(jwk, "kty", "oct") || !text_is(jwk, "alg", "HS256") ||
      len == 0 || len >= PEAL_KIT_TOKEN_KID_BYTES || !json_is_integer(iat) ||
      !json_is_string(k) || all->count == PEAL_KIT_TOKEN_KEYS_MAX)
    return false;
  size_t bytes = jose_b64_dec(k, NULL, 0);
  if (bytes == SIZE_MAX || bytes < SECRET_BYTES ||
      peal_kit_token_keys_find(all, kid) != NULL)
    return false;
  peal_kit_token_key *key = &all->keys[all->count++];
  snprintf(key->kid, sizeof key->kid, "%s", kid);
  key->jwk = json_incref(jwk);
  key->iat_s = json_integer_value(iat);
  return true;
}

const peal_kit_token_key *peal_kit_token_keys_find(
    const peal_kit_token_keys *all, const char *kid) {
  for (size_t i = 0; i < all->count; i++)
    if (strcmp(all->keys[i].kid, kid) == 0)
      return &all->keys[i];
  return NULL;
}

/* Named by its own random numbers, which are not those of the secret. */
static json_t *make_jwk(int64_t now_s) {
  uint8_t secret[SECRET_BYTES], name[8];
  char kid[2 * sizeof name + 1];
  if (RAND_bytes(secret, sizeof secret) != 1 ||
      RAND_bytes(name, sizeof name) != 1)
    return NULL;
  for (size_t i = 0; i < sizeof name; i++)
    snprintf(kid + 2 * i, 3, "%02x", name[i]);
  json_t *jwk = json_pack("{s:s, s:s, s:s, s:I, s:o}", "kid", kid, "kty", "oct",
                          "alg", "HS256", "iat", (json_int_t)now_s, "k",
                          jose_b64_enc(secret, sizeof secret));
  OPENSSL_cleanse(secret, sizeof secret);
  return jwk;
}

peal_err peal_kit_token_keys_add(peal_kit_token_keys *all, int64_t now_s) {
  json_t *jwk = make_jwk(now_s);
  if (jwk == NULL)
    return PEAL_ERR_NOMEM;
  if (all->count == PEAL_KIT_TOKEN_KEYS_MAX)
    drop_key(all, 0);
  bool done = take_key(all, jwk);
  json_decref(jwk);
  return done ? PEAL_OK : PEAL_ERR_NOMEM;
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

static bool take_all(peal_kit_token_keys *all, const char *text, size_t len) {
  json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
  json_t *list = json_object_get(root, "keys");
  bool good = json_array_size(list) > 0;
  for (size_t i = 0; good && i < json_array_size(list); i++)
    good = take_key(all, json_array_get(list, i));
  json_decref(root);
  return good;
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
  bool good = all != NULL && take_all(all, text, len);
  OPENSSL_cleanse(text, len);
  free(text);
  if (good) {
    *out = all;
    return PEAL_OK;
  }
  peal_kit_token_keys_free(all);
  *why = "it is no file of keys";
  return all == NULL ? PEAL_ERR_NOMEM : PEAL_ERR_USAGE;
}

static bool write_text(const char *path, const char *text) {
  size_t len = strlen(text);
  int fd =
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return false;
  bool done = fchmod(fd, 0600) == 0 && write(fd, text, len) == (ssize_t)len &&
              write(fd, "\n", 1) == 1 && fsync(fd) == 0;
  return close(fd) == 0 && done;
}

static char *text_of(const peal_kit_token_keys *all) {
  json_t *list = json_array();
  for (size_t i = 0; i < all->count; i++)
    if (json_array_append(list, all->keys[i].jwk) != 0) {
      json_decref(list);
      return NULL;
    }
  json_t *root = json_pack("{s:o}", "keys", list);
  char *text = json_dumps(root, JSON_INDENT(1));
  json_decref(root);
  return text;
}

peal_err peal_kit_token_keys_write(const peal_kit_token_keys *all,
                                   const char *path) {
  char beside[4096];
  char *text = text_of(all);
  if (text == NULL)
    return PEAL_ERR_NOMEM;
  int len = snprintf(beside, sizeof beside, "%s.new", path);
  bool done = len < (int)sizeof beside && write_text(beside, text) &&
              rename(beside, path) == 0;
  OPENSSL_cleanse(text, strlen(text));
  free(text);
  return done ? PEAL_OK : PEAL_ERR_SYSTEM;
}
