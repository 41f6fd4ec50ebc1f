/* SPDX-License-Identifier: MIT */
#include <peal/val.h>

#include "http_fixture.h"

static http_fixture it;
static atomic_int failures, drains, aborts, held_count;
static peal_http_req *held;

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
  atomic_store(&drains, 0);
  atomic_store(&aborts, 0);
  atomic_store(&held_count, 0);
  const peal_http_server_opts opts = http_opts();
  it = http_make(&opts);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  http_stop(&it);
  assert_int_equal(atomic_load(&failures), 0);
  return 0;
}

/* -- fields -------------------------------------------------------------------- */

static void on_fields(peal_http_req *req, void *user) {
  const peal_slice none = {NULL, 0};
  (void)user;
  CHECK(peal_http_answer_header(req, "X-One", PEAL_S("1")) == PEAL_OK);
  CHECK(peal_http_answer_header(req, "X-Empty", none) == PEAL_OK);
  CHECK(peal_http_answer_header(req, "Set-Cookie", PEAL_S("a=1")) == PEAL_OK);
  CHECK(peal_http_answer_header(req, "Set-Cookie", PEAL_S("b=2")) == PEAL_OK);
  CHECK(peal_http_answer_header(req, "X-Bad", PEAL_S("a\r\nX-Injected: 1")) ==
        PEAL_ERR_USAGE);
  CHECK(peal_http_answer_header(req, "X Bad", PEAL_S("a")) == PEAL_ERR_USAGE);
  CHECK(peal_http_answer_header(req, "", PEAL_S("a")) == PEAL_ERR_USAGE);
  CHECK(peal_http_answer_header(req, "content-length", PEAL_S("5")) ==
        PEAL_ERR_USAGE);
  CHECK(peal_http_answer_header(req, "Connection", PEAL_S("x")) ==
        PEAL_ERR_USAGE);
  peal_http_answer(req, 201, "application/x", PEAL_S("made"));
}

static void fields_are_sent_once_checked_and_in_order(void **state) {
  (void)state;
  http_mount(&it, "/", on_fields, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/"));
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 201);
  assert_string_equal(answer.body, "made");
  assert_non_null(strstr(answer.head,
                         "Content-Type: application/x\r\nX-One: 1\r\n"
                         "X-Empty: \r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                         "Content-Length: 4\r\nDate: "));
  assert_null(strstr(answer.head, "Injected"));
  http_answer_free(&answer);
  close(fd);
}

/* -- answers without a body ------------------------------------------------------ */

static void on_status(peal_http_req *req, void *user) {
  peal_slice value = {NULL, 0};
  (void)user;
  unsigned status = 0;
  if (peal_http_req_param(req, "s", &value))
    for (size_t i = 0; i < value.len; i++)
      status = status * 10 + (unsigned)(value.ptr[i] - '0');
  peal_http_answer(req, status, "text/plain", PEAL_S("body"));
}

static void head_204_and_304_have_no_body(void **state) {
  (void)state;
  http_mount(&it, "/", on_status, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, "HEAD /?s=200 HTTP/1.1\r\nHost: a\r\n\r\n");
  http_answer answer = http_read(fd, true);
  assert_int_equal(answer.status, 200);
  assert_string_equal(http_header(&answer, "content-length"), "4");
  http_answer_free(&answer);
  static const unsigned bare[] = {204, 304};
  for (size_t i = 0; i < 2; i++) {
    char request[64];
    snprintf(request, sizeof(request), "GET /?s=%u HTTP/1.1\r\nHost: a\r\n\r\n",
             bare[i]);
    net_send_str(fd, request);
    answer = http_read(fd, false);
    assert_int_equal(answer.status, bare[i]);
    assert_null(http_header(&answer, "content-length"));
    http_answer_free(&answer);
  }
  /* The connection is in step. */
  net_send_str(fd, "GET /?s=299 HTTP/1.1\r\nHost: a\r\n\r\n");
  http_expect_on(fd, 299, "body");
  net_send_str(fd, "GET /?s=77 HTTP/1.1\r\nHost: a\r\n\r\n");
  http_expect_on(fd, 500, "body");
  close(fd);
}

/* -- bodies of every size and kind ------------------------------------------------ */

static char big[3000000];

static void on_size(peal_http_req *req, void *user) {
  peal_slice value = {NULL, 0};
  size_t size = 0;
  (void)user;
  if (peal_http_req_param(req, "n", &value))
    for (size_t i = 0; i < value.len; i++)
      size = size * 10 + (size_t)(value.ptr[i] - '0');
  peal_slice body = {big, size < sizeof(big) ? size : sizeof(big)};
  if (peal_http_req_param(req, "bytes", &value)) {
    peal_bytes *bytes = peal_bytes_new(body);
    peal_http_answer_bytes(req, 200, NULL, bytes);
    peal_bytes_unref(bytes);
  } else {
    peal_http_answer(req, 200, NULL, body);
  }
}

static void bodies_of_every_size_arrive_whole(void **state) {
  (void)state;
  static const size_t sizes[] = {0,     1,     100,    4096,   4097,
                                 16384, 16385, 100000, 1999999};
  for (size_t i = 0; i < sizeof(big); i++)
    big[i] = (char)(i * 31 >> 3);
  http_mount(&it, "/", on_size, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
    char request[100];
    size_t size = sizes[i / 2];
    snprintf(request, sizeof(request),
             "GET /?n=%zu%s HTTP/1.1\r\nHost: a\r\n\r\n", size,
             i % 2 ? "&bytes" : "");
    net_send_str(fd, request);
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.len, size);
    assert_memory_equal(answer.body, big, size);
    http_answer_free(&answer);
  }
  close(fd);
}

static void on_json(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_json(req, 200,
                        PEAL_OBJECT({"a", PEAL_ARRAY(peal_int(1), peal_null())},
                                    {"b", peal_str("\xc3\xa9\n")}));
}

static void on_null_bytes(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_bytes(req, 200, NULL, NULL);
}

static void json_is_encoded_and_null_bytes_are_503(void **state) {
  (void)state;
  http_mount(&it, "/", on_json, NULL);
  http_mount(&it, "/null", on_null_bytes, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/"));
  http_answer answer = http_read(fd, false);
  assert_string_equal(answer.body, "{\"a\":[1,null],\"b\":\"\xc3\xa9\\n\"}");
  assert_string_equal(http_header(&answer, "content-type"),
                      "application/json; charset=utf-8");
  http_answer_free(&answer);
  close(fd);
  http_expect(it.port, HTTP_GET("/null"), 503, NULL);
}

static void on_close_asked(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_close(req);
  peal_http_answer(req, 200, NULL, PEAL_S("bye"));
}

static void close_can_be_asked_for(void **state) {
  (void)state;
  http_mount(&it, "/", on_close_asked, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/") HTTP_GET("/"));
  http_expect_on(fd, 200, "bye");
  assert_true(net_closed(fd, 20000));
  close(fd);
}

/* -- streams --------------------------------------------------------------------- */

static void on_chunks(peal_http_req *req, void *user) {
  uint64_t length = *(uint64_t *)user;
  CHECK(peal_http_answer_write(req, PEAL_S("early")) == PEAL_ERR_USAGE);
  peal_http_answer_begin(req, 200, "text/plain", length);
  CHECK(peal_http_answer_write(req, PEAL_S("hello ")) == PEAL_OK);
  CHECK(peal_http_answer_write(req, PEAL_S("")) == PEAL_OK);
  CHECK(peal_http_answer_write(req, PEAL_S("world, here is some more")) ==
        PEAL_OK);
  if (length != UINT64_MAX)
    CHECK(peal_http_answer_write(req, PEAL_S("!")) == PEAL_ERR_USAGE);
  peal_http_answer_end(req);
  peal_http_answer_end(req);
  CHECK(peal_http_answer_write(req, PEAL_S("late")) == PEAL_ERR_USAGE);
}

static void a_stream_is_chunked_or_has_its_length(void **state) {
  (void)state;
  static uint64_t none = UINT64_MAX, exact = 30;
  http_mount(&it, "/", on_chunks, &none);
  http_mount(&it, "/exact", on_chunks, &exact);
  http_run(&it);
  int fd = net_connect(it.port);
  for (int i = 0; i < 2; i++) {
    net_send_str(fd, HTTP_GET("/"));
    http_answer answer = http_read(fd, false);
    assert_string_equal(http_header(&answer, "transfer-encoding"), "chunked");
    assert_string_equal(answer.body, "hello world, here is some more");
    http_answer_free(&answer);
    net_send_str(fd, HTTP_GET("/exact"));
    answer = http_read(fd, false);
    assert_string_equal(http_header(&answer, "content-length"), "30");
    assert_string_equal(answer.body, "hello world, here is some more");
    http_answer_free(&answer);
    net_send_str(fd, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    answer = http_read(fd, true);
    assert_int_equal(answer.status, 200);
    http_answer_free(&answer);
  }
  close(fd);
  /* HTTP/1.0 knows no chunks: the end of the connection is the end. */
  fd = net_connect(it.port);
  net_send_str(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  http_answer answer = http_read(fd, false);
  assert_null(http_header(&answer, "transfer-encoding"));
  assert_string_equal(http_header(&answer, "connection"), "close");
  assert_string_equal(answer.body, "hello world, here is some more");
  http_answer_free(&answer);
  close(fd);
}

static void on_short(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_begin(req, 200, NULL, 100);
  CHECK(peal_http_answer_write(req, PEAL_S("only this")) == PEAL_OK);
  peal_http_answer_end(req);
}

static void an_answer_shorter_than_announced_breaks_the_connection(
    void **state) {
  (void)state;
  http_mount(&it, "/", on_short, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/") HTTP_GET("/"));
  http_answer answer = http_read(fd, false);
  assert_false(answer.whole);
  http_answer_free(&answer);
  close(fd);
}

static void on_break(peal_http_req *req, void *user) {
  peal_http_answer_break(req); /* nothing has begun */
  peal_http_answer_begin(req, 200, NULL, *(uint64_t *)user);
  CHECK(peal_http_answer_write(req, PEAL_S("only this")) == PEAL_OK);
  peal_http_answer_break(req);
  peal_http_answer_break(req);
  peal_http_answer_end(req);
  CHECK(peal_http_answer_write(req, PEAL_S("late")) != PEAL_OK);
}

static void a_stream_that_breaks_off_is_not_taken_for_whole(void **state) {
  (void)state;
  static uint64_t none = UINT64_MAX, more = 100;
  http_mount(&it, "/", on_break, &none);
  http_mount(&it, "/more", on_break, &more);
  http_run(&it);
  const char *const asked[] = {HTTP_GET("/") HTTP_GET("/"), HTTP_GET("/more")};
  for (int i = 0; i < 2; i++) {
    int fd = net_connect(it.port);
    net_send_str(fd, asked[i]);
    http_answer answer = http_read(fd, false);
    assert_false(answer.whole);
    http_answer_free(&answer);
    close(fd);
  }
}

#define PIECE 32768
#define PIECES 200

typedef struct source {
  int sent;
} source;

static void pump(peal_http_req *req, void *user) {
  source *from = user;
  while (from->sent < PIECES) {
    peal_err err = peal_http_answer_write(req, (peal_slice){big, PIECE});
    if (err && err != PEAL_ERR_AGAIN) {
      atomic_fetch_add(&aborts, 1);
      return;
    }
    from->sent++;
    if (err == PEAL_ERR_AGAIN) {
      atomic_fetch_add(&drains, 1);
      return;
    }
  }
  peal_http_answer_end(req);
}

static void on_pump(peal_http_req *req, void *user) {
  source *from = user;
  from->sent = 0;
  peal_http_answer_begin(req, 200, NULL, UINT64_MAX);
  peal_http_answer_on_drain(req, pump, from);
  pump(req, from);
}

static void a_writer_waits_for_a_slow_reader(void **state) {
  (void)state;
  static source from;
  http_mount(&it, "/", on_pump, &from);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/"));
  uv_sleep(100);
  size_t total = 0;
  static char back[100000];
  while (net_readable(fd, 300)) {
    ssize_t got = recv(fd, back, sizeof(back), 0);
    if (got <= 0)
      break;
    total += (size_t)got;
  }
  assert_true(total > (size_t)PIECE * PIECES);
  assert_true(atomic_load(&drains) > 2);
  close(fd);
}

static void on_abort(peal_http_req *req, void *user) {
  (void)user;
  atomic_fetch_add(&aborts, 1);
  CHECK(peal_http_answer_write(req, PEAL_S("x")) == PEAL_ERR_CLOSED);
  peal_http_answer_end(req);
}

static void on_endless(peal_http_req *req, void *user) {
  (void)user;
  peal_http_req_on_abort(req, on_abort, NULL);
  peal_http_answer_begin(req, 200, "text/event-stream", UINT64_MAX);
  CHECK(peal_http_answer_write(req, PEAL_S("data: 1\n\n")) == PEAL_OK);
  held = req;
  atomic_fetch_add(&held_count, 1);
}

static void write_more(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  CHECK(peal_http_answer_write(held, PEAL_S("data: 2\n\n")) == PEAL_OK);
}

static void a_stream_lives_until_its_end_or_the_peer_s(void **state) {
  (void)state;
  http_mount(&it, "/", on_endless, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  char back[4096] = "";
  net_send_str(fd, HTTP_GET("/"));
  assert_true(net_wait(&held_count, 1));
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.net.workers, 0), write_more, NULL),
      PEAL_OK);
  for (size_t len = 0; len < sizeof(back) - 1 && !strstr(back, "data: 2");
       len++)
    assert_int_equal(net_read(fd, back + len, 1), 1);
  close(fd);
  assert_true(net_wait(&aborts, 1));
}

static void on_flood(peal_http_req *req, void *user) {
  (void)user;
  peal_err err = PEAL_OK;
  int written = 0;
  peal_http_answer_begin(req, 200, NULL, UINT64_MAX);
  while (written < 100) {
    err = peal_http_answer_write(req, (peal_slice){big, 1u << 20});
    if (err && err != PEAL_ERR_AGAIN)
      break;
    written++;
  }
  CHECK(err == PEAL_ERR_QUEUE_FULL);
  CHECK(written == 7 || written == 8);
  peal_http_answer_end(req);
}

static void a_stream_without_a_reader_has_a_ceiling(void **state) {
  (void)state;
  http_mount(&it, "/", on_flood, NULL);
  http_run(&it);
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/"));
  uv_sleep(50);
  close(fd);
}

#define ANSWER_TEST(name)                                                      \
  cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      ANSWER_TEST(fields_are_sent_once_checked_and_in_order),
      ANSWER_TEST(head_204_and_304_have_no_body),
      ANSWER_TEST(bodies_of_every_size_arrive_whole),
      ANSWER_TEST(json_is_encoded_and_null_bytes_are_503),
      ANSWER_TEST(close_can_be_asked_for),
      ANSWER_TEST(a_stream_is_chunked_or_has_its_length),
      ANSWER_TEST(an_answer_shorter_than_announced_breaks_the_connection),
      ANSWER_TEST(a_stream_that_breaks_off_is_not_taken_for_whole),
      ANSWER_TEST(a_writer_waits_for_a_slow_reader),
      ANSWER_TEST(a_stream_lives_until_its_end_or_the_peer_s),
      ANSWER_TEST(a_stream_without_a_reader_has_a_ceiling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
