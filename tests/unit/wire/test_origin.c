/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/origin.h"
#include "wire_case.h"

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  peal_slice text;
  assert_true(wire_feed_next(feed, &text));
  peal_slice called = peal_slice_of(wire_case_opt(test, "as"));
  wire_log_add(log, "%s%s%s",
               peal_origin_is_own(text, called) ? "own" : "other",
               peal_origin_is_native(text) ? " native" : "",
               peal_origin_is_file(text) ? " file" : "");
}

static void the_own_origin_is_by_host_and_port(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("origin", WIRE_CASE_WHOLE, run_case, NULL), 0);
}

static void patterns_have_their_star_in_two_places(void **state) {
  (void)state;
  static const char *const good[] = {"*",
                                     "null",
                                     "file://",
                                     "anything",
                                     "https://a.example",
                                     "https://*.example.com",
                                     "https://*.com:8443",
                                     "http://localhost:*",
                                     "http://*.example.com:*",
                                     "http://[::1]:*"};
  static const char *const bad[] = {
      "**",           "*.example.com",      "https://*",     "https://*.",
      "https://a.*",  "https://a*.b",       "https://*a.b",  "https://*.*.b",
      "*://a.b",      "https://a:8*",       "https://a:**",  "https://*..b",
      "https://*.a/", "http://*.a:80:90:*", "http://x@*.a.b"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_true(peal_origin_is_pattern(peal_slice_of(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(peal_origin_is_pattern(peal_slice_of(bad[i])));
}

static bool matches(const char *text, const char *pattern) {
  return peal_origin_matches(peal_slice_of(text), peal_slice_of(pattern));
}

static void a_star_stands_for_names_in_front_of_a_host(void **state) {
  (void)state;
  const char *pattern = "https://*.example.com";
  assert_true(matches("https://a.example.com", pattern));
  assert_true(matches("https://a.b.example.com", pattern));
  assert_true(matches("HTTPS://A.Example.COM", pattern));
  assert_true(matches("https://a.example.com:443", pattern));
  assert_false(matches("https://example.com", pattern));
  assert_false(matches("https://.example.com", pattern));
  assert_false(matches("https://evilexample.com", pattern));
  assert_false(matches("https://a.example.com.evil", pattern));
  assert_false(matches("https://a.example.com:8443", pattern));
  assert_false(matches("http://a.example.com", pattern));
  assert_false(matches("https://evil/.example.com", pattern));
  assert_false(matches("https://evil:80.example.com", pattern));
  assert_false(matches("https://evil#.example.com", pattern));
  assert_false(matches("https://evil?.example.com", pattern));
  assert_false(matches("https://u@a.example.com", pattern));
  assert_false(matches("null", pattern));
  assert_false(matches("", pattern));
}

static void a_star_stands_for_any_port(void **state) {
  (void)state;
  assert_true(matches("http://localhost", "http://localhost:*"));
  assert_true(matches("http://localhost:5173", "http://localhost:*"));
  assert_false(matches("https://localhost:5173", "http://localhost:*"));
  assert_false(matches("http://localhost.evil", "http://localhost:*"));
  assert_true(matches("http://[::1]:5173", "http://[::1]:*"));
  assert_true(matches("http://a.b:1", "http://*.b:*"));
}

static void without_a_star_the_text_is_compared(void **state) {
  (void)state;
  assert_true(matches("http://A", "http://a"));
  assert_true(matches("null", "null"));
  assert_false(matches("http://a:80", "http://a"));
  assert_true(matches("whatever", "*"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_own_origin_is_by_host_and_port),
      cmocka_unit_test(patterns_have_their_star_in_two_places),
      cmocka_unit_test(a_star_stands_for_names_in_front_of_a_host),
      cmocka_unit_test(a_star_stands_for_any_port),
      cmocka_unit_test(without_a_star_the_text_is_compared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
