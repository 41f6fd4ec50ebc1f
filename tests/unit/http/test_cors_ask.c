/* SPDX-License-Identifier: MIT */
/* on_origin: who is asked, when it answers, and what becomes of the request. */
#include "http/cors_ask.h"
#include "http_fixture.h"

static peal_cors *cors;
static peal_cors_ask *asked;
static peal_worker *asked_on;
static atomic_int questions, served;

/* By the first letter of the host: y and n at once, Y and N twice, otherwise
 * later. */
static void on_origin(const peal_http_req *req, peal_slice origin,
                      peal_cors_ask *ask, void *user) {
  char how = origin.ptr[strlen("http://")];
  assert_ptr_equal(user, &questions);
  asked_on = peal_http_req_worker(req);
  asked = ask;
  if (how == 'y' || how == 'Y')
    peal_cors_ask_allow(ask);
  if (how == 'n' || how == 'N')
    peal_cors_ask_refuse(ask);
  if (how == 'Y')
    peal_cors_ask_refuse(ask);
  if (how == 'N')
    peal_cors_ask_allow(ask);
  atomic_fetch_add(&questions, 1);
}

static void serve(peal_http_req *req, void *user) {
  (void)user;
  atomic_fetch_add(&served, 1);
  if (peal_http_req_is_method(req, "OPTIONS") && peal_cors_preflight(cors, req))
    return;
  peal_cors_apply(cors, req);
  peal_http_answer(req, 200, NULL,
                   peal_cors_allows(cors, req) ? PEAL_S("may")
                                               : PEAL_S("may not"));
}

static void on_request(peal_http_req *req, void *user) {
  peal_cors_ask_begin(cors, req, serve, user);
}

static void allow(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_cors_ask_allow(asked);
  peal_cors_ask_allow(asked);
  peal_cors_ask_refuse(asked);
  peal_cors_ask_allow(NULL);
  peal_cors_ask_refuse(NULL);
}

static void start(http_fixture *it, size_t max_held) {
  peal_http_server_opts opts = http_opts();
  opts.max_held_bytes = max_held;
  *it = http_make(&opts);
  assert_int_equal(peal_cors_new(&cors,
                                 &(peal_cors_opts){.origins = "http://listed",
                                                   .on_origin = on_origin,
                                                   .user = &questions},
                                 NULL),
                   PEAL_OK);
  http_mount(it, "/", on_request, NULL);
  http_run(it);
  atomic_store(&questions, 0);
  atomic_store(&served, 0);
  asked = NULL;
}

static void stop(http_fixture *it) {
  peal_workers_stop(it->net.workers, 300);
  net_fixture_join(&it->net);
  peal_http_server_free(it->server); /* asserts that nothing is charged */
  peal_cors_free(cors);
}

static int ask(const http_fixture *it, const char *method, const char *origin) {
  char request[256];
  int fd = net_connect(it->port);
  snprintf(request, sizeof(request), "%s / HTTP/1.1\r\nHost: a\r\n%s%s\r\n\r\n",
           method, origin ? "Origin: " : "X: y", origin ? origin : "");
  net_send_str(fd, request);
  return fd;
}

static void expect(int fd, const char *body, const char *origin) {
  http_answer answer = http_read(fd, false);
  assert_string_equal(answer.body, body);
  const char *named = http_header(&answer, "access-control-allow-origin");
  assert_int_equal(named != NULL, origin != NULL);
  if (named)
    assert_string_equal(named, origin);
  if (origin)
    assert_string_equal(http_header(&answer, "vary"), "Origin");
  http_answer_free(&answer);
  close(fd);
}

static void it_is_asked_about_those_who_are_not_known(void **state) {
  (void)state;
  http_fixture it;
  start(&it, 0);
  expect(ask(&it, "GET", NULL), "may", NULL);
  expect(ask(&it, "GET", "http://a"), "may", NULL);
  expect(ask(&it, "GET", "http://listed"), "may", "http://listed");
  assert_int_equal(atomic_load(&questions), 0);
  expect(ask(&it, "GET", "http://yes"), "may", "http://yes");
  expect(ask(&it, "GET", "http://no"), "may not", NULL);
  assert_int_equal(atomic_load(&questions), 2);
  stop(&it);
}

static void the_first_answer_counts(void **state) {
  (void)state;
  http_fixture it;
  start(&it, 0);
  expect(ask(&it, "GET", "http://Yes"), "may", "http://Yes");
  expect(ask(&it, "GET", "http://No"), "may not", NULL);
  assert_int_equal(atomic_load(&served), 2);
  stop(&it);
}

static void it_may_answer_later(void **state) {
  (void)state;
  http_fixture it;
  start(&it, 0);
  int fd = ask(&it, "GET", "http://later");
  assert_true(net_wait(&questions, 1));
  assert_int_equal(atomic_load(&served), 0);
  assert_false(net_readable(fd, 20));
  assert_int_equal(peal_worker_post(asked_on, allow, NULL), PEAL_OK);
  expect(fd, "may", "http://later");
  /* Long over: nothing more happens. */
  assert_int_equal(peal_worker_post(asked_on, allow, NULL), PEAL_OK);
  expect(ask(&it, "GET", "http://no"), "may not", NULL);
  assert_int_equal(atomic_load(&served), 2);
  stop(&it);
}

static void preflights_wait_for_it_too(void **state) {
  (void)state;
  http_fixture it;
  start(&it, 0);
  int fd = ask(&it, "OPTIONS", "http://later");
  assert_true(net_wait(&questions, 1));
  assert_int_equal(peal_worker_post(asked_on, allow, NULL), PEAL_OK);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 204);
  assert_string_equal(http_header(&answer, "access-control-allow-origin"),
                      "http://later");
  assert_non_null(http_header(&answer, "access-control-allow-methods"));
  http_answer_free(&answer);
  close(fd);
  stop(&it);
}

static uint64_t connections(peal_http_server *server) {
  peal_http_stats stats;
  peal_http_server_stats(server, &stats);
  return stats.connections_open;
}

static void who_leaves_meanwhile_is_not_served(void **state) {
  (void)state;
  http_fixture it;
  start(&it, 0);
  close(ask(&it, "GET", "http://later"));
  assert_true(net_wait(&questions, 1));
  for (int i = 0; i < 30000 && connections(it.server); i++)
    uv_sleep(1);
  assert_int_equal(connections(it.server), 0);
  assert_int_equal(peal_worker_post(asked_on, allow, NULL), PEAL_OK);
  expect(ask(&it, "GET", "http://yes"), "may", "http://yes");
  assert_int_equal(atomic_load(&served), 1);
  stop(&it);
}

static void what_is_never_answered_goes_with_the_server(void **state) {
  (void)state;
  http_fixture it;
  start(&it, 0);
  int fd = ask(&it, "GET", "http://later");
  assert_true(net_wait(&questions, 1));
  stop(&it);
  close(fd);
}

/* The request fits, its question does not, or the request neither. */
static void without_memory_it_is_unavailable(void **state) {
  (void)state;
  for (size_t held = 1; held < 2000; held += 100) {
    http_fixture it;
    start(&it, held);
    int fd = ask(&it, "GET", "http://yes");
    http_answer answer = http_read(fd, false);
    assert_true(answer.status == 503 || answer.status == 200);
    assert_true(answer.status != 200 || atomic_load(&served) == 1);
    http_answer_free(&answer);
    close(fd);
    stop(&it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_asked_about_those_who_are_not_known),
      cmocka_unit_test(the_first_answer_counts),
      cmocka_unit_test(it_may_answer_later),
      cmocka_unit_test(preflights_wait_for_it_too),
      cmocka_unit_test(who_leaves_meanwhile_is_not_served),
      cmocka_unit_test(what_is_never_answered_goes_with_the_server),
      cmocka_unit_test(without_memory_it_is_unavailable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
