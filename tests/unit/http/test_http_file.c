/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "http_fixture.h"

#define SIZE 1500000

static http_fixture it;
static char path[] = "/tmp/peal-http-file-XXXXXX";
static char content[SIZE];

static int make_file(void **state) {
  (void)state;
  int fd = mkstemp(path);
  for (size_t i = 0; i < SIZE; i++)
    content[i] = (char)(i * 7919 >> 4);
  assert_int_equal(write(fd, content, SIZE), SIZE);
  return close(fd);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

static int set_up(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  it = http_make(&opts);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  http_stop(&it);
  return 0;
}

static uint64_t number(peal_http_req *req, const char *name) {
  peal_slice value = {NULL, 0};
  uint64_t n = 0;
  if (peal_http_req_param(req, name, &value))
    for (size_t i = 0; i < value.len; i++)
      n = n * 10 + (uint64_t)(value.ptr[i] - '0');
  return n;
}

static void on_file(peal_http_req *req, void *user) {
  (void)user;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  /* Not in the page cache, at least now and then: the pool reads it. */
  (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  peal_http_answer_file(req, 200, "application/octet-stream", fd,
                        number(req, "from"), number(req, "len"));
}

/* As one whose file was opened on the pool. */
static void on_file_later(peal_http_req *req, void *user) {
  peal_http_defer(req);
  on_file(req, user);
}

static void expect_piece(int fd, size_t from, size_t len) {
  char request[100];
  snprintf(request, sizeof(request),
           "GET /?from=%zu&len=%zu HTTP/1.1\r\nHost: a\r\n\r\n", from, len);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_true(answer.whole);
  assert_int_equal(answer.len, len);
  assert_memory_equal(answer.body, content + from, len);
  http_answer_free(&answer);
}

static void pieces_of_a_file_arrive_as_they_are(void **state) {
  (void)state;
  http_mount(&it, "/", on_file, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  expect_piece(fd, 0, SIZE);
  expect_piece(fd, 0, 0);
  expect_piece(fd, 0, 1);
  expect_piece(fd, SIZE - 1, 1);
  expect_piece(fd, 65535, 65538);
  expect_piece(fd, 123, 65536);
  net_send_str(fd, "HEAD /?len=1000 HTTP/1.1\r\nHost: a\r\n\r\n");
  http_answer answer = http_read(fd, true);
  assert_string_equal(http_header(&answer, "content-length"), "1000");
  http_answer_free(&answer);
  expect_piece(fd, 5, 10);
  close(fd);
}

static void a_file_that_is_too_short_breaks_the_connection(void **state) {
  (void)state;
  http_mount(&it, "/", on_file, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  char request[100];
  snprintf(request, sizeof(request), "GET /?len=%d HTTP/1.1\r\nHost: a\r\n\r\n",
           SIZE + 10);
  net_send_str(fd, request);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_false(answer.whole);
  http_answer_free(&answer);
  close(fd);
}

static bool all_are_gone(uint64_t count) {
  peal_http_stats stats;
  peal_http_server_stats(it.server, &stats);
  return stats.connections_total == count && stats.connections_open == 0;
}

/* 20 of them. One stays the whole time before that: its worker has opened by
 * then what it opens at its start, and the pool its first file. */
static void leave_in_the_middle(void) {
  int early = net_connect(it.port);
  expect_piece(early, 0, SIZE);
  int before = dup(0);
  for (int i = 0; i < 20; i++) {
    int fd = net_connect(it.port);
    char request[100], back[100];
    snprintf(request, sizeof(request),
             "GET /?len=%d HTTP/1.1\r\nHost: a\r\n\r\n", SIZE);
    net_send_str(fd, request);
    if (i % 2)
      net_read(fd, back, sizeof(back));
    close(fd);
  }
  close(early);
  /* A read on the pool holds its descriptor until it ends. */
  int after = dup(0);
  for (int i = 0; i < 5000 && (after > before + 1 || !all_are_gone(21)); i++) {
    close(after);
    uv_sleep(2);
    after = dup(0);
  }
  assert_true(after <= before + 1);
  close(before);
  close(after);
}

static void who_leaves_in_the_middle_leaves_nothing_open(void **state) {
  (void)state;
  http_mount(&it, "/", on_file, NULL);
  http_run(&it);
  leave_in_the_middle();
}

static void nor_does_who_leaves_a_file_that_came_later(void **state) {
  (void)state;
  http_mount(&it, "/", on_file_later, NULL);
  http_run(&it);
  leave_in_the_middle();
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      FILE_TEST(pieces_of_a_file_arrive_as_they_are),
      FILE_TEST(a_file_that_is_too_short_breaks_the_connection),
      FILE_TEST(who_leaves_in_the_middle_leaves_nothing_open),
      FILE_TEST(nor_does_who_leaves_a_file_that_came_later),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
