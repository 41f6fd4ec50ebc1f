/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <jose/b64.h>
#include <jose/jws.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/kit_token.h>
#include <peal/worker.h>

#include "kit_token_keys.h"

enum {
  DAY_MS = 86400000,
  LIFE_MS = 15 * 60 * 1000,
  LEEWAY_MS = 10000,
  JTI_BYTES = 16,
  SIGNATURE_CHARS = 43, /* of 32 bytes */
  SHARE_S = 60,         /* until every program signs with a new key */
};

struct peal_kit_tokens {
  peal_kit_tokens_opts opts; /* with texts of its own */
  pthread_rwlock_t lock;     /* of `keys` */
  peal_kit_token_keys *keys;
  struct stat seen; /* the file that they were read from */
};

/* ---- the file, under a lock ------------------------------------------------------ */

static int64_t now_ms(const peal_kit_tokens *tokens) {
  return tokens->opts.clock != NULL
             ? tokens->opts.clock(tokens->opts.clock_user)
             : peal_wall_ms();
}

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
  int64_t now_s = now_ms(tokens) / 1000;
  int64_t life_ms =
      tokens->opts.life_ms > DAY_MS ? tokens->opts.life_ms : (int64_t)DAY_MS;
  bool changed =
      peal_kit_token_keys_drop(keys, now_s - life_ms / 1000 - SHARE_S);
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
  int64_t now_s = now_ms(tokens) / 1000;
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
    json_object_seed(0);
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
  free(tokens);
}

size_t peal_kit_tokens_count(peal_kit_tokens *tokens) {
  pthread_rwlock_rdlock(&tokens->lock);
  size_t count = tokens->keys->count;
  pthread_rwlock_unlock(&tokens->lock);
  return count;
}

/* ---- signing ----------------------------------------------------------------------- */

static json_t *text_val(peal_slice text) {
  return json_stringn(text.ptr != NULL ? text.ptr : "", text.len);
}

static json_t *payload_of(const peal_kit_tokens *tokens,
                          const peal_kit_claims *claims) {
  uint8_t id[JTI_BYTES];
  char jti[2 * JTI_BYTES + 1];
  if (RAND_bytes(id, sizeof id) != 1)
    return NULL;
  for (size_t i = 0; i < sizeof id; i++)
    snprintf(jti + 2 * i, 3, "%02x", id[i]);
  return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:I}", "iss",
                   tokens->opts.issuer, "aud", tokens->opts.audience, "sub",
                   text_val(claims->sub), "role", text_val(claims->role),
                   "name", text_val(claims->name), "sid", text_val(claims->sid),
                   "jti", jti, "iat", (json_int_t)claims->iat_s, "exp",
                   (json_int_t)claims->exp_s);
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

static peal_err sign(const peal_kit_token_key *key, const json_t *payload,
                     char *out) {
  json_t *jws = json_pack("{s:o}", "payload", jose_b64_enc_dump(payload));
  json_t *sig = json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "HS256",
                          "typ", "JWT", "kid", key->kid);
  bool done =
      jws != NULL && sig != NULL && jose_jws_sig(NULL, jws, sig, key->jwk);
  peal_err err = done ? compact(jws, out) : PEAL_ERR_NOMEM;
  json_decref(sig);
  json_decref(jws);
  return err;
}

static bool fits(peal_slice text) {
  return text.len < PEAL_KIT_CLAIM_BYTES;
}

peal_err peal_kit_tokens_sign(peal_kit_tokens *tokens, peal_kit_claims *claims,
                              char *out) {
  out[0] = '\0';
  if (!fits(claims->sub) || !fits(claims->role) || !fits(claims->name) ||
      !fits(claims->sid))
    return PEAL_ERR_TOO_LONG;
  claims->iat_s = now_ms(tokens) / 1000;
  claims->exp_s = claims->iat_s + (tokens->opts.life_ms + 999) / 1000;
  json_t *payload = payload_of(tokens, claims);
  if (payload == NULL)
    return PEAL_ERR_NOMEM;
  pthread_rwlock_rdlock(&tokens->lock);
  const peal_kit_token_keys *keys = tokens->keys;
  peal_err err = sign(&keys->keys[keys->count - 1], payload, out);
  pthread_rwlock_unlock(&tokens->lock);
  json_decref(payload);
  if (err != PEAL_OK)
    out[0] = '\0';
  return err;
}

/* ---- checking ------------------------------------------------------------------------ */

typedef struct parts {
  peal_slice head, body, mac;
} parts;

static bool is_base64url(peal_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
          (c >= '0' && c <= '9') || c == '-' || c == '_'))
      return false;
  }
  return text.len > 0;
}

static bool take_part(peal_slice *rest, peal_slice *out) {
  const char *dot =
      rest->len > 0 ? (const char *)memchr(rest->ptr, '.', rest->len) : NULL;
  if (dot == NULL)
    return false;
  *out = (peal_slice){rest->ptr, (size_t)(dot - rest->ptr)};
  *rest = (peal_slice){dot + 1, rest->len - out->len - 1};
  return is_base64url(*out);
}

static bool split(peal_slice token, parts *out) {
  if (token.len >= PEAL_KIT_TOKEN_MAX_BYTES || !take_part(&token, &out->head) ||
      !take_part(&token, &out->body))
    return false;
  out->mac = token;
  return token.len == SIGNATURE_CHARS && is_base64url(token);
}

/* A name twice would be read by one program this way, by another that way.
 * RFC7515 4, RFC7519 4. */
static json_t *object_of(peal_slice part) {
  uint8_t bytes[PEAL_KIT_TOKEN_MAX_BYTES];
  size_t len = jose_b64_dec_buf(part.ptr, part.len, bytes, sizeof bytes);
  if (len == SIZE_MAX || len == 0)
    return NULL;
  json_t *found =
      json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_object(found))
    return found;
  json_decref(found);
  return NULL;
}

static bool member_is(const json_t *object, const char *name,
                      const char *wanted) {
  const char *found = json_string_value(json_object_get(object, name));
  return found != NULL && strcmp(found, wanted) == 0;
}

/* What we write into a header, and nothing else: so no `crit`, no `b64`, no key
 * that the token brings along. */
static bool is_header_good(const json_t *head) {
  return json_object_size(head) == 3 && member_is(head, "alg", "HS256") &&
         member_is(head, "typ", "JWT") &&
         json_is_string(json_object_get(head, "kid"));
}

/* The last character of a signature has two bits to spare: only zeroes, so that
 * a token has one form. */
static bool is_canonical(peal_slice mac) {
  return strchr("AEIMQUYcgkosw048", mac.ptr[mac.len - 1]) != NULL;
}

static bool is_signed(peal_kit_tokens *tokens, const parts *found,
                      const json_t *head) {
  json_t *jws = json_pack("{s:o, s:o, s:o}", "protected", text_val(found->head),
                          "payload", text_val(found->body), "signature",
                          text_val(found->mac));
  const char *kid = json_string_value(json_object_get(head, "kid"));
  pthread_rwlock_rdlock(&tokens->lock);
  const peal_kit_token_key *key = peal_kit_token_keys_find(tokens->keys, kid);
  bool good = jws != NULL && key != NULL &&
              jose_jws_ver(NULL, jws, NULL, key->jwk, false);
  pthread_rwlock_unlock(&tokens->lock);
  json_decref(jws);
  return good;
}

/* A text of the claims, if it is there; false: it is something else. */
static bool read_text(const json_t *body, const char *name, bool is_needed,
                      char out[PEAL_KIT_CLAIM_BYTES], peal_slice *slice) {
  const json_t *found = json_object_get(body, name);
  size_t len = json_string_length(found);
  out[0] = '\0';
  *slice = (peal_slice){out, 0};
  if (found == NULL)
    return !is_needed;
  if (!json_is_string(found) || len >= PEAL_KIT_CLAIM_BYTES ||
      (is_needed && len == 0))
    return false;
  memcpy(out, json_string_value(found), len + 1);
  slice->len = len;
  return true;
}

static bool read_time(const json_t *body, const char *name, bool is_needed,
                      int64_t *out) {
  const json_t *found = json_object_get(body, name);
  *out = 0;
  if (found == NULL)
    return !is_needed;
  // far enough for every date, and for sums with it
  *out = json_integer_value(found);
  return json_is_integer(found) && *out >= 0 && *out < (INT64_C(1) << 40);
}

static peal_kit_token_verdict judge(const peal_kit_tokens *tokens,
                                    const json_t *body, peal_kit_claims *claims,
                                    peal_kit_token_text *text) {
  int64_t nbf_s, now = now_ms(tokens),
                 latest_s = (now + tokens->opts.leeway_ms) / 1000;
  if (!member_is(body, "iss", tokens->opts.issuer) ||
      !member_is(body, "aud", tokens->opts.audience) ||
      !read_text(body, "sub", true, text->sub, &claims->sub) ||
      !read_text(body, "sid", true, text->sid, &claims->sid) ||
      !read_text(body, "role", false, text->role, &claims->role) ||
      !read_text(body, "name", false, text->name, &claims->name) ||
      !read_time(body, "exp", true, &claims->exp_s) ||
      !read_time(body, "iat", true, &claims->iat_s) ||
      !read_time(body, "nbf", false, &nbf_s) || claims->iat_s > latest_s ||
      nbf_s > latest_s)
    return PEAL_KIT_TOKEN_INVALID;
  return claims->exp_s * 1000 <= now ? PEAL_KIT_TOKEN_EXPIRED
                                     : PEAL_KIT_TOKEN_OK;
}

peal_kit_token_verdict peal_kit_tokens_check(peal_kit_tokens *tokens,
                                             peal_slice token,
                                             peal_kit_claims *claims,
                                             peal_kit_token_text *text) {
  parts found;
  *claims = (peal_kit_claims){0};
  if (token.len == 0)
    return PEAL_KIT_TOKEN_MISSING;
  if (tokens == NULL || !split(token, &found) || !is_canonical(found.mac))
    return PEAL_KIT_TOKEN_INVALID;
  peal_kit_token_verdict verdict = PEAL_KIT_TOKEN_INVALID;
  json_t *body = NULL, *head = object_of(found.head);
  // the claims are not looked at before the signature is right
  if (is_header_good(head) && is_signed(tokens, &found, head) &&
      (body = object_of(found.body)) != NULL)
    verdict = judge(tokens, body, claims, text);
  json_decref(body);
  json_decref(head);
  return verdict;
}

const char *peal_kit_token_code(peal_kit_token_verdict verdict) {
  switch (verdict) {
  case PEAL_KIT_TOKEN_OK:
    break;
  case PEAL_KIT_TOKEN_MISSING:
    return "token_missing";
  case PEAL_KIT_TOKEN_INVALID:
    return "token_invalid";
  case PEAL_KIT_TOKEN_EXPIRED:
    return "token_expired";
  }
  return "";
}
