/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/socks5.h"
#include "wire_case.h"

static void say(peal_socks5 *socks, wire_log *log) {
  peal_slice out = peal_socks5_pull(socks);
  if (!out.len)
    return;
  assert_int_equal(peal_socks5_wants(socks), 0);
  wire_log_add_bytes(log, "say", out);
  peal_socks5_sent(socks, 1);
  peal_socks5_sent(socks, out.len - 1);
}

/* Returns false at the end. */
static bool feed(peal_socks5 *socks, wire_log *log, peal_slice *piece) {
  size_t want = peal_socks5_wants(socks);
  peal_slice part = {piece->ptr, piece->len < want ? piece->len : want};
  peal_err err = peal_socks5_feed(socks, part);
  piece->ptr += part.len;
  piece->len -= part.len;
  say(socks, log);
  if (err == PEAL_ERR_AGAIN)
    return piece->len > 0;
  assert_int_equal(peal_socks5_wants(socks), 0);
  assert_int_equal(peal_socks5_feed(socks, (peal_slice){NULL, 0}), err);
  if (err)
    wire_log_add(log, "error %s", peal_socks5_text(socks));
  else
    wire_log_add(log, "open");
  return false;
}

static void run_case(const wire_case *test, wire_feed *feeder, wire_log *log,
                     void *user) {
  const char *name = wire_case_opt(test, "user");
  const peal_socks5_target target = {
      .host = peal_slice_of(wire_case_opt(test, "host")),
      .port = (uint16_t)wire_case_opt_u64(test, "port", 0),
      .has_user = name != NULL,
      .user = peal_slice_of(name),
      .password = peal_slice_of(wire_case_opt(test, "password"))};
  peal_socks5 socks;
  peal_slice piece;
  (void)user;
  assert_int_equal(peal_socks5_init(&socks, &target), PEAL_OK);
  say(&socks, log);
  while (wire_feed_next(feeder, &piece))
    while (peal_socks5_wants(&socks) && feed(&socks, log, &piece))
      continue;
  if (peal_socks5_wants(&socks))
    wire_log_add(log, "wants %zu", peal_socks5_wants(&socks));
}

static void answers_are_read_in_any_pieces(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("socks5", WIRE_CASE_SPLIT, run_case, NULL), 0);
}

static void what_socks5_cannot_say_is_refused(void **state) {
  static const char bytes[300] = {'a'};
  const peal_slice good = PEAL_S("a"), bad = {bytes, 256}, none = {NULL, 0};
  peal_socks5 socks;
  (void)state;
  const peal_socks5_target wrong[] = {{.host = none},
                                      {.host = bad},
                                      {.host = good, .user = bad},
                                      {.host = good, .password = bad}};
  for (int i = 0; i < 4; i++)
    assert_int_equal(peal_socks5_init(&socks, &wrong[i]), PEAL_ERR_OPTION);
  const peal_slice most = {bytes, 255};
  const peal_socks5_target right = {
      .host = most, .has_user = true, .user = most, .password = most};
  assert_int_equal(peal_socks5_init(&socks, &right), PEAL_OK);
  peal_socks5_sent(&socks, 4);
  assert_int_equal(peal_socks5_feed(&socks, PEAL_S("\5\2")), PEAL_ERR_AGAIN);
  assert_int_equal(peal_socks5_pull(&socks).len, PEAL_SOCKS5_OUT_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_read_in_any_pieces),
      cmocka_unit_test(what_socks5_cannot_say_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
