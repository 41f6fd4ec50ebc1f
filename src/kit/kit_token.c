/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <jose/b64.h>
#include <jose/jws.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/kit_small.h>
#include <peal/kit_token.h>
#include <peal/worker.h>

#include "kit/kit_token_impl.h"

enum {
  DAY_MS = 86400000,
  LIFE_MS = 15 * 60 * 1000,
  LEEWAY_MS = 10000,
  JTI_BYTES = 16,
  SHARE_S = 60, /* until every program signs with a new key */
};

/* ---- the file, under a lock ------------------------------------------------------ */

/* Two programs may rotate at the same time. Returns -1 if it cannot be had. */
static int lock_file(const peal_kit_tokens *tokens) {
  char path[4096];
  int len = snprintf(path, sizeof path, "%s.lock", tokens->opts.path);
  if (len >= (int)sizeof path)
    return -1;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static void set_keys(peal_kit_tokens *tokens, peal_kit_token_keys *keys) {
  pthread_rwlock_wrlock(&tokens->lock);
  peal_kit_token_keys *old = tokens->keys;
  tokens->keys = keys;
  pthread_rwlock_unlock(&tokens->lock);
  peal_kit_token_keys_free(old);
  if (stat(tokens->opts.path, &tokens->seen) != 0)
    tokens->seen = (struct stat){0};
}

/* Tokens are not over before their life is, of this program or of one that was
 * started with another option. */
static bool change(peal_kit_tokens *tokens, peal_kit_token_keys *keys,
                   bool force, peal_err *err) {
  int64_t now_s = peal_kit_tokens_now_ms(tokens) / 1000;
  int64_t life_ms =
      tokens->opts.life_ms > DAY_MS ? tokens->opts.life_ms : (int64_t)DAY_MS;
  bool changed = false;
  if (tokens->opts.secret != NULL) {
    *err = peal_kit_token_keys_derive(keys, peal_slice_of(tokens->opts.secret),
                                      now_s, &changed);
    return changed;
  }
  changed = peal_kit_token_keys_drop(keys, now_s - life_ms / 1000 - SHARE_S);
  bool is_due =
      force || keys->count == 0 ||
      keys->keys[keys->count - 1].iat_s + tokens->opts.rotate_ms / 1000 <=
          now_s;
  *err = is_due ? peal_kit_token_keys_add(keys, now_s) : PEAL_OK;
  return changed || is_due;
}

/* With the file's lock. */
static peal_err take_turn(peal_kit_tokens *tokens, bool force, bool *is_new,
                          const char **why) {
  peal_kit_token_keys *keys = NULL;
  peal_err err = peal_kit_token_keys_read(&keys, tokens->opts.path, why);
  *is_new = err == PEAL_ERR_AGAIN;
  if (err == PEAL_ERR_AGAIN && tokens->keys != NULL)
    return PEAL_ERR_SYSTEM; // it was taken away: those in memory still hold
  if (err == PEAL_ERR_AGAIN) {
    keys = calloc(1, sizeof *keys);
    err = keys != NULL ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  if (err == PEAL_OK)
    *why = "it cannot be written";
  if (err == PEAL_OK && change(tokens, keys, force, &err) && err == PEAL_OK)
    err = peal_kit_token_keys_write(keys, tokens->opts.path);
  if (err == PEAL_OK)
    set_keys(tokens, keys);
  else
    peal_kit_token_keys_free(keys);
  return err;
}

static bool is_same_file(peal_kit_tokens *tokens) {
  struct stat now;
  const struct stat *was = &tokens->seen;
  return stat(tokens->opts.path, &now) == 0 && now.st_ino == was->st_ino &&
         now.st_size == was->st_size &&
         now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
         now.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

/* Neither is a new key due nor an old one to go. */
static bool is_quiet(peal_kit_tokens *tokens) {
  int64_t now_s = peal_kit_tokens_now_ms(tokens) / 1000;
  pthread_rwlock_rdlock(&tokens->lock);
  const peal_kit_token_keys *keys = tokens->keys;
  bool quiet = keys->count == 1 &&
               keys->keys[0].iat_s + tokens->opts.rotate_ms / 1000 > now_s;
  pthread_rwlock_unlock(&tokens->lock);
  return quiet;
}

static peal_err turn(peal_kit_tokens *tokens, bool force, bool *is_new,
                     const char **why) {
  int fd = lock_file(tokens);
  *why = "it cannot be locked";
  if (fd < 0)
    return PEAL_ERR_SYSTEM;
  peal_err err = take_turn(tokens, force, is_new, why);
  close(fd);
  return err;
}

peal_err peal_kit_tokens_turn(peal_kit_tokens *tokens, bool force) {
  bool is_new;
  const char *why;
  if (tokens == NULL)
    return PEAL_ERR_USAGE;
  if (!force && is_quiet(tokens) && is_same_file(tokens))
    return PEAL_OK;
  return turn(tokens, force, &is_new, &why);
}

/* ---- life ------------------------------------------------------------------------ */

static bool copy_text(const char **text, const char *otherwise) {
  *text = strdup(*text != NULL ? *text : otherwise);
  return *text != NULL;
}

static bool is_reserved_zero(const peal_kit_tokens_opts *opts) {
  for (size_t i = 0; i < sizeof opts->reserved / sizeof *opts->reserved; i++)
    if (opts->reserved[i] != 0)
      return false;
  return true;
}

static bool is_good(const peal_kit_tokens_opts *opts) {
  return opts != NULL && opts->path != NULL && opts->issuer != NULL &&
         is_reserved_zero(opts) && opts->leeway_ms >= 0 &&
         opts->rotate_ms >= 0 &&
         (opts->life_ms == 0 ||
          (opts->life_ms >= 1000 && opts->life_ms <= INT64_C(366) * DAY_MS));
}

static bool copy_opts(peal_kit_tokens *tokens,
                      const peal_kit_tokens_opts *opts) {
  peal_kit_tokens_opts *own = &tokens->opts;
  *own = *opts;
  own->path = opts->path;
  bool done = copy_text(&own->path, "");
  done = copy_text(&own->issuer, "") && done;
  done = copy_text(&own->audience, opts->issuer) && done;
  own->life_ms = opts->life_ms != 0 ? opts->life_ms : LIFE_MS;
  own->rotate_ms =
      opts->rotate_ms != 0 ? opts->rotate_ms : INT64_C(30) * DAY_MS;
  if (own->secret != NULL)
    done = copy_text(&own->secret, "") && done;
  own->leeway_ms = opts->leeway_ms != 0 ? opts->leeway_ms : LEEWAY_MS;
  return done;
}

peal_err peal_kit_tokens_open(peal_kit_tokens **out,
                              const peal_kit_tokens_opts *opts, bool *is_new,
                              peal_err_info *info) {
  const char *why = "path, issuer or a time is wrong";
  bool made = false;
  peal_err err = PEAL_ERR_USAGE;
  peal_kit_tokens *tokens = NULL;
  *out = NULL;
  if (is_good(opts)) {
    json_object_seed(0); // before there are threads
    tokens = calloc(1, sizeof *tokens);
    err = PEAL_ERR_NOMEM;
    if (tokens != NULL) {
      pthread_rwlock_init(&tokens->lock, NULL);
      if (copy_opts(tokens, opts))
        err = turn(tokens, false, &made, &why);
    }
  }
  if (info != NULL)
    *info = (peal_err_info){.code = err, .msg = why};
  if (is_new != NULL)
    *is_new = err == PEAL_OK && made;
  if (err == PEAL_OK)
    *out = tokens;
  else
    peal_kit_tokens_close(tokens);
  return err;
}

void peal_kit_tokens_close(peal_kit_tokens *tokens) {
  if (tokens == NULL)
    return;
  peal_kit_token_keys_free(tokens->keys);
  pthread_rwlock_destroy(&tokens->lock);
  free((void *)(uintptr_t)tokens->opts.path);
  free((void *)(uintptr_t)tokens->opts.issuer);
  free((void *)(uintptr_t)tokens->opts.audience);
  if (tokens->opts.secret != NULL)
    OPENSSL_cleanse((void *)(uintptr_t)tokens->opts.secret,
                    strlen(tokens->opts.secret));
  free((void *)(uintptr_t)tokens->opts.secret);
  free(tokens);
}

size_t peal_kit_tokens_count(peal_kit_tokens *tokens) {
  pthread_rwlock_rdlock(&tokens->lock);
  size_t count = tokens->keys->count;
  pthread_rwlock_unlock(&tokens->lock);
  return count;
}

/* ---- signing ----------------------------------------------------------------------- */

static peal_bytes *payload_of(const peal_kit_tokens *tokens,
                              const peal_kit_claims *claims, const char *jti) {
  return peal_json_bytes(PEAL_OBJECT(
      {"iss", peal_str(tokens->opts.issuer)},
      {"aud", peal_str(tokens->opts.audience)},
      {"sub", peal_str_slice(claims->sub)},
      {"role", peal_str_slice(claims->role)},
      {"name", peal_str_slice(claims->name)},
      {"sid", peal_str_slice(claims->sid)}, {"jti", peal_str(jti)},
      {"iat", peal_int(claims->iat_s)}, {"exp", peal_int(claims->exp_s)}));
}

/* The three parts of a signature in JSON as one text. RFC7515 7.1. */
static peal_err compact(const json_t *jws, char *out) {
  const char *head = json_string_value(json_object_get(jws, "protected"));
  const char *body = json_string_value(json_object_get(jws, "payload"));
  const char *mac = json_string_value(json_object_get(jws, "signature"));
  if (head == NULL || body == NULL || mac == NULL)
    return PEAL_ERR_NOMEM;
  int len =
      snprintf(out, PEAL_KIT_TOKEN_MAX_BYTES, "%s.%s.%s", head, body, mac);
  return len < PEAL_KIT_TOKEN_MAX_BYTES ? PEAL_OK : PEAL_ERR_TOO_LONG;
}

static peal_err sign(const peal_kit_token_key *key, peal_slice payload,
                     char *out) {
  jose_cfg_t *cfg = peal_kit_token_quiet();
  json_t *jws =
      json_pack("{s:o}", "payload", jose_b64_enc(payload.ptr, payload.len));
  json_t *sig = json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "HS256",
                          "typ", "JWT", "kid", key->kid);
  bool done = cfg != NULL && jws != NULL && sig != NULL &&
              jose_jws_sig(cfg, jws, sig, key->jwk);
  peal_err err = done ? compact(jws, out) : PEAL_ERR_NOMEM;
  json_decref(sig);
  json_decref(jws);
  jose_cfg_decref(cfg);
  return err;
}

static bool fits(peal_slice text) {
  return text.len < PEAL_KIT_CLAIM_BYTES;
}

peal_err peal_kit_tokens_sign(peal_kit_tokens *tokens, peal_kit_claims *claims,
                              char *out) {
  peal_kit_claims again;
  peal_kit_token_text text;
  out[0] = '\0';
  if (!fits(claims->sub) || !fits(claims->role) || !fits(claims->name) ||
      !fits(claims->sid))
    return PEAL_ERR_TOO_LONG;
  uint8_t id[JTI_BYTES];
  char jti[2 * JTI_BYTES + 1];
  if (!peal_kit_digest_random(id, sizeof id))
    return PEAL_ERR_SYSTEM;
  int64_t now = peal_kit_tokens_now_ms(tokens);
  claims->iat_s = now / 1000;
  // no shorter than was said
  claims->exp_s = (now + tokens->opts.life_ms + 999) / 1000;
  peal_kit_digest_hex(jti, id, sizeof id);
  peal_bytes *payload = payload_of(tokens, claims, jti);
  if (payload == NULL)
    return PEAL_ERR_NOMEM;
  pthread_rwlock_rdlock(&tokens->lock);
  const peal_kit_token_keys *keys = tokens->keys;
  peal_err err =
      sign(&keys->keys[keys->count - 1], peal_bytes_slice(payload), out);
  pthread_rwlock_unlock(&tokens->lock);
  peal_bytes_unref(payload);
  // without memory jansson may lose a character without a word
  if (err == PEAL_OK &&
      peal_kit_tokens_check(tokens, peal_slice_of(out), &again, &text) !=
          PEAL_KIT_TOKEN_OK)
    err = PEAL_ERR_NOMEM;
  if (err != PEAL_OK)
    out[0] = '\0';
  return err;
}
