/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/ws_accept.h"
#include "torture.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC6455 1.3 */

static peal_ws_accept_head good(void) {
  return (peal_ws_accept_head){.is_get = true,
                               .upgrade = PEAL_S("websocket"),
                               .version = PEAL_S("13"),
                               .key = PEAL_S(KEY)};
}

static void takes_the_handshake_of_the_rfc(void **state) {
  (void)state;
  peal_ws_accept_head head = good();
  assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_OK);
  head.upgrade = PEAL_S("WebSocket");
  assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_OK);
}

static void refuses_other_versions_first(void **state) {
  (void)state;
  static const char *const versions[] = {NULL, "", "8", "12", "013", "13, 8"};
  for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
    peal_ws_accept_head head = good();
    head.version = peal_slice_of(versions[i]);
    assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_VERSION);
    head.key = (peal_slice){NULL, 0};
    assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_VERSION);
  }
}

static void refuses_other_methods_and_protocols(void **state) {
  (void)state;
  static const char *const protocols[] = {NULL, "", "h2c", "websockets"};
  peal_ws_accept_head head = good();
  head.is_get = false;
  assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_REQUEST);
  for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
    head = good();
    head.upgrade = peal_slice_of(protocols[i]);
    assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_REQUEST);
  }
}

static void other_protocols_may_be_offered_beside_it(void **state) {
  (void)state;
  static const char *const with[] = {"websocket", "WebSocket", "h2c, websocket",
                                     "websocket,h2c"};
  static const char *const without[] = {
      NULL, "", "h2c", "websockets", "h2c, TLS/1.2", "web socket"};
  for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++) {
    peal_ws_accept_head head = good();
    head.upgrade = peal_slice_of(with[i]);
    assert_true(peal_ws_accept_is_offered(head.upgrade));
    assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_OK);
  }
  for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
    assert_false(peal_ws_accept_is_offered(peal_slice_of(without[i])));
}

static void a_key_is_16_bytes_as_base64(void **state) {
  (void)state;
  static const char *const bad[] = {
      NULL,
      "",
      "dGhlIHNhbXBsZSBub25jZQ",     /* no padding */
      "dGhlIHNhbXBsZSBub25jZQ=",    /* 23 characters */
      "dGhlIHNhbXBsZSBub25jZQ===",  /* 25 characters */
      "dGhlIHNhbXBsZSBub25jZWU=",   /* 17 bytes */
      "dGhlIHNhbXBsZSBub25jZWVl",   /* 18 bytes */
      "dGhlIHNhbXBsZSBub25jZ-==",   /* the other alphabet */
      "dGhlIHNhbXBsZSBub25 ZQ==",   /* a space */
      "dGhlIHNhbXBsZSBub2\r\nZQ==", /* would split the head */
      "dGhlIHNhbXBsZSBub25jZ===",
  };
  char value[29];
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    peal_ws_accept_head head = good();
    head.key = peal_slice_of(bad[i]);
    assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_REQUEST);
    assert_int_equal(peal_ws_accept_value(value, head.key), PEAL_ERR_USAGE);
  }
  peal_ws_accept_head head = good();
  head.key = PEAL_S("dGhlIHNhbXBsZSBub25jZ/=="); /* stray bits, as in ws */
  assert_int_equal(peal_ws_accept_check(&head), PEAL_WS_ACCEPT_OK);
}

static void the_value_is_that_of_the_rfc(void **state) {
  (void)state;
  char value[29];
  assert_int_equal(peal_ws_accept_value(value, PEAL_S(KEY)), PEAL_OK);
  assert_string_equal(value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#define START                                                                  \
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"                 \
  "Connection: Upgrade\r\n"                                                    \
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void the_answer_ends_with_the_lines_given(void **state) {
  (void)state;
  peal_buf out;
  peal_buf_init(&out, peal_mem_libc(), 0);
  assert_int_equal(
      peal_ws_accept_answer(&out, PEAL_S(KEY), (peal_slice){NULL, 0}), PEAL_OK);
  assert_true(peal_slice_is(peal_buf_slice(&out), START "\r\n"));
  assert_int_equal(
      peal_ws_accept_answer(&out, PEAL_S(KEY), PEAL_S("A: 1\r\nB: 2\r\n")),
      PEAL_OK);
  assert_true(peal_slice_is(peal_buf_slice(&out),
                            START "\r\n" START "A: 1\r\nB: 2\r\n\r\n"));
  size_t len = out.len;
  assert_int_equal(
      peal_ws_accept_answer(&out, PEAL_S("short"), (peal_slice){NULL, 0}),
      PEAL_ERR_USAGE);
  assert_int_equal(out.len, len);
  peal_buf_deinit(&out);
}

static peal_err answer_once(const peal_mem *mem, void *user) {
  (void)user;
  peal_buf out;
  peal_buf_init(&out, mem, 0);
  peal_err err = peal_ws_accept_answer(&out, PEAL_S(KEY), PEAL_S("A: 1\r\n"));
  peal_buf_deinit(&out);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(answer_once, NULL, false, &count));
  assert_true(count > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_the_handshake_of_the_rfc),
      cmocka_unit_test(refuses_other_versions_first),
      cmocka_unit_test(refuses_other_methods_and_protocols),
      cmocka_unit_test(other_protocols_may_be_offered_beside_it),
      cmocka_unit_test(a_key_is_16_bytes_as_base64),
      cmocka_unit_test(the_value_is_that_of_the_rfc),
      cmocka_unit_test(the_answer_ends_with_the_lines_given),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("ws_accept", tests, NULL, NULL);
}
