/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "proto/cookie_jar.h"
#include "proto/cookie_jar_date.h"
#include "torture.h"
#include "wire_case.h"

#define WALL_MS 1700000000000
#define NOW_MS 5000u

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  peal_cookie_jar jar;
  peal_slice text, field;
  peal_buf out;
  bool secure = wire_case_opt(test, "secure") != NULL;
  uint64_t later_ms = 1000 * wire_case_opt_u64(test, "later", 0);
  peal_cookie_jar_init(&jar, NULL);
  peal_buf_init(&out, NULL, 0);
  assert_true(wire_feed_next(feed, &text));
  while (peal_text_next(&text, '\n', &field))
    assert_int_equal(
        peal_cookie_jar_set(&jar, field,
                            peal_slice_of(wire_case_opt(test, "path")), secure,
                            WALL_MS, NOW_MS),
        PEAL_OK);
  peal_cookie_jar_get(&jar, &out, peal_slice_of(wire_case_opt(test, "for")),
                      secure, NOW_MS + later_ms);
  if (out.len)
    wire_log_add(log, "%.*s", PEAL_SFMT(peal_buf_slice(&out)));
  else
    wire_log_add(log, "(none)");
  peal_buf_deinit(&out);
  peal_cookie_jar_deinit(&jar);
}

static void cookies_come_back_as_the_rfc_says(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("cookie_jar", WIRE_CASE_WHOLE, run_case, NULL),
                   0);
}

static void dates_are_read_in_any_order(void **state) {
  (void)state;

  static const struct {
    const char *text;
    int64_t seconds; /* -1: none */
  } cases[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"Sun Nov  6 08:49:37 1994", 784111777},
      {"1994 nov 6 8:49:37", 784111777},
      {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
      {"Fri, 01 Mar 2024 00:00:00 GMT", 1709251200},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
      {"01 Jan 1970 00:00:00", 0},
      {"01 Jan 69 00:00:00", 3124224000},
      {"01 January 70 00:00:00", 0},
      {"", -1},
      {"06 Nov 1994", -1},
      {"06 Nov 1994 24:00:00", -1},
      {"06 Nov 1994 08:60:00", -1},
      {"32 Nov 1994 08:00:00", -1},
      {"00 Nov 1994 08:00:00", -1},
      {"06 Xyz 1994 08:49:37", -1},
      {"06 Nov 1500 08:49:37", -1},
      {"06 Nov 19941 08:49:37", -1},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t seconds = -1;
    bool found = peal_cookie_jar_date(peal_slice_of(cases[i].text), &seconds);
    if (found != (cases[i].seconds >= 0) ||
        (found && seconds != cases[i].seconds))
      fail_msg("%s: %lld", cases[i].text, (long long)seconds);
  }
}

static void a_jar_is_bounded_and_its_oldest_goes(void **state) {
  (void)state;
  peal_cookie_jar jar;
  char text[32];
  peal_buf out;
  peal_cookie_jar_init(&jar, NULL);
  for (int i = 0; i < 200; i++) {
    snprintf(text, sizeof text, "n%d=%d", i, i);
    assert_int_equal(peal_cookie_jar_set(&jar, peal_slice_of(text), PEAL_S("/"),
                                         false, WALL_MS, NOW_MS),
                     PEAL_OK);
  }
  assert_int_equal(peal_cookie_jar_count(&jar), PEAL_COOKIE_JAR_COUNT);
  peal_buf_init(&out, NULL, 0);
  peal_cookie_jar_get(&jar, &out, PEAL_S("/"), false, NOW_MS);
  assert_memory_equal(out.ptr, "n150=150; n151=", 15);
  peal_buf_deinit(&out);
  peal_cookie_jar_deinit(&jar);
}

static void all_cookies_together_fit_into_one_field(void **state) {
  (void)state;
  peal_cookie_jar jar;
  char text[2048];
  peal_buf out;
  peal_cookie_jar_init(&jar, NULL);
  for (int i = 0; i < 30; i++) {
    snprintf(text, sizeof text, "n%d=%0*d", i, 1000 + 10 * i, i);
    assert_int_equal(peal_cookie_jar_set(&jar, peal_slice_of(text), PEAL_S("/"),
                                         false, WALL_MS, NOW_MS),
                     PEAL_OK);
    assert_true(jar.bytes <= PEAL_COOKIE_JAR_ALL_BYTES);
  }
  assert_int_equal(peal_cookie_jar_count(&jar), 4);
  peal_buf_init(&out, NULL, 0);
  peal_cookie_jar_get(&jar, &out, PEAL_S("/"), false, NOW_MS);
  assert_true(out.len > 4000 && out.len <= PEAL_COOKIE_JAR_ALL_BYTES);
  assert_memory_equal(out.ptr, "n26=0", 5);
  peal_buf_deinit(&out);
  peal_cookie_jar_deinit(&jar);
}

static peal_err keep_some(const peal_mem *mem, void *user) {
  peal_cookie_jar jar;
  (void)user;
  peal_cookie_jar_init(&jar, mem);
  peal_err err = peal_cookie_jar_set(&jar, PEAL_S("a=1"), PEAL_S("/"), false,
                                     WALL_MS, NOW_MS);
  if (!err)
    err = peal_cookie_jar_set(&jar, PEAL_S("a=2"), PEAL_S("/"), false, WALL_MS,
                              NOW_MS);
  assert_true(err || peal_cookie_jar_count(&jar) == 1);
  peal_cookie_jar_deinit(&jar);
  return err;
}

static void without_memory_the_old_one_stays(void **state) {
  (void)state;
  assert_true(torture_run(keep_some, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cookies_come_back_as_the_rfc_says),
      cmocka_unit_test(dates_are_read_in_any_order),
      cmocka_unit_test(a_jar_is_bounded_and_its_oldest_goes),
      cmocka_unit_test(all_cookies_together_fit_into_one_field),
      cmocka_unit_test(without_memory_the_old_one_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
