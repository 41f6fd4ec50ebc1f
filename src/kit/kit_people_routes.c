/* SPDX-License-Identifier: MIT */
/* kit_people_routes: accounts over HTTP: the way in, the way on, the way
 * out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/kit_answer.h>

#include "kit/kit_people_impl.h"

enum { SMALL_BYTES = 8192 };

/* ---- answers ---------------------------------------------------------------------- */

static void no_store(peal_http_req *req) {
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
}

static void refuse(peal_http_req *req, unsigned status, uint64_t retry_ms,
                   const char *message, const char *field) {
  peal_kit_refusal why;
  no_store(req);
  peal_kit_refusal_set(&why, status, field, "%s", message);
  why.retry_ms = retry_ms;
  peal_kit_refusal_answer(req, &why);
}

/* What cannot be helped here and now. */
static void fail(peal_http_req *req, peal_err err) {
  if (err == PEAL_ERR_QUEUE_FULL)
    refuse(req, 429, 2000, "too many are signing in, try again", NULL);
  else if (err == PEAL_ERR_LIMIT)
    refuse(req, 429, 3600000, "there is no room for more accounts", NULL);
  else
    refuse(req, 503, 2000, "this cannot be done at the moment, try again",
           NULL);
}

static bool set_cookie(const peal_kit_people *people, peal_http_req *req,
                       peal_slice value, int64_t max_age_s) {
  peal_err err = peal_web_cookie_set(
      req, &(peal_web_cookie){.name = people->opts.cookie,
                              .value = value,
                              .path = people->opts.prefix,
                              .max_age_s = max_age_s,
                              .secure = people->opts.secure_cookie ||
                                        peal_http_req_is_secure(req),
                              .same_site = "Strict"});
  if (err != PEAL_OK)
    fail(req, err);
  return err == PEAL_OK;
}

static peal_val user_val(peal_build *build, const peal_kit_person *who) {
  return peal_build_keep(build,
                         PEAL_OBJECT({"id", peal_int(who->id)},
                                     {"username", peal_str(who->username)},
                                     {"role", peal_str(who->role_name)}));
}

static void answer_signed(peal_kit_people *people, peal_http_req *req,
                          unsigned status, const peal_kit_people_signed *what) {
  char token[PEAL_KIT_TOKEN_MAX_BYTES], id[24];
  const peal_kit_person *who = &what->who;
  snprintf(id, sizeof id, "%lld", (long long)who->id);
  peal_kit_claims claims = {.sub = peal_slice_of(id),
                            .role = peal_slice_of(who->role_name),
                            .name = peal_slice_of(who->username),
                            .sid = peal_slice_of(who->sign_in)};
  peal_err err = peal_kit_tokens_sign(people->tokens, &claims, token);
  if (err != PEAL_OK) {
    fail(req, err);
    return;
  }
  if (!set_cookie(people, req, peal_slice_of(what->refresh),
                  people->opts.refresh_ms / 1000))
    return;
  no_store(req);
  peal_http_answer_json(
      req, status,
      PEAL_OBJECT({"status", peal_str("success")},
                  {"access_token", peal_str(token)},
                  {"token_type", peal_str("Bearer")},
                  {"expires_in", peal_int(people->opts.access_ms / 1000)},
                  {"room", peal_str(who->room)},
                  {"user", user_val(peal_http_req_build(req), who)}));
}

/* ---- signing in -------------------------------------------------------------------- */

/* A request that waits for its sign-in. */
typedef struct waiting {
  peal_kit_people *people;
  peal_http_req *req;
  unsigned status;
} waiting;

static void on_begun(const peal_kit_people_signed *what, void *user) {
  waiting w = *(waiting *)user;
  free(user);
  if (what->err == PEAL_OK)
    answer_signed(w.people, w.req, w.status, what);
  else
    fail(w.req, what->err);
}

/* The request is deferred already. */
static void begin(const peal_kit_people_ask *ask, unsigned status) {
  peal_kit_people *people = ask->people;
  peal_http_req *req = ask->user;
  waiting *w = malloc(sizeof *w);
  peal_err err = PEAL_ERR_NOMEM;
  if (w != NULL) {
    *w = (waiting){people, req, status};
    err = peal_kit_people_sign_begin(people, &ask->who, ask->hash, on_begun, w);
  }
  if (err == PEAL_OK)
    return;
  free(w);
  fail(req, err);
}

/* Its request has ended with its worker. */
static void drop(peal_kit_people_job *job) {
  peal_kit_people_ask *ask = (peal_kit_people_ask *)job;
  peal_kit_people_guess_give(ask->people, &ask->guess);
  peal_kit_people_ask_free(ask);
}

/* Fields as they came; NULL after an answer. */
static peal_kit_people_ask *ask_of(peal_kit_people *people, peal_http_req *req,
                                   peal_slice username, peal_slice password,
                                   void (*fn)(peal_kit_people_ask *)) {
  peal_kit_people_ask *ask = peal_kit_people_ask_new(people);
  if (ask == NULL) {
    fail(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  ask->fn = fn;
  ask->user = req;
  ask->job.drop = drop;
  peal_kit_address_network(ask->guess.network, peal_http_req_address(req));
  if (peal_kit_people_fold(ask->guess.folded, username))
    snprintf(ask->name, sizeof ask->name, "%.*s", PEAL_SFMT(username));
  ask->password_len = password.len < PEAL_KIT_PASSWORD_MAX
                          ? password.len
                          : PEAL_KIT_PASSWORD_MAX;
  memcpy(ask->password, password.ptr, ask->password_len);
  return ask;
}

static bool has_fields(peal_http_req *req, peal_val body) {
  return peal_web_fields(req, body,
                         PEAL_WEB_FIELDS({.name = "username",
                                          .type = PEAL_STRING,
                                          .max_len = 256,
                                          .not_empty = true},
                                         {.name = "password",
                                          .type = PEAL_STRING,
                                          .max_len = PEAL_KIT_PASSWORD_MAX,
                                          .not_empty = true}));
}

static void start(peal_kit_people_ask *ask, peal_http_req *req,
                  peal_err (*begin_fn)(peal_kit_people_ask *)) {
  peal_err err = begin_fn(ask);
  if (err == PEAL_OK) {
    peal_http_defer(req);
    return;
  }
  peal_kit_people_ask_free(ask);
  fail(req, err);
}

static void refuse_guess(peal_http_req *req, uint64_t retry_ms) {
  refuse(req, 429, retry_ms, "too many wrong passwords, try again later", NULL);
}

static void on_known(peal_kit_people_ask *ask) {
  peal_http_req *req = ask->user;
  peal_kit_people *people = ask->people;
  if (ask->err == PEAL_OK && ask->who.role != 0) {
    begin(ask, 200);
  } else if (ask->err == PEAL_ERR_CLOSED || ask->err == PEAL_OK) {
    peal_kit_people_log(
        people, PEAL_LOG_WARN, "wrong username or password for %s from %s",
        ask->guess.folded[0] != '\0' ? ask->guess.folded : "what is no name",
        ask->guess.network);
    refuse(req, 401, 0, "username or password is not right", NULL);
  } else {
    fail(req, ask->err);
  }
  peal_kit_people_ask_free(ask);
}

static void on_login(peal_http_req *req, peal_val body, void *user) {
  peal_kit_people *people = user;
  uint64_t retry_ms = 0;
  if (!has_fields(req, body))
    return;
  peal_kit_people_ask *ask =
      ask_of(people, req, peal_val_str(peal_val_get(body, "username")),
             peal_val_str(peal_val_get(body, "password")), on_known);
  if (ask == NULL)
    return;
  if (peal_kit_people_guess_take(people, &ask->guess, &retry_ms)) {
    start(ask, req, peal_kit_people_account_ask);
    return;
  }
  peal_kit_people_ask_free(ask);
  refuse_guess(req, retry_ms);
}

/* ---- a new account ------------------------------------------------------------------- */

static void on_made(peal_kit_people_ask *ask) {
  peal_http_req *req = ask->user;
  if (ask->err == PEAL_OK) {
    peal_kit_people_log(ask->people, PEAL_LOG_INFO, "%s has an account now",
                        ask->guess.folded);
    begin(ask, 201);
  } else if (ask->err == PEAL_ERR_EXISTS) {
    refuse(req, 409, 0, "this username is taken", "username");
  } else {
    fail(req, ask->err);
  }
  peal_kit_people_ask_free(ask);
}

static void on_register(peal_http_req *req, peal_val body, void *user) {
  peal_kit_people *people = user;
  const char *field = NULL;
  uint64_t retry_ms = 0;
  if (!has_fields(req, body))
    return;
  peal_slice username = peal_val_str(peal_val_get(body, "username")),
             password = peal_val_str(peal_val_get(body, "password"));
  const char *wrong = peal_kit_people_wrong(username, password, &field);
  if (wrong != NULL) {
    refuse(req, 422, 0, wrong, field);
    return;
  }
  peal_kit_people_ask *ask = ask_of(people, req, username, password, on_made);
  if (ask == NULL)
    return;
  ask->who.role_name = people->role_names[0];
  ask->who.role = 1;
  if (peal_web_limit_take(people->registers, peal_slice_of(ask->guess.network),
                          peal_worker_now_ms(peal_worker_self()), &retry_ms)) {
    start(ask, req, peal_kit_people_account_add);
    return;
  }
  peal_kit_people_ask_free(ask);
  refuse(req, 429, retry_ms, "too many accounts from this address", NULL);
}

/* ---- going on -------------------------------------------------------------------------- */

static void refuse_refresh(const peal_kit_people *people, peal_http_req *req,
                           const char *message) {
  if (!set_cookie(people, req, PEAL_S("x"), -1))
    return;
  no_store(req);
  peal_http_answer_json(req, 401,
                        PEAL_OBJECT({"status", peal_str("error")},
                                    {"message", peal_str(message)},
                                    {"code", peal_str("refresh_invalid")}));
}

static void on_refreshed(const peal_kit_people_signed *what, void *user) {
  waiting w = *(waiting *)user;
  free(user);
  if (what->err == PEAL_OK)
    answer_signed(w.people, w.req, 200, what);
  else if (what->err == PEAL_ERR_EXISTS)
    refuse_refresh(w.people, w.req,
                   "this sign-in was used in two places and is over: please "
                   "sign in");
  else if (what->err == PEAL_ERR_CLOSED)
    refuse_refresh(w.people, w.req, "the sign-in is over: please sign in");
  else
    fail(w.req, what->err);
}

static void on_refresh(peal_http_req *req, void *user) {
  peal_kit_people *people = user;
  peal_slice token = peal_http_req_cookie(req, people->opts.cookie),
             retry = peal_http_req_header(req, "Idempotency-Key");
  waiting *w = malloc(sizeof *w);
  peal_err err = PEAL_ERR_NOMEM;
  if (w != NULL) {
    *w = (waiting){people, req, 200};
    err = peal_kit_people_sign_refresh(people, token, retry, on_refreshed, w);
  }
  if (err == PEAL_OK) {
    peal_http_defer(req);
    return;
  }
  free(w);
  if (err == PEAL_ERR_CLOSED)
    refuse_refresh(people, req,
                   token.len == 0 ? "please sign in"
                                  : "the sign-in is over: please sign in");
  else
    fail(req, err);
}

/* ---- going out --------------------------------------------------------------------------- */

static void answer_out(const peal_kit_people *people, peal_http_req *req) {
  if (!set_cookie(people, req, PEAL_S("x"), -1))
    return;
  no_store(req);
  peal_http_answer_json(req, 200, PEAL_OBJECT({"status", peal_str("success")}));
}

static void on_out(const peal_store_result *result, void *user) {
  waiting w = *(waiting *)user;
  free(user);
  if (result->err == PEAL_OK)
    answer_out(w.people, w.req);
  else
    fail(w.req, result->err);
}

/* Which sign-in is it about: that of the cookie, or of the access token, as
 * scripts have no cookie. */
static bool find_sign_in(peal_kit_people *people, peal_http_req *req,
                         peal_kit_person *who) {
  int64_t serial;
  *who = (peal_kit_person){0};
  return peal_kit_people_check(
             people,
             peal_kit_people_bearer(peal_http_req_header(req, "Authorization")),
             who) == PEAL_KIT_TOKEN_OK ||
         peal_kit_people_sign_of(people,
                                 peal_http_req_cookie(req, people->opts.cookie),
                                 who->sign_in, &serial);
}

/* Begin the end; the request waits for it. */
static void end(peal_kit_people *people, peal_http_req *req,
                const peal_kit_person *who, bool is_all) {
  waiting *w = malloc(sizeof *w);
  peal_err err = PEAL_ERR_NOMEM;
  if (w != NULL) {
    *w = (waiting){people, req, 200};
    err = is_all ? peal_kit_people_sign_end_all(people, NULL, who->id, NULL,
                                                on_out, w)
                 : peal_kit_people_sign_end(people, who->sign_in, on_out, w);
  }
  if (err == PEAL_OK) {
    peal_http_defer(req);
    return;
  }
  free(w);
  fail(req, err);
}

/* Twice is as once: who has left has left. */
static void on_logout(peal_http_req *req, void *user) {
  peal_kit_people *people = user;
  peal_kit_person who;
  if (find_sign_in(people, req, &who))
    end(people, req, &who, false);
  else
    answer_out(people, req);
}

static void on_logout_everywhere(peal_http_req *req, void *user) {
  end(user, req, peal_kit_people_of(req), true);
}

/* ---- password, and who it is ---------------------------------------------------------------- */

static void on_changed(peal_kit_people_ask *ask) {
  peal_http_req *req = ask->user;
  peal_err err = ask->err;
  if (err == PEAL_ERR_CLOSED)
    refuse(req, 403, 0, "the password is not right", "password");
  else if (err != PEAL_OK)
    fail(req, err);
  else
    peal_http_answer_json(req, 200,
                          PEAL_OBJECT({"status", peal_str("success")}));
  peal_kit_people_ask_free(ask);
}

static void change(peal_kit_people_ask *ask, peal_http_req *req,
                   peal_slice fresh) {
  uint64_t retry_ms = 0;
  memcpy(ask->who.sign_in, peal_kit_people_of(req)->sign_in,
         sizeof ask->who.sign_in);
  ask->fresh_len = fresh.len;
  memcpy(ask->fresh, fresh.ptr, fresh.len);
  if (peal_kit_people_guess_take(ask->people, &ask->guess, &retry_ms)) {
    start(ask, req, peal_kit_people_account_change);
    return;
  }
  peal_kit_people_ask_free(ask);
  refuse_guess(req, retry_ms);
}

static void on_password(peal_http_req *req, peal_val body, void *user) {
  peal_kit_people *people = user;
  const char *field = NULL;
  const peal_kit_person *who = peal_kit_people_of(req);
  if (!peal_web_fields(
          req, body,
          PEAL_WEB_FIELDS(
              {.name = "password", .type = PEAL_STRING, .not_empty = true},
              {.name = "new_password", .type = PEAL_STRING})))
    return;
  peal_slice name = peal_slice_of(who->username),
             fresh = peal_val_str(peal_val_get(body, "new_password"));
  const char *wrong = peal_kit_people_wrong(name, fresh, &field);
  if (wrong != NULL) {
    refuse(req, 422, 0, wrong, "new_password");
    return;
  }
  peal_kit_people_ask *ask =
      ask_of(people, req, name, peal_val_str(peal_val_get(body, "password")),
             on_changed);
  if (ask != NULL)
    change(ask, req, fresh);
}

static void on_me(peal_http_req *req, void *user) {
  const peal_kit_person *who = peal_kit_people_of(req);
  (void)user;
  no_store(req);
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"room", peal_str(who->room)},
                  {"user", user_val(peal_http_req_build(req), who)}));
}

/* ---- the routes -------------------------------------------------------------------------------- */

peal_err peal_kit_people_routes(peal_kit_people *people) {
  const peal_kit_people_opts *o = &people->opts;
  const peal_web_hook_fn hook = peal_kit_people_hook;

  const struct {
    const char *path;
    peal_web_route route;
  } all[] = {
      {"/login", {.method = "POST", .on_json = on_login}},
      {o->refresh_path, {.method = "POST", .on_request = on_refresh}},
      {"/logout", {.method = "POST", .on_request = on_logout}},
      {"/logout/everywhere",
       {.method = "POST", .on_request = on_logout_everywhere, .before = hook}},
      {"/password", {.method = "POST", .on_json = on_password, .before = hook}},
      {"/me", {.on_request = on_me, .before = hook}},
      {"/register", {.method = "POST", .on_json = on_register}},
  };

  size_t count = sizeof all / sizeof *all - (o->no_register ? 1 : 0);
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < count && err == PEAL_OK; i++) {
    char path[256];
    peal_web_route route = all[i].route;
    snprintf(path, sizeof path, "%s%s", o->prefix, all[i].path);
    route.path = path;
    route.user = route.before_user = people;
    route.max_body_bytes = SMALL_BYTES;
    err = peal_web_route_add(o->web, &route);
  }
  return err;
}
