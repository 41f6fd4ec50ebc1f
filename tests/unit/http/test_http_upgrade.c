/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "http/http_upgrade.h"
#include "http_fixture.h"

static http_fixture it;
static atomic_int taken, closed, deferred, dones, done_status;
static peal_http_req *held;

/* -- a protocol of our own: an echo in capitals ----------------------------------- */

typedef struct shout {
  peal_http_server *server;
  peal_buf out;
} shout;

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  shout *one = user;
  for (size_t i = 0; i < len; i++)
    if (data[i] >= 'a' && data[i] <= 'z')
      data[i] = (char)(data[i] - 32);
  peal_buf_add(&one->out, (peal_slice){data, len});
  peal_stream_flush(stream);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  shout *one = user;
  (void)stream;
  if (one->out.len)
    (void)peal_iovs_add(out, peal_buf_slice(&one->out));
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  shout *one = user;
  (void)stream;
  peal_buf_consume(&one->out, len);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  shout *one = user;
  (void)err;
  peal_http_upgrade_closed(one->server, stream);
  peal_buf_deinit(&one->out);
  free(one);
  atomic_fetch_add(&closed, 1);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void take(peal_http_req *req) {
  peal_slice rest;
  peal_stream *stream = peal_http_upgrade_take(req, &rest);
  if (stream) {
    shout *one = calloc(1, sizeof(*one));
    one->server = it.server;
    peal_buf_init(&one->out, NULL, 0);
    peal_stream_set_owner(stream, &callbacks, one);
    peal_buf_add_str(&one->out, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    if (rest.len) {
      peal_buf_add(&one->out, rest);
    }
    peal_stream_flush(stream);
    atomic_fetch_add(&taken, 1);
  }
  /* Still readable. */
  if (!peal_slice_is(peal_http_req_header(req, "upgrade"), "shout"))
    abort();
  peal_http_upgrade_free(req);
}

static void on_upgrade(peal_http_req *req, void *user) {
  (void)user;
  peal_slice how = peal_http_req_path(req);
  if (peal_slice_is(how, "/refuse")) {
    peal_http_upgrade_refuse(
        req, PEAL_S("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                    "Content-type: text/html\r\nContent-Length: 2\r\n\r\nno"));
  } else if (peal_slice_is(how, "/defer")) {
    peal_http_defer(req);
    held = req;
    atomic_fetch_add(&deferred, 1);
  } else if (peal_slice_is(how, "/drop")) {
    /* Taken by somebody who gives up before there is an owner. */
    peal_slice rest;
    peal_stream_close(peal_http_upgrade_take(req, &rest), PEAL_ERR_NOMEM);
    peal_http_upgrade_free(req);
  } else {
    take(req);
  }
}

static void take_held(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  take(held);
}

static void on_done(peal_http_req *req, const peal_http_done *done,
                    void *user) {
  (void)req;
  (void)user;
  atomic_store(&done_status, (int)done->status);
  atomic_fetch_add(&dones, 1);
}

static int set_up(void **state) {
  (void)state;
  atomic_store(&taken, 0);
  atomic_store(&closed, 0);
  atomic_store(&deferred, 0);
  atomic_store(&dones, 0);
  peal_http_server_opts opts = http_opts();
  opts.max_connections_per_address = 100;
  it = http_make(&opts);
  assert_int_equal(peal_http_server_mount(
                       it.server, &(peal_http_mount){.path = "/",
                                                     .on_request = http_on_path,
                                                     .on_upgrade = on_upgrade}),
                   PEAL_OK);
  http_mount(&it, "/plain", http_on_path, NULL);
  assert_int_equal(peal_http_server_on_done(it.server, on_done, NULL), PEAL_OK);
  http_run(&it);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  http_stop(&it);
  return 0;
}

#define UPGRADE(path)                                                          \
  "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"                \
  "Upgrade: shout\r\n\r\n"

#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\n\r\n"

static void expect_text(int fd, const char *text) {
  char back[512] = "";
  size_t len = strlen(text);
  assert_int_equal(net_read(fd, back, len), len);
  assert_memory_equal(back, text, len);
}

static void a_connection_is_taken_over(void **state) {
  (void)state;
  int fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/before"));
  http_expect_on(fd, 200, "/before");
  net_send_str(fd, UPGRADE("/"));
  expect_text(fd, SWITCHED);
  net_send_str(fd, "hello");
  expect_text(fd, "HELLO");
  peal_http_stats stats;
  peal_http_server_stats(it.server, &stats);
  assert_int_equal(stats.connections_open, 1);
  close(fd);
  assert_true(net_wait(&closed, 1));
  assert_true(net_wait(&dones, 2));
  assert_int_equal(atomic_load(&done_status), 101);
}

static void bytes_behind_the_head_are_handed_over(void **state) {
  (void)state;
  int fd = net_connect(it.port);
  net_send_str(fd, UPGRADE("/") "early");
  expect_text(fd, SWITCHED "early");
  close(fd);
  /* In pieces, and behind another request. */
  fd = net_connect(it.port);
  net_send_str(fd, HTTP_GET("/x") UPGRADE("/") "ear");
  http_expect_on(fd, 200, "/x");
  net_send_str(fd, "ly");
  expect_text(fd, SWITCHED "ear");
  expect_text(fd, "LY");
  close(fd);
  fd = net_connect(it.port);
  const char *text = UPGRADE("/");
  net_send(fd, text, 20);
  uv_sleep(10);
  net_send_str(fd, text + 20);
  net_send_str(fd, "x");
  char back[64];
  net_read(fd, back, strlen(SWITCHED) + 1);
  assert_true(back[strlen(SWITCHED)] == 'x' || back[strlen(SWITCHED)] == 'X');
  close(fd);
}

static void an_upgrade_may_be_decided_later(void **state) {
  (void)state;
  int fd = net_connect(it.port);
  net_send_str(fd, UPGRADE("/defer") "one");
  assert_true(net_wait(&deferred, 1));
  net_send_str(fd, "two");
  uv_sleep(20);
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.net.workers, 0), take_held, NULL),
      PEAL_OK);
  expect_text(fd, SWITCHED "onetwo");
  net_send_str(fd, "three");
  expect_text(fd, "THREE");
  close(fd);
  assert_true(net_wait(&closed, 1));
}

static void who_left_meanwhile_cannot_be_taken(void **state) {
  (void)state;
  int fd = net_connect(it.port);
  net_send_str(fd, UPGRADE("/defer"));
  assert_true(net_wait(&deferred, 1));
  close(fd);
  assert_true(net_wait(&dones, 1));
  assert_int_equal(
      peal_worker_post(peal_workers_get(it.net.workers, 0), take_held, NULL),
      PEAL_OK);
  uv_sleep(20);
  assert_int_equal(atomic_load(&taken), 0);
}

static void a_refusal_is_sent_as_it_is(void **state) {
  (void)state;
  int fd = net_connect(it.port);
  net_send_str(fd, UPGRADE("/refuse"));
  http_answer answer = http_read(fd, false);
  assert_int_equal(answer.status, 400);
  assert_string_equal(answer.body, "no");
  assert_null(http_header(&answer, "date"));
  assert_true(net_closed(fd, 20000));
  http_answer_free(&answer);
  close(fd);
}

static void a_connection_without_an_owner_can_be_closed(void **state) {
  (void)state;
  int fd = net_connect(it.port);
  net_send_str(fd, UPGRADE("/drop"));
  assert_true(net_closed(fd, 20000));
  close(fd);
}

static void who_knows_no_upgrade_serves_the_request(void **state) {
  (void)state;
  http_expect(it.port, UPGRADE("/plain"), 200, "/plain");
}

#define UPGRADE_TEST(name)                                                     \
  cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      UPGRADE_TEST(a_connection_is_taken_over),
      UPGRADE_TEST(bytes_behind_the_head_are_handed_over),
      UPGRADE_TEST(an_upgrade_may_be_decided_later),
      UPGRADE_TEST(who_left_meanwhile_cannot_be_taken),
      UPGRADE_TEST(a_refusal_is_sent_as_it_is),
      UPGRADE_TEST(a_connection_without_an_owner_can_be_closed),
      UPGRADE_TEST(who_knows_no_upgrade_serves_the_request),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
