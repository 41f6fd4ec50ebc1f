/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jpeg.h"
#include "person_script.h"
#include "posture.h"
#include "tracker.h"

enum { WIDTH = 320, HEIGHT = 240 };

typedef struct studio {
  canvas picture;
  tracker *eyes;
  uint64_t now_ms;
} studio;

static studio begun(void) {
  studio st = {.picture = {malloc(WIDTH * HEIGHT * 3), WIDTH, HEIGHT},
               .eyes = tracker_new()};
  assert_true(st.picture.rgb != NULL && st.eyes != NULL);
  return st;
}

static void end(studio *st) {
  tracker_free(st->eyes);
  free(st->picture.rgb);
}

static tracker_sight see(studio *st, person_pose pose) {
  pose.grain = st->now_ms;
  if (pose.noise == 0)
    pose.noise = 2.5;
  person_draw(&st->picture, &pose);
  peal_bytes *jpeg =
      jpeg_encode(st->picture.rgb, st->picture.width, st->picture.height, 80);
  assert_non_null(jpeg);
  st->now_ms += 100;
  tracker_sight sight =
      tracker_see(st->eyes, peal_bytes_slice(jpeg), st->now_ms);
  peal_bytes_unref(jpeg);
  return sight;
}

/* The same for `count` pictures; the last. */
static tracker_sight watch(studio *st, person_pose pose, int count) {
  tracker_sight sight = {.word = TRACKER_BROKEN};
  for (int i = 0; i < count; i++)
    sight = see(st, pose);
  return sight;
}

static const person_pose EMPTY = {.nobody = true};

static void it_learns_the_empty_room_first(void **state) {
  studio st = begun();
  (void)state;
  assert_int_equal(see(&st, EMPTY).word, TRACKER_LEARNING);
  assert_int_equal(watch(&st, EMPTY, 21).word, TRACKER_NOBODY);
  assert_int_equal(see(&st, (person_pose){0}).word, TRACKER_PERSON);
  tracker_forget(st.eyes);
  assert_int_equal(see(&st, (person_pose){0}).word, TRACKER_LEARNING);
  end(&st);
}

/* Who sits there from the beginning, and moves, is not taken for the room. */
static void somebody_who_moves_is_not_learnt_as_the_room(void **state) {
  studio st = begun();
  (void)state;
  for (int i = 0; i < 25; i++) {
    person_pose pose = {.x = 0.02 * sin(i), .lean_deg = 4 * sin(i * 0.7)};
    assert_int_equal(see(&st, pose).word, TRACKER_LEARNING);
  }
  assert_int_equal(watch(&st, EMPTY, 22).word, TRACKER_NOBODY);
  assert_int_equal(see(&st, (person_pose){0}).word, TRACKER_PERSON);
  end(&st);
}

/* Nor is somebody who only breathes. */
static void somebody_who_breathes_is_not_learnt_as_the_room(void **state) {
  studio st = begun();
  (void)state;
  for (uint64_t t = 8000; t < 18000; t += 200) {
    st.now_ms += 100; // and 100 by looking
    assert_int_equal(see(&st, person_script_at(1, t)).word, TRACKER_LEARNING);
  }
  end(&st);
}

static void what_it_finds_is_where_it_is(void **state) {
  static const int points[] = {LANDMARK_LEFT_EAR, LANDMARK_RIGHT_EAR,
                               LANDMARK_LEFT_SHOULDER, LANDMARK_RIGHT_SHOULDER};
  studio st = begun();
  (void)state;
  watch(&st, EMPTY, 22);
  for (double angle = 0; angle < 35; angle += 8)
    for (double x = -0.1; x < 0.05; x += 0.1) {
      person_pose pose = {.slouch_deg = angle, .x = x, .look = 1};
      landmarks truth;
      tracker_sight sight = watch(&st, pose, 2);
      assert_int_equal(sight.word, TRACKER_PERSON);
      assert_true(sight.confidence >= 0.5 && sight.confidence <= 1);
      person_landmarks(&truth, &pose, WIDTH, HEIGHT);
      for (size_t i = 0; i < 4; i++) {
        const landmark *is = &truth.points[points[i]];
        const landmark *found = &sight.marks.points[points[i]];
        assert_true(fabs(is->x - found->x) < 0.035);
        assert_true(fabs(is->y - found->y) < 0.05);
        assert_true(found->visibility == sight.confidence);
      }
      // and what it has not found it does not say
      assert_true(sight.marks.points[LANDMARK_LEFT_HIP].visibility == 0);
    }
  end(&st);
}

static void two_people_are_said(void **state) {
  studio st = begun();
  (void)state;
  watch(&st, EMPTY, 22);
  tracker_sight sight =
      watch(&st, (person_pose){.second = true, .second_x = 0.5}, 2);
  assert_int_equal(sight.word, TRACKER_TWO);
  assert_true(sight.marks.present && sight.confidence == 0);
  assert_int_equal(watch(&st, (person_pose){0}, 2).word, TRACKER_PERSON);
  end(&st);
}

static void who_is_cut_off_is_not_measured(void **state) {
  studio st = begun();
  (void)state;
  watch(&st, EMPTY, 22);
  for (double x = -0.7; x < 0.8; x += 1.4) {
    tracker_sight sight = watch(&st, (person_pose){.x = x}, 2);
    assert_int_equal(sight.word, TRACKER_UNSURE);
    assert_true(sight.marks.present);
  }
  end(&st);
}

static void the_light_may_change(void **state) {
  studio st = begun();
  (void)state;
  watch(&st, (person_pose){.nobody = true, .light = 0.8}, 22);
  // slowly, as clouds; then at once, as a lamp
  for (int i = 0; i < 20; i++)
    assert_int_equal(
        see(&st, (person_pose){.nobody = true, .light = 0.8 + 0.01 * i}).word,
        TRACKER_NOBODY);
  assert_int_equal(watch(&st, (person_pose){.light = 1}, 2).word,
                   TRACKER_PERSON);
  assert_int_equal(watch(&st, (person_pose){.light = 0.75}, 2).word,
                   TRACKER_PERSON);
  assert_int_equal(
      watch(&st, (person_pose){.nobody = true, .light = 0.75}, 2).word,
      TRACKER_NOBODY);
  end(&st);
}

/* A box is put down: neither a person nor, later, a reason to be unsure. */
static void what_is_put_down_becomes_the_room(void **state) {
  studio st = begun();
  (void)state;
  watch(&st, EMPTY, 22);
  int unsure = 0;
  tracker_sight sight = {.word = TRACKER_BROKEN};
  for (int i = 0; i < 60; i++) {
    person_draw(&st.picture, &EMPTY);
    canvas_box(&st.picture, 100, 60, 90, 120, (colour){30, 40, 60});
    peal_bytes *jpeg = jpeg_encode(st.picture.rgb, WIDTH, HEIGHT, 80);
    st.now_ms += 500;
    sight = tracker_see(st.eyes, peal_bytes_slice(jpeg), st.now_ms);
    peal_bytes_unref(jpeg);
    assert_int_not_equal(sight.word, TRACKER_PERSON);
    unsure += sight.word == TRACKER_UNSURE;
  }
  assert_true(unsure >= 38);
  assert_int_equal(sight.word, TRACKER_NOBODY);
  end(&st);
}

static void pictures_may_change_their_size(void **state) {
  studio st = begun();
  (void)state;
  watch(&st, EMPTY, 22);
  st.picture.width = 200;
  st.picture.height = 150;
  assert_int_equal(see(&st, EMPTY).word, TRACKER_LEARNING);
  assert_int_equal(watch(&st, EMPTY, 21).word, TRACKER_NOBODY);
  end(&st);
}

static void broken_and_odd_pictures_are_said_and_change_nothing(void **state) {
  studio st = begun();
  static uint8_t white[3 * 4096];
  (void)state;
  watch(&st, EMPTY, 22);
  assert_int_equal(tracker_see(st.eyes, PEAL_S(""), 0).word, TRACKER_BROKEN);
  assert_int_equal(tracker_see(st.eyes, PEAL_S("GIF89a"), 0).word,
                   TRACKER_BROKEN);
  assert_int_equal(see(&st, (person_pose){0}).word, TRACKER_PERSON);
  static const int sizes[][2] = {{1, 1}, {4096, 1}, {1, 4096}, {3, 5}};
  for (size_t i = 0; i < 4; i++) {
    peal_bytes *jpeg = jpeg_encode(white, sizes[i][0], sizes[i][1], 80);
    for (int k = 0; k < 22; k++)
      assert_int_not_equal(
          tracker_see(st.eyes, peal_bytes_slice(jpeg), st.now_ms += 100).word,
          TRACKER_PERSON);
    peal_bytes_unref(jpeg);
  }
  end(&st);
}

/* The whole pipeline along the script: never a wrong word for long. */
static void the_script_is_followed(void **state) {
  studio st = begun();
  posture p;
  (void)state;
  posture_init(&p, NULL);
  posture_verdict verdict = {0};
  for (uint64_t t = 0; t < 40000; t += 250) {
    st.now_ms += 150; // and 100 by looking
    tracker_sight sight = see(&st, person_script_at(1, t));
    posture_measures m = posture_measure(&sight.marks, (double)WIDTH / HEIGHT);
    verdict = posture_feed(&p, &m, t);
    if (t >= 6000 && t < 20000)
      assert_int_equal(verdict.state, POSTURE_GOOD);
    if (t >= 23000)
      assert_int_equal(verdict.state, POSTURE_BAD);
  }
  assert_int_equal(verdict.cause, POSTURE_CAUSE_SLOUCH);
  end(&st);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_learns_the_empty_room_first),
      cmocka_unit_test(somebody_who_moves_is_not_learnt_as_the_room),
      cmocka_unit_test(somebody_who_breathes_is_not_learnt_as_the_room),
      cmocka_unit_test(what_it_finds_is_where_it_is),
      cmocka_unit_test(two_people_are_said),
      cmocka_unit_test(who_is_cut_off_is_not_measured),
      cmocka_unit_test(the_light_may_change),
      cmocka_unit_test(what_is_put_down_becomes_the_room),
      cmocka_unit_test(pictures_may_change_their_size),
      cmocka_unit_test(broken_and_odd_pictures_are_said_and_change_nothing),
      cmocka_unit_test(the_script_is_followed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
