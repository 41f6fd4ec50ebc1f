/* SPDX-License-Identifier: MIT */
#include <zlib.h>

#include <peal/web.h>

#include "../http/http_fixture.h"

typedef struct scene {
  http_fixture http;
  peal_web *app;
} scene;

static atomic_size_t text_len; /* of the string that is answered */
static const char *own_field;  /* that the handler adds */
static atomic_int asked, aborts, dones, gate;

static void on_abort(peal_http_req *req, void *user) {
  (void)req;
  (void)user;
  atomic_fetch_add(&aborts, 1);
}

static void on_json(peal_http_req *req, void *user) {
  (void)user;
  size_t len = atomic_load(&text_len);
  char *text = malloc(len + 1);
  memset(text, 'x', len);
  peal_http_req_on_abort(req, on_abort, NULL);
  if (own_field)
    assert_int_equal(peal_http_answer_header(req, own_field, PEAL_S("\"1\"")),
                     PEAL_OK);
  peal_http_answer_json(req, 200, peal_str_slice((peal_slice){text, len}));
  free(text);
  atomic_fetch_add(&asked, 1);
}

static void on_done(peal_http_req *req, const peal_http_done *done,
                    void *user) {
  (void)req;
  (void)done;
  (void)user;
  atomic_fetch_add(&dones, 1);
}

static void start(scene *it, size_t compress_from_bytes) {
  const peal_http_server_opts opts = http_opts();
  it->http = http_make(&opts);
  it->app =
      peal_web_new(it->http.server, &(peal_web_opts){.no_access_log = true,
                                                     .compress_from_bytes =
                                                         compress_from_bytes});
  assert_non_null(it->app);
  assert_int_equal(peal_web_get(it->app, "/", on_json, NULL), PEAL_OK);
  assert_int_equal(peal_http_server_on_done(it->http.server, on_done, NULL),
                   PEAL_OK);
  own_field = NULL;
  atomic_store(&asked, 0);
  atomic_store(&aborts, 0);
  atomic_store(&dones, 0);
  atomic_store(&gate, 0);
  http_run(&it->http);
}

static void finish(scene *it) {
  peal_workers_stop(it->http.net.workers, 300);
  net_fixture_join(&it->http.net);
  http_check_accounts(it->http.server);
  peal_web_free(it->app);
  peal_http_server_free(it->http.server);
}

static http_answer ask(scene *it, size_t json_len, const char *accept) {
  char head[128];
  atomic_store(&text_len, json_len - 2); /* quotes */
  int fd = net_connect(it->http.port);
  snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", accept);
  net_send_str(fd, head);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 200);
  assert_string_equal(http_header(&answer, "content-type"),
                      "application/json; charset=utf-8");
  close(fd);
  return answer;
}

static void expect_packed(http_answer answer, size_t json_len) {
  assert_string_equal(http_header(&answer, "content-encoding"), "gzip");
  assert_string_equal(http_header(&answer, "vary"), "Accept-Encoding");
  assert_true(answer.len < json_len / 4);
  char *got = malloc(json_len + 1);
  z_stream stream = {.next_in = (Bytef *)answer.body,
                     .avail_in = (uInt)answer.len,
                     .next_out = (Bytef *)got,
                     .avail_out = (uInt)json_len + 1};
  assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
  assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
  assert_int_equal(stream.total_out, json_len);
  assert_true(got[0] == '"' && got[1] == 'x' && got[json_len - 1] == '"');
  inflateEnd(&stream);
  free(got);
  http_answer_free(&answer);
}

/* `vary`: does it say that another request may get other bytes? */
static void expect_plain(http_answer answer, size_t json_len, bool vary) {
  assert_int_equal(answer.len, json_len);
  assert_null(http_header(&answer, "content-encoding"));
  assert_int_equal(http_header(&answer, "vary") != NULL, vary);
  http_answer_free(&answer);
}

#define GZIP "Accept-Encoding: gzip\r\n"

static void long_json_is_compressed_for_who_takes_it(void **state) {
  (void)state;
  scene it;
  start(&it, 0);
  expect_plain(ask(&it, 1023, GZIP), 1023, false);
  static const size_t sizes[] = {1024, 16384, 16385, 400000};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    expect_packed(ask(&it, sizes[i], GZIP), sizes[i]);
    expect_plain(ask(&it, sizes[i], ""), sizes[i], true);
    expect_plain(ask(&it, sizes[i], "Accept-Encoding: gzip;q=0\r\n"), sizes[i],
                 true);
  }
  finish(&it);
}

static void what_has_a_coding_or_a_tag_stays_as_it_is(void **state) {
  (void)state;
  scene it;
  start(&it, 0);
  own_field = "etag";
  expect_plain(ask(&it, 2000, GZIP), 2000, false);
  own_field = "X-ETag"; /* another name */
  expect_packed(ask(&it, 2000, GZIP), 2000);
  own_field = "CONTENT-ENCODING";
  http_answer answer = ask(&it, 2000, GZIP);
  assert_int_equal(answer.len, 2000);
  http_answer_free(&answer);
  finish(&it);
}

static void the_length_is_an_option(void **state) {
  (void)state;
  scene it;
  start(&it, 100);
  expect_plain(ask(&it, 99, GZIP), 99, false);
  expect_packed(ask(&it, 200, GZIP), 200);
  finish(&it);
  start(&it, SIZE_MAX);
  expect_plain(ask(&it, 100000, GZIP), 100000, false);
  finish(&it);
}

/* -- while the pool is busy ---------------------------------------------------- */

static void wait_for_gate(void *user) {
  (void)user;
  while (!atomic_load(&gate))
    uv_sleep(1);
}

static void who_leaves_an_answer_that_is_made_costs_nothing(void **state) {
  (void)state;
  scene it;
  start(&it, 0);
  for (int i = 0; i < 128; i++)
    assert_int_equal(peal_task_run(peal_workers_get(it.http.net.workers, 0),
                                   wait_for_gate, NULL, NULL),
                     PEAL_OK);
  atomic_store(&text_len, 100000);
  int fd = net_connect(it.http.port);
  net_send_str(fd, "GET / HTTP/1.1\r\nHost: a\r\n" GZIP "\r\n");
  assert_true(net_wait(&asked, 1));
  assert_false(net_readable(fd, 0));
  close(fd);
  http_answer other = ask(&it, 10, GZIP);
  http_answer_free(&other);
  atomic_store(&gate, 1);
  assert_true(net_wait(&dones, 2));
  /* For the handler it was answered. */
  assert_int_equal(atomic_load(&aborts), 0);
  finish(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_json_is_compressed_for_who_takes_it),
      cmocka_unit_test(what_has_a_coding_or_a_tag_stays_as_it_is),
      cmocka_unit_test(the_length_is_an_option),
      cmocka_unit_test(who_leaves_an_answer_that_is_made_costs_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
