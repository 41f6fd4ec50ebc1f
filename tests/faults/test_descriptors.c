/* SPDX-License-Identifier: MIT */
#include "faults_child.h"

static void mount(http_fixture *it) {
  http_mount(it, "/", http_on_path, NULL);
}

/* A connection that has been served and stays, or -1 if it was refused. */
static int hold(unsigned port) {
  char back[512];
  int fd = net_connect(port);
  if (send(fd, HTTP_GET("/x"), sizeof(HTTP_GET("/x")) - 1, MSG_NOSIGNAL) > 0 &&
      net_readable(fd, 3000) && recv(fd, back, sizeof(back), 0) > 0)
    return fd;
  close(fd);
  return -1;
}

static void without_descriptors_peers_are_refused_and_others_served(
    void **state) {
  (void)state;

  enum { COUNT = 80 };

  peal_http_server_opts opts = http_opts();
  opts.idle_timeout_ms = 60000;
  faults_child child = faults_start(&opts, mount, 50);
  int fds[COUNT], held = 0, refused = 0;
  for (int i = 0; i < COUNT; i++) {
    fds[i] = hold(child.port);
    held += fds[i] >= 0;
    refused += fds[i] < 0;
  }
  assert_in_range(held, 10, COUNT - 10);
  assert_int_equal(held + refused, COUNT);
  /* The others do not notice. */
  for (int i = 0; i < COUNT; i++)
    if (fds[i] >= 0) {
      net_send_str(fds[i], HTTP_GET("/again"));
      http_expect_on(fds[i], 200, "/again");
    }
  /* Those that leave make room. */
  for (int i = 0; i < COUNT; i++)
    if (fds[i] >= 0)
      close(fds[i]);
  uv_sleep(300);
  for (int i = 0; i < 5; i++)
    http_expect(child.port, HTTP_GET("/back"), 200, "/back");
  int errors = 0;
  unsigned long cpu_ms = faults_stop(&child, &errors);
  /* One line for the whole episode, and no spinning. */
  assert_int_equal(errors, 1);
  assert_in_range(cpu_ms, 0, 1500);
}

static void with_several_workers_too(void **state) {
  (void)state;

  enum { COUNT = 120 };

  peal_http_server_opts opts = http_opts();
  opts.workers = 4;
  opts.idle_timeout_ms = 60000;
  faults_child child = faults_start(&opts, mount, 90);
  int fds[COUNT], held = 0;
  for (int i = 0; i < COUNT; i++) {
    fds[i] = hold(child.port);
    held += fds[i] >= 0;
  }
  assert_in_range(held, 10, COUNT - 10);
  for (int i = 0; i < COUNT; i++)
    if (fds[i] >= 0)
      close(fds[i]);
  uv_sleep(500);
  for (int i = 0; i < 10; i++)
    http_expect(child.port, HTTP_GET("/back"), 200, "/back");
  faults_stop(&child, NULL);
}

static void a_port_in_use_is_an_error_with_a_line(void **state) {
  (void)state;
  peal_http_server_opts opts = http_opts();
  faults_child child = faults_start(&opts, mount, 0);
  int log[2];
  char level = 0;
  peal_http_server *second = NULL;
  assert_int_equal(pipe(log), 0);
  faults_log_fd = log[1];
  opts.port = (int)child.port;
  opts.log = (peal_log_opts){.fn = faults_on_log};
  assert_int_equal(peal_http_server_new(&second, &opts), PEAL_ERR_PORT_IN_USE);
  assert_null(second);
  assert_int_equal(read(log[0], &level, 1), 1);
  assert_int_equal(level, 'E');
  close(log[0]);
  close(log[1]);
  http_expect(child.port, HTTP_GET("/x"), 200, "/x");
  faults_stop(&child, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_descriptors_peers_are_refused_and_others_served),
      cmocka_unit_test(with_several_workers_too),
      cmocka_unit_test(a_port_in_use_is_an_error_with_a_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
