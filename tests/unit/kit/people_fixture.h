/* SPDX-License-Identifier: MIT */
#pragma once
/* people_fixture: a small application whose people sign in: two workers, a
 * store, routes for some roles, sockets, and a clock that the test sets. */
#include <stdlib.h>

#include <ftw.h>

#include <peal/kit_people.h>
#include <peal/server.h>

#include "../http/http_fixture.h"
#include "sio_client.h"

typedef struct people_fixture {
  http_fixture http;
  char dir[64];
  peal_store *store;
  peal_web *web;
  peal_server *server;
  peal_nsp *nsp;
  peal_kit_people *people;
  peal_kit_people_gate nurses;
  peal_timer *timer;
  _Atomic int64_t now_ms;
  atomic_int signed_in, signed_out, ticks;
  peal_kit_people_opts opts;
} people_fixture;

/* What one client has: the cookie, and the last answer. */
typedef struct people_client {
  people_fixture *it;
  char cookie[256];
  char token[PEAL_KIT_TOKEN_MAX_BYTES];
  char room[64];
  char text[4096]; /* the body of the last answer */
  char set_cookie[1024];
  char retry_after[1024];
  const char *fields; /* more header lines for the next request */
} people_client;

static inline int64_t people_clock(void *user) {
  return atomic_load(&((people_fixture *)user)->now_ms);
}

static inline void people_on_sign(const peal_kit_person *person, bool is_in,
                                  void *user) {
  people_fixture *it = user;
  assert_true(person->id > 0);
  assert_int_equal(strlen(person->sign_in), PEAL_KIT_SIGN_IN_BYTES - 1);
  atomic_fetch_add(is_in ? &it->signed_in : &it->signed_out, 1);
}

static inline void people_on_who(peal_http_req *req, void *user) {
  (void)user;
  const peal_kit_person *who = peal_kit_people_of(req);
  peal_http_answer(req, 200, "text/plain", peal_slice_of(who->username));
}

static inline void people_on_secret(peal_socket *socket,
                                    const peal_event *event, void *user) {
  (void)user;
  const peal_kit_person *who = peal_kit_people_may(socket, event, 2);
  if (who != NULL)
    (void)peal_ack(event, PEAL_ARGS(peal_str(who->username)));
}

static inline void people_on_tick(peal_timer *timer, void *user) {
  people_fixture *it = user;
  (void)timer;
  peal_kit_people_tick(it->people);
  atomic_fetch_add(&it->ticks, 1);
}

static inline void people_on_start(peal_worker *worker, void *user) {
  people_fixture *it = user;
  if (peal_worker_index(worker) != 0)
    return;
  it->timer = peal_timer_new(worker, people_on_tick, it);
  peal_timer_start(it->timer, 20, 20);
}

static const char *const people_roles[] = {"patient", "nurse", "doctor", NULL};
static const char *const people_migrations[] = {PEAL_KIT_PEOPLE_TABLES, NULL};

/* What it is made of, once the options are set. */
static inline void people_open(people_fixture *it) {
  peal_http_server_opts opts = http_opts();
  char path[96];
  opts.workers = 2;
  it->http = http_make(&opts);
  snprintf(path, sizeof path, "%s/test.db", it->dir);
  assert_int_equal(
      peal_store_open(&it->store,
                      &(peal_store_opts){.path = path,
                                         .migrations = people_migrations,
                                         .workers = it->http.net.workers,
                                         .busy_ms = 300,
                                         .log = NET_QUIET}),
      PEAL_OK);
  it->web = peal_web_new(it->http.server, NULL);
  it->server = peal_server_new(&(peal_server_opts){
      .http = it->http.server, .no_client = true, .log = NET_QUIET});
  it->nsp = peal_server_of(it->server, "/");
  it->opts.data_dir = it->dir;
  it->opts.store = it->store;
  it->opts.workers = it->http.net.workers;
  it->opts.web = it->web;
  it->people = peal_kit_people_new(&it->opts);
  assert_non_null(it->people);
  it->nurses = (peal_kit_people_gate){it->people, 2 | 4};
  const peal_web_route routes[] = {{.path = "/who",
                                    .on_request = people_on_who,
                                    .before = peal_kit_people_hook,
                                    .before_user = it->people},
                                   {.path = "/ward",
                                    .on_request = people_on_who,
                                    .before = peal_kit_people_require,
                                    .before_user = &it->nurses}};
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(peal_web_route_add(it->web, &routes[i]), PEAL_OK);
  assert_int_equal(peal_kit_people_routes(it->people), PEAL_OK);
  assert_int_equal(peal_kit_people_nsp_only(it->people, it->nsp), PEAL_OK);
  assert_int_equal(peal_on(it->nsp, "secret", people_on_secret, it), PEAL_OK);
  assert_int_equal(
      peal_workers_on_start(it->http.net.workers, people_on_start, it),
      PEAL_OK);
}

static inline void people_begin(people_fixture *it) {
  *it = (people_fixture){
      .now_ms = INT64_C(1790000000000),
      .opts = {.issuer = "test",
               .log = NET_QUIET,
               .roles = people_roles,
               .cost = {.ln = 4, .r = 8, .p = 1},
               .clock = people_clock,
               .clock_user = it,
               .on_sign = people_on_sign,
               .sign_user = it},
  };
  snprintf(it->dir, sizeof it->dir, "/tmp/peal-people-XXXXXX");
  assert_non_null(mkdtemp(it->dir));
}

static inline void people_run(people_fixture *it) {
  http_run(&it->http);
}

static inline void people_stop(people_fixture *it) {
  peal_workers_stop(it->http.net.workers, 300);
  net_fixture_join(&it->http.net);
}

/* The store first: until it is closed its threads act for workers that have
 * ended. */
static inline void people_close(people_fixture *it) {
  peal_store_close(it->store);
  peal_timer_free(it->timer);
  peal_server_free(it->server);
  peal_web_free(it->web);
  peal_kit_people_free(it->people);
  peal_http_server_free(it->http.server);
}

static inline int people_remove(const char *path, const struct stat *about,
                                int type, struct FTW *ftw) {
  (void)about;
  (void)type;
  (void)ftw;
  return remove(path);
}

static inline void people_end(people_fixture *it) {
  people_stop(it);
  people_close(it);
  nftw(it->dir, people_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- requests ------------------------------------------------------------------ */

static inline void people_keep(people_client *c, const http_answer *answer) {
  const char *set = http_header(answer, "Set-Cookie");
  snprintf(c->text, sizeof c->text, "%s", answer->body);
  snprintf(c->set_cookie, sizeof c->set_cookie, "%s", set != NULL ? set : "");
  if (set != NULL)
    snprintf(c->cookie, sizeof c->cookie, "%.*s", (int)strcspn(set, ";"), set);
  const char *after = http_header(answer, "Retry-After");
  snprintf(c->retry_after, sizeof c->retry_after, "%s",
           after != NULL ? after : "");
  peal_doc *doc = NULL;
  if (peal_doc_from_json(&doc, peal_slice_of(answer->body), NULL) != PEAL_OK)
    return;
  peal_val token = peal_val_get(peal_doc_val(doc), "access_token");
  if (peal_val_is(token, PEAL_STRING)) {
    snprintf(c->token, sizeof c->token, "%.*s", PEAL_SFMT(peal_val_str(token)));
    snprintf(c->room, sizeof c->room, "%.*s",
             PEAL_SFMT(peal_val_str(peal_val_get(peal_doc_val(doc), "room"))));
  }
  peal_doc_free(doc);
}

/* With the cookie, if the path is below /api, as a browser does. */
static inline unsigned people_ask(people_client *c, const char *method,
                                  const char *path, const char *body) {
  char request[8192];
  bool has_cookie = c->cookie[0] != '\0' && strncmp(path, "/api", 4) == 0;
  snprintf(request, sizeof request,
           "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s%s%s%s"
           "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
           method, path, has_cookie ? "Cookie: " : "",
           has_cookie ? c->cookie : "", has_cookie ? "\r\n" : "",
           c->fields != NULL ? c->fields : "", strlen(body), body);
  c->fields = NULL;
  int fd = net_connect(c->it->http.port);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  unsigned status = answer.status;
  assert_true(answer.whole);
  people_keep(c, &answer);
  http_answer_free(&answer);
  close(fd);
  return status;
}

static inline unsigned people_sign(people_client *c, const char *path,
                                   const char *name, const char *password) {
  char body[2048];
  snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"%s\"}", name,
           password);
  return people_ask(c, "POST", path, body);
}

static inline unsigned people_refresh(people_client *c) {
  return people_ask(c, "POST", "/api/token/refresh", "");
}

/* With the access token. */
static inline unsigned people_with(people_client *c, const char *method,
                                   const char *path, const char *body) {
  char line[PEAL_KIT_TOKEN_MAX_BYTES + 64];
  snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", c->token);
  c->fields = line;
  return people_ask(c, method, path, body);
}

/* A socket with this token; false: refused. */
static inline bool people_join(people_client *c, sio_client *socket) {
  char auth[PEAL_KIT_TOKEN_MAX_BYTES + 64];
  snprintf(auth, sizeof auth, "{\"token\":\"%s\"}", c->token);
  return sio_client_open(socket, c->it->http.port, SIO_WEBSOCKET) &&
         sio_client_join(socket, "/", auth);
}
