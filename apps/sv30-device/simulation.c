/* SPDX-License-Identifier: MIT */
#include "simulation.h"

#include <stdio.h>
#include <string.h>

#include <peal/web.h>
#include <peal/worker.h>

#include "halt.h"
#include "journal.h"
#include "measure.h"
#include "say.h"
#include "settling.h"
#include "wall.h"

enum {
  TEST_MIN = 30,
  MINUTE_MS = 60000,
  TEST_MS = TEST_MIN * MINUTE_MS,
  HEIGHT_MS = 1000,   /* of the test's time */
  LEAST_STEP_MS = 50, /* of ours: between two heights */
  WAIT_STEP_MS = 50
};

/* ---- the test ------------------------------------------------------------------ */

typedef struct simulation {
  const options *opts;
  uplink up;
  journal journal;
  settling sludge;
  int64_t began_ms; /* monotonic */
  int64_t
      started_ms; /* of the test: so that it ends now, by the wall clock, and
                         nothing of it lies in the future */
} simulation;

/* Camera and ruler are not exact. */
static double noisy(simulation *s, double value, double by) {
  double found = value + settling_random(&s->sludge, -by, by);
  return found < 0 ? 0 : found;
}

static double to_tenth(double value) {
  return (double)(int64_t)(value * 10 + 0.5) / 10;
}

static measure look(simulation *s, double t_min) {
  settling *sludge = &s->sludge;
  double height = settling_height(sludge, t_min);
  bool is_end = t_min >= TEST_MIN;
  int turbid = is_end ? 0 : 60; // nothing is clear at the beginning
  measure found = {.sludge_mm =
                       to_tenth(is_end ? noisy(s, height, 0.5) : height),
                   .mixture_mm = sludge->mixture_mm,
                   .sv30_mm = -1,
                   .has_velocity = true,
                   .floc_count = (int64_t)noisy(s, is_end ? 40 : 180, 15),
                   .floc_mm = to_tenth(noisy(s, 1.6, 0.5)),
                   .has_clear = true,
                   .has_sludge = true};
  // the mean since the beginning, as measuring pipelines have it
  if (t_min > 0)
    found.velocity = to_tenth((found.mixture_mm - found.sludge_mm) / t_min);
  static const int clear[] = {196, 204, 198}, brown[] = {104, 78, 52};
  for (int i = 0; i < 3; i++) {
    found.clear[i] = (int)noisy(s, clear[i] - turbid, 6);
    found.sludge[i] = (int)noisy(s, brown[i], 6);
  }
  return found;
}

static bool send_result(simulation *s, int t_min) {
  char timestamp[25];
  const course *test = &s->journal.course;
  measure found = look(s, t_min);
  peal_build *build = peal_build_new();
  peal_web_time_iso(timestamp, s->started_ms + t_min * (int64_t)MINUTE_MS);
  bool done = uplink_result(
      &s->up,
      measure_result(build, &found, test->id, test->type, timestamp, t_min),
      test->id, t_min);
  peal_build_free(build);
  return done;
}

static int64_t test_now_ms(const simulation *s) {
  return (int64_t)((double)(halt_now_ms() - s->began_ms) * s->opts->time_scale);
}

/* Heights until the test is over. */
static void watch_sludge(simulation *s) {
  double step = HEIGHT_MS / s->opts->time_scale;
  int step_ms = step < LEAST_STEP_MS ? LEAST_STEP_MS : (int)step;
  int64_t last = -1;
  while (!halt_is_asked()) {
    int64_t now = test_now_ms(s);
    if (now >= TEST_MS)
      return;
    int64_t second = now / 1000;
    if (second != last)
      uplink_height(
          &s->up, s->journal.course.id, second,
          to_tenth(settling_height(&s->sludge, (double)now / MINUTE_MS)));
    last = second;
    uplink_tick(&s->up, halt_now_ms());
    int64_t left = (int64_t)((double)(TEST_MS - now) / s->opts->time_scale) + 1;
    halt_wait(-1, left < step_ms ? (int)left : step_ms);
  }
}

/* A disk that is full is waited for, as everything else is. */
static void send_for_sure(simulation *s, int t_min) {
  while (!send_result(s, t_min) && !halt_is_asked())
    halt_wait(-1, 1000);
}

static void wait_for_all(simulation *s) {
  while (uplink_pending(&s->up) > 0 && s->opts->is_enabled &&
         !halt_is_asked()) {
    uplink_tick(&s->up, halt_now_ms());
    halt_wait(-1, WAIT_STEP_MS);
  }
}

static int run(simulation *s) {
  const options *opts = s->opts;
  s->began_ms = halt_now_ms();
  s->started_ms =
      peal_wall_ms() - TEST_MS + (int64_t)(TEST_MS / opts->time_scale);
  if (!journal_begin(&s->journal, opts, s->started_ms, true))
    return 1;
  say("simulated test %s (%s), %g times faster", s->journal.course.id,
      s->journal.course.type, opts->time_scale);
  send_for_sure(s, 0);
  watch_sludge(s);
  if (!halt_is_asked())
    send_for_sure(s, TEST_MIN);
  wait_for_all(s);
  uint64_t left = uplink_pending(&s->up);
  say("simulated test %s: %llu results stay in the spool", s->journal.course.id,
      (unsigned long long)left);
  return 0;
}

static uint64_t seed_of(const options *opts) {
  return opts->seed ? opts->seed : (uint64_t)peal_wall_ms();
}

int simulation_run(const options *opts) {
  simulation s = {.opts = opts};
  settling_init(&s.sludge, seed_of(opts));
  if (!uplink_open(&s.up, opts, true))
    return 1;
  int code = journal_open(&s.journal, opts) ? run(&s) : 1;
  journal_close(&s.journal);
  uplink_close(&s.up);
  return code;
}

/* ---- the self-test ---------------------------------------------------------------- */

static int report(peal_err err, peal_doc *answer) {
  peal_val said = peal_val_at(peal_doc_val(answer), 0);
  peal_slice message = peal_val_str(peal_val_get(said, "message"));
  bool is_stored =
      peal_slice_is(peal_val_str(peal_val_get(said, "status")), "stored");
  if (err)
    say("self-test: error: no acknowledgement: %s", peal_err_message(err));
  else if (is_stored)
    say("self-test: the backend has stored the sample");
  else if (message.len > 0)
    say("self-test: error: the backend refuses it: %.*s", PEAL_SFMT(message));
  else
    say("self-test: the backend has acknowledged the sample, without a word");
  return !err && (is_stored || message.len == 0) ? 0 : 1;
}

static int send_sample(simulation *s, uint32_t wait_ms) {
  char id[TEST_ID_BYTES], timestamp[25];
  int64_t now = peal_wall_ms();
  peal_doc *answer = NULL;
  peal_build *build = peal_build_new();
  snprintf(id, sizeof id, "SIM-SV30-SELFTEST-%lld", (long long)now);
  peal_web_time_iso(timestamp, now);
  measure found = look(s, 0);
  peal_val sample = measure_result(build, &found, id,
                                   test_id_type(wall_civil(now)), timestamp, 0);
  say("self-test: sending %s", id);
  peal_err err = peal_client_call(s->up.nsp, "sludge-data", PEAL_ARGS(sample),
                                  wait_ms, &answer);
  peal_build_free(build);
  int code = report(err, answer);
  peal_doc_free(answer);
  return code;
}

static int wait_and_send(simulation *s) {
  int64_t until = halt_now_ms() + s->opts->wait_ms;
  while (!atomic_load(&s->up.is_connected)) {
    if (halt_is_asked() || halt_now_ms() >= until ||
        atomic_load(&s->up.was_refused)) {
      say("self-test: error: no connection to %s", s->opts->url);
      return 1;
    }
    halt_wait(-1, WAIT_STEP_MS);
  }
  int64_t left = until - halt_now_ms();
  return send_sample(s, left > 100 ? (uint32_t)left : 100);
}

int simulation_self_test(const options *opts) {
  simulation s = {.opts = opts};
  settling_init(&s.sludge, seed_of(opts));
  if (!opts->is_enabled) {
    say("self-test: error: disabled");
    return 1;
  }
  if (!uplink_open(&s.up, opts, false))
    return 1;
  int code = wait_and_send(&s);
  uplink_close(&s.up);
  return code;
}
