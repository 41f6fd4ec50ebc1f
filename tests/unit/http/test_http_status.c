/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <peal/http.h>

static void statuses_have_their_texts(void **state) {
  (void)state;
  assert_string_equal(peal_http_status_text(200), "OK");
  assert_string_equal(peal_http_status_text(404), "Not Found");
  assert_string_equal(peal_http_status_text(431),
                      "Request Header Fields Too Large");
  assert_string_equal(peal_http_status_text(505), "HTTP Version Not Supported");
  assert_string_equal(peal_http_status_text(0), "");
  assert_string_equal(peal_http_status_text(299), "");
  assert_string_equal(peal_http_status_text(1000), "");
}

/* What the error table promises to peers can be said. */
static void every_error_s_status_has_a_text(void **state) {
  (void)state;
#define CHECK_(name, number, cls, msg, ws, http)                               \
  if (http)                                                                    \
    assert_string_not_equal(peal_http_status_text(http), "");
  PEAL_ERR_MAP(CHECK_)
#undef CHECK_
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(statuses_have_their_texts),
      cmocka_unit_test(every_error_s_status_has_a_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
