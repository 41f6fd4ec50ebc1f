/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_keys.h"
#include "digest.h"
#include "gate.h"

#define COOKIE "peal_esp32"

enum {
  SECRET_BYTES = 32,
  GUESSES = 10, /* of one address, per minute */
  TOKEN_BYTES = 24 + DIGEST_HEX_BYTES,
};

struct auth {
  dash *app;
  bool is_needed;
  uint8_t password[DIGEST_BYTES]; /* its hash */
  uint8_t key[DIGEST_BYTES];      /* signs the cookies */
  peal_web_limit *guesses;
};

/* ---- life ------------------------------------------------------------------- */

/* The key that signs: of the secret and the password. */
static bool make_key(auth *a, const char *secret, const char *password) {
  uint8_t hash[DIGEST_BYTES];
  return digest_of(hash, peal_slice_of(secret)) &&
         digest_hmac(a->key, hash, peal_slice_of(password)) &&
         digest_of(a->password, peal_slice_of(password));
}

static bool read_secret(auth *a) {
  char path[4096];
  const settings *conf = &a->app->conf;
  snprintf(path, sizeof path, "%s/session.secret", conf->data_dir);
  char *secret = NULL;
  bool is_new = false;
  peal_err_info info = {0};
  peal_err err =
      peal_config_secret(&secret, path, SECRET_BYTES, &is_new, &info);
  if (err != PEAL_OK) {
    dash_log(a->app, PEAL_LOG_ERROR, "auth", "%s: %s", path,
             info.msg != NULL ? info.msg : peal_err_message(err));
    return false;
  }
  if (is_new)
    dash_log(a->app, PEAL_LOG_INFO, "auth",
             "a secret that signs sessions was made: %s", path);
  bool done = make_key(a, secret, conf->password);
  peal_config_secret_free(secret);
  return done;
}

auth *auth_new(dash *app) {
  auth *a = calloc(1, sizeof *a);
  if (a == NULL)
    return NULL;
  a->app = app;
  a->is_needed = app->conf.password != NULL;
  a->guesses = peal_web_limit_new(
      &(peal_web_limit_opts){.count = GUESSES, .per_ms = 60000});
  if (a->guesses != NULL && (!a->is_needed || read_secret(a)))
    return a;
  auth_free(a);
  return NULL;
}

void auth_free(auth *a) {
  if (a == NULL)
    return;
  peal_web_limit_free(a->guesses);
  memset(a, 0, sizeof *a);
  free(a);
}

/* ---- cookies ------------------------------------------------------------------ */

/* "<end in seconds>.<hex of its signature>" */
static bool token_write(const auth *a, char out[TOKEN_BYTES], int64_t end_s) {
  uint8_t sign[DIGEST_BYTES];
  int len = snprintf(out, TOKEN_BYTES, "%lld", (long long)end_s);
  if (len < 1 || len > 20 ||
      !digest_hmac(sign, a->key, (peal_slice){out, (size_t)len}))
    return false;
  out[len] = '.';
  digest_hex(out + len + 1, sign, sizeof sign);
  return true;
}

static bool token_is_good(const auth *a, peal_slice token) {
  char wanted[TOKEN_BYTES];
  uint8_t x[DIGEST_BYTES], y[DIGEST_BYTES];
  int64_t end_s = 0;
  for (size_t i = 0; i < token.len && token.ptr[i] != '.'; i++) {
    if (token.ptr[i] < '0' || token.ptr[i] > '9' || i > 15)
      return false;
    end_s = end_s * 10 + (token.ptr[i] - '0');
  }
  // of hashes, so that the time tells nothing
  return end_s > peal_wall_ms() / 1000 && token_write(a, wanted, end_s) &&
         digest_of(x, token) && digest_of(y, peal_slice_of(wanted)) &&
         digest_is_equal(x, y);
}

static bool password_is_right(const auth *a, peal_slice password) {
  uint8_t hash[DIGEST_BYTES];
  return digest_of(hash, password) && digest_is_equal(hash, a->password);
}

/* The value of our cookie in a Cookie header. RFC6265 4.2.1. */
static peal_slice cookie_of(peal_slice header) {
  const size_t name = sizeof COOKIE - 1;
  while (header.len > 0) {
    const char *semicolon = memchr(header.ptr, ';', header.len);
    size_t len = semicolon ? (size_t)(semicolon - header.ptr) : header.len;
    peal_slice pair = {header.ptr, len};
    while (pair.len > 0 && *pair.ptr == ' ')
      pair = (peal_slice){pair.ptr + 1, pair.len - 1};
    if (peal_slice_starts(pair, COOKIE "="))
      return (peal_slice){pair.ptr + name + 1, pair.len - name - 1};
    size_t used = semicolon ? len + 1 : len;
    header = (peal_slice){header.ptr + used, header.len - used};
  }
  return (peal_slice){0};
}

/* ---- asking -------------------------------------------------------------------- */

/* The password itself, as scripts send it; guesses are counted. */
static bool bearer_is_right(auth *a, peal_http_req *req) {
  peal_slice value = peal_http_req_header(req, "Authorization");
  static const char scheme[] = "Bearer ";
  const size_t len = sizeof scheme - 1;
  if (value.len <= len ||
      !peal_slice_is_nocase((peal_slice){value.ptr, len}, scheme))
    return false;
  value = (peal_slice){value.ptr + len, value.len - len};
  if (password_is_right(a, value))
    return true;
  (void)peal_web_limit_take(a->guesses, peal_web_address(req),
                            peal_worker_now_ms(peal_worker_self()), NULL);
  return false;
}

static bool is_reader(auth *a, peal_http_req *req) {
  if (!a->is_needed)
    return true;
  return token_is_good(a, peal_http_req_cookie(req, COOKIE)) ||
         bearer_is_right(a, req);
}

peal_web_verdict auth_hook(peal_http_req *req, void *user) {
  dash *app = user;
  if (is_reader(app->auth, req))
    return PEAL_WEB_PASS;
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_web_error(req, 401, "please sign in", NULL);
  return PEAL_WEB_STOP;
}

peal_web_verdict auth_hook_or_device(peal_http_req *req, void *user) {
  dash *app = user;
  peal_slice id = gate_device_id(req, (peal_slice){0});
  peal_slice key = gate_key(req);
  if (key.len > 0 && device_keys_has(app->keys, id) &&
      device_keys_allow(app->keys, id, key))
    return PEAL_WEB_PASS;
  return auth_hook(req, user);
}

bool auth_socket_is_reader(auth *a, const peal_socket *socket) {
  return !a->is_needed ||
         token_is_good(a, cookie_of(peal_socket_header(socket, "Cookie")));
}

/* ---- signing in ------------------------------------------------------------------ */

static void set_cookie(auth *a, peal_http_req *req, peal_slice value,
                       int64_t max_age_s) {
  peal_err err = peal_web_cookie_set(
      req, &(peal_web_cookie){.name = COOKIE,
                              .value = value,
                              .max_age_s = max_age_s,
                              .secure = a->app->conf.secure_cookie,
                              .same_site = "Strict"});
  if (err != PEAL_OK) {
    peal_web_error_of(req, err);
    return;
  }
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

void auth_on_login(peal_http_req *req, peal_val body, void *user) {
  dash *app = user;
  auth *a = app->auth;
  if (!peal_web_fields(
          req, body,
          PEAL_WEB_FIELDS(
              {.name = "password", .type = PEAL_STRING, .max_len = 1024})) ||
      !peal_web_limit_check(a->guesses, req, peal_web_address(req)))
    return;
  if (!a->is_needed) {
    peal_http_answer_json(req, 200,
                          PEAL_OBJECT({"status", peal_str("success")}));
    return;
  }
  if (!password_is_right(a, peal_val_str(peal_val_get(body, "password")))) {
    peal_slice address = peal_web_address(req);
    dash_log(app, PEAL_LOG_WARN, "auth", "wrong password from %.*s",
             PEAL_SFMT(address));
    peal_web_error(req, 401, "the password is not right", "password");
    return;
  }
  char token[TOKEN_BYTES];
  int64_t age_s = app->conf.session_s;
  if (!token_write(a, token, peal_wall_ms() / 1000 + age_s)) {
    peal_web_error_of(req, PEAL_ERR_SYSTEM);
    return;
  }
  set_cookie(a, req, peal_slice_of(token), age_s);
}

void auth_on_logout(peal_http_req *req, void *user) {
  dash *app = user;
  set_cookie(app->auth, req, PEAL_S("x"), -1);
}
