/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http1.h"

static void every_name_is_found_in_any_case(void **state) {
  (void)state;
  for (unsigned i = 1; i < PEAL_HTTP1_NAME_COUNT; i++) {
    const char *text = peal_http1_name_text((peal_http1_name)i);
    char upper[64];
    size_t len = strlen(text);
    assert_in_range(len, 1, 24);
    for (size_t c = 0; c < len; c++)
      upper[c] = text[c] == '-' ? '-' : (char)(text[c] - 32);
    assert_int_equal(peal_http1_name_of((peal_slice){text, len}), i);
    assert_int_equal(peal_http1_name_of((peal_slice){upper, len}), i);
  }
}

static void one_other_byte_is_another_name(void **state) {
  (void)state;
  for (unsigned i = 1; i < PEAL_HTTP1_NAME_COUNT; i++) {
    const char *text = peal_http1_name_text((peal_http1_name)i);
    char other[64];
    size_t len = strlen(text);
    memcpy(other, text, len);
    for (size_t c = 0; c < len; c++) {
      other[c] = '_';
      assert_int_equal(peal_http1_name_of((peal_slice){other, len}), 0);
      other[c] = text[c];
    }
    assert_int_not_equal(peal_http1_name_of((peal_slice){text, len - 1}), i);
  }
  assert_int_equal(peal_http1_name_of((peal_slice){NULL, 0}), 0);
  char longer[300];
  memset(longer, 'a', sizeof(longer));
  assert_int_equal(peal_http1_name_of((peal_slice){longer, 300}), 0);
}

static void a_head_knows_the_first_of_each(void **state) {
  (void)state;
  static const char text[] = "GET / HTTP/1.1\r\nX-A: 1\r\nHOST: a\r\n"
                             "Cookie: x=1\r\ncookie: y=2\r\nX-a: 2\r\n\r\nmore";
  peal_http1_head head;
  size_t len = 0;
  peal_slice in = {text, sizeof(text) - 1};
  assert_int_equal(peal_http1_request_take(&head, in, NULL, &len), PEAL_OK);
  assert_int_equal(len, in.len - 4);
  assert_int_equal(head.first[PEAL_HTTP1_NAME_HOST], 2);
  assert_int_equal(head.first[PEAL_HTTP1_NAME_COOKIE], 3);
  assert_int_equal(head.first[PEAL_HTTP1_NAME_ORIGIN], 0);
  assert_true(peal_slice_is(peal_http1_field_get(&head, "cookie"), "x=1"));
  assert_true(peal_slice_is(peal_http1_field_get(&head, "x-a"), "1"));
  assert_null(peal_http1_field_get(&head, "origin").ptr);
  assert_null(peal_http1_field_get(&head, "x-b").ptr);
  for (size_t cut = 0; cut < len; cut++)
    assert_int_equal(
        peal_http1_request_take(&head, (peal_slice){text, cut}, NULL, &len),
        PEAL_ERR_AGAIN);
}

static void what_is_too_long_is_left_to_the_scan(void **state) {
  (void)state;
  static const char text[] = "GET /aaaaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\n";
  const peal_slice in = {text, sizeof(text) - 1};
  const peal_http1_limits head_limit = {.head_bytes = sizeof(text) - 2};
  const peal_http1_limits target_limit = {.target_bytes = 10};
  const peal_http1_limits fits = {sizeof(text) - 1, 11};
  peal_http1_head head;
  size_t len = 0;
  assert_int_equal(peal_http1_request_take(&head, in, &head_limit, &len),
                   PEAL_ERR_AGAIN);
  assert_int_equal(peal_http1_request_take(&head, in, &target_limit, &len),
                   PEAL_ERR_AGAIN);
  assert_int_equal(peal_http1_request_take(&head, in, &fits, &len), PEAL_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_name_is_found_in_any_case),
      cmocka_unit_test(one_other_byte_is_another_name),
      cmocka_unit_test(a_head_knows_the_first_of_each),
      cmocka_unit_test(what_is_too_long_is_left_to_the_scan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
