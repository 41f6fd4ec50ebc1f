/* SPDX-License-Identifier: MIT */
#include "http_fixture.h"

static void on_tag(peal_http_req *req, void *user) {
  peal_http_answer(req, 200, NULL, peal_slice_of(user));
}

static void the_longest_mount_wins(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  static char root[] = "root", api[] = "api", deep[] = "deep";
  http_mount(&it, "/", on_tag, root);
  http_mount(&it, "/api/deep", on_tag, deep);
  http_mount(&it, "/api", on_tag, api);
  assert_int_equal(
      peal_http_server_mount(
          it.server, &(peal_http_mount){.path = "/api", .on_request = on_tag}),
      PEAL_ERR_EXISTS);
  assert_int_equal(
      peal_http_server_mount(
          it.server, &(peal_http_mount){.path = "x", .on_request = on_tag}),
      PEAL_ERR_USAGE);
  assert_int_equal(
      peal_http_server_mount(it.server, &(peal_http_mount){.path = "/x"}),
      PEAL_ERR_USAGE);
  http_run(&it);
  http_expect(it.port, HTTP_GET("/x"), 200, "root");
  http_expect(it.port, HTTP_GET("/api"), 200, "api");
  http_expect(it.port, HTTP_GET("/api?x=/api/deep"), 200, "api");
  http_expect(it.port, HTTP_GET("/api/x"), 200, "api");
  http_expect(it.port, HTTP_GET("/api/deep/x"), 200, "deep");
  http_expect(it.port, "GET http://a/api/deep HTTP/1.1\r\nHost: a\r\n\r\n", 200,
              "deep");
  http_expect(it.port, "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", 200, "root");
  http_stop(&it);
}

static void without_a_mount_it_is_404(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/only", http_on_path, NULL);
  http_run(&it);
  http_expect(it.port, HTTP_GET("/other"), 404, "");
  http_expect(it.port, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "");
  http_expect(it.port, HTTP_GET("/only"), 200, "/only");
  http_stop(&it);
}

static void a_port_in_use_is_said(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  peal_http_server *second = NULL;
  opts.port = (int)it.port;
  assert_int_equal(peal_http_server_new(&second, &opts), PEAL_ERR_PORT_IN_USE);
  assert_null(second);
  opts.port = 70000;
  assert_int_equal(peal_http_server_new(&second, &opts), PEAL_ERR_USAGE);
  opts.port = PEAL_PORT_ANY;
  opts.host = "999.1.1.1";
  assert_int_equal(peal_http_server_new(&second, &opts), PEAL_ERR_SYSTEM);
  peal_http_server_free(it.server);
  peal_http_server_free(NULL);
}

static void two_servers_share_workers(void **state) {
  (void)state;
  net_fixture net = {.workers = peal_workers_new(
                         &(peal_workers_opts){.count = 2, .log = NET_QUIET})};
  peal_http_server_opts opts = http_opts();
  opts.on = net.workers;
  http_fixture a = http_make(&opts), b = http_make(&opts);
  static char first[] = "first", second[] = "second";
  http_mount(&a, "/", on_tag, first);
  http_mount(&b, "/", on_tag, second);
  net_fixture_run(&net);
  http_expect(a.port, HTTP_GET("/"), 200, "first");
  http_expect(b.port, HTTP_GET("/"), 200, "second");
  peal_workers_stop(net.workers, 300);
  net_fixture_join(&net);
  peal_http_server_free(a.server);
  peal_http_server_free(b.server);
  peal_workers_free(net.workers);
}

/* -- limits of connections --------------------------------------------------- */

static void too_many_connections_are_refused_with_503(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.max_connections = 3;
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  int fds[3];
  for (int i = 0; i < 3; i++) {
    fds[i] = net_connect(it.port);
    net_send_str(fds[i], HTTP_GET("/x"));
    http_expect_on(fds[i], 200, "/x");
  }
  int more = net_connect(it.port);
  net_send_str(more, HTTP_GET("/x"));
  http_expect_on(more, 503, NULL);
  assert_true(net_closed(more, 20000));
  close(more);
  peal_http_stats stats;
  peal_http_server_stats(it.server, &stats);
  assert_int_equal(stats.refused, 1);
  close(fds[0]);
  uv_sleep(1200);
  http_expect(it.port, HTTP_GET("/again"), 200, "/again");
  close(fds[1]);
  close(fds[2]);
  http_stop(&it);
}

static void a_flood_beyond_the_limit_is_closed_without_a_word(void **state) {
  (void)state;

  enum { COUNT = 150 };

  peal_http_server_opts opts = http_opts();
  opts.max_connections = 1;
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  int fds[COUNT], told = 0;
  char back[512];
  /* Twice: the places of the refused are given back. */
  for (int round = 0; round < 2; round++) {
    fds[0] = net_connect(it.port);
    net_send_str(fds[0], HTTP_GET("/x"));
    http_expect_on(fds[0], 200, "/x");
    for (int i = 1; i < COUNT; i++)
      fds[i] = net_connect(it.port);
    told = 0;
    for (int i = 1; i < COUNT; i++) {
      assert_true(net_readable(fds[i], 20000));
      told += recv(fds[i], back, sizeof(back), 0) > 0;
    }
    assert_in_range(told, 60, 70);
    for (int i = 0; i < COUNT; i++)
      close(fds[i]);
    uv_sleep(100);
  }
  http_stop(&it);
}

static void one_address_has_a_limit_of_its_own(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.max_connections_per_address = 2;
  opts.workers = 2;
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_run(&it);
  int fds[2];
  for (int i = 0; i < 2; i++) {
    fds[i] = net_connect(it.port);
    net_send_str(fds[i], HTTP_GET("/x"));
    http_expect_on(fds[i], 200, "/x");
  }
  http_expect(it.port, HTTP_GET("/x"), 503, NULL);
  close(fds[0]);
  uv_sleep(50);
  http_expect(it.port, HTTP_GET("/x"), 200, "/x");
  close(fds[1]);
  http_stop(&it);
}

/* -- four workers -------------------------------------------------------------- */

/* "/2/…" belongs to worker 2. */
static int worker_of(const peal_http_req *req, void *user) {
  (void)user;
  peal_slice path = peal_http_req_path(req);
  return path.len > 1 && path.ptr[1] >= '0' && path.ptr[1] <= '9'
             ? path.ptr[1] - '0'
             : -1;
}

static void on_collected(peal_http_req *req, peal_err err, peal_slice body,
                         void *user) {
  char text[256];
  (void)user;
  if (err)
    return;
  int len =
      snprintf(text, sizeof(text), "%u:%.*s",
               peal_worker_index(peal_http_req_worker(req)), PEAL_SFMT(body));
  assert_ptr_equal(peal_http_req_worker(req), peal_worker_self());
  peal_http_answer(req, 200, NULL, (peal_slice){text, (size_t)len});
}

static void on_owned(peal_http_req *req, void *user) {
  peal_http_req_collect(req, 100000, on_collected, user);
}

static http_fixture make_four(void) {
  peal_http_server_opts opts = http_opts();
  opts.workers = 4;
  opts.max_connections_per_address = 1000;
  http_fixture it = http_make(&opts);
  assert_int_equal(peal_http_server_mount(
                       it.server, &(peal_http_mount){.path = "/",
                                                     .on_request = on_owned,
                                                     .worker_of = worker_of}),
                   PEAL_OK);
  return it;
}

static void a_request_moves_to_the_worker_that_owns_it(void **state) {
  (void)state;
  http_fixture it = make_four();
  http_run(&it);
  int fd = net_connect(it.port);
  for (int round = 0; round < 40; round++) {
    char text[200], expected[8];
    int owner = round * 7 % 4;
    snprintf(text, sizeof(text),
             "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
             owner);
    snprintf(expected, sizeof(expected), "%d:abc", owner);
    net_send_str(fd, text);
    http_expect_on(fd, 200, expected);
  }
  close(fd);
  /* One that does not exist is nobody's: it stays where it is. */
  http_expect(it.port, HTTP_GET("/9"), 200, NULL);
  http_stop(&it);
}

static void what_is_pipelined_moves_along(void **state) {
  (void)state;
  http_fixture it = make_four();
  http_run(&it);
  int fd = net_connect(it.port);
  char all[4096] = "";
  for (int i = 0; i < 16; i++) {
    char one[128];
    snprintf(one, sizeof(one),
             "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d",
             i % 4, i);
    strcat(all, one);
  }
  /* The last one comes in two parts. */
  net_send(fd, all, strlen(all) - 10);
  uv_sleep(20);
  net_send_str(fd, all + strlen(all) - 10);
  for (int i = 0; i < 16; i++) {
    char expected[16];
    snprintf(expected, sizeof(expected), "%d:%02d", i % 4, i);
    http_expect_on(fd, 200, expected);
  }
  close(fd);
  http_stop(&it);
}

typedef struct client {
  unsigned port;
  int number;
  int failures;
} client;

static void run_client(void *user) {
  client *me = user;
  int fd = net_connect(me->port);
  for (int i = 0; i < 100; i++) {
    char text[200];
    char back[512] = "";
    int owner = (i * 13 + me->number) % 4;
    snprintf(text, sizeof(text),
             "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04d",
             owner, i);
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
      me->failures++;
    size_t len = 0;
    while (len < sizeof(back) - 1 && !strstr(back, "\r\n\r\n"))
      len += net_read(fd, back + len, 1);
    net_read(fd, back + len, 6);
    snprintf(text, sizeof(text), "\r\n\r\n%d:%04d", owner, i);
    if (!strstr(back, text))
      me->failures++;
  }
  close(fd);
}

static void a_storm_of_handovers_loses_no_byte(void **state) {
  (void)state;
  http_fixture it = make_four();
  http_run(&it);
  uv_thread_t threads[8];
  client clients[8];
  for (int i = 0; i < 8; i++) {
    clients[i] = (client){.port = it.port, .number = i};
    uv_thread_create(&threads[i], run_client, &clients[i]);
  }
  for (int i = 0; i < 8; i++) {
    uv_thread_join(&threads[i]);
    assert_int_equal(clients[i].failures, 0);
  }
  http_stop(&it);
}

/* -- figures and ends ---------------------------------------------------------- */

static atomic_int dones, done_status, done_bytes, done_err;

static void on_done(peal_http_req *req, const peal_http_done *done,
                    void *user) {
  (void)req;
  (void)user;
  atomic_store(&done_status, (int)done->status);
  atomic_store(&done_bytes, (int)done->bytes);
  atomic_store(&done_err, done->err);
  atomic_fetch_add(&dones, 1);
}

static atomic_int second_dones;

static void on_done_too(peal_http_req *req, const peal_http_done *done,
                        void *user) {
  (void)req;
  (void)done;
  /* In order of registration: the first has been told. */
  if (user == &second_dones && atomic_load(&dones) > atomic_load(&second_dones))
    atomic_fetch_add(&second_dones, 1);
}

static void every_exchange_is_told_when_it_is_over(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  assert_int_equal(peal_http_server_on_done(it.server, on_done, NULL), PEAL_OK);
  assert_int_equal(
      peal_http_server_on_done(it.server, on_done_too, &second_dones), PEAL_OK);
  assert_int_equal(peal_http_server_on_done(it.server, NULL, NULL),
                   PEAL_ERR_USAGE);
  http_run(&it);
  http_expect(it.port, HTTP_GET("/abc"), 200, "/abc");
  assert_true(net_wait(&dones, 1));
  assert_true(net_wait(&second_dones, 1));
  assert_int_equal(atomic_load(&done_status), 200);
  assert_int_equal(atomic_load(&done_bytes), 4);
  assert_int_equal(atomic_load(&done_err), PEAL_OK);
  peal_http_stats stats;
  peal_http_server_stats(it.server, &stats);
  assert_int_equal(stats.requests_total, 1);
  assert_int_equal(stats.connections_total, 1);
  http_stop(&it);
}

static atomic_int deferred;
static peal_http_req *held;

static void on_defer(peal_http_req *req, void *user) {
  (void)user;
  peal_http_defer(req);
  held = req;
  atomic_fetch_add(&deferred, 1);
}

static void answer_held(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  peal_http_answer(held, 200, NULL, PEAL_S("late"));
}

static void a_stop_lets_open_answers_finish_and_closes_the_idle(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_mount(&it, "/defer", on_defer, NULL);
  http_run(&it);
  atomic_store(&deferred, 0);
  int idle = net_connect(it.port), busy = net_connect(it.port);
  net_send_str(idle, HTTP_GET("/x"));
  http_expect_on(idle, 200, "/x");
  net_send_str(busy, HTTP_GET("/defer"));
  assert_true(net_wait(&deferred, 1));
  peal_workers_stop(it.net.workers, 3000);
  assert_true(net_closed(idle, 20000));
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.net.workers, 0), answer_held, NULL),
      PEAL_OK);
  http_answer answer = http_read(busy, false);
  assert_string_equal(answer.body, "late");
  assert_string_equal(http_header(&answer, "connection"), "close");
  http_answer_free(&answer);
  close(busy);
  close(idle);
  net_fixture_join(&it.net);
  peal_http_server_free(it.server);
}

static void a_request_nobody_answers_does_not_outlive_the_server(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  http_fixture it = http_make(&opts);
  http_mount(&it, "/defer", on_defer, NULL);
  http_run(&it);
  atomic_store(&deferred, 0);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/defer"));
  assert_true(net_wait(&deferred, 1));
  http_stop(&it);
  assert_true(net_closed(fd, 20000));
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_longest_mount_wins),
      cmocka_unit_test(without_a_mount_it_is_404),
      cmocka_unit_test(a_port_in_use_is_said),
      cmocka_unit_test(two_servers_share_workers),
      cmocka_unit_test(too_many_connections_are_refused_with_503),
      cmocka_unit_test(a_flood_beyond_the_limit_is_closed_without_a_word),
      cmocka_unit_test(one_address_has_a_limit_of_its_own),
      cmocka_unit_test(a_request_moves_to_the_worker_that_owns_it),
      cmocka_unit_test(what_is_pipelined_moves_along),
      cmocka_unit_test(a_storm_of_handovers_loses_no_byte),
      cmocka_unit_test(every_exchange_is_told_when_it_is_over),
      cmocka_unit_test(a_stop_lets_open_answers_finish_and_closes_the_idle),
      cmocka_unit_test(a_request_nobody_answers_does_not_outlive_the_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
