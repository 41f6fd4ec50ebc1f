/* SPDX-License-Identifier: MIT */
/* fuzz_kit_token: an access token from anywhere. Without the secret nothing is
 * one; with it, whatever a header and claims say: nobody is let in but by what
 * we would have written ourselves, and its claims are bounded text. The first
 * byte says which: below 128 the rest is a token, else header and claims,
 * separated by a NUL byte, that are signed as they are. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jose/b64.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <peal/kit_token.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static peal_kit_tokens *tokens;
static const uint8_t secret[32];

static int64_t clock_of(void *user) {
  (void)user;
  return INT64_C(1790000000000);
}

static void must(bool holds) {
  if (!holds)
    abort();
}

/* One key, whose secret is known. */
static void open_once(void) {
  char path[64] = "/tmp/peal-fuzz-token-XXXXXX";
  static const char text[] =
      "{\"keys\":[{\"kid\":\"a\",\"kty\":\"oct\",\"alg\":\"HS256\",\"iat\":"
      "1790000000,\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}";
  int fd = mkstemp(path);
  must(fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1);
  close(fd);
  must(peal_kit_tokens_open(&tokens,
                            &(peal_kit_tokens_opts){.path = path,
                                                    .issuer = "test",
                                                    .clock = clock_of},
                            NULL, NULL) == PEAL_OK);
  unlink(path);
  strcat(path, ".lock");
  unlink(path);
}

static void is_text(const char *text, peal_slice slice) {
  must(slice.ptr == text && slice.len < PEAL_KIT_CLAIM_BYTES &&
       strlen(text) == slice.len);
}

static peal_kit_token_verdict check(peal_slice token) {
  peal_kit_claims claims;
  peal_kit_token_text text;
  peal_kit_token_verdict verdict =
      peal_kit_tokens_check(tokens, token, &claims, &text);
  if (verdict == PEAL_KIT_TOKEN_OK || verdict == PEAL_KIT_TOKEN_EXPIRED) {
    is_text(text.sub, claims.sub);
    is_text(text.sid, claims.sid);
    is_text(text.role, claims.role);
    is_text(text.name, claims.name);
    must(claims.sub.len > 0 && claims.sid.len > 0);
    must((claims.exp_s > 1790000000) == (verdict == PEAL_KIT_TOKEN_OK));
    must(claims.iat_s >= 0 && claims.iat_s <= 1790000010);
  }
  return verdict;
}

static bool append(char *out, size_t cap, const void *bytes, size_t len) {
  size_t used = strlen(out);
  size_t more = jose_b64_enc_buf(bytes, len, out + used, cap - used - 2);
  if (more == SIZE_MAX || used + more + 2 > cap)
    return false;
  out[used + more] = '\0';
  return true;
}

static void check_signed(const uint8_t *data, size_t len) {
  char token[8192] = "";
  uint8_t mac[32];
  const uint8_t *nul = len > 0 ? memchr(data, 0, len) : NULL;
  size_t head = nul != NULL ? (size_t)(nul - data) : len;
  size_t body = nul != NULL ? len - head - 1 : 0;
  if (len > 3000 || !append(token, sizeof token, data, head))
    return;
  strcat(token, ".");
  if (!append(token, sizeof token, data + len - body, body))
    return;
  must(HMAC(EVP_sha256(), secret, sizeof secret, (unsigned char *)token,
            strlen(token), mac, NULL) != NULL);
  strcat(token, ".");
  if (append(token, sizeof token, mac, sizeof mac))
    (void)check(peal_slice_of(token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (tokens == NULL)
    open_once();
  if (len == 0)
    return 0;
  if (data[0] >= 128)
    check_signed(data + 1, len - 1);
  else
    must(check((peal_slice){(const char *)data + 1, len - 1}) !=
         PEAL_KIT_TOKEN_OK);
  return 0;
}
