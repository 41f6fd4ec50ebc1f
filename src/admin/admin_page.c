/* SPDX-License-Identifier: MIT */
#include "admin/admin_page.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_assets.h"
#include "admin/admin_clock.h"
#include "admin/admin_report.h"
#include "admin/admin_viewers.h"
#include "wire/base64.h"

#define COOKIE "peal_admin"
#define MAX_LOGIN_BYTES 2048u

/* A request that waits for a verdict or a report; in the request's memory. */
typedef struct errand {
  peal_admin *admin;
  peal_http_req *req;
  peal_admin_ask ask;
} errand;

static errand *errand_of(peal_admin *admin, peal_http_req *req) {
  errand *it = peal_http_req_alloc(req, sizeof *it);
  if (!it) {
    peal_http_answer(req, 503, NULL, PEAL_S(""));
    return NULL;
  }
  *it = (errand){.admin = admin, .req = req};
  peal_http_defer(req);
  return it;
}

/* -- answers ----------------------------------------------------------------- */

static void add_guards(peal_http_req *req) {
  (void)peal_http_answer_header(req, "X-Content-Type-Options",
                                PEAL_S("nosniff"));
  (void)peal_http_answer_header(req, "Referrer-Policy", PEAL_S("no-referrer"));
}

static void complain(peal_http_req *req, unsigned status, const char *why) {
  add_guards(req);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(req, status, PEAL_OBJECT({"error", peal_str(why)}));
}

static void complain_of(peal_http_req *req, peal_admin_verdict verdict) {
  if (verdict == PEAL_ADMIN_WRONG)
    complain(req, 401, "invalid credentials");
  else
    complain(req, 429, "too many attempts");
}

static void serve_asset(peal_http_req *req, const peal_admin_asset *asset) {
  add_guards(req);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-cache"));
  (void)peal_http_answer_header(
      req, "Content-Security-Policy",
      PEAL_S("default-src 'none'; style-src 'self'; script-src 'self'; "
             "connect-src 'self'; img-src 'self'; form-action 'self'; "
             "base-uri 'none'; frame-ancestors 'none'"));
  peal_http_answer(req, 200, asset->type, asset->body);
}

/* -- who it is --------------------------------------------------------------- */

static bool is_let_in(peal_admin *admin, const peal_http_req *req) {
  return admin->opts.no_auth ||
         peal_admin_auth_knows(&admin->auth,
                               peal_worker_now_ms(peal_http_req_worker(req)),
                               peal_http_req_cookie(req, COOKIE));
}

static void set_cookie(const peal_admin *admin, peal_http_req *req,
                       const char *value, unsigned long age_s) {
  char text[1400];
  int len = snprintf(text, sizeof text,
                     COOKIE "=%s; Path=%.1024s; Max-Age=%lu; HttpOnly; "
                            "SameSite=Strict%s",
                     value, admin->opts.page, age_s,
                     peal_http_req_is_secure(req) ? "; Secure" : "");
  (void)peal_http_answer_header(req, "Set-Cookie",
                                (peal_slice){text, (size_t)len});
}

/* -- stats.json -------------------------------------------------------------- */

static void on_report(peal_bytes *json, void *user) {
  errand *it = user;
  if (!json) {
    complain(it->req, 503, "busy");
    return;
  }
  add_guards(it->req);
  (void)peal_http_answer_header(it->req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_bytes(it->req, 200, "application/json", json);
}

static void report(errand *it) {
  it->ask = (peal_admin_ask){.worker = peal_http_req_worker(it->req),
                             .fn = on_report,
                             .user = it,
                             .admin = it->admin};
  peal_admin_report_ask(&it->ask);
}

static void on_basic(peal_worker *worker, peal_admin_verdict verdict,
                     void *user) {
  errand *it = user;
  if (!worker)
    return;
  if (verdict == PEAL_ADMIN_RIGHT)
    report(it);
  else
    complain_of(it->req, verdict);
}

/* RFC7617 2: base64 of "username:password". */
static bool read_basic(peal_http_req *req, peal_slice *username,
                       peal_slice *password) {
  peal_slice text = peal_http_req_header(req, "authorization");
  if (text.len < 6 || text.len > MAX_LOGIN_BYTES ||
      !peal_slice_is_nocase((peal_slice){text.ptr, 6}, "basic "))
    return false;
  text = (peal_slice){text.ptr + 6, text.len - 6};
  char *out = peal_http_req_alloc(req, peal_base64_decode_max(text.len) + 1);
  size_t len;
  if (!out || peal_base64_decode(out, &len, text))
    return false;
  const char *colon = memchr(out, ':', len);
  if (!colon)
    return false;
  *username = (peal_slice){out, (size_t)(colon - out)};
  *password = (peal_slice){colon + 1, len - username->len - 1};
  return true;
}

static void serve_stats(peal_admin *admin, peal_http_req *req) {
  peal_slice username, password;
  bool is_in = is_let_in(admin, req);
  if (!is_in && !read_basic(req, &username, &password)) {
    complain(req, 401, "login needed");
    return;
  }
  errand *it = errand_of(admin, req);
  if (it && is_in)
    report(it);
  else if (it)
    peal_admin_auth_ask(&admin->auth, peal_http_req_worker(req),
                        peal_http_req_address(req), username, password,
                        on_basic, it);
}

/* -- events ------------------------------------------------------------------ */

static void serve_events(peal_admin *admin, peal_http_req *req) {
  if (!is_let_in(admin, req)) {
    complain(req, 401, "login needed");
    return;
  }
  if (peal_http_req_is_method(req, "HEAD")) {
    peal_http_answer(req, 200, "text/event-stream", PEAL_S(""));
    return;
  }
  peal_slice session =
      admin->opts.no_auth ? (peal_slice){0} : peal_http_req_cookie(req, COOKIE);
  if (peal_admin_viewers_add(admin, req, session))
    peal_admin_clock_wake(admin);
}

/* -- logging in and out ------------------------------------------------------ */

static void on_login(peal_worker *worker, peal_admin_verdict verdict,
                     void *user) {
  const errand *it = user;
  char session[PEAL_ADMIN_SESSION_LEN + 1];
  if (!worker)
    return;
  if (verdict != PEAL_ADMIN_RIGHT) {
    complain_of(it->req, verdict);
  } else if (peal_admin_auth_open(&it->admin->auth, peal_worker_now_ms(worker),
                                  session)) {
    complain(it->req, 503, "busy");
  } else {
    set_cookie(it->admin, it->req, session, PEAL_LIMIT_ADMIN_SESSION_MS / 1000);
    peal_http_answer(it->req, 204, NULL, PEAL_S(""));
  }
}

static void on_login_body(peal_http_req *req, peal_err err, peal_slice body,
                          void *user) {
  peal_admin *admin = user;
  if (err)
    return;
  peal_doc *doc;
  if (peal_doc_from_json(&doc, body, NULL)) {
    complain(req, 400, "no JSON");
    return;
  }
  peal_val login = peal_doc_val(doc);
  errand *it = errand_of(admin, req);
  if (it)
    peal_admin_auth_ask(
        &admin->auth, peal_http_req_worker(req), peal_http_req_address(req),
        peal_val_str(peal_val_get(login, "username")),
        peal_val_str(peal_val_get(login, "password")), on_login, it);
  peal_doc_free(doc);
}

/* A form of another site cannot send this type. */
static void serve_login(peal_admin *admin, peal_http_req *req) {
  peal_slice type = peal_http_req_header(req, "content-type");
  if (peal_slice_starts(type, "application/json"))
    peal_http_req_collect(req, MAX_LOGIN_BYTES, on_login_body, admin);
  else
    complain(req, 415, "expected application/json");
}

static void serve_logout(peal_admin *admin, peal_http_req *req) {
  peal_admin_auth_close(&admin->auth, peal_http_req_cookie(req, COOKIE));
  set_cookie(admin, req, "", 0);
  peal_http_answer(req, 204, NULL, PEAL_S(""));
}

/* Does it take a name, and is this one known? So the page needs no refusal to
 * find out. */
static void serve_session(peal_admin *admin, peal_http_req *req) {
  add_guards(req);
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  peal_http_answer_json(
      req, 200,
      PEAL_OBJECT({"needed", peal_bool(!admin->opts.no_auth)},
                  {"known", peal_bool(is_let_in(admin, req))}));
}

/* -- the way ----------------------------------------------------------------- */

static const struct way {
  const char *path;
  bool is_post;
  void (*serve)(peal_admin *admin, peal_http_req *req);
} ways[] = {{"/session", false, serve_session},
            {"/stats.json", false, serve_stats},
            {"/events", false, serve_events},
            {"/login", true, serve_login},
            {"/logout", true, serve_logout}};

static bool has_method(const peal_http_req *req, bool is_post) {
  if (is_post)
    return peal_http_req_is_method(req, "POST");
  return peal_http_req_is_method(req, "GET") ||
         peal_http_req_is_method(req, "HEAD");
}

static const struct way *find(peal_slice path) {
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    if (peal_slice_is(path, ways[i].path))
      return &ways[i];
  return NULL;
}

/* The page's own addresses are relative: behind a proxy it may be elsewhere. */
static void redirect(const peal_admin *admin, peal_http_req *req) {
  char to[1100];
  int len =
      snprintf(to, sizeof to, "%.1024s/", strrchr(admin->opts.page, '/') + 1);
  (void)peal_http_answer_header(req, "Location", (peal_slice){to, (size_t)len});
  peal_http_answer(req, 308, NULL, PEAL_S(""));
}

static void on_request(peal_http_req *req, void *user) {
  peal_admin *admin = user;
  peal_slice path = peal_http_req_path(req);
  size_t own = strlen(admin->opts.page);
  path = (peal_slice){path.ptr + own, path.len - own};
  if (!path.len) {
    redirect(admin, req);
    return;
  }
  const struct way *way = find(path);
  const peal_admin_asset *asset = peal_admin_assets_find(path);
  if (!way && !asset) {
    complain(req, 404, "not found");
  } else if (!has_method(req, way && way->is_post)) {
    (void)peal_http_answer_header(req, "Allow",
                                  way && way->is_post ? PEAL_S("POST")
                                                      : PEAL_S("GET, HEAD"));
    complain(req, 405, "method not allowed");
  } else if (asset) {
    serve_asset(req, asset);
  } else {
    way->serve(admin, req);
  }
}

/* "/_peal" and what is in it, but not "/_pealing". */
peal_err peal_admin_page_open(peal_admin *admin) {
  char inside[1100];
  (void)snprintf(inside, sizeof inside, "%.1024s/", admin->opts.page);
  peal_http_mount mount = {.path = admin->opts.page,
                           .exact = true,
                           .on_request = on_request,
                           .user = admin};
  peal_err err = peal_http_server_mount(admin->server->http, &mount);
  mount.path = inside;
  mount.exact = false;
  return err ? err : peal_http_server_mount(admin->server->http, &mount);
}
