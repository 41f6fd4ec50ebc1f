/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation of a connection's life: it may be
 * refused, closed or left without an answer, but the server lives on, serves the
 * next one and gives everything back. */
#include "shared_torture.h"
#include "ws_fixture.h"

static atomic_int opens, closes, sets, frees;

static void on_free(void *user) {
  (void)user;
  atomic_fetch_add(&frees, 1);
}

static void on_open(peal_ws *ws, void *user) {
  char group[8] = "group 0";
  (void)user;
  atomic_fetch_add(&opens, 1);
  for (; group[6] <= '9'; group[6]++) /* more than fit in line */
    (void)peal_ws_join(ws, peal_slice_of(group));
  peal_ws_set_user(ws, &opens, on_free);
  atomic_fetch_add(&sets, 1);
}

static void on_message(peal_ws *ws, peal_slice data, bool is_binary,
                       void *user) {
  peal_ws_endpoint *endpoint = peal_ws_endpoint_of(ws);
  (void)user;
  (void)peal_ws_send(ws, data, is_binary);
  (void)peal_ws_send_with(ws, &(peal_ws_how){.conflate = PEAL_S("key")}, data);
  (void)peal_ws_group_send(endpoint, PEAL_S("group 5"), data, is_binary);
  (void)peal_ws_ref_send(peal_ws_ref_of(ws), NULL, data);
  peal_bytes *bytes = peal_bytes_new(data);
  (void)peal_ws_send_bytes(ws, NULL, bytes);
  peal_bytes_unref(bytes);
  if (peal_slice_is(data, "bye"))
    peal_ws_close(ws, 4000, PEAL_S("a reason that has to be kept"));
}

static void on_close(peal_ws *ws, const peal_ws_end *end, void *user) {
  (void)ws;
  (void)end;
  (void)user;
  atomic_fetch_add(&closes, 1);
}

static void on_allow(peal_http_req *req, peal_ws_ask *ask, void *user) {
  (void)user;
  (void)peal_http_answer_header(req, "X-A", PEAL_S("b"));
  peal_ws_accept(ask, NULL);
}

/* Whatever comes, for a moment. */
static void drain(int fd) {
  char bytes[4096];
  while (net_readable(fd, 30) && recv(fd, bytes, sizeof bytes, 0) > 0)
    continue;
}

static bool write_all(int fd, const char *data, size_t len) {
  return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void say_bytes(int fd, uint8_t first, const char *bytes, size_t len) {
  char frame[256];
  (void)write_all(fd, frame, ws_encode(frame, first, bytes, len));
}

static void say(int fd, uint8_t first, const char *text) {
  say_bytes(fd, first, text, strlen(text));
}

/* "Hello" forty times, deflated; so is what comes back. */
static const char hello[] = "\xf2\x48\xcd\xc9\xc9\xf7\x18\xfa\x04\x00";

static void scene(unsigned port) {
  int fd = net_connect(port);
  ws_ask(fd, "/live",
         "Sec-WebSocket-Protocol: one\r\n"
         "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  drain(fd);
  for (unsigned i = 0; i < 2; i++)
    say_bytes(fd, 0xc1, hello, sizeof hello - 1);
  say(fd, WS_TEXT, "hello");
  say(fd, 0x01, "in two ");
  say(fd, WS_PING, "ping");
  say(fd, 0x80, "pieces");
  drain(fd);
  say(fd, WS_TEXT, "bye");
  drain(fd);
  close(fd);
}

static bool is_served(const ws_fixture *it) {
  http_answer answer;
  int fd = ws_dial(it, "/live", "", &answer);
  ws_text(fd, "x");
  bool ok = answer.status == 101;
  if (ok)
    ws_expect(fd, "x");
  close(fd);
  return ok;
}

/* Returns false when no allocation was left to fail. */
static bool run_one(size_t n) {
  shared_torture s;
  shared_init(&s);
  peal_ws_opts opts = {.on_open = on_open,
                       .on_message = on_message,
                       .on_close = on_close,
                       .allow = on_allow,
                       .protocols = "one, two",
                       .deflate = {.on = true, .threshold_bytes = PEAL_OFF}};
  static ws_fixture it;
  it = ws_make(1, &s.mem, "/live", &opts);
  assert_non_null(it.endpoint);
  http_run(&it.http);
  arm(&s, n);
  scene(it.http.port);
  bool failed = disarm(&s);
  assert_true(is_served(&it));
  ws_await_open(&it, 0);
  ws_stop(&it);
  assert_int_equal(s.torture.live, 0);
  return failed;
}

static void every_allocation_of_a_life_may_fail(void **state) {
  (void)state;
  size_t n = 1;
  while (run_one(n))
    n++;
  assert_in_range(n, 3, 399);
  assert_true(atomic_load(&opens) > 0);
  assert_int_equal(atomic_load(&closes), atomic_load(&opens));
  assert_int_equal(atomic_load(&frees), atomic_load(&sets));
}

/* -- before the run ---------------------------------------------------------- */

static void every_allocation_of_the_setup_may_fail(void **state) {
  (void)state;
  for (size_t n = 1;; n++) {
    shared_torture s;
    shared_init(&s);
    peal_http_server_opts http = http_opts();
    http.mem = &s.mem;
    http_fixture it = http_make(&http);
    arm(&s, n);
    peal_ws_endpoint *endpoint = peal_ws_on(
        it.server, "/live",
        &(peal_ws_opts){.protocols = "a,b", .cors.origins = "http://b"});
    bool failed = disarm(&s);
    assert_int_equal(endpoint == NULL, failed);
    peal_http_server_free(it.server);
    assert_int_equal(s.torture.live, 0);
    if (!failed)
      break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_of_a_life_may_fail),
      cmocka_unit_test(every_allocation_of_the_setup_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
