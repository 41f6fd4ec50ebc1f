/* SPDX-License-Identifier: MIT */
/* Memory ends at each allocation of what looks at pictures, in turn: it says so
 * and gives back what it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jpeg.h"
#include "lines.h"
#include "mjpeg.h"
#include "person.h"
#include "shot_line.h"
#include "source_v4l2.h"
#include "tracker.h"

/* The allocation that fails, counted from 1, and those so far; of calls from
 * this program only, not from inside of libc and turbojpeg. */
static size_t fail_at, calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
char *__wrap_strdup(const char *text);

static bool fails(void) {
  return ++calls == fail_at;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size) {
  return fails() ? NULL : __real_realloc(ptr, size);
}

char *__wrap_strdup(const char *text) {
  return fails() ? NULL : __real_strdup(text);
}

static peal_bytes *empty, *somebody;

/* What is tried returns whether it went as without a failure. */
static void each_fails(bool (*step)(void), size_t least) {
  size_t count;
  fail_at = calls = 0;
  assert_true(step());
  count = calls;
  assert_true(count >= least);
  for (size_t at = 1; at <= count; at++) {
    calls = 0;
    fail_at = at;
    bool fine = step();
    fail_at = 0;
    assert_false(fine);
  }
}

static bool track(void) {
  tracker *t = tracker_new();
  tracker_word last = TRACKER_BROKEN;
  if (t == NULL)
    return false;
  bool broken = false;
  for (uint64_t i = 0; i < 24; i++) {
    tracker_sight sight =
        tracker_see(t, peal_bytes_slice(i < 22 ? empty : somebody), i * 100);
    last = sight.word;
    broken |= sight.word == TRACKER_BROKEN ||
              (i > 20 && i < 22 && sight.word != TRACKER_NOBODY);
  }
  tracker_free(t);
  return last == TRACKER_PERSON && !broken;
}

static void the_tracker_lives_through_each_failure(void **state) {
  (void)state;
  // what fails in one picture is there for the next: only then it is a failure
  size_t count;
  fail_at = calls = 0;
  assert_true(track());
  count = calls;
  assert_true(count >= 10);
  for (size_t at = 1; at <= count; at++) {
    calls = 0;
    fail_at = at;
    (void)track();
    fail_at = 0;
  }
  assert_true(track());
}

static bool stream(void) {
  mjpeg m = {0};
  peal_slice picture;
  bool fine = mjpeg_feed(&m, peal_bytes_slice(empty)) == PEAL_OK &&
              mjpeg_next(&m, &picture);
  mjpeg_deinit(&m);
  return fine;
}

static bool text(void) {
  lines l = {0};
  peal_slice line;
  bool fine =
      lines_feed(&l, PEAL_S("line\n")) == PEAL_OK && lines_next(&l, &line);
  lines_deinit(&l);
  return fine;
}

static bool estimator_line(void) {
  source_shot shot;
  const char *why = NULL;
  bool fine = shot_line_read(
      &shot, PEAL_S("{\"frame\":\"aGVsbG8h\",\"landmarks\":[]}"), &why);
  peal_bytes_unref(shot.jpeg);
  return fine;
}

static void streams_and_lines_say_so(void **state) {
  (void)state;
  each_fails(stream, 1);
  each_fails(text, 1);
  each_fails(estimator_line, 3);
}

static bool is_made(source_eyes eyes) {
  if (eyes.self == NULL)
    return false;
  eyes.driver->free(eyes.self);
  return true;
}

static const source_opts OPTS = {
    .path = "/nowhere", .fps = 10, .width = 64, .height = 48};

static bool synthetic(void) {
  return is_made(source_synthetic_new(&OPTS));
}

static bool push(void) {
  return is_made(source_push_new());
}

static bool folder(void) {
  return is_made(source_dir_new(&OPTS));
}

static bool json(void) {
  return is_made(source_json_new(&OPTS));
}

static bool v4l2(void) {
  return is_made(source_v4l2_new(&OPTS, NULL));
}

static void no_driver_is_made_by_halves(void **state) {
  (void)state;
  each_fails(synthetic, 2);
  each_fails(push, 1);
  each_fails(folder, 2);
  each_fails(json, 2);
  each_fails(v4l2, 2);
}

static peal_bytes *render(bool nobody) {
  canvas c = {__real_malloc(320 * 240 * 3), 320, 240};
  person_draw(&c, &(person_pose){.nobody = nobody});
  peal_bytes *jpeg = jpeg_encode(c.rgb, 320, 240, 80);
  assert_non_null(jpeg);
  free(c.rgb);
  return jpeg;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tracker_lives_through_each_failure),
      cmocka_unit_test(streams_and_lines_say_so),
      cmocka_unit_test(no_driver_is_made_by_halves),
  };
  empty = render(true);
  somebody = render(false);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  peal_bytes_unref(empty);
  peal_bytes_unref(somebody);
  return failed;
}
