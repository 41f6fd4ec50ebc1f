/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err_site.h"

#ifndef NDEBUG
#define SITES true
#else
#define SITES false
#endif

static void an_error_says_where_it_was_made(void **state) {
  (void)state;
  char text[PEAL_ERR_SITE_TEXT], expected[64] = "";
  assert_int_equal(PEAL_FAIL(PEAL_ERR_JSON), PEAL_ERR_JSON);
  if (SITES)
    snprintf(expected, sizeof expected, " (base/test_err_site.c:%d)",
             __LINE__ - 3);
  assert_string_equal(peal_err_site_text(PEAL_ERR_JSON, text), expected);
}

static void another_error_is_not_blamed_on_it(void **state) {
  (void)state;
  char text[PEAL_ERR_SITE_TEXT];
  assert_int_equal(PEAL_FAIL(PEAL_ERR_JSON), PEAL_ERR_JSON);
  assert_string_equal(peal_err_site_text(PEAL_ERR_UTF8, text), "");
  assert_string_equal(peal_err_site_text(PEAL_OK, text), "");
}

static void names_may_have_any_length(void **state) {
  (void)state;
  char text[PEAL_ERR_SITE_TEXT], name[300];
  assert_int_equal(peal_err_site_note(PEAL_ERR_JSON, "x.c", 7), PEAL_ERR_JSON);
  assert_string_equal(peal_err_site_text(PEAL_ERR_JSON, text),
                      SITES ? " (x.c:7)" : "");
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  (void)peal_err_site_note(PEAL_ERR_JSON, name, UINT32_MAX);
  assert_string_equal(peal_err_site_text(PEAL_ERR_JSON, text), "");
  (void)peal_err_site_note(PEAL_ERR_JSON, name + 250, UINT32_MAX);
  assert_int_equal(strlen(peal_err_site_text(PEAL_ERR_JSON, text)),
                   SITES ? 49 + 14 : 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_error_says_where_it_was_made),
      cmocka_unit_test(another_error_is_not_blamed_on_it),
      cmocka_unit_test(names_may_have_any_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
