/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <peal/kit_answer.h>

static const peal_kit_field zone[] = {
    {.name = "r", .type = PEAL_INT, .range = PEAL_KIT_BETWEEN(0, 255)},
    {.name = "note", .type = PEAL_STRING, .optional = true, .max_chars = 3},
    {0}};
static const peal_kit_field count = {.type = PEAL_INT,
                                     .range = PEAL_KIT_FROM(1)};
static const peal_kit_field zone_item = {
    .type = PEAL_OBJECT, .fields = zone, .others = PEAL_KIT_REFUSE_OTHERS};

static bool is_even(peal_val value) {
  return peal_val_int(value, 1) % 2 == 0;
}

static const peal_kit_field table[] = {
    {.name = "name",
     .type = PEAL_STRING,
     .min_len = 2,
     .max_len = 8,
     .one_line = true},
    {.name = "mode",
     .type = PEAL_STRING,
     .optional = true,
     .choices = "on off"},
    {.name = "low",
     .type = PEAL_DOUBLE,
     .optional = true,
     .range = PEAL_KIT_FROM(0)},
    {.name = "high",
     .type = PEAL_DOUBLE,
     .optional = true,
     .range = PEAL_KIT_UP_TO(0)},
    {.name = "even",
     .type = PEAL_INT,
     .optional = true,
     .is_good = is_even,
     .words = "even"},
    {.name = "zone", .type = PEAL_OBJECT, .optional = true, .fields = zone},
    {.name = "zones",
     .type = PEAL_ARRAY,
     .optional = true,
     .max_len = 3,
     .item = &zone_item},
    {.name = "counts",
     .type = PEAL_ARRAY,
     .optional = true,
     .min_len = 1,
     .item = &count},
    {.name = "any", .type = PEAL_UNDEFINED, .optional = true},
    {0}};

static peal_kit_refusal why;

static bool check_as(const char *json, peal_kit_others others) {
  peal_doc *doc = NULL;
  assert_int_equal(peal_doc_from_json(&doc, peal_slice_of(json), NULL),
                   PEAL_OK);
  bool is_right = peal_kit_check(peal_doc_val(doc), table, others, &why);
  peal_doc_free(doc);
  return is_right;
}

static void accepts(const char *json) {
  if (!check_as(json, PEAL_KIT_IGNORE_OTHERS))
    fail_msg("%s: %s", json, why.message);
}

static void refuses(const char *json, const char *field, const char *message) {
  assert_false(check_as(json, PEAL_KIT_IGNORE_OTHERS));
  assert_string_equal(why.message, message);
  assert_int_equal(why.status, 422);
  if (field == NULL)
    assert_null(why.field);
  else
    assert_string_equal(why.field, field);
}

static void a_table_says_what_may_come(void **state) {
  (void)state;
  accepts("{\"name\":\"ab\"}");
  accepts("{\"name\":\"ab\",\"mode\":\"off\",\"low\":0,\"high\":0,\"even\":4}");
  accepts("{\"name\":\"ab\",\"mode\":null,\"unknown\":1}");
  accepts("{\"name\":\"ab\",\"any\":[1,{}]}");
  refuses("[]", NULL, "expected an object, not array");
  refuses("{}", "name", "name is missing");
  refuses("{\"name\":null}", "name", "name must be a string, not null");
  refuses("{\"name\":\"\"}", "name", "name must not be empty");
  refuses("{\"name\":\"a\"}", "name",
          "name must be at least 2 bytes long, not 1");
  refuses("{\"name\":\"123456789\"}", "name",
          "name must be at most 8 bytes long, not 9");
  refuses("{\"name\":\"ab\",\"mode\":\"o\"}", "mode",
          "mode must be one of: on off");
  refuses("{\"name\":\"ab\",\"even\":3}", "even", "even must be even");
  refuses("{\"name\":\"ab\",\"even\":2.5}", "even",
          "even must be a whole number, not number");
}

static void ranges_have_open_ends(void **state) {
  (void)state;
  accepts("{\"name\":\"ab\",\"low\":1e300,\"high\":-1e300}");
  refuses("{\"name\":\"ab\",\"low\":-0.5}", "low",
          "low must be at least 0, not -0.5");
  refuses("{\"name\":\"ab\",\"high\":1}", "high",
          "high must be at most 0, not 1");
}

static void objects_and_arrays_are_looked_into(void **state) {
  (void)state;
  accepts("{\"name\":\"ab\",\"zone\":{\"r\":255,\"x\":1},\"counts\":[1,2]}");
  accepts("{\"name\":\"ab\",\"zones\":[{\"r\":0},{\"r\":1}]}");
  refuses("{\"name\":\"ab\",\"zone\":{\"r\":256}}", "zone",
          "zone.r must be from 0 to 255, not 256");
  refuses("{\"name\":\"ab\",\"zones\":[{\"r\":0},{}]}", "zones",
          "zones[1].r is missing");
  refuses("{\"name\":\"ab\",\"zones\":[{\"r\":0,\"x\":1}]}", "zones",
          "zones[0] has a field that is not known: x");
  refuses("{\"name\":\"ab\",\"zones\":[1]}", "zones",
          "zones[0] must be an object, not number");
  refuses("{\"name\":\"ab\",\"zones\":[{},{},{},{}]}", "zones",
          "zones must have at most 3 items");
  refuses("{\"name\":\"ab\",\"counts\":[]}", "counts",
          "counts must have at least 1 items");
  refuses("{\"name\":\"ab\",\"counts\":[1,0]}", "counts",
          "counts[1] must be at least 1, not 0");
}

static void unknown_members_are_refused_where_that_was_chosen(void **state) {
  (void)state;
  assert_true(check_as("{\"name\":\"ab\"}", PEAL_KIT_REFUSE_OTHERS));
  assert_false(check_as("{\"name\":\"ab\",\"x\":1}", PEAL_KIT_REFUSE_OTHERS));
  assert_string_equal(why.message, "has a field that is not known: x");
  assert_null(why.field);
  // what cannot be read is not shown
  assert_false(
      check_as("{\"name\":\"ab\",\"<\\u0007>\":1}", PEAL_KIT_REFUSE_OTHERS));
  assert_string_equal(why.message, "has a field that is not known");
}

static void text_is_counted_in_characters_and_has_no_control(void **state) {
  (void)state;
  accepts("{\"name\":\"ab\",\"zone\":{\"r\":1,\"note\":\"äöü\"}}");
  refuses("{\"name\":\"ab\",\"zone\":{\"r\":1,\"note\":\"abcd\"}}", "zone",
          "zone.note must be at most 3 characters long, not 4");
  refuses("{\"name\":\"a\\nb\"}", "name",
          "name must be one line without control characters");
  refuses("{\"name\":\"a\\u0085\"}", "name",
          "name must be one line without control characters");
  peal_val bad = PEAL_OBJECT({"name", peal_str_slice(PEAL_S("a\xFF"))});
  assert_false(peal_kit_check(bad, table, PEAL_KIT_IGNORE_OTHERS, &why));
  assert_string_equal(why.message, "name must be UTF-8");
}

static void nobody_needs_to_hear_why(void **state) {
  (void)state;
  assert_false(
      peal_kit_check(peal_null(), table, PEAL_KIT_REFUSE_OTHERS, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_table_says_what_may_come),
      cmocka_unit_test(ranges_have_open_ends),
      cmocka_unit_test(objects_and_arrays_are_looked_into),
      cmocka_unit_test(unknown_members_are_refused_where_that_was_chosen),
      cmocka_unit_test(text_is_counted_in_characters_and_has_no_control),
      cmocka_unit_test(nobody_needs_to_hear_why),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
