/* SPDX-License-Identifier: MIT */
/* kit_auth: the dashboard's password, shown in whatever way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_answer.h>

#include "kit/kit_auth_life.h"
#include "kit/kit_sessions.h"

enum { SECRET_BYTES = 32 };

struct peal_kit_auth {
  peal_kit *h;
  peal_kit_sessions *sessions; /* NULL: no password, everything is open */
  uint8_t password[PEAL_KIT_DIGEST_BYTES]; /* its hash */
};

/* ---- life ------------------------------------------------------------------- */

/* The mark of sessions: of the secret and the password, so that it tells
 * nothing of the password to who has the store. */
static bool make_mark(uint8_t out[PEAL_KIT_DIGEST_BYTES], const char *secret,
                      const char *password) {
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
  return peal_kit_digest_of(hash, peal_slice_of(secret)) &&
         peal_kit_digest_hmac(out, hash, peal_slice_of(password));
}

static bool open_sessions(peal_kit_auth *a) {
  char path[4096];
  const peal_kit_conf *conf = &a->h->conf;
  snprintf(path, sizeof path, "%s/session.secret", conf->data_dir);
  char *secret = NULL;
  bool is_new = false;
  peal_err_info info = {0};
  peal_err err =
      peal_config_secret(&secret, path, SECRET_BYTES, &is_new, &info);
  if (err != PEAL_OK) {
    peal_kit_log(a->h, PEAL_LOG_ERROR, "auth", "%s: %s", path,
                 info.msg != NULL ? info.msg : peal_err_message(err));
    return false;
  }
  if (is_new)
    peal_kit_log(a->h, PEAL_LOG_INFO, "auth",
                 "a secret that sessions are bound to was made: %s", path);
  uint8_t mark[PEAL_KIT_DIGEST_BYTES];
  if (make_mark(mark, secret, conf->password) &&
      peal_kit_digest_of(a->password, peal_slice_of(conf->password)))
    a->sessions = peal_kit_sessions_new(a->h, mark);
  peal_config_secret_free(secret);
  return a->sessions != NULL;
}

peal_kit_auth *peal_kit_auth_new(peal_kit *h) {
  peal_kit_auth *a = calloc(1, sizeof *a);
  if (a == NULL)
    return NULL;
  a->h = h;
  if (h->conf.password == NULL) {
    peal_kit_log(
        h, PEAL_LOG_WARN, "auth",
        "there is no password (%s_DASHBOARD_PASSWORD): whoever reaches "
        "this address sees everything",
        h->about->env_prefix);
    return a;
  }
  if (open_sessions(a))
    return a;
  peal_kit_auth_free(a);
  return NULL;
}

void peal_kit_auth_free(peal_kit_auth *a) {
  if (a == NULL)
    return;
  peal_kit_sessions_free(a->sessions);
  memset(a, 0, sizeof *a);
  free(a);
}

void peal_kit_auth_tick(peal_kit_auth *a) {
  if (a->sessions != NULL)
    peal_kit_sessions_tick(a->sessions);
}

/* ---- what was shown --------------------------------------------------------- */

/* The password itself, as scripts send it; NULL ptr if there is none. */
static peal_slice bearer_of(peal_slice value) {
  static const char scheme[] = "Bearer ";
  const size_t len = sizeof scheme - 1;
  if (value.len <= len ||
      !peal_slice_is_nocase((peal_slice){value.ptr, len}, scheme))
    return (peal_slice){0};
  return (peal_slice){value.ptr + len, value.len - len};
}

/* The only place that looks at a password. */
static peal_kit_guard_verdict ask(peal_kit_auth *a, peal_slice address,
                                  peal_slice password, uint64_t *retry_ms) {
  peal_kit_guard_verdict found =
      peal_kit_guard_ask(a->h->guard, address, PEAL_S("password"), password,
                         a->password, retry_ms);
  if (found == PEAL_KIT_GUARD_WRONG)
    peal_kit_log(a->h, PEAL_LOG_WARN, "auth", "wrong password from %.*s",
                 PEAL_SFMT(address));
  return found;
}

/* ---- requests ---------------------------------------------------------------- */

static peal_kit_guard_verdict is_reader(peal_kit_auth *a, peal_http_req *req,
                                        uint64_t *retry_ms) {
  if (a->sessions == NULL ||
      peal_kit_sessions_find(
          a->sessions, peal_http_req_cookie(req, a->h->about->cookie), NULL))
    return PEAL_KIT_GUARD_RIGHT;
  peal_slice password = bearer_of(peal_http_req_header(req, "Authorization"));
  return password.ptr == NULL
             ? PEAL_KIT_GUARD_WRONG
             : ask(a, peal_http_req_address(req), password, retry_ms);
}

static void refuse(peal_http_req *req, peal_kit_guard_verdict found,
                   uint64_t retry_ms, const char *message, const char *field) {
  peal_kit_refusal why;
  if (found == PEAL_KIT_GUARD_WAIT)
    peal_kit_refusal_set(&why, 429, NULL,
                         "too many wrong passwords, try again later");
  else
    peal_kit_refusal_set(&why, 401, field, "%s", message);
  why.retry_ms = retry_ms;
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_kit_refusal_answer(req, &why);
}

peal_web_verdict peal_kit_auth_hook(peal_http_req *req, void *user) {
  peal_kit *h = user;
  uint64_t retry_ms = 0;
  peal_kit_guard_verdict found = is_reader(h->auth, req, &retry_ms);
  if (found == PEAL_KIT_GUARD_RIGHT)
    return PEAL_WEB_PASS;
  refuse(req, found, retry_ms, "please sign in", NULL);
  return PEAL_WEB_STOP;
}

/* ---- sockets ----------------------------------------------------------------- */

static peal_slice token_of(const peal_kit_auth *a, const peal_socket *socket) {
  return peal_kit_cookie(peal_socket_header(socket, "Cookie"),
                         a->h->about->cookie);
}

/* `room` (may be NULL) is set if it is by a session. */
static peal_kit_guard_verdict look(peal_kit_auth *a, const peal_socket *socket,
                                   char room[PEAL_KIT_SESSIONS_ROOM_BYTES]) {
  if (a->sessions == NULL ||
      peal_kit_sessions_find(a->sessions, token_of(a, socket), room))
    return PEAL_KIT_GUARD_RIGHT;
  peal_slice password =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "password"));
  if (password.len == 0)
    password = bearer_of(peal_socket_header(socket, "Authorization"));
  return password.len == 0
             ? PEAL_KIT_GUARD_WRONG
             : ask(a, peal_socket_address(socket), password, NULL);
}

bool peal_kit_auth_is_open(const peal_kit_auth *a) {
  return a->sessions == NULL;
}

peal_kit_guard_verdict peal_kit_auth_socket(peal_kit_auth *a,
                                            const peal_socket *socket) {
  return look(a, socket, NULL);
}

peal_err peal_kit_auth_socket_bind(peal_kit_auth *a, peal_socket *socket,
                                   peal_kit_guard_verdict *found) {
  char room[PEAL_KIT_SESSIONS_ROOM_BYTES] = "";
  *found = look(a, socket, room);
  if (room[0] == '\0')
    return PEAL_OK;
  peal_err err = peal_join(socket, room);
  // it may have ended before the socket was in the room that ends with it
  if (err == PEAL_OK &&
      !peal_kit_sessions_find(a->sessions, token_of(a, socket), NULL))
    err = PEAL_ERR_CLOSED;
  return err;
}

/* ---- signing in ------------------------------------------------------------------ */

static void set_cookie(peal_kit_auth *a, peal_http_req *req, peal_slice value,
                       int64_t max_age_s) {
  peal_err err = peal_web_cookie_set(
      req, &(peal_web_cookie){.name = a->h->about->cookie,
                              .value = value,
                              .max_age_s = max_age_s,
                              .secure = a->h->conf.secure_cookie ||
                                        peal_http_req_is_secure(req),
                              .same_site = "Strict"});
  if (err != PEAL_OK) {
    peal_web_error_of(req, err);
    return;
  }
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

void peal_kit_auth_on_login(peal_http_req *req, peal_val body, void *user) {
  peal_kit *h = user;
  peal_kit_auth *a = h->auth;
  if (!peal_web_fields(
          req, body,
          PEAL_WEB_FIELDS(
              {.name = "password", .type = PEAL_STRING, .max_len = 1024})))
    return;
  if (a->sessions == NULL) {
    peal_http_answer_json(req, 200,
                          PEAL_OBJECT({"status", peal_str("success")}));
    return;
  }
  uint64_t retry_ms = 0;
  peal_kit_guard_verdict found =
      ask(a, peal_http_req_address(req),
          peal_val_str(peal_val_get(body, "password")), &retry_ms);
  if (found != PEAL_KIT_GUARD_RIGHT) {
    refuse(req, found, retry_ms, "the password is not right", "password");
    return;
  }
  char token[PEAL_KIT_SESSIONS_TOKEN_BYTES];
  int64_t age_s = h->conf.session_s;
  if (!peal_kit_sessions_begin(a->sessions, age_s, token)) {
    peal_web_error_of(req, PEAL_ERR_SYSTEM);
    return;
  }
  set_cookie(a, req, peal_slice_of(token), age_s);
}

void peal_kit_auth_on_logout(peal_http_req *req, void *user) {
  peal_kit *h = user;
  peal_kit_auth *a = h->auth;
  if (a->sessions != NULL)
    peal_kit_sessions_end(a->sessions,
                          peal_http_req_cookie(req, a->h->about->cookie));
  set_cookie(a, req, PEAL_S("x"), -1);
}
