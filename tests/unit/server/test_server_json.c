/* SPDX-License-Identifier: MIT */
/* server_json: options as JSON. */
#include "server_fixture.h"

static void a_server_is_made_of_json(void **state) {
  (void)state;
  server_fixture it = {.server = peal_server_new_json(PEAL_S(
                           "{\"port\":-1,\"log\":{\"level\":\"error\"},"
                           "\"path\":\"/j\",\"cors\":{\"origins\":\"*\"},"
                           "\"max_payload_bytes\":1234,\"no_client\":true,"
                           "\"stop_timeout_ms\":9,\"stop_spread_ms\":8,"
                           "\"queue_policy\":\"drop_oldest\"}"))};
  assert_non_null(it.server);
  it.port = peal_http_server_port(peal_server_http(it.server));
  server_run(&it);
  char *body = sio_client_http(it.port, "GET", "/j/?EIO=4&transport=polling",
                               NULL, NULL, NULL);
  assert_non_null(strstr(body, "\"maxPayload\":1234"));
  free(body);
  server_stop(&it);
}

/* What it says to a client that offers compression. */
static void expect_answer(unsigned port, const char *line) {
  static const char request[] =
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
      "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
      "\r\n\r\n";
  char text[2048] = "";
  size_t len = 0;
  int fd = sio_client_dial(port);
  assert_true(sio_client_write(fd, request, sizeof request - 1));
  while (len < sizeof text - 1 && !strstr(text, "\r\n\r\n") &&
         read(fd, text + len, 1) == 1)
    text[++len] = '\0';
  assert_non_null(strstr(text, " 101 "));
  assert_non_null(strstr(text, line));
  close(fd);
}

static void compression_is_an_object_in_it(void **state) {
  (void)state;
  server_fixture it = {
      .server = peal_server_new_json(PEAL_S(
          "{\"port\":-1,\"log\":{\"level\":\"error\"},\"deflate\":{"
          "\"on\":true,\"server_context_takeover\":true,"
          "\"client_context_takeover\":false,\"server_max_window_bits\":11,"
          "\"client_max_window_bits\":10,\"level\":1,\"mem_level\":9,"
          "\"threshold_bytes\":100}}"))};
  assert_non_null(it.server);
  it.port = peal_http_server_port(peal_server_http(it.server));
  server_run(&it);
  expect_answer(it.port,
                "Sec-WebSocket-Extensions: permessage-deflate; "
                "client_no_context_takeover; server_max_window_bits=11; "
                "client_max_window_bits=10\r\n");
  server_stop(&it);
}

static void what_is_no_option_makes_no_server(void **state) {
  static const char *const wrong[] = {
      "",
      "[]",
      "{\"prot\":1}",
      "{\"port\":\"1\"}",
      "{\"port\":70000}",
      "{\"port\":1.5}",
      "{\"workers\":-1}",
      "{\"max_rooms\":4294967296}",
      "{\"path\":1}",
      "{\"path\":\"\\u0000\"}",
      "{\"no_client\":1}",
      "{\"queue_policy\":\"\"}",
      "{\"queue_policy\":\"drop\"}",
      "{\"queue_policy\":2}",
      "{\"event_rate\":1}",
      "{\"event_rate\":{\"burst\":1}}",
      "{\"event_rate\":{\"per_s\":1,\"policy\":\"wait\"}}",
      "{\"slow_handler_ms\":-1}",
      "{\"auto_ack\":1}",
      "{\"cors\":\"*\"}",
      "{\"cors\":{\"orgins\":\"*\"}}",
      "{\"cors\":{\"origins\":{\"a\":1}}}",
      "{\"cors.origins\":{\"x\":1}}",
      "{\"cors\":{\"origins\":\"*\",\"credentials\":true}}",
      "{\"reserved\":1}",
      "{\"deflate\":true}",
      "{\"deflate\":{\"level\":10}}",
      "{\"deflate\":{\"level\":256}}",
      "{\"deflate\":{\"mem_level\":10}}",
      "{\"deflate\":{\"on\":true,\"server_max_window_bits\":8}}",
      "{\"deflate\":{\"on\":true,\"client_max_window_bits\":16}}",
      "{\"port\\u0000\":1}",
  };
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_null(peal_server_new_json(peal_slice_of(wrong[i])));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_server_is_made_of_json),
      cmocka_unit_test(compression_is_an_object_in_it),
      cmocka_unit_test(what_is_no_option_makes_no_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
