/* SPDX-License-Identifier: MIT */
#include "faults_child.h"

#define CLIENTS 1000

static void on_body(peal_http_req *req, peal_err err, peal_slice body,
                    void *user) {
  (void)user;
  if (!err)
    peal_http_answer(req, 200, NULL, body);
}

static void on_post(peal_http_req *req, void *user) {
  peal_http_req_collect(req, 1u << 20, on_body, user);
}

static void mount(http_fixture *it) {
  http_mount(it, "/", http_on_path, NULL);
  http_mount(it, "/post", on_post, NULL);
}

/* Each client sends a byte per round; returns when all have been dropped, or
 * after `rounds`. Returns how many are left. */
static int trickle(unsigned port, const char *start, int rounds) {
  static int fds[CLIENTS];
  int left = CLIENTS;
  for (int i = 0; i < CLIENTS; i++) {
    fds[i] = net_connect(port);
    if (start[0])
      net_send_str(fds[i], start);
  }
  for (int round = 0; round < rounds && left > 0; round++) {
    for (int i = 0; i < CLIENTS; i++) {
      char back[512];
      if (fds[i] < 0)
        continue;
      bool gone = send(fds[i], "G", 1, MSG_NOSIGNAL) < 0;
      while (!gone) {
        ssize_t got = recv(fds[i], back, sizeof(back), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
          break;
        gone = got <= 0;
      }
      if (gone) {
        close(fds[i]);
        fds[i] = -1;
        left--;
      }
    }
    /* Who is quick is served quickly all the while. */
    faults_expect_quick(port, 2500);
    uv_sleep(50);
  }
  for (int i = 0; i < CLIENTS; i++)
    if (fds[i] >= 0)
      close(fds[i]);
  return left;
}

static void a_thousand_slow_heads_are_dropped(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.head_timeout_ms = 1500;
  faults_child child = faults_start(&opts, mount, 0);
  faults_expect_quick(child.port, 2500);
  long before = faults_memory(&child);
  int left = trickle(child.port, "GET /slow HTTP/1.1\r\nHost: a\r\nX: ", 100);
  long after = faults_memory(&child);
  assert_int_equal(left, 0);
  /* A partial head costs its bytes and not a buffer of the limit's size. */
  if (!faults_sanitized())
    assert_in_range(after - before, 0, 4096);
  faults_stop(&child, NULL);
}

static void a_thousand_slow_bodies_are_dropped(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  opts.body_timeout_ms = 1500;
  faults_child child = faults_start(&opts, mount, 0);
  faults_expect_quick(child.port, 2500);
  int left = trickle(
      child.port,
      "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 100);
  assert_int_equal(left, 0);
  faults_stop(&child, NULL);
}

static void a_thousand_silent_connections_are_dropped(void **state) {
  (void)state;
  static int fds[CLIENTS];
  peal_http_server_opts opts = http_opts();
  opts.head_timeout_ms = 1000;
  faults_child child = faults_start(&opts, mount, 0);
  for (int i = 0; i < CLIENTS; i++)
    fds[i] = net_connect(child.port);
  faults_expect_quick(child.port, 2500);
  for (int i = 0; i < CLIENTS; i++) {
    assert_true(net_closed(fds[i], 20000));
    close(fds[i]);
  }
  faults_stop(&child, NULL);
}

static int set_up(void **state) {
  (void)state;
  faults_many_files();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thousand_slow_heads_are_dropped),
      cmocka_unit_test(a_thousand_slow_bodies_are_dropped),
      cmocka_unit_test(a_thousand_silent_connections_are_dropped),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
