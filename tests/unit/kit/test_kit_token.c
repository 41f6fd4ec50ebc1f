/* SPDX-License-Identifier: MIT */
/* Tokens that others have made, by hand: each is to be refused for what is
 * wrong with it, so all else in it is right, signature included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <jose/b64.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <peal/kit_token.h>

enum { DAY_S = 86400 };

static const int64_t begin_ms = INT64_C(1790000000000);

typedef struct rig {
  char dir[64], path[96];
  int64_t now_ms;
  peal_kit_tokens *tokens;
} rig;

static int64_t clock_of(void *user) {
  return ((rig *)user)->now_ms;
}

static peal_kit_tokens_opts opts_of(rig *r) {
  return (peal_kit_tokens_opts){.path = r->path,
                                .issuer = "test",
                                .audience = "people",
                                .clock = clock_of,
                                .clock_user = r};
}

static void open_tokens(rig *r, bool expect_new) {
  const peal_kit_tokens_opts opts = opts_of(r);
  bool is_new = !expect_new;
  assert_int_equal(peal_kit_tokens_open(&r->tokens, &opts, &is_new, NULL), 0);
  assert_int_equal(is_new, expect_new);
}

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  snprintf(r->dir, sizeof r->dir, "/tmp/peal-token-XXXXXX");
  if (mkdtemp(r->dir) == NULL)
    return -1;
  snprintf(r->path, sizeof r->path, "%s/token.keys", r->dir);
  r->now_ms = begin_ms;
  *state = r;
  open_tokens(r, true);
  return 0;
}

static int tear_down(void **state) {
  rig *r = *state;
  char path[128];
  static const char *const names[] = {"", ".lock", ".new"};
  peal_kit_tokens_close(r->tokens);
  for (size_t i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s%s", r->path, names[i]);
    unlink(path);
  }
  rmdir(r->dir);
  free(r);
  return 0;
}

/* ---- tokens by hand ------------------------------------------------------------ */

/* The newest key of the file. */
static size_t key_of(const rig *r, char kid[64], uint8_t key[64]) {
  json_t *root = json_load_file(r->path, 0, NULL);
  json_t *list = json_object_get(root, "keys");
  json_t *last = json_array_get(list, json_array_size(list) - 1);
  size_t len = jose_b64_dec(json_object_get(last, "k"), key, 64);
  snprintf(kid, 64, "%s", json_string_value(json_object_get(last, "kid")));
  json_decref(root);
  assert_int_equal(len, 32);
  return len;
}

static void append_base64(char *out, const void *bytes, size_t len) {
  size_t used = strlen(out);
  size_t more = jose_b64_enc_buf(bytes, len, out + used, 4096 - used - 1);
  assert_true(more != SIZE_MAX);
  out[used + more] = '\0';
}

static void append_mac(char *token, const uint8_t *key, size_t len,
                       const EVP_MD *md) {
  uint8_t mac[EVP_MAX_MD_SIZE];
  unsigned mac_len = 0;
  assert_non_null(HMAC(md, key, (int)len, (const unsigned char *)token,
                       strlen(token), mac, &mac_len));
  strcat(token, ".");
  append_base64(token, mac, mac_len);
}

/* Signed with our own key whatever the header says. */
static void make(const rig *r, char token[4096], const char *head,
                 const char *body) {
  uint8_t key[64];
  char kid[64], filled[1024];
  size_t len = key_of(r, kid, key);
  snprintf(filled, sizeof filled, head, kid);
  token[0] = '\0';
  append_base64(token, filled, strlen(filled));
  strcat(token, ".");
  append_base64(token, body, strlen(body));
  append_mac(token, key, len, EVP_sha256());
}

#define GOOD_HEAD "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}"
#define GOOD_BODY                                                              \
  "{\"iss\":\"test\",\"aud\":\"people\",\"sub\":\"7\",\"sid\":\"s\","          \
  "\"iat\":1790000000,\"exp\":1790000900}"

static peal_kit_token_verdict check(rig *r, const char *token) {
  peal_kit_claims claims;
  peal_kit_token_text text;
  return peal_kit_tokens_check(r->tokens, peal_slice_of(token), &claims, &text);
}

static void expect_invalid(rig *r, const char *head, const char *body) {
  char token[4096];
  make(r, token, head, body);
  peal_kit_token_verdict found = check(r, token);
  if (found != PEAL_KIT_TOKEN_INVALID)
    print_message("for: %s %s\n", head, body);
  assert_int_equal(found, PEAL_KIT_TOKEN_INVALID);
}

static void sign(rig *r, char token[PEAL_KIT_TOKEN_MAX_BYTES]) {
  peal_kit_claims claims = {.sub = PEAL_S("7"),
                            .role = PEAL_S("nurse"),
                            .name = PEAL_S("ann"),
                            .sid = PEAL_S("abc")};
  assert_int_equal(peal_kit_tokens_sign(r->tokens, &claims, token), PEAL_OK);
  assert_int_equal(claims.iat_s, r->now_ms / 1000);
  assert_int_equal(claims.exp_s - claims.iat_s, 900);
}

/* ---- the way it is meant ---------------------------------------------------------- */

static void what_was_signed_is_read_again(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES], again[PEAL_KIT_TOKEN_MAX_BYTES];
  peal_kit_claims claims;
  peal_kit_token_text text;
  sign(r, token);
  sign(r, again);
  assert_string_not_equal(token, again); // jti
  assert_int_equal(
      peal_kit_tokens_check(r->tokens, peal_slice_of(token), &claims, &text),
      PEAL_KIT_TOKEN_OK);
  assert_true(peal_slice_is(claims.sub, "7"));
  assert_true(peal_slice_is(claims.role, "nurse"));
  assert_true(peal_slice_is(claims.name, "ann"));
  assert_true(peal_slice_is(claims.sid, "abc"));
  assert_int_equal(claims.iat_s, begin_ms / 1000);
  assert_int_equal(claims.exp_s, begin_ms / 1000 + 900);
}

/* RFC7519 4.1.4: on or after the time it is over. */
static void a_token_is_over_when_it_says_so(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, token);
  r->now_ms = begin_ms + 900 * 1000 - 1;
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
  r->now_ms++;
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_EXPIRED);
  r->now_ms += INT64_C(1000) * DAY_S * 365;
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_EXPIRED);
}

static void a_clock_may_differ_by_some_seconds(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, token);
  r->now_ms = begin_ms - 10000;
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
  r->now_ms = begin_ms - 11000;
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
}

static void a_token_by_hand_is_good_if_all_is_right(void **state) {
  rig *r = *state;
  char token[4096];
  make(r, token, GOOD_HEAD, GOOD_BODY);
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
}

static void words_say_what_it_is(void **state) {
  (void)state;
  assert_string_equal(peal_kit_token_code(PEAL_KIT_TOKEN_OK), "");
  assert_string_equal(peal_kit_token_code(PEAL_KIT_TOKEN_MISSING),
                      "token_missing");
  assert_string_equal(peal_kit_token_code(PEAL_KIT_TOKEN_INVALID),
                      "token_invalid");
  assert_string_equal(peal_kit_token_code(PEAL_KIT_TOKEN_EXPIRED),
                      "token_expired");
}

/* ---- attacks ------------------------------------------------------------------------ */

static void a_header_with_anything_else_is_refused(void **state) {
  static const char *const heads[] = {
      "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":\"hs256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":null,\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":[\"HS256\"],\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
      "{\"alg\":\"HS256\",\"kid\":\"%s\"}",
      "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"unknown\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../token.keys\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":7}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\",\"crit\":[\"b64\"]}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\",\"crit\":[\"exp\"]}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\",\"b64\":false}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\",\"zip\":\"DEF\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\",\"jku\":\"http://x\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\",\"jwk\":{}}",
      "{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"x\",\"kid\":\"%s\"}",
      "[\"HS256\",\"%s\"]",
      "\"%s\"",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"",
      "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"} x",
  };
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
    expect_invalid(*state, heads[i], GOOD_BODY);
}

#define BODY(iss, aud, sub, rest)                                              \
  "{\"iss\":" iss ",\"aud\":" aud ",\"sub\":" sub ",\"sid\":\"s\"" rest "}"
#define TIMES ",\"iat\":1790000000,\"exp\":1790000900"

static void claims_that_are_not_ours_are_refused(void **state) {
  static const char *const bodies[] = {
      BODY("\"other\"", "\"people\"", "\"7\"", TIMES),
      BODY("\"test\"", "\"other\"", "\"7\"", TIMES),
      BODY("\"test\"", "[\"people\"]", "\"7\"", TIMES),
      BODY("\"test\"", "null", "\"7\"", TIMES),
      BODY("\"Test\"", "\"people\"", "\"7\"", TIMES),
      BODY("\"test\"", "\"people\"", "7", TIMES),
      BODY("\"test\"", "\"people\"", "\"\"", TIMES),
      BODY("\"test\"", "\"people\"", "\"7\\u0000\"", TIMES),
      BODY("\"test\"", "\"people\"", "\"7\"", ",\"iat\":1790000000"),
      BODY("\"test\"", "\"people\"", "\"7\"", ",\"exp\":1790000900"),
      BODY("\"test\"", "\"people\"", "\"7\"",
           ",\"iat\":1790000000,\"exp\":\"1790000900\""),
      BODY("\"test\"", "\"people\"", "\"7\"",
           ",\"iat\":1790000000,\"exp\":1790000900.5"),
      BODY("\"test\"", "\"people\"", "\"7\"",
           ",\"iat\":1790000000,\"exp\":1e300"),
      BODY("\"test\"", "\"people\"", "\"7\"",
           ",\"iat\":1790000000,\"exp\":9223372036854775807"),
      BODY("\"test\"", "\"people\"", "\"7\"", ",\"iat\":1790000000,\"exp\":-1"),
      BODY("\"test\"", "\"people\"", "\"7\"",
           ",\"iat\":1790000000,\"exp\":null"),
      BODY("\"test\"", "\"people\"", "\"7\"",
           ",\"iat\":1790000011,\"exp\":1790000900"),
      BODY("\"test\"", "\"people\"", "\"7\"", TIMES ",\"nbf\":1790000011"),
      BODY("\"test\"", "\"people\"", "\"7\"", TIMES ",\"nbf\":\"now\""),
      BODY("\"test\"", "\"people\"", "\"7\"", TIMES ",\"exp\":1890000900"),
      BODY("\"test\"", "\"people\"", "\"7\"", TIMES ",\"sub\":\"8\""),
      BODY("\"test\"", "\"people\"", "\"7\"", TIMES ",\"role\":[\"admin\"]"),
      "{\"iss\":\"test\",\"aud\":\"people\",\"sub\":\"7\"" TIMES "}",
      "[]",
      "null",
      "",
  };
  char long_sub[600], filler[512];
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
    expect_invalid(*state, GOOD_HEAD, bodies[i]);
  memset(filler, 'a', 200);
  filler[200] = '\0';
  snprintf(
      long_sub, sizeof long_sub,
      "{\"iss\":\"test\",\"aud\":\"people\",\"sub\":\"%s\",\"sid\":\"s\"%s}",
      filler, TIMES);
  expect_invalid(*state, GOOD_HEAD, long_sub);
}

/* Whatever byte is changed, and wherever it is cut. */
static void a_changed_token_is_refused(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES], changed[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, token);
  size_t len = strlen(token);
  for (size_t i = 0; i < len; i++) {
    static const char others[] = "A_.=";
    for (size_t k = 0; k < sizeof others - 1; k++) {
      memcpy(changed, token, len + 1);
      if (changed[i] == others[k])
        continue;
      changed[i] = others[k];
      assert_int_equal(check(r, changed), PEAL_KIT_TOKEN_INVALID);
    }
    memcpy(changed, token, i);
    changed[i] = '\0';
    assert_int_equal(check(r, changed),
                     i == 0 ? PEAL_KIT_TOKEN_MISSING : PEAL_KIT_TOKEN_INVALID);
  }
}

static void a_token_has_one_form(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES], other[PEAL_KIT_TOKEN_MAX_BYTES + 16];
  sign(r, token);
  static const char *const forms[] = {"%s=",   "%s.",  ".%s", "%s\n", " %s",
                                      "%s.%s", "%s==", "%s ", "%s~"};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    snprintf(other, sizeof other, forms[i], token, "x");
    assert_int_equal(check(r, other), PEAL_KIT_TOKEN_INVALID);
  }
  // two bits of the last character belong to no byte
  static const char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  size_t last = strlen(token) - 1;
  size_t at = (size_t)(strchr(alphabet, token[last]) - alphabet);
  assert_int_equal(at % 4, 0);
  token[last] = alphabet[at + 1];
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
}

static void signatures_of_others_are_refused(void **state) {
  rig *r = *state;
  char token[4096], kid[64], unsigned_part[4096];
  uint8_t key[64], other[32] = {1};
  make(r, token, GOOD_HEAD, GOOD_BODY);
  size_t len = key_of(r, kid, key);
  *strrchr(token, '.') = '\0';
  memcpy(unsigned_part, token, sizeof token);

  append_mac(token, other, sizeof other, EVP_sha256());
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
  memcpy(token, unsigned_part, sizeof token);
  append_mac(token, key, 0, EVP_sha256());
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
  memcpy(token, unsigned_part, sizeof token);
  append_mac(token, (const uint8_t *)kid, strlen(kid), EVP_sha256());
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
  memcpy(token, unsigned_part, sizeof token);
  append_mac(token, key, len, EVP_sha512());
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
  memcpy(token, unsigned_part, sizeof token);
  strcat(token, ".");
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
  assert_int_equal(check(r, unsigned_part), PEAL_KIT_TOKEN_INVALID);
}

static void a_long_token_is_not_looked_at(void **state) {
  rig *r = *state;
  size_t len = 1 << 20;
  char *text = malloc(len);
  memset(text, 'A', len);
  text[100] = text[200] = '.';
  peal_kit_claims claims;
  peal_kit_token_text out;
  for (size_t i = PEAL_KIT_TOKEN_MAX_BYTES; i <= len; i *= 2)
    assert_int_equal(
        peal_kit_tokens_check(r->tokens, (peal_slice){text, i}, &claims, &out),
        PEAL_KIT_TOKEN_INVALID);
  free(text);
}

static void claims_that_are_too_long_are_not_signed(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES], name[PEAL_KIT_CLAIM_BYTES];
  memset(name, 'a', sizeof name);
  peal_kit_claims claims = {.sub = {name, sizeof name}, .sid = PEAL_S("s")};
  assert_int_equal(peal_kit_tokens_sign(r->tokens, &claims, token),
                   PEAL_ERR_TOO_LONG);
  assert_string_equal(token, "");
  claims.sub.len--;
  assert_int_equal(peal_kit_tokens_sign(r->tokens, &claims, token), PEAL_OK);
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
}

/* ---- keys ------------------------------------------------------------------------------ */

static void the_file_is_for_us_alone(void **state) {
  rig *r = *state;
  struct stat about;
  assert_int_equal(stat(r->path, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  peal_kit_tokens_close(r->tokens);
  r->tokens = NULL;
  assert_int_equal(chmod(r->path, 0640), 0);
  const peal_kit_tokens_opts opts = opts_of(r);
  peal_err_info info = {0};
  assert_int_equal(peal_kit_tokens_open(&r->tokens, &opts, NULL, &info),
                   PEAL_ERR_USAGE);
  assert_non_null(strstr(info.msg, "others may read it"));
  assert_null(r->tokens);
}

static void another_run_knows_the_tokens_of_the_last(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, token);
  peal_kit_tokens_close(r->tokens);
  open_tokens(r, false);
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
}

/* Two programs, each with a file of its own. */
static void who_has_the_same_secret_takes_the_tokens(void **state) {
  rig *r = *state;
  rig other = *r;
  char token[PEAL_KIT_TOKEN_MAX_BYTES], mine[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, mine);
  snprintf(other.path, sizeof other.path, "%s/other.keys", r->dir);
  peal_kit_tokens_close(r->tokens);
  peal_kit_tokens_opts opts = opts_of(r), others = opts_of(&other);
  opts.secret = others.secret = "the same for both";
  assert_int_equal(peal_kit_tokens_open(&r->tokens, &opts, NULL, NULL), 0);
  assert_int_equal(peal_kit_tokens_open(&other.tokens, &others, NULL, NULL), 0);
  sign(r, token);
  assert_int_equal(check(&other, token), PEAL_KIT_TOKEN_OK);
  // the random key that there was is gone, and none follows
  assert_int_equal(check(r, mine), PEAL_KIT_TOKEN_INVALID);
  r->now_ms += INT64_C(1000) * 31 * DAY_S;
  assert_int_equal(peal_kit_tokens_turn(r->tokens, true), PEAL_OK);
  assert_int_equal(peal_kit_tokens_count(r->tokens), 1);
  sign(r, token);
  other.now_ms = r->now_ms;
  assert_int_equal(check(&other, token), PEAL_KIT_TOKEN_OK);
  peal_kit_tokens_close(other.tokens);
  others.secret = "another";
  assert_int_equal(peal_kit_tokens_open(&other.tokens, &others, NULL, NULL), 0);
  assert_int_equal(check(&other, token), PEAL_KIT_TOKEN_INVALID);
  peal_kit_tokens_close(other.tokens);
  unlink(other.path);
}

static void a_key_that_was_rotated_out_checks_on(void **state) {
  rig *r = *state;
  char old[PEAL_KIT_TOKEN_MAX_BYTES], fresh[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, old);
  assert_int_equal(peal_kit_tokens_turn(r->tokens, true), PEAL_OK);
  assert_int_equal(peal_kit_tokens_count(r->tokens), 2);
  sign(r, fresh);
  assert_int_equal(check(r, old), PEAL_KIT_TOKEN_OK);
  assert_int_equal(check(r, fresh), PEAL_KIT_TOKEN_OK);
  // the header says which key: it differs, not only in the random part
  assert_int_not_equal(strncmp(old, fresh, strcspn(old, ".")), 0);
  r->now_ms += INT64_C(1000) * (DAY_S + 61);
  assert_int_equal(peal_kit_tokens_turn(r->tokens, false), PEAL_OK);
  assert_int_equal(peal_kit_tokens_count(r->tokens), 1);
  assert_int_equal(check(r, old), PEAL_KIT_TOKEN_INVALID);
  assert_int_equal(check(r, fresh), PEAL_KIT_TOKEN_EXPIRED);
}

static void a_key_signs_for_a_month(void **state) {
  rig *r = *state;
  r->now_ms += INT64_C(1000) * (30 * DAY_S - 1);
  assert_int_equal(peal_kit_tokens_turn(r->tokens, false), PEAL_OK);
  assert_int_equal(peal_kit_tokens_count(r->tokens), 1);
  r->now_ms += 1000;
  assert_int_equal(peal_kit_tokens_turn(r->tokens, false), PEAL_OK);
  assert_int_equal(peal_kit_tokens_count(r->tokens), 2);
  for (int i = 0; i < 40; i++)
    assert_int_equal(peal_kit_tokens_turn(r->tokens, true), PEAL_OK);
  assert_true(peal_kit_tokens_count(r->tokens) <= 16);
}

static void a_rotation_by_another_program_is_seen(void **state) {
  rig *r = *state;
  rig other = *r;
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  const peal_kit_tokens_opts opts = opts_of(&other);
  assert_int_equal(peal_kit_tokens_open(&other.tokens, &opts, NULL, NULL), 0);
  assert_int_equal(peal_kit_tokens_turn(other.tokens, true), PEAL_OK);
  sign(&other, token);
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_INVALID);
  assert_int_equal(peal_kit_tokens_turn(r->tokens, false), PEAL_OK);
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
  peal_kit_tokens_close(other.tokens);
}

static void write_file(const rig *r, const char *text) {
  int fd = open(r->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
}

/* 32 bytes, as base64url */
#define K "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define JWK(kty, alg, kid, k, iat)                                             \
  "{\"kty\":\"" kty "\",\"alg\":\"" alg "\",\"kid\":\"" kid "\",\"k\":\"" k    \
  "\",\"iat\":" iat "}"

static void a_spoilt_file_changes_nothing(void **state) {
  static const char *const texts[] = {
      "",
      "{}",
      "{\"keys\":[]}",
      "{\"keys\":[{}]}",
      "{\"keys\":[" JWK("RSA", "HS256", "a", K, "1") "]}",
      "{\"keys\":[" JWK("oct", "HS512", "a", K, "1") "]}",
      "{\"keys\":[" JWK("oct", "HS256", "", K, "1") "]}",
      "{\"keys\":[" JWK("oct", "HS256", "a", "AAAA", "1") "]}",
      "{\"keys\":[" JWK("oct", "HS256", "a", "?" K, "1") "]}",
      "{\"keys\":[" JWK("oct", "HS256", "a", K, "\"1\"") "]}",
      "{\"keys\":[" JWK("oct", "HS256", "a", K, "1") "," JWK("oct", "HS256",
                                                             "a", K, "2") "]}",
      "{\"keys\":[" JWK("oct", "HS256", "a", K, "1") "],\"keys\":[]}",
  };
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, token);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    write_file(r, texts[i]);
    peal_err err = peal_kit_tokens_turn(r->tokens, true);
    if (err != PEAL_ERR_USAGE)
      print_message("for: %s\n", texts[i]);
    assert_int_equal(err, PEAL_ERR_USAGE);
    assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
  }
  unlink(r->path);
  assert_int_equal(peal_kit_tokens_turn(r->tokens, false), PEAL_ERR_SYSTEM);
  assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
}

static void options_are_looked_at(void **state) {
  rig *r = *state;
  peal_kit_tokens *out = r->tokens;
  peal_kit_tokens_opts opts = opts_of(r);
  opts.issuer = NULL;
  assert_int_equal(peal_kit_tokens_open(&out, &opts, NULL, NULL),
                   PEAL_ERR_USAGE);
  assert_null(out);
  opts = opts_of(r);
  opts.life_ms = 999;
  assert_int_equal(peal_kit_tokens_open(&out, &opts, NULL, NULL),
                   PEAL_ERR_USAGE);
  opts = opts_of(r);
  opts.reserved[0] = 1;
  assert_int_equal(peal_kit_tokens_open(&out, &opts, NULL, NULL),
                   PEAL_ERR_USAGE);
  opts = opts_of(r);
  opts.path = "/nonexistent/token.keys";
  assert_int_equal(peal_kit_tokens_open(&out, &opts, NULL, NULL),
                   PEAL_ERR_SYSTEM);
  assert_int_equal(peal_kit_tokens_open(&out, NULL, NULL, NULL),
                   PEAL_ERR_USAGE);
}

/* ---- no memory ----------------------------------------------------------------------------- */

static size_t calls, fail_at;

static void *failing_malloc(size_t size) {
  return ++calls == fail_at ? NULL : malloc(size);
}

/* Whatever allocation of the JSON library fails: it is refused, or it is
 * right. */
static void without_memory_nobody_gets_in(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES], out[PEAL_KIT_TOKEN_MAX_BYTES],
      bad[4096];
  sign(r, token);
  make(r, bad, GOOD_HEAD, "{\"iss\":\"x\"}");
  json_set_alloc_funcs(failing_malloc, free);
  bool failed = true;
  for (fail_at = 1; failed; fail_at++) {
    peal_kit_claims claims = {.sub = PEAL_S("7"), .sid = PEAL_S("s")};
    calls = 0;
    peal_kit_token_verdict found = check(r, token);
    failed = calls >= fail_at;
    assert_true(found == PEAL_KIT_TOKEN_OK || found == PEAL_KIT_TOKEN_INVALID);
    assert_true(failed || found == PEAL_KIT_TOKEN_OK);
    calls = 0;
    assert_int_equal(check(r, bad), PEAL_KIT_TOKEN_INVALID);
    calls = 0;
    peal_err err = peal_kit_tokens_sign(r->tokens, &claims, out);
    failed = failed || calls >= fail_at;
    assert_true(err == PEAL_OK || err == PEAL_ERR_NOMEM);
    assert_int_equal(err == PEAL_OK, out[0] != '\0');
    size_t limit = fail_at;
    fail_at = 0;
    if (err == PEAL_OK)
      assert_int_equal(check(r, out), PEAL_KIT_TOKEN_OK);
    fail_at = limit;
  }
  assert_true(fail_at > 20);
  json_set_alloc_funcs(malloc, free);
}

static void without_memory_the_keys_stay(void **state) {
  rig *r = *state;
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  sign(r, token);
  bool failed = true;
  for (fail_at = 1; failed; fail_at++) {
    calls = 0;
    json_set_alloc_funcs(failing_malloc, free);
    peal_err err = peal_kit_tokens_turn(r->tokens, true);
    json_set_alloc_funcs(malloc, free);
    failed = calls >= fail_at;
    assert_true(failed || err == PEAL_OK);
    assert_int_equal(check(r, token), PEAL_KIT_TOKEN_OK);
    if (peal_kit_tokens_count(r->tokens) > 8)
      break; // benign failures let it grow
  }
  assert_int_equal(peal_kit_tokens_turn(r->tokens, true), PEAL_OK);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_RIG(what_was_signed_is_read_again),
      WITH_RIG(a_token_is_over_when_it_says_so),
      WITH_RIG(a_clock_may_differ_by_some_seconds),
      WITH_RIG(a_token_by_hand_is_good_if_all_is_right),
      cmocka_unit_test(words_say_what_it_is),
      WITH_RIG(a_header_with_anything_else_is_refused),
      WITH_RIG(claims_that_are_not_ours_are_refused),
      WITH_RIG(a_changed_token_is_refused),
      WITH_RIG(a_token_has_one_form),
      WITH_RIG(signatures_of_others_are_refused),
      WITH_RIG(a_long_token_is_not_looked_at),
      WITH_RIG(claims_that_are_too_long_are_not_signed),
      WITH_RIG(the_file_is_for_us_alone),
      WITH_RIG(another_run_knows_the_tokens_of_the_last),
      WITH_RIG(who_has_the_same_secret_takes_the_tokens),
      WITH_RIG(a_key_that_was_rotated_out_checks_on),
      WITH_RIG(a_key_signs_for_a_month),
      WITH_RIG(a_rotation_by_another_program_is_seen),
      WITH_RIG(a_spoilt_file_changes_nothing),
      WITH_RIG(options_are_looked_at),
      WITH_RIG(without_memory_nobody_gets_in),
      WITH_RIG(without_memory_the_keys_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
