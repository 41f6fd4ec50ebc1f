/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/logger.h"

typedef struct heard {
  int count;
  char text[2048], peer[64], sid[64], area[16];
  size_t len;
  peal_log_level level;
  int64_t time_ms;
} heard;

static void hear(const peal_log_record *record, void *user) {
  heard *to = user;
  to->count++;
  to->len = record->text.len;
  to->level = record->level;
  to->time_ms = record->time_ms;
  snprintf(to->text, sizeof(to->text), "%.*s", PEAL_SFMT(record->text));
  snprintf(to->peer, sizeof(to->peer), "%.*s", PEAL_SFMT(record->peer));
  snprintf(to->sid, sizeof(to->sid), "%.*s", PEAL_SFMT(record->sid));
  snprintf(to->area, sizeof(to->area), "%s", record->area);
}

static void tells_what_it_was_told(void **state) {
  (void)state;
  heard to = {0};
  peal_logger *logger =
      peal_logger_new(&(peal_log_opts){.fn = hear, .user = &to});
  peal_logger_write(logger, PEAL_LOG_WARN, "http", PEAL_S("10.0.0.1"),
                    PEAL_S("abc"), "%d bytes of %s", 12, "junk");
  assert_int_equal(to.count, 1);
  assert_string_equal(to.text, "12 bytes of junk");
  assert_string_equal(to.peer, "10.0.0.1");
  assert_string_equal(to.sid, "abc");
  assert_string_equal(to.area, "http");
  assert_int_equal(to.level, PEAL_LOG_WARN);
  assert_true(to.time_ms > INT64_C(1500000000000));
  peal_logger_free(logger);
}

static void leaves_out_what_is_below_its_level(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  heard to = {0};
  peal_logger *logger = peal_logger_new(
      &(peal_log_opts){.fn = hear, .user = &to, .level = PEAL_LOG_WARN});
  peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "no");
  assert_int_equal(to.count, 0);
  assert_true(peal_logger_wants(logger, PEAL_LOG_ERROR));
  assert_false(peal_logger_wants(logger, PEAL_LOG_DEBUG));
  peal_logger_free(logger);
  logger = peal_logger_new(
      &(peal_log_opts){.fn = hear, .user = &to, .level = PEAL_LOG_OFF});
  assert_false(peal_logger_wants(logger, PEAL_LOG_ERROR));
  peal_logger_free(logger);
  peal_logger_free(NULL);
}

static void cuts_long_lines_and_replaces_control_characters(void **state) {
  (void)state;
  const peal_slice none = {NULL, 0};
  heard to = {0};
  char big[5000];
  memset(big, 'a', sizeof(big) - 1);
  big[sizeof(big) - 1] = 0;
  peal_logger *logger =
      peal_logger_new(&(peal_log_opts){.fn = hear, .user = &to});
  peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "%s", big);
  assert_in_range(to.len, 1000, 1024);
  peal_logger_write(logger, PEAL_LOG_INFO, "x", none, none, "%s",
                    "a\r\nb\x1b[31m\x7f");
  assert_string_equal(to.text, "a??b?[31m?");
  peal_logger_free(logger);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_what_it_was_told),
      cmocka_unit_test(leaves_out_what_is_below_its_level),
      cmocka_unit_test(cuts_long_lines_and_replaces_control_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
