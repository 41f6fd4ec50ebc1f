/* SPDX-License-Identifier: MIT */
/* What peers make a server hold: charged, bounded, given back. */
#include "http_fixture.h"

static void on_body(peal_http_req *req, peal_err err, peal_slice body,
                    void *user) {
  (void)user;
  if (!err)
    peal_http_answer(req, 200, NULL, body);
}

static void on_collect(peal_http_req *req, void *user) {
  (void)user;
  peal_http_req_collect(req, 2000000, on_body, NULL);
}

static atomic_int waiting;
static peal_http_req *held[16];

static void on_defer(peal_http_req *req, void *user) {
  (void)user;
  peal_http_defer(req);
  held[atomic_load(&waiting)] = req;
  atomic_fetch_add(&waiting, 1);
}

static void answer_held(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  static char body[20000];
  for (int i = atomic_exchange(&waiting, 0); i > 0; i--)
    peal_http_answer(held[i - 1], 200, NULL, (peal_slice){body, sizeof(body)});
}

static http_fixture it;

static void start(const peal_http_server_opts *opts) {
  it = http_make(opts);
  http_mount(&it, "/", http_on_path, NULL);
  http_mount(&it, "/collect", on_collect, NULL);
  http_mount(&it, "/defer", on_defer, NULL);
  http_run(&it);
}

#define HEAD_BYTES 10000u

/* A head that does not end. */
static void send_half_a_head(int fd) {
  static char text[HEAD_BYTES];
  memset(text, 'x', sizeof(text));
  memcpy(text, "GET /?", 6);
  memcpy(text + 4000, " HTTP/1.1\r\nX: ", 14);
  net_send(fd, text, sizeof(text));
}

/* What was sent before this has been looked at by the one worker, and what it
 * led to has left: the second answer is of a later turn. */
static void let_it_look(void) {
  http_expect(it.port, HTTP_GET("/x"), 200, "/x");
  http_expect(it.port, HTTP_GET("/x"), 200, "/x");
}

/* A server that may hold `max` bytes answers 503 to those beyond. Returns how
 * many connections with half a head it took. */
static int fill(int *fds, int count) {
  int taken = 0;
  for (int i = 0; i < count; i++) {
    fds[i] = net_connect(it.port);
    send_half_a_head(fds[i]);
    let_it_look();
    if (!net_readable(fds[i], 0)) {
      taken++;
      continue;
    }
    http_expect_on(fds[i], 503, NULL);
    assert_true(net_closed(fds[i], 3000));
  }
  return taken;
}

static void all_that_is_held_has_a_ceiling(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.max_held_bytes = 5 * HEAD_BYTES + 2000;
  opts.head_timeout_ms = 20000;
  start(&opts);
  int fds[8];
  for (int round = 0; round < 2; round++) {
    assert_int_equal(fill(fds, 8), 5);
    /* Small things still find room, long ones do not. */
    int fd = net_connect(it.port);
    net_send_str(fd, "POST /collect HTTP/1.1\r\nHost: a\r\n"
                     "Content-Length: 9000\r\n\r\n0123456789");
    static char more[8000];
    net_send(fd, more, sizeof(more));
    http_expect_on(fd, 503, NULL);
    close(fd);
    for (int i = 0; i < 8; i++)
      close(fds[i]);
    /* It is given back when the server has noticed. */
    for (int tries = 0; tries < 3000; tries++) {
      peal_http_stats stats;
      peal_http_server_stats(it.server, &stats);
      if (stats.connections_open == 0)
        break;
      uv_sleep(1);
    }
  }
  http_stop(&it);
}

static void answers_that_wait_are_held_too(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.max_held_bytes = 30000;
  start(&opts);
  int one = net_connect(it.port), two = net_connect(it.port);
  net_send_str(one, HTTP_GET("/defer"));
  assert_true(net_wait(&waiting, 1));
  net_send_str(two, HTTP_GET("/defer"));
  assert_true(net_wait(&waiting, 2));
  /* Both in one turn: there is room for one. */
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.net.workers, 0), answer_held, NULL),
      PEAL_OK);
  http_answer first = http_read(one, false), second = http_read(two, false);
  assert_int_equal(first.status + second.status, 200 + 503);
  http_answer_free(&first);
  http_answer_free(&second);
  close(one);
  close(two);
  http_expect(it.port, HTTP_GET("/x"), 200, "/x");
  http_stop(&it);
}

/* -- announcements ----------------------------------------------------------- */

static atomic_size_t largest;

static void note(size_t size) {
  size_t before = atomic_load(&largest);
  while (size > before &&
         !atomic_compare_exchange_weak(&largest, &before, size))
    continue;
}

static void *on_alloc(void *user, size_t size) {
  (void)user;
  note(size);
  return malloc(size);
}

static void *on_resize(void *user, void *ptr, size_t size) {
  (void)user;
  note(size);
  return realloc(ptr, size);
}

static void on_release(void *user, void *ptr) {
  (void)user;
  free(ptr);
}

static const peal_mem mem = {on_alloc, on_resize, on_release, NULL};

static void an_announced_length_reserves_nothing(void **state) {
  (void)state;
  static char part[50000];
  peal_http_server_opts opts = http_opts();
  opts.mem = &mem;
  start(&opts);
  int fd = net_connect(it.port);
  net_send_str(fd, "POST /collect HTTP/1.1\r\nHost: a\r\n"
                   "Content-Length: 2000000\r\n\r\n0123456789");
  http_expect(it.port, HTTP_GET("/x"), 200, "/x");
  atomic_store(&largest, 0);
  size_t sent = 10;
  for (int i = 0; i < 4; i++) {
    net_send(fd, part, sizeof(part));
    sent += sizeof(part);
    http_expect(it.port, HTTP_GET("/x"), 200, "/x");
    assert_true(atomic_load(&largest) <= 2 * sent + 1000);
  }
  for (; sent < 2000000; sent += sizeof(part))
    net_send(fd, part,
             2000000 - sent < sizeof(part) ? 2000000 - sent : sizeof(part));
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_int_equal(answer.len, 2000000);
  assert_true(atomic_load(&largest) <= 2000000 + 1000);
  http_answer_free(&answer);
  close(fd);
  http_stop(&it);
}

/* -- no server ---------------------------------------------------------------- */

static void a_server_that_is_not_there_is_no_crash(void **state) {
  (void)state;
  peal_http_stats stats = {.refused = 7};
  assert_int_equal(peal_http_server_new(NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_http_server_run(NULL), 1);
  assert_int_equal(peal_http_server_port(NULL), 0);
  assert_null(peal_http_server_workers(NULL));
  assert_int_equal(peal_http_server_mount(NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_http_server_on_done(NULL, NULL, NULL), PEAL_ERR_USAGE);
  peal_http_server_stats(NULL, &stats);
  assert_int_equal(stats.refused, 0);
  peal_http_server_stats(NULL, NULL);
  peal_http_server_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_that_is_held_has_a_ceiling),
      cmocka_unit_test(answers_that_wait_are_held_too),
      cmocka_unit_test(an_announced_length_reserves_nothing),
      cmocka_unit_test(a_server_that_is_not_there_is_no_crash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
