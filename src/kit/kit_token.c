/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
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

#include "kit/kit_token_keys.h"

enum {
  DAY_MS = 86400000,
  LIFE_MS = 15 * 60 * 1000,
  LEEWAY_MS = 10000,
  JTI_BYTES = 16,
  SIGNATURE_CHARS = 43, /* of 32 bytes */
  SHARE_S = 60,         /* until every program signs with a new key */
  MAX_MEMBERS = 32,
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
  free(tokens);
}

size_t peal_kit_tokens_count(peal_kit_tokens *tokens) {
  pthread_rwlock_rdlock(&tokens->lock);
  size_t count = tokens->keys->count;
  pthread_rwlock_unlock(&tokens->lock);
  return count;
}

/* ---- signing ----------------------------------------------------------------------- */

/* What libjose thinks of a token is no line for stderr. */
static void say_nothing(void *misc, const char *file, int line, uint64_t err,
                        const char *format, va_list args) {
  (void)misc;
  (void)file;
  (void)line;
  (void)err;
  (void)format;
  (void)args;
}

static jose_cfg_t *quiet(void) {
  jose_cfg_t *cfg = jose_cfg();
  if (cfg != NULL)
    jose_cfg_set_err_func(cfg, say_nothing, NULL);
  return cfg;
}

static json_t *text_val(peal_slice text) {
  return json_stringn(text.ptr, text.len);
}

static peal_bytes *payload_of(const peal_kit_tokens *tokens,
                              const peal_kit_claims *claims) {
  uint8_t id[JTI_BYTES];
  char jti[2 * JTI_BYTES + 1];
  if (RAND_bytes(id, sizeof id) != 1)
    return NULL;
  for (size_t i = 0; i < sizeof id; i++)
    snprintf(jti + 2 * i, 3, "%02x", id[i]);
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
  jose_cfg_t *cfg = quiet();
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
  int64_t now = now_ms(tokens);
  claims->iat_s = now / 1000;
  // no shorter than was said
  claims->exp_s = (now + tokens->opts.life_ms + 999) / 1000;
  peal_bytes *payload = payload_of(tokens, claims);
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
static bool has_twins(peal_val object) {
  for (size_t i = 1; i < object.len; i++)
    for (size_t k = 0; k < i; k++) {
      peal_slice a = peal_val_key(object, i), b = peal_val_key(object, k);
      if (a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0)
        return true;
    }
  return false;
}

/* An object of a few members, or NULL. Not by jansson, which loses characters
 * when memory is out. */
static peal_doc *object_of(peal_slice part) {
  uint8_t bytes[PEAL_KIT_TOKEN_MAX_BYTES];
  peal_doc *doc = NULL;
  size_t len = jose_b64_dec_buf(part.ptr, part.len, bytes, sizeof bytes);
  if (len == SIZE_MAX ||
      peal_doc_from_json(&doc, (peal_slice){(const char *)bytes, len}, NULL) !=
          PEAL_OK)
    return NULL;
  peal_val object = peal_doc_val(doc);
  if (peal_val_is(object, PEAL_OBJECT) && object.len <= MAX_MEMBERS &&
      !has_twins(object))
    return doc;
  peal_doc_free(doc);
  return NULL;
}

static bool member_is(peal_val object, const char *name, const char *wanted) {
  peal_val found = peal_val_get(object, name);
  return peal_val_is(found, PEAL_STRING) &&
         peal_slice_is(peal_val_str(found), wanted);
}

/* What we write into a header, and nothing else: so no `crit`, no `b64`, no key
 * that the token brings along. */
static bool is_header_good(peal_val head) {
  return head.len == 3 && member_is(head, "alg", "HS256") &&
         member_is(head, "typ", "JWT") &&
         peal_val_is(peal_val_get(head, "kid"), PEAL_STRING);
}

/* The last character of a signature has two bits to spare: only zeroes, so that
 * a token has one form. */
static bool is_canonical(peal_slice mac) {
  return strchr("AEIMQUYcgkosw048", mac.ptr[mac.len - 1]) != NULL;
}

static bool is_signed(peal_kit_tokens *tokens, const parts *found,
                      peal_val head) {
  char kid[PEAL_KIT_TOKEN_KID_BYTES];
  peal_slice name = peal_val_str(peal_val_get(head, "kid"));
  if (name.len == 0 || name.len >= sizeof kid ||
      memchr(name.ptr, '\0', name.len) != NULL)
    return false;
  snprintf(kid, sizeof kid, "%.*s", PEAL_SFMT(name));
  jose_cfg_t *cfg = quiet();
  json_t *jws = json_pack("{s:o, s:o, s:o}", "protected", text_val(found->head),
                          "payload", text_val(found->body), "signature",
                          text_val(found->mac));
  pthread_rwlock_rdlock(&tokens->lock);
  const peal_kit_token_key *key = peal_kit_token_keys_find(tokens->keys, kid);
  bool good = cfg != NULL && jws != NULL && key != NULL &&
              jose_jws_ver(cfg, jws, NULL, key->jwk, false);
  pthread_rwlock_unlock(&tokens->lock);
  json_decref(jws);
  jose_cfg_decref(cfg);
  return good;
}

/* A text of the claims, if it is there; false: it is something else. */
static bool read_text(peal_val body, const char *name, bool is_needed,
                      char out[PEAL_KIT_CLAIM_BYTES], peal_slice *slice) {
  peal_val found = peal_val_get(body, name);
  peal_slice text = peal_val_str(found);
  out[0] = '\0';
  *slice = (peal_slice){out, 0};
  if (peal_val_is(found, PEAL_UNDEFINED))
    return !is_needed;
  if (!peal_val_is(found, PEAL_STRING) || text.len >= PEAL_KIT_CLAIM_BYTES ||
      (is_needed && text.len == 0) ||
      (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL))
    return false;
  snprintf(out, PEAL_KIT_CLAIM_BYTES, "%.*s", PEAL_SFMT(text));
  slice->len = text.len;
  return true;
}

static bool read_time(peal_val body, const char *name, bool is_needed,
                      int64_t *out) {
  peal_val found = peal_val_get(body, name);
  *out = 0;
  if (peal_val_is(found, PEAL_UNDEFINED))
    return !is_needed;
  // far enough for every date, and for sums with it
  *out = peal_val_int(found, -1);
  return peal_val_is(found, PEAL_INT) && *out >= 0 && *out < (INT64_C(1) << 40);
}

static peal_kit_token_verdict judge(const peal_kit_tokens *tokens,
                                    peal_val body, peal_kit_claims *claims,
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
  peal_doc *body = NULL, *head = object_of(found.head);
  // the claims are not looked at before the signature is right
  if (is_header_good(peal_doc_val(head)) &&
      is_signed(tokens, &found, peal_doc_val(head)) &&
      (body = object_of(found.body)) != NULL)
    verdict = judge(tokens, peal_doc_val(body), claims, text);
  peal_doc_free(body);
  peal_doc_free(head);
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
