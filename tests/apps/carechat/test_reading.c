/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "reading.h"

enum { OLDEST = 1000000, NEWEST = 2000000 };

static bool read_json(reading *out, const char *json, peal_kit_refusal *why) {
  peal_doc *doc = NULL;
  assert_int_equal(peal_doc_from_json(&doc, peal_slice_of(json), NULL),
                   PEAL_OK);
  bool is_good = reading_read(out, peal_doc_val(doc), OLDEST, NEWEST, why);
  peal_doc_free(doc);
  return is_good;
}

static void assert_field(const char *json, const char *field) {
  reading r;
  peal_kit_refusal why;
  assert_false(read_json(&r, json, &why));
  assert_int_equal(why.status, 422);
  assert_true(strlen(why.message) > 10);
  if (field == NULL)
    assert_null(why.field);
  else
    assert_string_equal(why.field, field);
}

static void a_reading_is_read(void **state) {
  reading r;
  peal_kit_refusal why;
  (void)state;
  assert_true(
      read_json(&r, "{\"metric\":\"spo2\",\"value\":97,\"unit\":\"%\"}", &why));
  assert_int_equal(r.metric, BANDS_SPO2);
  assert_true(r.value == 97);
  assert_string_equal(r.unit, "%");
  assert_int_equal(r.ts, 0);
  assert_true(isnan(r.battery));
}

static void a_unit_stays_unless_it_is_converted(void **state) {
  reading r;
  peal_kit_refusal why;
  (void)state;
  assert_true(read_json(
      &r, "{\"metric\":\"temperature\",\"value\":37,\"unit\":\"C\"}", &why));
  assert_string_equal(r.unit, "C");
  assert_true(read_json(
      &r, "{\"metric\":\"temperature\",\"value\":98.6,\"unit\":\"F\"}", &why));
  assert_string_equal(r.unit, "\xc2\xb0"
                              "C");
  assert_float_equal(r.value, 37, 0.001);
}

static void a_time_may_be_text_or_a_number(void **state) {
  reading r;
  peal_kit_refusal why;
  (void)state;
  assert_true(read_json(&r,
                        "{\"metric\":\"spo2\",\"value\":97,\"unit\":\"%\","
                        "\"timestamp\":1500000,\"battery\":12.5}",
                        &why));
  assert_int_equal(r.ts, 1500000);
  assert_true(r.battery == 12.5);
  assert_true(read_json(&r,
                        "{\"metric\":\"spo2\",\"value\":97,\"unit\":\"%\","
                        "\"timestamp\":\"1970-01-01T00:25:00.000Z\"}",
                        &why));
  assert_int_equal(r.ts, 1500000);
}

#define BASE "\"metric\":\"spo2\",\"unit\":\"%\""

static void what_is_wrong_is_said_with_its_field(void **state) {
  (void)state;
  assert_field("[]", NULL);
  assert_field("7", NULL);
  assert_field("{}", "metric");
  assert_field("{\"metric\":7,\"value\":1,\"unit\":\"%\"}", "metric");
  assert_field("{\"metric\":\"weight\",\"value\":1,\"unit\":\"kg\"}", "metric");
  assert_field("{" BASE "}", "value");
  assert_field("{" BASE ",\"value\":\"97\"}", "value");
  assert_field("{" BASE ",\"value\":true}", "value");
  assert_field("{" BASE ",\"value\":1e999}", "value");
  assert_field("{" BASE ",\"value\":101}", "value");
  assert_field("{" BASE ",\"value\":-1}", "value");
  assert_field("{\"metric\":\"spo2\",\"value\":97}", "unit");
  assert_field("{\"metric\":\"spo2\",\"value\":97,\"unit\":\"bpm\"}", "unit");
  assert_field("{\"metric\":\"spo2\",\"value\":97,\"unit\":7}", "unit");
  assert_field("{" BASE ",\"value\":97,\"timestamp\":\"today\"}", "timestamp");
  assert_field("{" BASE ",\"value\":97,\"timestamp\":true}", "timestamp");
  assert_field("{" BASE ",\"value\":97,\"timestamp\":999999}", "timestamp");
  assert_field("{" BASE ",\"value\":97,\"timestamp\":2000001}", "timestamp");
  assert_field("{" BASE ",\"value\":97,\"timestamp\":-5}", "timestamp");
  assert_field("{" BASE ",\"value\":97,\"battery\":101}", "battery");
  assert_field("{" BASE ",\"value\":97,\"battery\":\"full\"}", "battery");
}

static void a_longer_unit_does_not_fit_and_is_none(void **state) {
  (void)state;
  assert_field("{\"metric\":\"spo2\",\"value\":97,\"unit\":"
               "\"%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%\"}",
               "unit");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reading_is_read),
      cmocka_unit_test(a_unit_stays_unless_it_is_converted),
      cmocka_unit_test(a_time_may_be_text_or_a_number),
      cmocka_unit_test(what_is_wrong_is_said_with_its_field),
      cmocka_unit_test(a_longer_unit_does_not_fit_and_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
