/* SPDX-License-Identifier: MIT */
/* kit_token_check: is a token one of ours? Its form first, then its signature,
 * then what it says. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jose/b64.h>
#include <jose/jws.h>

#include <peal/worker.h>

#include "kit/kit_token_impl.h"

enum {
  SIGNATURE_CHARS = 43, /* of 32 bytes */
  MAX_MEMBERS = 32,
};

int64_t peal_kit_tokens_now_ms(const peal_kit_tokens *tokens) {
  return tokens->opts.clock != NULL
             ? tokens->opts.clock(tokens->opts.clock_user)
             : peal_wall_ms();
}

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

jose_cfg_t *peal_kit_token_quiet(void) {
  jose_cfg_t *cfg = jose_cfg();
  if (cfg != NULL)
    jose_cfg_set_err_func(cfg, say_nothing, NULL);
  return cfg;
}

static json_t *text_val(peal_slice text) {
  return json_stringn(text.ptr, text.len);
}

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
  jose_cfg_t *cfg = peal_kit_token_quiet();
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
  int64_t nbf_s, now = peal_kit_tokens_now_ms(tokens),
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
  // also when it was given out for longer, by a run with another life: what
  // has ended has to be remembered for one life only
  int64_t end_ms = claims->iat_s * 1000 + tokens->opts.life_ms + 2000;
  return claims->exp_s * 1000 <= now || end_ms <= now ? PEAL_KIT_TOKEN_EXPIRED
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
