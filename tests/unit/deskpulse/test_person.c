/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "person_script.h"
#include "posture.h"

enum { WIDTH = 160, HEIGHT = 120 };

static posture_measures measure(person_pose pose) {
  landmarks marks;
  person_landmarks(&marks, &pose, WIDTH, HEIGHT);
  return posture_measure(&marks, (double)WIDTH / HEIGHT);
}

static posture_state judged(person_pose pose) {
  posture p;
  posture_init(&p, NULL);
  posture_measures m = measure(pose);
  return posture_feed(&p, &m, 0).state;
}

static void who_slouches_measures_as_who_slouches(void **state) {
  (void)state;
  double last = 1;
  for (double angle = 0; angle <= 45; angle += 3) {
    double neck = measure((person_pose){.slouch_deg = angle}).neck;
    assert_true(neck < last);
    last = neck;
    posture_state said = judged((person_pose){.slouch_deg = angle});
    if (angle <= 12)
      assert_int_equal(said, POSTURE_GOOD);
    if (angle >= 27)
      assert_int_equal(said, POSTURE_BAD);
  }
}

static void distance_and_place_do_not_change_the_posture(void **state) {
  (void)state;
  for (double size = 0.6; size < 1.45; size += 0.2)
    for (double x = -0.1; x < 0.15; x += 0.1) {
      person_pose pose = {.size = size, .x = x};
      assert_int_equal(judged(pose), POSTURE_GOOD);
      pose.slouch_deg = 32;
      assert_int_equal(judged(pose), POSTURE_BAD);
    }
}

static void head_and_shoulders_aslant_are_bad(void **state) {
  (void)state;
  assert_int_equal(judged((person_pose){.lean_deg = 28}), POSTURE_BAD);
  assert_int_equal(judged((person_pose){.lean_deg = -28}), POSTURE_BAD);
  assert_int_equal(judged((person_pose){.tilt_deg = 15}), POSTURE_BAD);
  assert_true(fabs(measure((person_pose){.tilt_deg = 15}).tilt_deg - 15) < 0.5);
}

static void nobody_has_no_landmarks(void **state) {
  (void)state;
  assert_false(measure((person_pose){.nobody = true}).present);
  assert_false(measure((person_pose){.x = -2}).present);
}

static uint8_t first[WIDTH * HEIGHT * 3], second[WIDTH * HEIGHT * 3];

static void draw(uint8_t *into, person_pose pose) {
  canvas c = {into, WIDTH, HEIGHT};
  person_draw(&c, &pose);
}

/* Share of pixels that differ. */
static double difference(void) {
  size_t count = 0;
  for (size_t i = 0; i < sizeof first; i += 3)
    count += memcmp(first + i, second + i, 3) != 0;
  return (double)count / (WIDTH * HEIGHT);
}

static void the_same_is_drawn_the_same(void **state) {
  (void)state;
  person_pose pose = {.slouch_deg = 10, .noise = 3, .grain = 5};
  draw(first, pose);
  draw(second, pose);
  assert_true(difference() == 0);
  pose.grain = 6;
  draw(second, pose);
  assert_true(difference() > 0.5);
}

static void somebody_covers_a_part_of_the_room(void **state) {
  (void)state;
  draw(first, (person_pose){.nobody = true});
  draw(second, (person_pose){.slouch_deg = 0});
  assert_true(difference() > 0.15 && difference() < 0.5);
  draw(second, (person_pose){.second = true, .second_x = 0.5});
  assert_true(difference() > 0.25);
}

/* Whatever the pose, nothing is drawn outside; sanitizers see it. */
static void any_pose_stays_inside(void **state) {
  (void)state;
  for (int i = 0; i < 200; i++) {
    person_pose pose = {.size = 0.2 + i % 7,
                        .x = (i % 11 - 5) * 0.7,
                        .slouch_deg = i % 90 - 20,
                        .lean_deg = i % 180 - 90,
                        .tilt_deg = i % 90 - 45,
                        .look = (unsigned)i,
                        .second = i % 2,
                        .second_x = i % 5 - 2};
    draw(first, pose);
  }
  canvas tiny = {first, 1, 1};
  person_draw(&tiny, &(person_pose){.noise = 1});
}

/* -- the script ----------------------------------------------------------- */

static void the_script_begins_empty_then_upright_then_slouched(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    assert_true(person_script_at(seed, 0).nobody);
    assert_true(person_script_at(seed, 2000).nobody);
    assert_int_equal(judged(person_script_at(seed, 10000)), POSTURE_GOOD);
    assert_int_equal(judged(person_script_at(seed, 30000)), POSTURE_BAD);
  }
}

static void the_same_seed_does_the_same(void **state) {
  (void)state;
  int differ = 0;
  for (uint64_t t = 0; t < 3600000; t += 9700) {
    person_pose a = person_script_at(1, t), b = person_script_at(1, t);
    person_pose c = person_script_at(2, t);
    assert_true(a.slouch_deg == b.slouch_deg && a.x == b.x);
    differ += a.slouch_deg != c.slouch_deg;
  }
  assert_true(differ > 50);
}

static void in_an_hour_everything_happens_and_nothing_jumps(void **state) {
  bool away = false, visited = false, leans = false, slouches = false;
  (void)state;
  person_pose last = person_script_at(3, 0);
  for (uint64_t t = 0; t < 3600000; t += 100) {
    person_pose pose = person_script_at(3, t);
    away |= pose.nobody && t > 60000;
    visited |= pose.second;
    leans |= pose.lean_deg > 25;
    slouches |= pose.slouch_deg > 28;
    assert_true(fabs(pose.slouch_deg - last.slouch_deg) < 4);
    assert_true(fabs(pose.x - last.x) < 0.25);
    last = pose;
  }
  assert_true(away && visited && leans && slouches);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_slouches_measures_as_who_slouches),
      cmocka_unit_test(distance_and_place_do_not_change_the_posture),
      cmocka_unit_test(head_and_shoulders_aslant_are_bad),
      cmocka_unit_test(nobody_has_no_landmarks),
      cmocka_unit_test(the_same_is_drawn_the_same),
      cmocka_unit_test(somebody_covers_a_part_of_the_room),
      cmocka_unit_test(any_pose_stays_inside),
      cmocka_unit_test(the_script_begins_empty_then_upright_then_slouched),
      cmocka_unit_test(the_same_seed_does_the_same),
      cmocka_unit_test(in_an_hour_everything_happens_and_nothing_jumps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
