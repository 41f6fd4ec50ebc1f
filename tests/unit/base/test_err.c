/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/base.h>

static void each_error_has_name_message_and_codes(void **state) {
  (void)state;
  assert_string_equal(peal_err_name(PEAL_ERR_WS_TOO_BIG),
                      "PEAL_ERR_WS_TOO_BIG");
  assert_string_equal(peal_err_message(PEAL_ERR_NOMEM), "out of memory");
  assert_int_equal(peal_err_class_of(PEAL_ERR_JSON), PEAL_CLASS_PEER);
  assert_int_equal(peal_err_ws_code(PEAL_ERR_UTF8), 1007);
  assert_int_equal(peal_err_http_status(PEAL_ERR_HTTP_HEAD_LEN), 431);
  assert_int_equal(peal_err_class_of(PEAL_OK), PEAL_CLASS_OK);
  assert_string_equal(peal_err_name(PEAL_OK), "PEAL_OK");
}

static void every_error_is_negative_and_complete(void **state) {
  (void)state;
#define CHECK_(name, number, cls, msg, ws, http)                               \
  assert_true(PEAL_ERR_##name < 0);                                            \
  assert_string_equal(peal_err_name(PEAL_ERR_##name), "PEAL_ERR_" #name);      \
  assert_string_equal(peal_err_message(PEAL_ERR_##name), msg);                 \
  assert_int_equal(peal_err_class_of(PEAL_ERR_##name), PEAL_CLASS_##cls);
  PEAL_ERR_MAP(CHECK_)
#undef CHECK_
}

static void a_number_that_is_no_error_has_an_answer_too(void **state) {
  (void)state;
  assert_string_equal(peal_err_message((peal_err)-5), "unknown error");
  assert_string_equal(peal_err_message((peal_err)7), "unknown error");
  assert_string_equal(peal_err_name((peal_err)-1000), "PEAL_ERR_UNKNOWN");
  assert_string_equal(peal_err_name((peal_err)INT32_MIN), "PEAL_ERR_UNKNOWN");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_error_has_name_message_and_codes),
      cmocka_unit_test(every_error_is_negative_and_complete),
      cmocka_unit_test(a_number_that_is_no_error_has_an_answer_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
