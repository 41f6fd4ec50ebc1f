/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ws_ask.h"
#include "wire_case.h"

/* RFC6455 1.3, and the SHA-1 of its key with the GUID. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const unsigned char sum[20] = {0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f,
                                      0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38,
                                      0x59, 0x45, 0xb2, 0xbe, 0xc4, 0xea};

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)test, (void)user;
  peal_slice text;
  peal_http1_head head;
  const char *words;
  assert_true(wire_feed_next(feed, &text));
  assert_int_equal(peal_http1_response_decode(&head, text, NULL, false, NULL),
                   PEAL_OK);
  peal_err err = peal_ws_ask_check(&head, sum, false, &words);
  assert_true(!err || err == PEAL_ERR_ANSWER);
  wire_log_add(log, "%s", err ? words : "accepted");
}

static void an_answer_accepts_what_was_asked_or_says_why_not(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("ws_ask", WIRE_CASE_WHOLE, run_case, NULL), 0);
}

static void the_request_is_that_of_the_rfc(void **state) {
  (void)state;
  char made[PEAL_WS_ASK_KEY_LEN], text[PEAL_WS_ASK_TEXT_LEN];
  peal_buf lines;
  peal_ws_ask_key(made, (const unsigned char *)"the sample nonce");
  assert_memory_equal(made, key, sizeof made);
  peal_ws_ask_text(text, made);
  assert_memory_equal(text,
                      "dGhlIHNhbXBsZSBub25jZQ=="
                      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                      sizeof text);
  peal_buf_init(&lines, NULL, 0);
  peal_ws_ask_lines(&lines, made);
  assert_true(peal_slice_is(peal_buf_slice(&lines),
                            "Upgrade: websocket\r\n"
                            "Sec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  peal_buf_deinit(&lines);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_accepts_what_was_asked_or_says_why_not),
      cmocka_unit_test(the_request_is_that_of_the_rfc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
