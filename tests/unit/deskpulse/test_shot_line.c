/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shot_line.h"

static bool reads(const char *line, source_shot *shot) {
  const char *why = NULL;
  bool fine = shot_line_read(shot, peal_slice_of(line), &why);
  assert_true(fine == (why == NULL));
  return fine;
}

static void a_line_brings_picture_landmarks_and_time(void **state) {
  source_shot shot;
  (void)state;
  assert_true(reads(
      "{\"frame\":\"aGVsbG8=\",\"landmarks\":[],\"captured_at\":12.5}", &shot));
  assert_true(peal_slice_is(peal_bytes_slice(shot.jpeg), "hello"));
  assert_true(shot.marked && !shot.marks.present);
  assert_true(shot.captured_at == 12.5);
  peal_bytes_unref(shot.jpeg);
}

static void landmarks_and_time_may_be_left_out(void **state) {
  static const char *const lines[] = {
      "{\"frame\":\"aGVsbG8h\"}", "{\"frame\":\"aGVsbG8h\",\"landmarks\":null}",
      "{\"frame\":\"data:image/jpeg;base64,aGVsbG8h\",\"more\":{}}"};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    source_shot shot;
    assert_true(reads(lines[i], &shot));
    assert_true(peal_slice_is(peal_bytes_slice(shot.jpeg), "hello!"));
    assert_true(!shot.marked && shot.captured_at == 0);
    peal_bytes_unref(shot.jpeg);
  }
}

static void anything_else_is_refused(void **state) {
  static const char *const lines[] = {
      "",
      "hello",
      "[]",
      "1",
      "{}",
      "{\"landmarks\":[]}",
      "{\"frame\":7}",
      "{\"frame\":\"\"}",
      "{\"frame\":\"aGVsbG8\"}",
      "{\"frame\":\"a$==\"}",
      "{\"frame\":\"====\"}",
      "{\"frame\":\"data:image/jpeg;base64,\"}",
      "{\"frame\":\"aGVsbG8=\",\"landmarks\":{}}",
      "{\"frame\":\"aGVsbG8=\",\"landmarks\":[1]}",
  };
  (void)state;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    source_shot shot;
    assert_false(reads(lines[i], &shot));
    peal_bytes_unref(shot.jpeg);
  }
}

static void a_picture_that_is_too_large_is_refused(void **state) {
  size_t len = (size_t)SOURCE_MAX_FRAME_BYTES / 3 * 4 + 400;
  char *line = malloc(len + 32);
  source_shot shot;
  (void)state;
  assert_non_null(line);
  int at = sprintf(line, "{\"frame\":\"");
  memset(line + at, 'A', len);
  strcpy(line + (size_t)at + len, "\"}");
  assert_false(reads(line, &shot));
  free(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_brings_picture_landmarks_and_time),
      cmocka_unit_test(landmarks_and_time_may_be_left_out),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(a_picture_that_is_too_large_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
