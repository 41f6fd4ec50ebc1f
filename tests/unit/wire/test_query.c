/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/query.h"

/* Each parameter as <name:value>. */
static void list_params(char *out, peal_slice query) {
  peal_query_param param;
  while (peal_query_next(&query, &param)) {
    *out++ = '<';
    memcpy(out, param.name.ptr, param.name.len);
    out += param.name.len;
    *out++ = ':';
    memcpy(out, param.value.ptr, param.value.len);
    out += param.value.len;
    *out++ = '>';
  }
  *out = 0;
}

static void parameters_come_raw_and_in_order(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", ""},
      {"&&", ""},
      {"a", "<a:>"},
      {"a=", "<a:>"},
      {"a=1&b=2", "<a:1><b:2>"},
      {"&a=1&&b=2&", "<a:1><b:2>"},
      {"a=b=c", "<a:b=c>"},
      {"=v&x", "<:v><x:>"},
      {"a%20b=%26+c", "<a%20b:%26+c>"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char found[64];
    list_params(found, peal_slice_of(rows[i][0]));
    assert_string_equal(found, rows[i][1]);
  }
  peal_slice none = {NULL, 0};
  peal_query_param param;
  assert_false(peal_query_next(&none, &param));
}

static void the_first_of_a_name_is_found(void **state) {
  (void)state;
  peal_slice value = {NULL, 0};
  peal_slice query = PEAL_S("EIO=4&xsid=no&sid=a%20b&sid=2&%74=7&empty");
  assert_true(peal_query_find(query, "sid", &value));
  assert_true(peal_slice_is(value, "a%20b"));
  assert_true(peal_query_find(query, "t", &value));
  assert_true(peal_slice_is(value, "7"));
  assert_true(peal_query_find(query, "empty", &value));
  assert_int_equal(value.len, 0);
}

static void what_is_not_there_is_not_found(void **state) {
  (void)state;
  peal_slice value = PEAL_S("kept");
  assert_false(peal_query_find(PEAL_S("sid=1"), "si", &value));
  assert_false(peal_query_find(PEAL_S("sid=1"), "sids", &value));
  assert_false(peal_query_find(PEAL_S("SID=1"), "sid", &value));
  assert_false(peal_query_find(PEAL_S("sid%00=1"), "sid", &value));
  assert_false(peal_query_find((peal_slice){NULL, 0}, "sid", &value));
  assert_true(peal_slice_is(value, "kept"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters_come_raw_and_in_order),
      cmocka_unit_test(the_first_of_a_name_is_found),
      cmocka_unit_test(what_is_not_there_is_not_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
