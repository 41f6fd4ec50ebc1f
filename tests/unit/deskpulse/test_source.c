/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>

#include <fcntl.h>

#include "source_fixture.h"

static void kinds_have_the_names_of_the_contract(void **state) {
  static const char *const names[] = {"synthetic", "push", "v4l2", "dir",
                                      "json"};
  source_kind kind;
  (void)state;
  for (int i = 0; i < 5; i++) {
    assert_true(source_kind_of(&kind, peal_slice_of(names[i])));
    assert_int_equal(kind, i);
    assert_string_equal(source_kind_text(kind), names[i]);
  }
  assert_false(source_kind_of(&kind, PEAL_S("Push")));
  assert_false(source_kind_of(&kind, PEAL_S("")));
  assert_string_equal(source_state_text(SOURCE_CONNECTED), "connected");
  assert_string_equal(source_state_text(SOURCE_DEGRADED), "degraded");
  assert_string_equal(source_state_text(SOURCE_DISCONNECTED), "disconnected");
  assert_string_equal(source_state_text(SOURCE_PAUSED), "paused");
}

static void options_that_cannot_be_are_said_in_words(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts fine = heard_opts(h, SOURCE_PUSH);
  source_opts wrong[] = {fine, fine, fine, fine, fine, fine};
  wrong[0].kind = (source_kind)7;
  wrong[1].fps = 61;
  wrong[2].width = 5000;
  wrong[3].kind = SOURCE_DIR;
  wrong[4].kind = SOURCE_JSON;
  wrong[5].kind = SOURCE_JSON;
  wrong[5].path = wrong[5].command = "x";
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const char *why = NULL;
    assert_int_equal(source_new(&h->from, &wrong[i], &why), PEAL_ERR_OPTION);
    assert_non_null(why);
  }
  wrong[0] = fine;
  wrong[0].worker = NULL;
  assert_int_equal(source_new(&h->from, &wrong[0], NULL), PEAL_ERR_USAGE);
  assert_int_equal(source_new(&h->from, NULL, NULL), PEAL_ERR_USAGE);
  assert_null(h->from);
  heard_free(h);
}

/* -- synthetic ------------------------------------------------------------ */

static void the_synthetic_person_comes_as_real_pictures(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_SYNTHETIC);
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 5);
  assert_int_equal(last_state(h), SOURCE_CONNECTED);
  assert_true(h->last.simulated);
  assert_int_equal(h->last.width, 160);
  assert_int_equal(h->last.height, 120);
  assert_int_equal(h->last.seen_by, SOURCE_SEEN_BY_TRACKER);
  double age = source_wall() - h->last.captured_at;
  assert_true(age >= 0 && age < 30);
  source_stats stats;
  source_stats_get(h->from, &stats);
  assert_true(stats.captured >= stats.told && stats.told == h->frames);
  assert_int_equal(stats.broken, 0);
  assert_true(stats.look_us > 0);
  heard_free(h);
}

static void nobody_and_then_somebody_is_seen(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_SYNTHETIC);
  opts.fps = 20;
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->frames > 0 && h->last.decided && !h->last.marks.present);
  HEAR_UNTIL(h, h->last.decided && h->last.marks.present);
  assert_null(h->last.note);
  heard_free(h);
}

/* -- the slot ------------------------------------------------------------- */

/* A driver that brings pictures as fast as it is asked. */
typedef struct flood_driver {
  peal_bytes *jpeg;
  atomic_int given;
  atomic_int open;
} flood_driver;

static bool flood_open(void *self, char *reason) {
  flood_driver *f = self;
  (void)reason;
  f->open++;
  return true;
}

static source_word flood_next(void *self, source_shot *out, int wake,
                              uint32_t wait_ms, char *reason) {
  flood_driver *f = self;
  (void)reason;
  source_wait(-1, wake, wait_ms < 1 ? wait_ms : 1);
  out->jpeg = peal_bytes_ref(f->jpeg);
  out->marked = true;
  f->given++;
  return SOURCE_SHOT;
}

static void flood_close(void *self) {
  flood_driver *f = self;
  f->open--;
}

static void flood_free(void *self) {
  (void)self;
}

static const source_driver FLOOD = {flood_open, flood_next, flood_close,
                                    flood_free};

static void the_camera_is_not_held_up_and_the_newest_frame_wins(void **state) {
  (void)state;
  heard *h = heard_new();
  flood_driver f = {.jpeg = a_picture(64, 48, true)};
  source_opts opts = heard_opts(h, SOURCE_PUSH);
  assert_int_equal(source_new_on(&h->from, &opts, (source_eyes){&FLOOD, &f}),
                   PEAL_OK);
  // the worker makes no turn, and the camera goes on
  while (f.given < 100)
    usleep(1000);
  assert_int_equal(h->frames, 0);
  HEAR_UNTIL(h, h->frames >= 1);
  assert_true(h->last.seq >= 99);
  source_stats stats;
  source_stats_get(h->from, &stats);
  assert_true(stats.replaced >= 98);
  source_free(h->from);
  h->from = NULL;
  assert_int_equal(f.open, 0);
  // the slot held one of them, however many came
  unsigned frames = h->frames;
  for (int i = 0; i < 10; i++)
    assert_int_equal(peal_workers_step(h->workers, 1), PEAL_OK);
  assert_int_equal(h->frames, frames);
  peal_bytes_unref(f.jpeg);
  heard_free(h);
}

static void a_pause_closes_the_camera_and_nothing_of_before_comes_after(
    void **state) {
  (void)state;
  heard *h = heard_new();
  flood_driver f = {.jpeg = a_picture(64, 48, true)};
  source_opts opts = heard_opts(h, SOURCE_PUSH);
  assert_int_equal(source_new_on(&h->from, &opts, (source_eyes){&FLOOD, &f}),
                   PEAL_OK);
  HEAR_UNTIL(h, h->frames >= 3);
  source_pause(h->from, true);
  assert_true(source_is_paused(h->from));
  unsigned frames = h->frames;
  HEAR_UNTIL(h, last_state(h) == SOURCE_PAUSED);
  assert_int_equal(f.open, 0);
  for (int i = 0; i < 20; i++)
    assert_int_equal(peal_workers_step(h->workers, 1), PEAL_OK);
  assert_int_equal(h->frames, frames);
  source_pause(h->from, false);
  HEAR_UNTIL(h, h->frames > frames && last_state(h) == SOURCE_CONNECTED);
  assert_int_equal(f.open, 1);
  source_free(h->from);
  h->from = NULL;
  peal_bytes_unref(f.jpeg);
  heard_free(h);
}

static void free_itself(heard *h) {
  source_free(h->from);
  h->from = NULL;
}

static void paused_from_the_beginning_it_is_never_opened(void **state) {
  (void)state;
  heard *h = heard_new();
  source_stats stats;
  source_opts opts = heard_opts(h, SOURCE_SYNTHETIC);
  opts.paused = true;
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->states > 0);
  assert_int_equal(h->state[0], SOURCE_PAUSED);
  source_stats_get(h->from, &stats);
  assert_int_equal(stats.opened, 0);
  source_pause(h->from, false);
  HEAR_UNTIL(h, h->frames > 0);
  heard_free(h);
}

static void it_may_be_freed_in_its_own_callback(void **state) {
  (void)state;
  heard *h = heard_new();
  h->on_frame = free_itself;
  source_opts opts = heard_opts(h, SOURCE_SYNTHETIC);
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->from == NULL);
  for (int i = 0; i < 10; i++)
    assert_int_equal(peal_workers_step(h->workers, 1), PEAL_OK);
  assert_int_equal(h->frames, 1);
  heard_free(h);
}

static void it_may_be_freed_at_once_and_after_the_run(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_SYNTHETIC);
  heard_start(h, &opts);
  source_free(h->from);
  heard_start(h, &opts);
  HEAR_UNTIL(h, h->frames >= 1);
  peal_workers_end(h->workers);
  usleep(50000); // frames that nobody takes
  heard_free(h);
  source_free(NULL);
}

/* -- push ----------------------------------------------------------------- */

static void what_is_pushed_comes_with_its_landmarks(void **state) {
  landmarks marks = {.present = true};
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_PUSH);
  heard_start(h, &opts);
  HEAR_UNTIL(h, strcmp(last_reason(h), "waiting for the first frame") == 0);
  assert_int_equal(last_state(h), SOURCE_DISCONNECTED);
  peal_bytes *jpeg = a_picture(200, 100, true);
  marks.points[7].x = 0.25;
  assert_int_equal(source_push(h->from, jpeg, &marks), PEAL_OK);
  HEAR_UNTIL(h, h->frames == 1);
  assert_int_equal(last_state(h), SOURCE_CONNECTED);
  assert_int_equal(h->last.width, 200);
  assert_int_equal(h->last.seen_by, SOURCE_SEEN_BY_ESTIMATOR);
  assert_true(h->last.decided && h->last.marks.present);
  assert_true(h->last.marks.points[7].x == 0.25);
  assert_int_equal(h->last_bytes, peal_bytes_slice(jpeg).len);
  marks.present = false;
  assert_int_equal(source_push(h->from, jpeg, &marks), PEAL_OK);
  HEAR_UNTIL(h, h->frames == 2);
  assert_true(h->last.decided && !h->last.marks.present);
  assert_int_equal(source_push(h->from, jpeg, NULL), PEAL_OK);
  HEAR_UNTIL(h, h->frames == 3);
  assert_int_equal(h->last.seen_by, SOURCE_SEEN_BY_TRACKER);
  assert_false(h->last.decided);
  assert_non_null(h->last.note);
  peal_bytes_unref(jpeg);
  heard_free(h);
}

static void what_is_no_picture_is_refused_at_the_door(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_PUSH);
  heard_start(h, &opts);
  peal_bytes *junk = peal_bytes_new(PEAL_S("GIF89a"));
  assert_int_equal(source_push(h->from, junk, NULL), PEAL_ERR_OPTION);
  char *large = calloc(1, SOURCE_MAX_FRAME_BYTES + 1);
  assert_non_null(large);
  peal_bytes *huge =
      peal_bytes_new((peal_slice){large, SOURCE_MAX_FRAME_BYTES + 1});
  assert_int_equal(source_push(h->from, huge, NULL), PEAL_ERR_TOO_LONG);
  assert_int_equal(source_push(h->from, NULL, NULL), PEAL_ERR_USAGE);
  source_pause(h->from, true);
  peal_bytes *jpeg = a_picture(64, 48, true);
  assert_int_equal(source_push(h->from, jpeg, NULL), PEAL_ERR_CANCELLED);
  peal_bytes_unref(junk);
  peal_bytes_unref(huge);
  peal_bytes_unref(jpeg);
  free(large);
  heard_free(h);
  // and only one that is for it takes any
  h = heard_new();
  opts = heard_opts(h, SOURCE_SYNTHETIC);
  heard_start(h, &opts);
  jpeg = a_picture(64, 48, true);
  assert_int_equal(source_push(h->from, jpeg, NULL), PEAL_ERR_USAGE);
  peal_bytes_unref(jpeg);
  heard_free(h);
}

static void who_pushes_no_more_is_degraded_then_disconnected(void **state) {
  (void)state;
  heard *h = heard_new();
  source_opts opts = heard_opts(h, SOURCE_PUSH);
  opts.stall_ms = 60;
  heard_start(h, &opts);
  peal_bytes *jpeg = a_picture(64, 48, true);
  assert_int_equal(source_push(h->from, jpeg, NULL), PEAL_OK);
  HEAR_UNTIL(h, h->frames == 1);
  HEAR_UNTIL(h, last_state(h) == SOURCE_DISCONNECTED);
  assert_int_equal(strncmp(last_reason(h), "no frame for", 12), 0);
  assert_int_equal(source_push(h->from, jpeg, NULL), PEAL_OK);
  HEAR_UNTIL(h, h->frames == 2);
  peal_bytes_unref(jpeg);
  heard_free(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds_have_the_names_of_the_contract),
      cmocka_unit_test(options_that_cannot_be_are_said_in_words),
      cmocka_unit_test(the_synthetic_person_comes_as_real_pictures),
      cmocka_unit_test(nobody_and_then_somebody_is_seen),
      cmocka_unit_test(the_camera_is_not_held_up_and_the_newest_frame_wins),
      cmocka_unit_test(
          a_pause_closes_the_camera_and_nothing_of_before_comes_after),
      cmocka_unit_test(paused_from_the_beginning_it_is_never_opened),
      cmocka_unit_test(it_may_be_freed_in_its_own_callback),
      cmocka_unit_test(it_may_be_freed_at_once_and_after_the_run),
      cmocka_unit_test(what_is_pushed_comes_with_its_landmarks),
      cmocka_unit_test(what_is_no_picture_is_refused_at_the_door),
      cmocka_unit_test(who_pushes_no_more_is_degraded_then_disconnected),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
