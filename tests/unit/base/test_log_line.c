/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/base.h>

#include "base/iso_time.h"

static peal_log_record record_of(peal_slice text) {
  return (peal_log_record){.level = PEAL_LOG_WARN,
                           .area = "http",
                           .text = text,
                           .sid = PEAL_S("s"),
                           .time_ms = 1795178568494};
}

/* The whole line of `text` in a form. */
static void expect_line(peal_log_format format, peal_slice text,
                        const char *line) {
  char out[PEAL_LOG_LINE_MIN];
  peal_log_record record = record_of(text);
  size_t len = peal_log_line(out, sizeof(out), &record, format);
  assert_string_equal(out, line);
  assert_int_equal(len, strlen(line));
}

static void a_line_for_people_is_time_level_area_and_text(void **state) {
  (void)state;
  expect_line(PEAL_LOG_TEXT, PEAL_S("it is \"so\""),
              "2026-11-20T12:42:48.494Z warn http: it is \"so\" sid=s\n");
}

static void quotes_and_controls_are_escaped_in_the_others(void **state) {
  (void)state;
  expect_line(PEAL_LOG_KEYS, PEAL_S("a \"b\" \\ \n\x7f"),
              "time=2026-11-20T12:42:48.494Z level=warn area=\"http\" "
              "sid=\"s\" msg=\"a \\\"b\\\" \\\\ \\u000a\\u007f\"\n");
  expect_line(PEAL_LOG_JSON, PEAL_S("a \"b\" \\ \n"),
              "{\"time\":\"2026-11-20T12:42:48.494Z\",\"level\":\"warn\","
              "\"area\":\"http\",\"sid\":\"s\","
              "\"msg\":\"a \\\"b\\\" \\\\ \\u000a\"}\n");
}

/* Whatever is cut: no half character, no open quote, one newline. */
static void a_line_that_is_too_long_is_cut_and_stays_one(void **state) {
  static const char *const pieces[] = {"\xc3\xa4", "\"", "\x01", "x"};
  static const char *const ends[] = {"sid=s\n", "\"\n", "\"}\n"};
  char text[4000], out[PEAL_LOG_LINE_MIN];
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    size_t len = 0;
    for (; len + 2 < sizeof(text); len += strlen(pieces[i]))
      memcpy(text + len, pieces[i], strlen(pieces[i]));
    for (unsigned format = 0; format < 3; format++) {
      peal_log_record record = record_of((peal_slice){text, len});
      size_t bytes =
          peal_log_line(out, sizeof(out), &record, (peal_log_format)format);
      assert_true(bytes > 900 && bytes < sizeof(out));
      assert_ptr_equal(strchr(out, '\n'), out + bytes - 1);
      if (format != PEAL_LOG_TEXT)
        assert_string_equal(out + bytes - strlen(ends[format]), ends[format]);
      if (i == 0 && format == PEAL_LOG_JSON)
        assert_memory_equal(out + bytes - 5, "\xc3\xa4", 2);
    }
  }
}

/* Also of a program that hands on what a peer has sent. */
static void whatever_the_text_is_it_is_one_line_of_utf8(void **state) {
  static const char *const tails[] = {"a?b?c????d\n",
                                      "msg=\"a\\u000ab\\u009bc????d\"\n",
                                      "\"msg\":\"a\\u000ab\\u009bc????d\"}\n"};
  char out[PEAL_LOG_LINE_MIN];
  peal_log_record record = record_of(PEAL_S("a\nb\xc2\x9b"
                                            "c\xff\xed\xa0\x80"
                                            "d"));
  (void)state;
  record.peer = record.sid = (peal_slice){0};
  for (int format = 0; format < 3; format++) {
    size_t len =
        peal_log_line(out, sizeof(out), &record, (peal_log_format)format);
    assert_true(len > strlen(tails[format]));
    assert_string_equal(out + len - strlen(tails[format]), tails[format]);
  }
}

static void without_room_nothing_is_written(void **state) {
  char out[4] = "abc";
  peal_log_record record = record_of(PEAL_S("x"));
  (void)state;
  assert_int_equal(peal_log_line(out, 4, &record, PEAL_LOG_TEXT), 0);
  assert_int_equal(peal_log_line(NULL, 4096, &record, PEAL_LOG_TEXT), 0);
  assert_int_equal(peal_log_line(out, 4096, NULL, PEAL_LOG_TEXT), 0);
  assert_string_equal(out, "abc");
}

static void times_are_those_of_the_calendar(void **state) {
  static const struct {
    int64_t ms;
    const char *text;
  } cases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {951782400000, "2000-02-29T00:00:00.000Z"},
      {951868800000, "2000-03-01T00:00:00.000Z"},
      {4107542400000, "2100-03-01T00:00:00.000Z"},
      {4107542399999, "2100-02-28T23:59:59.999Z"},
      {1798761599000, "2026-12-31T23:59:59.000Z"},
      {253402300799999, "9999-12-31T23:59:59.999Z"},
      {253402300800000, "1970-01-01T00:00:00.000Z"},
      {-62167219200000, "0000-01-01T00:00:00.000Z"},
      {-62167219200001, "1970-01-01T00:00:00.000Z"},
      {INT64_MAX, "1970-01-01T00:00:00.000Z"},
      {INT64_MIN, "1970-01-01T00:00:00.000Z"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char out[PEAL_ISO_TIME_BYTES];
    peal_iso_time(out, cases[i].ms);
    assert_string_equal(out, cases[i].text);
  }
}

static void ids_stand_in_fields_of_their_own(void **state) {
  static const char *const lines[] = {
      [PEAL_LOG_TEXT] = "2026-11-20T12:42:48.494Z warn http: x sid=s "
                        "trace_id=abc span_id=def\n",
      [PEAL_LOG_KEYS] =
          "time=2026-11-20T12:42:48.494Z level=warn area=\"http\" "
          "sid=\"s\" trace_id=\"abc\" span_id=\"def\" "
          "msg=\"x\"\n",
      [PEAL_LOG_JSON] = "{\"time\":\"2026-11-20T12:42:48.494Z\","
                        "\"level\":\"warn\",\"area\":\"http\","
                        "\"sid\":\"s\",\"trace_id\":\"abc\","
                        "\"span_id\":\"def\",\"msg\":\"x\"}\n"};
  (void)state;
  peal_log_record record = record_of(PEAL_S("x"));
  record.trace_id = PEAL_S("abc");
  record.span_id = PEAL_S("def");
  for (unsigned format = PEAL_LOG_TEXT; format <= PEAL_LOG_JSON; format++) {
    char out[PEAL_LOG_LINE_MIN];
    (void)peal_log_line(out, sizeof out, &record, (peal_log_format)format);
    assert_string_equal(out, lines[format]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_stand_in_fields_of_their_own),
      cmocka_unit_test(a_line_for_people_is_time_level_area_and_text),
      cmocka_unit_test(quotes_and_controls_are_escaped_in_the_others),
      cmocka_unit_test(a_line_that_is_too_long_is_cut_and_stays_one),
      cmocka_unit_test(whatever_the_text_is_it_is_one_line_of_utf8),
      cmocka_unit_test(without_room_nothing_is_written),
      cmocka_unit_test(times_are_those_of_the_calendar),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
