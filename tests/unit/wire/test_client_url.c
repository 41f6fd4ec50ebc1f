/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/client_url.h"
#include "wire_case.h"

static void run_case(const wire_case *test, wire_feed *feed, wire_log *log,
                     void *user) {
  (void)user;
  (void)test;
  peal_slice text;
  peal_client_url url;
  assert_true(wire_feed_next(feed, &text));
  const char *wrong = peal_client_url_parse(&url, text);
  if (wrong) {
    wire_log_add(log, "wrong: %s", wrong);
    return;
  }
  wire_log_add(log, "%s %.*s%s %u", url.is_tls ? "tls" : "plain",
               PEAL_SFMT(url.host), url.is_ipv6 ? " (ipv6)" : "", url.port);
  wire_log_add(log, "nsp %.*s", PEAL_SFMT(url.nsp));
  if (url.query.len)
    wire_log_add(log, "query %.*s", PEAL_SFMT(url.query));
  if (url.userinfo.ptr)
    wire_log_add(log, "user %.*s", PEAL_SFMT(url.userinfo));
}

static void urls_come_apart_as_they_are_written(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("client_url", WIRE_CASE_WHOLE, run_case, NULL),
                   0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_come_apart_as_they_are_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
