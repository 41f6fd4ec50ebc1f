/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/val.h>

static void a_copy_outlives_what_it_was_made_of(void **state) {
  (void)state;
  char text[] = "hello";
  peal_doc *doc = peal_doc_new(PEAL_OBJECT({"t", peal_str(text)}));
  assert_non_null(doc);
  memset(text, 'x', 5);
  peal_val value = peal_val_get(peal_doc_val(doc), "t");
  assert_true(peal_slice_is(peal_val_str(value), "hello"));
  peal_doc_free(doc);
  peal_doc_free(NULL);
}

static void json_is_copied_before_it_is_read(void **state) {
  (void)state;
  char text[] = "{\"a\":[\"b\"]}";
  peal_doc *doc = NULL;
  assert_int_equal(peal_doc_from_json(&doc, peal_slice_of(text), NULL),
                   PEAL_OK);
  memset(text, ' ', sizeof text);
  peal_val item = peal_val_at(peal_val_get(peal_doc_val(doc), "a"), 0);
  assert_true(peal_slice_is(peal_val_str(item), "b"));
  peal_doc_free(doc);
}

static void bad_json_gives_no_document_but_a_reason(void **state) {
  (void)state;
  peal_doc *doc = (peal_doc *)(uintptr_t)1;
  peal_err_info info = {0};
  assert_int_equal(peal_doc_from_json(&doc, PEAL_S("[1,"), &info),
                   PEAL_ERR_JSON);
  assert_null(doc);
  assert_int_equal(info.pos, 3);
  assert_non_null(info.msg);
  assert_int_equal(peal_doc_from_json(&doc, (peal_slice){NULL, 0}, NULL),
                   PEAL_ERR_JSON);
  assert_int_equal(peal_doc_from_json(&doc, PEAL_S("\"\xff\""), NULL),
                   PEAL_ERR_UTF8);
}

static void what_is_too_deep_cannot_be_kept(void **state) {
  (void)state;
  static peal_val levels[200];
  peal_val value = peal_null();
  for (size_t i = 0; i < 200; i++) {
    levels[i] = value;
    value = peal_array(&levels[i], 1);
  }
  assert_null(peal_doc_new(value));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_copy_outlives_what_it_was_made_of),
      cmocka_unit_test(json_is_copied_before_it_is_read),
      cmocka_unit_test(bad_json_gives_no_document_but_a_reason),
      cmocka_unit_test(what_is_too_deep_cannot_be_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
