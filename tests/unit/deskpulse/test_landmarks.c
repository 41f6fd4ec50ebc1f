/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "landmarks.h"

static char text[LANDMARKS_MAX_JSON * 2];

/* `count` points as JSON, all of them `point`. */
static peal_slice json_of(size_t count, const char *point) {
  size_t len = 0;
  text[len++] = '[';
  for (size_t i = 0; i < count; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                            i > 0 ? "," : "", point);
  text[len++] = ']';
  return (peal_slice){text, len};
}

static peal_err parse(landmarks *out, size_t count, const char *point) {
  const char *why = NULL;
  peal_err err = landmarks_parse(out, json_of(count, point), &why);
  assert_true((err == PEAL_OK) == (why == NULL));
  return err;
}

static const char FINE[] =
    "{\"x\":0.5,\"y\":0.25,\"z\":-0.1,\"visibility\":0.9,\"presence\":1}";

static void thirty_three_points_are_somebody(void **state) {
  landmarks marks;
  (void)state;
  assert_int_equal(parse(&marks, 33, FINE), PEAL_OK);
  assert_true(marks.present);
  assert_true(fabs(marks.points[32].x - 0.5) <= 1e-12);
  assert_true(fabs(marks.points[32].y - 0.25) <= 1e-12);
  assert_true(fabs(marks.points[0].z - -0.1) <= 1e-12);
  assert_true(fabs(marks.points[0].visibility - 0.9) <= 1e-12);
}

static void no_point_is_nobody(void **state) {
  landmarks marks = {.present = true};
  (void)state;
  assert_int_equal(parse(&marks, 0, FINE), PEAL_OK);
  assert_false(marks.present);
}

static void depth_and_visibility_may_be_left_out(void **state) {
  landmarks marks;
  (void)state;
  assert_int_equal(parse(&marks, 33, "{\"x\":1,\"y\":0}"), PEAL_OK);
  assert_true(fabs(marks.points[5].z - 0) <= 1e-12);
  assert_true(fabs(marks.points[5].visibility - 1) <= 1e-12);
}

static void anything_else_is_refused_and_changes_nothing(void **state) {
  static const char *const points[] = {
      "1",
      "null",
      "[0.5,0.5]",
      "{}",
      "{\"x\":1}",
      "{\"x\":1,\"y\":\"1\"}",
      "{\"x\":1,\"y\":null}",
      "{\"x\":11,\"y\":1}",
      "{\"x\":1e999,\"y\":1}",
      "{\"x\":1,\"y\":1,\"z\":-11}",
      "{\"x\":1,\"y\":1,\"visibility\":1.01}",
      "{\"x\":1,\"y\":1,\"visibility\":-0.1}",
      "{\"x\":1,\"y\":1,\"visibility\":true}",
  };
  landmarks marks = {.points[7].x = 7};
  (void)state;
  for (size_t i = 0; i < sizeof points / sizeof *points; i++)
    assert_int_equal(parse(&marks, 33, points[i]), PEAL_ERR_JSON);
  assert_int_equal(parse(&marks, 1, FINE), PEAL_ERR_JSON);
  assert_int_equal(parse(&marks, 32, FINE), PEAL_ERR_JSON);
  assert_int_equal(parse(&marks, 34, FINE), PEAL_ERR_JSON);
  assert_int_equal(landmarks_parse(&marks, PEAL_S("{}"), NULL), PEAL_ERR_JSON);
  assert_int_equal(landmarks_parse(&marks, PEAL_S("[1"), NULL), PEAL_ERR_JSON);
  assert_int_equal(landmarks_parse(&marks, PEAL_S(""), NULL), PEAL_ERR_JSON);
  assert_false(marks.present);
  assert_true(fabs(marks.points[7].x - 7) <= 1e-12);
}

static void a_long_text_is_not_even_decoded(void **state) {
  landmarks marks;
  const char *why = NULL;
  (void)state;
  memset(text, ' ', sizeof text);
  text[0] = '[';
  text[LANDMARKS_MAX_JSON] = ']';
  peal_slice json = {text, LANDMARKS_MAX_JSON + 1};
  assert_int_equal(landmarks_parse(&marks, json, &why), PEAL_ERR_TOO_LONG);
  assert_non_null(why);
}

static void what_is_written_reads_the_same(void **state) {
  landmarks marks, again;
  (void)state;
  assert_int_equal(parse(&marks, 33, FINE), PEAL_OK);
  marks.points[3] = (landmark){0.12346, -1.5, 2, 0.25};
  peal_build *build = peal_build_new();
  peal_bytes *json = peal_json_bytes(landmarks_val(build, &marks));
  assert_non_null(json);
  assert_int_equal(landmarks_parse(&again, peal_bytes_slice(json), NULL),
                   PEAL_OK);
  for (size_t i = 0; i < LANDMARKS; i++) {
    assert_true(fabs(again.points[i].x - marks.points[i].x) <= 5e-5);
    assert_true(fabs(again.points[i].visibility - marks.points[i].visibility) <=
                5e-5);
  }
  marks.present = false;
  assert_int_equal(landmarks_val(build, &marks).len, 0);
  peal_bytes_unref(json);
  peal_build_free(build);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(thirty_three_points_are_somebody),
      cmocka_unit_test(no_point_is_nobody),
      cmocka_unit_test(depth_and_visibility_may_be_left_out),
      cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
      cmocka_unit_test(a_long_text_is_not_even_decoded),
      cmocka_unit_test(what_is_written_reads_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
