/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure.h"

static bool read_texts(measure *out, const char *metrics, const char *rgb,
                       char *why) {
  peal_doc *one = NULL, *two = NULL;
  assert_int_equal(peal_doc_from_json(&one, peal_slice_of(metrics), NULL),
                   PEAL_OK);
  if (rgb)
    assert_int_equal(peal_doc_from_json(&two, peal_slice_of(rgb), NULL),
                     PEAL_OK);
  bool done = measure_read(out, peal_doc_val(one), peal_doc_val(two), why, 256);
  peal_doc_free(one);
  peal_doc_free(two);
  return done;
}

static void what_is_given_is_read_and_sent(void **state) {
  (void)state;
  measure found;
  char why[256];
  assert_true(
      read_texts(&found,
                 "{\"sludge_height_mm\":120.5,\"mixture_height_mm\":340,"
                 "\"velocity_mm_per_min\":-0.5,\"floc_count\":7,"
                 "\"floc_avg_size_mm\":1.25,\"t_min\":30,\"more\":[]}",
                 "{\"rgb_clear_zone\":{\"r\":1,\"g\":2,\"b\":3.6},"
                 "\"sludge_zone\":[9,8,7]}",
                 why));
  assert_int_equal(found.t_min, 30);
  peal_build *build = peal_build_new();
  peal_bytes *text = peal_json_bytes(
      measure_result(build, &found, "T-1", "morning", "now", 30));
  static const char expected[] =
      "{\"testId\":\"T-1\",\"timestamp\":\"now\",\"testType\":\"morning\","
      "\"t_min\":30,\"sludge_height_mm\":120.5,\"mixture_height_mm\":340,"
      "\"sv30_height_mm\":120.5,\"velocity_mm_per_min\":-0.5,"
      "\"floc_count\":7,\"floc_avg_size_mm\":1.25,"
      "\"rgb_clear_zone\":{\"r\":1,\"g\":2,\"b\":4},"
      "\"rgb_sludge_zone\":{\"r\":9,\"g\":8,\"b\":7}}";
  peal_slice got = peal_bytes_slice(text);
  assert_int_equal(got.len, sizeof expected - 1);
  assert_memory_equal(got.ptr, expected, got.len);
  peal_bytes_unref(text);
  peal_build_free(build);
}

static void what_may_be_absent_is_left_out(void **state) {
  (void)state;
  measure found;
  char why[256];
  assert_true(read_texts(&found,
                         "{\"sludge_height_mm\":340,\"mixture_height_mm\":340,"
                         "\"floc_count\":null}",
                         NULL, why));
  assert_int_equal(found.t_min, MEASURE_NONE);
  peal_build *build = peal_build_new();
  peal_val result = measure_result(build, &found, "T", "evening", "now", 0);
  peal_bytes *text = peal_json_bytes(result);
  assert_null(memmem(peal_bytes_slice(text).ptr, peal_bytes_slice(text).len,
                     "floc", 4));
  assert_null(memmem(peal_bytes_slice(text).ptr, peal_bytes_slice(text).len,
                     "sv30_", 5));
  peal_bytes_unref(text);
  peal_build_free(build);
}

static void what_is_wrong_is_said_by_its_name(void **state) {
  (void)state;
  static const char *const wrong[][2] = {
      {"[]", "metrics"},
      {"{\"mixture_height_mm\":340}", "sludge_height_mm"},
      {"{\"sludge_height_mm\":1}", "mixture_height_mm"},
      {"{\"sludge_height_mm\":-1,\"mixture_height_mm\":340}",
       "sludge_height_mm"},
      {"{\"sludge_height_mm\":\"1\",\"mixture_height_mm\":340}",
       "sludge_height_mm"},
      {"{\"sludge_height_mm\":1,\"mixture_height_mm\":2001}",
       "mixture_height_mm"},
      {"{\"sludge_height_mm\":1,\"mixture_height_mm\":1e999}",
       "mixture_height_mm"},
      {"{\"sludge_height_mm\":1,\"mixture_height_mm\":2,\"t_min\":15}",
       "t_min"},
      {"{\"sludge_height_mm\":1,\"mixture_height_mm\":2,"
       "\"velocity_mm_per_min\":\"fast\"}",
       "velocity_mm_per_min"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    measure found;
    char why[256] = "";
    assert_false(read_texts(&found, wrong[i][0], NULL, why));
    assert_non_null(strstr(why, wrong[i][1]));
  }
  measure found;
  char why[256] = "";
  assert_false(
      read_texts(&found, "{\"sludge_height_mm\":1,\"mixture_height_mm\":2}",
                 "{\"rgb_clear_zone\":{\"r\":256,\"g\":0,\"b\":0}}", why));
  assert_non_null(strstr(why, "rgb_clear_zone"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_given_is_read_and_sent),
      cmocka_unit_test(what_may_be_absent_is_left_out),
      cmocka_unit_test(what_is_wrong_is_said_by_its_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
