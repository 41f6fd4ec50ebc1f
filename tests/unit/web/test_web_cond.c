/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/web_cond.h"
#include "web/web_date.h"

static void reads_one_range(void **state) {
  static const struct {
    const char *range;
    uint64_t size;
    unsigned status;
    uint64_t offset, length;
  } cases[] = {
      {"bytes=0-0", 10, 206, 0, 1},
      {"bytes=0-9", 10, 206, 0, 10},
      {"bytes=0-10", 10, 206, 0, 10},
      {"bytes=3-", 10, 206, 3, 7},
      {"bytes=9-", 10, 206, 9, 1},
      {"bytes=-3", 10, 206, 7, 3},
      {"bytes=-30", 10, 206, 0, 10},
      {"BYTES=1-2", 10, 206, 1, 2},
      {"bytes=5-99999999999999999999999", 10, 206, 5, 5},
      {"bytes=10-", 10, 416, 0, 0},
      {"bytes=10-12", 10, 416, 0, 0},
      {"bytes=99999999999999999999999-", 10, 416, 0, 0},
      {"bytes=-0", 10, 416, 0, 0},
      {"bytes=0-", 0, 416, 0, 0},
      {"bytes=-1", 0, 416, 0, 0},
      /* malformed, of another unit, or several: ignored */
      {"bytes=2-1", 10, 200, 0, 10},
      {"bytes=", 10, 200, 0, 10},
      {"bytes=-", 10, 200, 0, 10},
      {"bytes=a-b", 10, 200, 0, 10},
      {"bytes=1-2,4-5", 10, 200, 0, 10},
      {"bytes=1 -2", 10, 200, 0, 10},
      {"bytes 1-2", 10, 200, 0, 10},
      {"lines=1-2", 10, 200, 0, 10},
      {"bytes=--2", 10, 200, 0, 10},
      {"", 10, 200, 0, 10},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    peal_web_cond_plan plan =
        peal_web_cond_range(peal_slice_of(cases[i].range), cases[i].size);
    if (plan.status != cases[i].status || plan.offset != cases[i].offset ||
        plan.length != cases[i].length)
      fail_msg("%s: %u %llu %llu", cases[i].range, plan.status,
               (unsigned long long)plan.offset,
               (unsigned long long)plan.length);
  }
}

static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
static const char before[] = "Sun, 06 Nov 1994 08:49:36 GMT";
static const char after[] = "Sun, 06 Nov 1994 08:49:38 GMT";

static peal_web_cond_file file_of_then(void) {
  peal_web_cond_file file = {.size = 100, .mtime_s = 784111777};
  peal_web_cond_etag(&file, file.mtime_s * 1000000000);
  return file;
}

static unsigned decide(peal_web_cond_ask ask) {
  peal_web_cond_file file = file_of_then();
  return peal_web_cond_decide(&file, &ask).status;
}

#define DECIDE(...) decide((peal_web_cond_ask){.is_get = true, __VA_ARGS__})

static void answers_304_to_what_is_known(void **state) {
  peal_web_cond_file file = file_of_then();
  char list[120];
  (void)state;
  strcpy(list, "\"x,y\", ");
  strcat(list, file.etag);
  assert_int_equal(DECIDE(.if_none_match = peal_slice_of(file.etag)), 304);
  assert_int_equal(DECIDE(.if_none_match = peal_slice_of(file.etag + 2)), 304);
  assert_int_equal(DECIDE(.if_none_match = peal_slice_of(list)), 304);
  assert_int_equal(DECIDE(.if_none_match = PEAL_S("*")), 304);
  assert_int_equal(DECIDE(.if_none_match = PEAL_S("\"x\"")), 200);
  assert_int_equal(DECIDE(.if_none_match = PEAL_S("W/\"\"")), 200);
  assert_int_equal(DECIDE(.if_modified_since = peal_slice_of(date)), 304);
  assert_int_equal(DECIDE(.if_modified_since = peal_slice_of(after)), 304);
  assert_int_equal(DECIDE(.if_modified_since = peal_slice_of(before)), 200);
  assert_int_equal(DECIDE(.if_modified_since = PEAL_S("yesterday")), 200);
}

static void a_tag_wins_over_a_date(void **state) {
  (void)state;
  assert_int_equal(DECIDE(.if_none_match = PEAL_S("\"x\""),
                          .if_modified_since = peal_slice_of(after)),
                   200);
}

static void answers_412_to_what_has_changed(void **state) {
  peal_web_cond_file file = file_of_then();
  (void)state;
  assert_int_equal(DECIDE(.if_match = PEAL_S("*")), 200);
  assert_int_equal(DECIDE(.if_match = PEAL_S("\"x\"")), 412);
  assert_int_equal(DECIDE(.if_match = peal_slice_of(file.etag)), 412);
  assert_int_equal(DECIDE(.if_unmodified_since = peal_slice_of(before)), 412);
  assert_int_equal(DECIDE(.if_unmodified_since = peal_slice_of(date)), 200);
}

static void joins_ranges_only_by_an_exact_date(void **state) {
  peal_web_cond_file file = file_of_then();
  peal_slice range = PEAL_S("bytes=0-4");
  (void)state;
  assert_int_equal(DECIDE(.range = range), 206);
  assert_int_equal(DECIDE(.range = range, .if_range = peal_slice_of(date)),
                   206);
  assert_int_equal(DECIDE(.range = range, .if_range = peal_slice_of(after)),
                   200);
  assert_int_equal(DECIDE(.range = range, .if_range = peal_slice_of(file.etag)),
                   200);
  assert_int_equal(
      DECIDE(.range = range, .if_none_match = peal_slice_of(file.etag)), 304);
  assert_int_equal(decide((peal_web_cond_ask){.range = range}), 200);
}

static void reads_the_three_forms_of_dates(void **state) {
  static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                     "Sunday, 06-Nov-94 08:49:37 GMT",
                                     "Sun Nov  6 08:49:37 1994"};
  static const char *const bad[] = {
      "",
      "Sun",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 GMT+1",
      "Sun, 06 Xxx 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "1994-11-06T08:49:37Z",
      "Sun, 06 Nov 1994 08:49:37 GMT                              "};
  int64_t seconds;
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    assert_true(peal_web_date_parse(peal_slice_of(good[i]), &seconds));
    assert_int_equal(seconds, 784111777);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(peal_web_date_parse(peal_slice_of(bad[i]), &seconds));
}

static void writes_dates_as_it_reads_them(void **state) {
  char text[30];
  (void)state;
  peal_web_date_print(text, 784111777);
  assert_string_equal(text, date);
  peal_web_date_print(text, 0);
  assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_one_range),
      cmocka_unit_test(answers_304_to_what_is_known),
      cmocka_unit_test(a_tag_wins_over_a_date),
      cmocka_unit_test(answers_412_to_what_has_changed),
      cmocka_unit_test(joins_ranges_only_by_an_exact_date),
      cmocka_unit_test(reads_the_three_forms_of_dates),
      cmocka_unit_test(writes_dates_as_it_reads_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
