/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "wire/http_connect.h"
#include "wire_case.h"

static void say(peal_http_connect *ask, wire_log *log) {
  peal_slice out = peal_http_connect_pull(ask);
  assert_int_equal(peal_http_connect_wants(ask), 0);
  wire_log_add_bytes(log, "say", out);
  peal_http_connect_sent(ask, 1);
  assert_int_equal(peal_http_connect_wants(ask), 0);
  peal_http_connect_sent(ask, out.len - 1);
}

static void feed(peal_http_connect *ask, wire_log *log, peal_slice *piece) {
  size_t want = peal_http_connect_wants(ask);
  peal_slice part = {piece->ptr, piece->len < want ? piece->len : want};
  peal_err err = peal_http_connect_feed(ask, part);
  piece->ptr += part.len;
  piece->len -= part.len;
  if (err == PEAL_ERR_AGAIN)
    return;
  assert_int_equal(peal_http_connect_wants(ask), 0);
  assert_int_equal(peal_http_connect_feed(ask, (peal_slice){NULL, 0}), err);
  if (err)
    wire_log_add(log, "error %u %s", ask->status, peal_err_message(err));
  else
    wire_log_add(log, "open");
}

static void run_case(const wire_case *test, wire_feed *feeder, wire_log *log,
                     void *user) {
  const char *name = wire_case_opt(test, "user");
  const peal_http_connect_target target = {
      .host = peal_slice_of(wire_case_opt(test, "host")),
      .port = (uint16_t)wire_case_opt_u64(test, "port", 0),
      .has_user = name != NULL,
      .user = peal_slice_of(name),
      .password = peal_slice_of(wire_case_opt(test, "password"))};
  peal_http_connect ask;
  peal_slice piece;
  (void)user;
  assert_int_equal(peal_http_connect_init(&ask, NULL, &target), PEAL_OK);
  say(&ask, log);
  while (wire_feed_next(feeder, &piece))
    while (peal_http_connect_wants(&ask) && piece.len)
      feed(&ask, log, &piece);
  if (peal_http_connect_wants(&ask))
    wire_log_add(log, "wants %zu", peal_http_connect_wants(&ask));
  peal_http_connect_deinit(&ask);
}

static void answers_are_read_in_any_pieces(void **state) {
  (void)state;
  assert_int_equal(
      wire_case_run("http_connect", WIRE_CASE_SPLIT, run_case, NULL), 0);
}

static void no_head_can_be_made_of_a_host(void **state) {
  peal_http_connect ask;
  (void)state;
  const char *wrong[] = {"", "a b", "a\r\nX: y", "a\x7f"};
  for (int i = 0; i < 4; i++) {
    const peal_http_connect_target target = {.host = peal_slice_of(wrong[i])};
    assert_int_equal(peal_http_connect_init(&ask, NULL, &target),
                     PEAL_ERR_OPTION);
    assert_int_equal(peal_http_connect_wants(&ask), 0);
    peal_http_connect_deinit(&ask);
  }
}

static peal_err ask_once(const peal_mem *mem, void *user) {
  const peal_http_connect_target target = {.host = PEAL_S("a.test"),
                                           .port = 80,
                                           .has_user = true,
                                           .user = PEAL_S("user"),
                                           .password = PEAL_S("password")};
  peal_slice answer = PEAL_S("HTTP/1.1 200 ok\r\nA: b\r\n\r\n");
  peal_http_connect ask;
  (void)user;
  peal_err err = peal_http_connect_init(&ask, mem, &target);
  if (!err) {
    peal_http_connect_sent(&ask, peal_http_connect_pull(&ask).len);
    err = PEAL_ERR_AGAIN;
  }
  while (err == PEAL_ERR_AGAIN) {
    size_t want = peal_http_connect_wants(&ask);
    err = peal_http_connect_feed(&ask, (peal_slice){answer.ptr, want});
    answer.ptr += want;
  }
  peal_http_connect_deinit(&ask);
  return err;
}

static void interim_answers_have_an_end(void **state) {
  const peal_http_connect_target target = {.host = PEAL_S("a"), .port = 1};
  const peal_slice interim = PEAL_S("HTTP/1.1 100 Continue\r\n\r\n");
  peal_http_connect ask;
  peal_err err = PEAL_ERR_AGAIN;
  size_t fed = 0;
  (void)state;
  assert_int_equal(peal_http_connect_init(&ask, NULL, &target), PEAL_OK);
  peal_http_connect_sent(&ask, peal_http_connect_pull(&ask).len);
  while (err == PEAL_ERR_AGAIN && fed < 4 * PEAL_HTTP_CONNECT_HEAD_MAX) {
    size_t at = fed % interim.len, want = peal_http_connect_wants(&ask);
    if (want > interim.len - at)
      want = interim.len - at;
    err = peal_http_connect_feed(&ask, (peal_slice){interim.ptr + at, want});
    fed += want;
  }
  assert_int_equal(err, PEAL_ERR_HTTP_HEAD_LEN);
  assert_true(fed > PEAL_HTTP_CONNECT_HEAD_MAX);
  peal_http_connect_deinit(&ask);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(ask_once, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_read_in_any_pieces),
      cmocka_unit_test(no_head_can_be_made_of_a_host),
      cmocka_unit_test(interim_answers_have_an_end),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
