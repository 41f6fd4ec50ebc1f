/* SPDX-License-Identifier: MIT */
#include "http_fixture.h"

static http_fixture it;
static atomic_int failures;

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                  \
      atomic_fetch_add(&failures, 1);                                          \
    }                                                                          \
  } while (0)

static int set_up(void **state) {
  (void)state;
  atomic_store(&failures, 0);
  const peal_http_server_opts opts = http_opts();
  it = http_make(&opts);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  http_stop(&it);
  return 0;
}

static void on_parts(peal_http_req *req, void *user) {
  peal_slice value;
  CHECK(peal_http_req_is_method(req, "GET"));
  CHECK(peal_slice_is(peal_http_req_method(req), "GET"));
  CHECK(peal_slice_is(peal_http_req_target(req), "/a%20b?x=1&y"));
  CHECK(peal_slice_is(peal_http_req_path(req), "/a%20b"));
  CHECK(peal_slice_is(peal_http_req_query(req), "x=1&y"));
  CHECK(peal_slice_is(peal_http_req_header(req, "x-Thing"), "one"));
  CHECK(peal_http_req_header(req, "absent").ptr == NULL);
  CHECK(peal_http_req_header(req, "x-empty").ptr != NULL);
  CHECK(peal_http_req_header(req, "x-empty").len == 0);
  CHECK(peal_http_req_header_count(req) == 4);
  CHECK(peal_slice_is(peal_http_req_header_at(req, 2, &value), "x-thing"));
  CHECK(peal_slice_is(value, "two"));
  CHECK(peal_http_req_header_at(req, 4, &value).ptr == NULL);
  CHECK(peal_slice_is(peal_http_req_peer(req), "127.0.0.1"));
  CHECK(peal_http_req_peer_port(req) != 0);
  CHECK(!peal_http_req_has_body(req));
  CHECK(peal_http_req_length(req) == 0);
  CHECK(!peal_http_req_is_aborted(req));
  CHECK(peal_http_req_worker(req) == peal_worker_self());
  CHECK(peal_http_req_user(req) == NULL);
  peal_http_req_set_user(req, user);
  CHECK(peal_http_req_user(req) == user);
  peal_http_answer(req, 200, NULL, PEAL_S(""));
}

static void a_request_shows_its_parts(void **state) {
  (void)state;
  http_mount(&it, "/", on_parts, &it);
  http_run(&it);
  http_expect(it.port,
              "GET /a%20b?x=1&y HTTP/1.1\r\nHost: a\r\nX-Thing: one\r\n"
              "x-thing: two\r\nX-Empty:\r\n\r\n",
              200, "");
  assert_int_equal(atomic_load(&failures), 0);
}

static void on_params(peal_http_req *req, void *user) {
  peal_slice value = {NULL, 0};
  (void)user;
  CHECK(peal_http_req_param(req, "a", &value) && peal_slice_is(value, "1"));
  CHECK(peal_http_req_param(req, "b", &value) && peal_slice_is(value, "x y"));
  CHECK(peal_http_req_param(req, "c", &value) &&
        peal_slice_is(value, "\xc3\xa9&"));
  CHECK(peal_http_req_param(req, "d e", &value) && peal_slice_is(value, ""));
  CHECK(peal_http_req_param(req, "f", &value) && peal_slice_is(value, "%zz%4"));
  CHECK(peal_http_req_param(req, "g", &value) && value.len == 0);
  CHECK(peal_http_req_param(req, "h", &value) && peal_slice_is(value, "1=2"));
  CHECK(!peal_http_req_param(req, "z", &value));
  CHECK(!peal_http_req_param(req, "1", &value));
  peal_http_answer(req, 200, NULL, PEAL_S(""));
}

static void parameters_of_the_query_are_decoded(void **state) {
  (void)state;
  http_mount(&it, "/", on_params, NULL);
  http_run(&it);
  http_expect(it.port,
              "GET /?a=1&a=2&b=x+y&c=%C3%a9%26&d%20e=&f=%zz%4&&g&h=1=2 "
              "HTTP/1.1\r\nHost: a\r\n\r\n",
              200, "");
  assert_int_equal(atomic_load(&failures), 0);
}

static void on_cookies(peal_http_req *req, void *user) {
  (void)user;
  CHECK(peal_slice_is(peal_http_req_cookie(req, "io"), "abc"));
  CHECK(peal_slice_is(peal_http_req_cookie(req, "x"), "1=2"));
  CHECK(peal_slice_is(peal_http_req_cookie(req, "q"), "quoted"));
  CHECK(peal_slice_is(peal_http_req_cookie(req, "last"), "z"));
  CHECK(peal_http_req_cookie(req, "e").ptr != NULL);
  CHECK(peal_http_req_cookie(req, "e").len == 0);
  CHECK(peal_http_req_cookie(req, "o").ptr == NULL);
  CHECK(peal_http_req_cookie(req, "").ptr == NULL);
  peal_http_answer(req, 200, NULL, PEAL_S(""));
}

static void cookies_are_found_by_their_whole_name(void **state) {
  (void)state;
  http_mount(&it, "/", on_cookies, NULL);
  http_run(&it);
  http_expect(it.port,
              "GET / HTTP/1.1\r\nHost: a\r\nCookie: xio=no; io=abc;x=1=2;  "
              "q=\"quoted\"; e=; junk\r\nCookie: last=z\r\n\r\n",
              200, "");
  assert_int_equal(atomic_load(&failures), 0);
}

static void on_alloc(peal_http_req *req, void *user) {
  (void)user;
  for (size_t size = 1; size < 100000; size *= 3) {
    char *p = peal_http_req_alloc(req, size);
    CHECK(p != NULL);
    if (p)
      memset(p, 1, size);
  }
  CHECK(peal_http_req_alloc(req, 0) != NULL);
  peal_build *build = peal_http_req_build(req);
  peal_items *items = peal_items_new(build);
  for (int i = 0; i < 100; i++)
    peal_items_add(items, peal_int(i));
  CHECK(peal_items_val(items).len == 100 && !peal_build_err(build));
  CHECK(peal_http_req_alloc(req, SIZE_MAX / 2) == NULL);
  peal_http_answer(req, 200, NULL, PEAL_S(""));
}

static void memory_of_a_request_has_a_ceiling(void **state) {
  (void)state;
  http_mount(&it, "/", on_alloc, NULL);
  http_run(&it);
  http_expect(it.port, HTTP_GET("/"), 200, "");
  assert_int_equal(atomic_load(&failures), 0);
}

/* -- deferring, aborting ------------------------------------------------------- */

static atomic_int deferred, aborted;
static peal_http_req *held;

static void on_abort(peal_http_req *req, void *user) {
  (void)user;
  CHECK(peal_http_req_is_aborted(req));
  atomic_fetch_add(&aborted, 1);
}

static void on_defer(peal_http_req *req, void *user) {
  (void)user;
  peal_http_defer(req);
  peal_http_req_on_abort(req, on_abort, NULL);
  held = req;
  atomic_fetch_add(&deferred, 1);
}

static void answer_held(peal_worker *worker, void *user) {
  (void)worker;
  peal_http_req *req = held;
  peal_http_answer(req, 200, NULL, peal_slice_of(user));
  /* Still readable in this callback. */
  CHECK(peal_slice_is(peal_http_req_path(req), "/defer"));
  CHECK(peal_http_req_peer(req).len == 9);
}

static void post(peal_post_fn fn, void *user) {
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.net.workers, 0), fn, user), PEAL_OK);
}

static void a_deferred_request_is_answered_later(void **state) {
  (void)state;
  static char late[] = "late";
  http_mount(&it, "/", on_defer, NULL);
  http_run(&it);
  atomic_store(&deferred, 0);
  int fd = net_connect(it.port);
  for (int i = 1; i <= 3; i++) {
    net_send_str(fd, HTTP_GET("/defer"));
    assert_true(net_wait(&deferred, i));
    assert_false(net_readable(fd, 10));
    post(answer_held, late);
    http_expect_on(fd, 200, "late");
  }
  close(fd);
  assert_int_equal(atomic_load(&failures), 0);
}

static void whoever_goes_away_is_noticed_and_the_answer_dropped(void **state) {
  (void)state;
  static char late[] = "dropped";
  http_mount(&it, "/", on_defer, NULL);
  http_run(&it);
  atomic_store(&deferred, 0);
  atomic_store(&aborted, 0);
  for (int i = 1; i <= 2; i++) {
    int fd = net_connect(it.port);
    net_send_str(fd, HTTP_GET("/defer"));
    assert_true(net_wait(&deferred, i));
    if (i == 2) {
      const struct linger now = {.l_onoff = 1, .l_linger = 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    close(fd);
    assert_true(net_wait(&aborted, i));
    post(answer_held, late);
  }
  uv_sleep(30);
  assert_int_equal(atomic_load(&failures), 0);
}

static void on_nothing(peal_http_req *req, void *user) {
  (void)req;
  (void)user;
}

static void on_twice(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer(req, 200, NULL, PEAL_S("first"));
  peal_http_answer(req, 404, NULL, PEAL_S("second"));
  CHECK(peal_http_answer_header(req, "X-Late", PEAL_S("1")) == PEAL_ERR_USAGE);
}

static void a_handler_that_does_nothing_gets_a_500(void **state) {
  (void)state;
  http_mount(&it, "/", on_nothing, NULL);
  http_mount(&it, "/twice", on_twice, NULL);
  http_run(&it);
  http_expect(it.port, HTTP_GET("/"), 500, "Internal Server Error");
  int fd = net_connect(it.port);
  for (int i = 0; i < 2; i++) {
    net_send_str(fd, HTTP_GET("/twice"));
    http_expect_on(fd, 200, "first");
  }
  close(fd);
  assert_int_equal(atomic_load(&failures), 0);
}

#define REQ_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      REQ_TEST(a_request_shows_its_parts),
      REQ_TEST(parameters_of_the_query_are_decoded),
      REQ_TEST(cookies_are_found_by_their_whole_name),
      REQ_TEST(memory_of_a_request_has_a_ceiling),
      REQ_TEST(a_deferred_request_is_answered_later),
      REQ_TEST(whoever_goes_away_is_noticed_and_the_answer_dropped),
      REQ_TEST(a_handler_that_does_nothing_gets_a_500),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
