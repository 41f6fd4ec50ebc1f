/* SPDX-License-Identifier: MIT */
#include <peal/web.h>

#include "../http/http_fixture.h"

typedef struct scene {
  http_fixture http;
  peal_web *app;
} scene;

static void on_body(peal_http_req *req, peal_slice body, void *user) {
  (void)user;
  peal_http_answer(req, 200, "text/plain", body);
}

static void start(scene *it, size_t max_collected_bytes) {
  peal_http_server_opts opts = http_opts();
  opts.max_collected_bytes = max_collected_bytes;
  it->http = http_make(&opts);
  it->app =
      peal_web_new(it->http.server, &(peal_web_opts){.no_access_log = true});
  assert_non_null(it->app);
  assert_int_equal(
      peal_web_route_add(it->app, &(peal_web_route){.method = "POST",
                                                    .path = "/",
                                                    .on_body = on_body,
                                                    .max_body_bytes = 3000}),
      PEAL_OK);
  http_run(&it->http);
}

static void finish(scene *it) {
  peal_workers_stop(it->http.net.workers, 300);
  net_fixture_join(&it->http.net);
  http_check_accounts(it->http.server);
  peal_web_free(it->app);
  peal_http_server_free(it->http.server);
}

static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";

/* `len` bytes, at most 3000, as one chunk. */
static void send_chunk(int fd, size_t len) {
  char text[3016];
  int size = snprintf(text, 16, "%zx\r\n", len);
  memset(text + size, 'x', len);
  memcpy(text + size + len, "\r\n", 2);
  net_send(fd, text, (size_t)size + len + 2);
}

static void a_body_of_unknown_length_comes_whole_up_to_its_ceiling(
    void **state) {
  (void)state;
  scene it;
  start(&it, 0);
  int fd = net_connect(it.http.port);
  for (size_t len = 1; len <= 3000; len += 2999) {
    net_send_str(fd, head);
    send_chunk(fd, len);
    send_chunk(fd, 0);
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.len, len);
    http_answer_free(&answer);
  }
  net_send_str(fd, head);
  send_chunk(fd, 2000);
  send_chunk(fd, 1001);
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 413);
  assert_string_equal(http_header(&answer, "content-type"),
                      "application/json; charset=utf-8");
  http_answer_free(&answer);
  close(fd);
  finish(&it);
}

static void bodies_of_unknown_length_count_as_collected(void **state) {
  (void)state;
  scene it;
  start(&it, 4000);
  int first = net_connect(it.http.port), second = net_connect(it.http.port);
  net_send_str(first, head);
  send_chunk(first, 1600); /* room for 3000 */
  for (int i = 0; i < 20000; i++) {
    if (atomic_load(&it.http.server->collected) == 3000)
      break;
    uv_sleep(1);
  }
  assert_int_equal(atomic_load(&it.http.server->collected), 3000);
  net_send_str(second, head);
  send_chunk(second, 600); /* wants 1200, 1000 are left */
  http_expect_on(second, 503, NULL);
  send_chunk(first, 0);
  http_expect_on(first, 200, NULL);
  net_send_str(first, head); /* what it had has been given back */
  send_chunk(first, 1600);
  send_chunk(first, 0);
  http_expect_on(first, 200, NULL);
  close(first);
  close(second);
  finish(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_body_of_unknown_length_comes_whole_up_to_its_ceiling),
      cmocka_unit_test(bodies_of_unknown_length_count_as_collected),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
