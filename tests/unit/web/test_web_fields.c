/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/web.h>

#include "torture.h"
#include "web/web_form.h"

/* What is said about a field of a JSON object; "" if nothing. */
static const char *said(const char *json, const peal_web_field *fields,
                        size_t count) {
  static peal_web_problem problem;
  peal_doc *doc = NULL;
  assert_int_equal(peal_doc_from_json(&doc, peal_slice_of(json), NULL),
                   PEAL_OK);
  bool ok = peal_web_fields_check(peal_doc_val(doc), fields, count, &problem);
  peal_doc_free(doc);
  assert_int_equal(ok, problem.message[0] == 0);
  return problem.message;
}

static void tells_what_is_wrong_with_a_field(void **state) {
  static const struct {
    const char *json;
    peal_web_field field;
    const char *said;
  } cases[] = {
      {"{}", {.name = "x", .type = PEAL_DOUBLE}, "x is missing"},
      {"{}", {"x", PEAL_DOUBLE, .optional = true}, ""},
      {"{\"x\":null}", {"x", PEAL_DOUBLE, .optional = true}, ""},
      {"{\"x\":null}",
       {.name = "x", .type = PEAL_DOUBLE},
       "x must be a number, not null"},
      {"{\"x\":\"1\"}",
       {.name = "x", .type = PEAL_DOUBLE},
       "x must be a number, not string"},
      {"{\"x\":1}", {.name = "x", .type = PEAL_DOUBLE}, ""},
      {"{\"x\":1.5}",
       {.name = "x", .type = PEAL_INT},
       "x must be a whole number, not number"},
      {"{\"x\":2.0}", {.name = "x", .type = PEAL_INT}, ""},
      {"{\"x\":2e300}",
       {.name = "x", .type = PEAL_INT},
       "x must be a whole number, not number"},
      {"{\"x\":17}",
       {"x", PEAL_DOUBLE, .min = -16, .max = 16},
       "x must be from -16 to 16, not 17"},
      {"{\"x\":-16}", {"x", PEAL_DOUBLE, .min = -16, .max = 16}, ""},
      {"{\"x\":\"\"}",
       {"x", PEAL_STRING, .not_empty = true},
       "x must not be empty"},
      {"{\"x\":\"abcd\"}",
       {"x", PEAL_STRING, .max_len = 3},
       "x must be at most 3 bytes long, not 4"},
      {"{\"x\":\"cat\"}",
       {"x", PEAL_STRING, .choices = "dog pet"},
       "x must be one of: dog pet"},
      {"{\"x\":\"pet\"}", {"x", PEAL_STRING, .choices = "dog pet"}, ""},
      {"{\"x\":[1,2,3]}",
       {"x", PEAL_ARRAY, .max_len = 2},
       "x must have at most 2 items"},
      {"{\"x\":true}", {.name = "x", .type = PEAL_BOOL}, ""},
      {"{\"x\":{}}", {.name = "x", .type = PEAL_UNDEFINED}, ""},
      {"[1]",
       {.name = "x", .type = PEAL_UNDEFINED},
       "expected an object, not array"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_string_equal(said(cases[i].json, &cases[i].field, 1), cases[i].said);
}

static void counts_the_fields_of_a_list(void **state) {
  (void)state;
  assert_string_equal(said("{\"a\":1,\"b\":\"x\"}",
                           PEAL_WEB_FIELDS({.name = "a", .type = PEAL_INT},
                                           {.name = "b", .type = PEAL_STRING},
                                           {.name = "c", .type = PEAL_BOOL})),
                      "c is missing");
}

static void decodes_an_urlencoded_form(void **state) {
  static const struct {
    const char *text, *json;
  } cases[] = {
      {"", "{}"},
      {"a=1&b=2", "{\"a\":\"1\",\"b\":\"2\"}"},
      {"a+b=c+d%2b", "{\"a b\":\"c d+\"}"},
      {"a", "{\"a\":\"\"}"},
      {"=x&&a==", "{\"\":\"x\",\"a\":\"=\"}"},
      {"a=%C3%A9%", "{\"a\":\"\303\251%\"}"},
      {"a=%zz%4", "{\"a\":\"%zz%4\"}"},
      {"a=1&b%00c=2&=3", "{\"a\":\"1\",\"b\\u0000c\":\"2\",\"\":\"3\"}"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    peal_web_form form;
    peal_val value;
    peal_web_form_init(&form, peal_mem_libc(), 1000);
    peal_web_form_decode(&form, peal_slice_of(cases[i].text));
    assert_int_equal(peal_web_form_val(&form, &value), PEAL_OK);
    peal_bytes *json = peal_json_bytes(value);
    assert_true(peal_slice_is(peal_bytes_slice(json), cases[i].json));
    peal_bytes_unref(json);
    peal_web_form_deinit(&form);
  }
}

static void refuses_a_form_that_is_no_text_or_too_long(void **state) {
  peal_web_form form;
  peal_val value;
  (void)state;
  peal_web_form_init(&form, peal_mem_libc(), 1000);
  peal_web_form_decode(&form, PEAL_S("a=%ff"));
  assert_int_equal(peal_web_form_val(&form, &value), PEAL_ERR_UTF8);
  peal_web_form_deinit(&form);
  peal_web_form_init(&form, peal_mem_libc(), 4);
  peal_web_form_decode(&form, PEAL_S("a=12345"));
  assert_int_equal(peal_web_form_val(&form, &value), PEAL_ERR_LIMIT);
  peal_web_form_deinit(&form);
}

static peal_err decode_once(const peal_mem *mem, void *user) {
  peal_web_form form;
  peal_val value;
  (void)user;
  peal_web_form_init(&form, mem, 1000);
  peal_web_form_decode(&form, PEAL_S("a=1&b=2&c=%41"));
  peal_err err = peal_web_form_val(&form, &value);
  peal_web_form_deinit(&form);
  return err;
}

static void a_form_survives_every_failing_allocation(void **state) {
  (void)state;
  assert_true(torture_run(decode_once, NULL, false, NULL));
}

static void writes_times_as_iso_8601(void **state) {
  char text[25];
  (void)state;
  peal_web_time_iso(text, 0);
  assert_string_equal(text, "1970-01-01T00:00:00.000Z");
  peal_web_time_iso(text, 1795178568494);
  assert_string_equal(text, "2026-11-20T12:42:48.494Z");
  peal_web_time_iso(text, -1);
  assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void escapes_labels(void **state) {
  char text[16];
  (void)state;
  peal_web_metrics_label(text, sizeof(text), PEAL_S("a\"b\\c\nd"));
  assert_string_equal(text, "a\\\"b\\\\c\\nd");
  peal_web_metrics_label(text, 4, PEAL_S("ab\""));
  assert_string_equal(text, "ab");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_what_is_wrong_with_a_field),
      cmocka_unit_test(counts_the_fields_of_a_list),
      cmocka_unit_test(decodes_an_urlencoded_form),
      cmocka_unit_test(refuses_a_form_that_is_no_text_or_too_long),
      cmocka_unit_test(a_form_survives_every_failing_allocation),
      cmocka_unit_test(writes_times_as_iso_8601),
      cmocka_unit_test(escapes_labels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
