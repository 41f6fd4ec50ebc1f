/* SPDX-License-Identifier: MIT */
#include <zlib.h>

#include "http/compress_answer.h"
#include "http_fixture.h"

static http_fixture it;
static atomic_int aborts, dones, gate;
static size_t body_size;

/* Text that packs by about four. */
static void fill(char *to, size_t len) {
  uint32_t dice = 1;
  for (size_t i = 0; i < len; i++) {
    dice = dice * 1664525u + 1013904223u;
    to[i] = (char)('a' + (dice >> 30));
  }
}

static void on_abort(peal_http_req *req, void *user) {
  (void)user;
  atomic_fetch_add(&aborts, 1);
  /* Somebody else may not answer now. */
  peal_http_answer(req, 400, NULL, PEAL_S("no"));
}

static void on_packed(peal_http_req *req, void *user) {
  (void)user;
  char *data = malloc(body_size + 1);
  fill(data, body_size);
  peal_bytes *body = peal_bytes_new((peal_slice){data, body_size});
  free(data);
  peal_compress coding =
      peal_compress_choose(peal_http_req_header(req, "accept-encoding"));
  peal_http_req_on_abort(req, on_abort, NULL);
  peal_compress_answer(req, 200, "text/plain", body, coding,
                       (peal_compress_how){0});
  peal_compress_answer(req, 200, "text/plain", body, coding,
                       (peal_compress_how){0});
  peal_http_answer(req, 200, NULL, PEAL_S("second"));
  peal_bytes_unref(body);
}

static void on_null(peal_http_req *req, void *user) {
  (void)user;
  peal_compress_answer(req, 200, NULL, NULL, PEAL_COMPRESS_GZIP,
                       (peal_compress_how){0});
}

static void on_done(peal_http_req *req, const peal_http_done *done,
                    void *user) {
  (void)req;
  (void)done;
  (void)user;
  atomic_fetch_add(&dones, 1);
}

static int set_up(void **state) {
  (void)state;
  const peal_http_server_opts opts = http_opts();
  it = http_make(&opts);
  atomic_store(&aborts, 0);
  atomic_store(&dones, 0);
  atomic_store(&gate, 0);
  http_mount(&it, "/packed", on_packed, NULL);
  http_mount(&it, "/null", on_null, NULL);
  http_mount(&it, "/ping", http_on_path, NULL);
  assert_int_equal(peal_http_server_on_done(it.server, on_done, NULL), PEAL_OK);
  http_run(&it);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  atomic_store(&gate, 1);
  http_stop(&it);
  return 0;
}

#define PACKED                                                                 \
  "GET /packed HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"

static void expect_packed(int fd) {
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_string_equal(http_header(&answer, "content-encoding"), "gzip");
  char *expected = malloc(body_size + 1), *got = malloc(body_size + 1);
  fill(expected, body_size);
  z_stream stream = {.next_in = (Bytef *)answer.body,
                     .avail_in = (uInt)answer.len,
                     .next_out = (Bytef *)got,
                     .avail_out = (uInt)body_size + 1};
  assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
  assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
  assert_int_equal(stream.total_out, body_size);
  inflateEnd(&stream);
  assert_memory_equal(got, expected, body_size);
  free(expected);
  free(got);
  http_answer_free(&answer);
}

static void small_and_large_answers_arrive_packed(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 16384, 16385, 3000000};
  int fd = net_connect(it.port);
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    body_size = sizes[i];
    net_send_str(fd, PACKED);
    expect_packed(fd);
  }
  body_size = 100000;
  net_send_str(fd, HTTP_GET("/packed"));
  http_answer plain = http_read(fd, false);
  assert_int_equal(plain.len, body_size);
  assert_null(http_header(&plain, "content-encoding"));
  http_answer_free(&plain);
  close(fd);
  http_expect(it.port, HTTP_GET("/null"), 503, NULL);
}

/* -- while the pool is busy ---------------------------------------------------- */

static void wait_for_gate(void *user) {
  (void)user;
  while (!atomic_load(&gate))
    uv_sleep(1);
}

/* More tasks than the pool has threads. */
static void hold_the_pool(void) {
  for (int i = 0; i < 128; i++)
    assert_int_equal(peal_task_run(peal_workers_get(it.net.workers, 0),
                                   wait_for_gate, NULL, NULL),
                     PEAL_OK);
}

static void the_worker_is_not_held(void **state) {
  (void)state;
  body_size = 2000000;
  hold_the_pool();
  int fd = net_connect(it.port);
  net_send_str(fd, PACKED);
  for (int i = 0; i < 3; i++)
    http_expect(it.port, HTTP_GET("/ping"), 200, "/ping");
  assert_false(net_readable(fd, 0));
  atomic_store(&gate, 1);
  expect_packed(fd);
  close(fd);
}

static void who_leaves_meanwhile_is_told_once_and_nothing_is_lost(
    void **state) {
  (void)state;
  body_size = 200000;
  hold_the_pool();
  int fd = net_connect(it.port);
  net_send_str(fd, PACKED);
  http_expect(it.port, HTTP_GET("/ping"), 200, "/ping");
  close(fd);
  assert_true(net_wait(&aborts, 1));
  atomic_store(&gate, 1);
  assert_true(net_wait(&dones, 2));
  http_expect(it.port, HTTP_GET("/ping"), 200, "/ping");
  assert_int_equal(atomic_load(&aborts), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(small_and_large_answers_arrive_packed),
      TEST(the_worker_is_not_held),
      TEST(who_leaves_meanwhile_is_told_once_and_nothing_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
