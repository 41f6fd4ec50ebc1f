/* SPDX-License-Identifier: MIT */
#include "sim_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  OLED_MS = 2000, /* how often a device asks what to show */
  BACKOFF_FIRST_MS = 500,
  BACKOFF_LAST_MS = 30000,
};

struct sim_device {
  sim_world *world;
  sim_line *line;
  char id[16];
  uint32_t number;
  sim_dice dice;
  sim_motion motion;
  uint64_t period_ms[SIM_KIND_COUNT]; /* 0: never */
  uint64_t due_ms[SIM_KIND_COUNT];
  sim_job job; /* under way, or kept to be sent again */
  bool is_sending;
  bool is_away;
  uint32_t failures; /* in a row */
  uint64_t retry_ms; /* not before this */
  char shown[32];    /* animation on the display */
};

static uint64_t wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t period_of_hz(double hz) {
  return hz <= 0 ? 0 : hz >= 1000 ? 1 : (uint64_t)(1000 / hz);
}

static void set_periods(sim_device *d) {
  const sim_opts *opts = d->world->opts;
  d->period_ms[SIM_SENSOR] = period_of_hz(opts->sensor_hz);
  d->period_ms[SIM_ORIENTATION] = period_of_hz(opts->orientation_hz);
  d->period_ms[SIM_PICTURE] = (uint64_t)(opts->picture_s * 1000);
  d->period_ms[SIM_AUDIO] = (uint64_t)(opts->audio_s * 1000);
  d->period_ms[SIM_OLED] = OLED_MS;
  // devices are not switched on at the same moment; the first picture comes
  // soon, so that a page has something to show
  for (int i = 0; i < SIM_KIND_COUNT; i++) {
    uint64_t span = d->period_ms[i] < 3000 ? d->period_ms[i] : 3000;
    d->due_ms[i] =
        d->world->now_ms + (uint64_t)(sim_dice_share(&d->dice) * (double)span);
  }
}

static void on_done(void *user, const sim_answer *answer);

sim_device *sim_device_new(sim_world *world, uint32_t number) {
  sim_device *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  d->world = world;
  d->number = number;
  snprintf(d->id, sizeof d->id, "SIM-%02u", (unsigned)number);
  sim_dice_init(&d->dice, world->opts->seed, number);
  sim_motion_init(&d->motion, world->opts->seed, number + 0x10000u,
                  world->now_ms);
  set_periods(d);
  d->line = sim_line_new(world->net, d->id, on_done, d);
  if (d->line == NULL) {
    sim_device_free(d);
    return NULL;
  }
  return d;
}

void sim_device_free(sim_device *device) {
  if (device == NULL)
    return;
  sim_line_free(device->line);
  sim_job_deinit(&device->job);
  free(device);
}

/* ---- what is due ---------------------------------------------------- */

/* The kind that has waited longest, or -1. */
static int most_due(const sim_device *d) {
  int best = -1;
  for (int i = 0; i < SIM_KIND_COUNT; i++)
    if (d->period_ms[i] > 0 && (best < 0 || d->due_ms[i] < d->due_ms[best]))
      best = i;
  return best;
}

/* The next moment of this kind; moments that passed meanwhile are skipped, as
 * a device that was busy has not measured them. */
static void plan_next(sim_device *d, sim_kind kind) {
  uint64_t now = d->world->now_ms, period = d->period_ms[kind];
  d->due_ms[kind] += period;
  if (d->due_ms[kind] > now)
    return;
  uint64_t missed = (now - d->due_ms[kind]) / period + 1;
  d->due_ms[kind] += missed * period;
  d->world->stats.skipped += missed;
}

uint64_t sim_device_wake_ms(const sim_device *d) {
  if (d->is_sending)
    return UINT64_MAX;
  int kind = most_due(d);
  uint64_t due = d->job.path[0] != '\0' ? 0
                 : kind < 0             ? UINT64_MAX
                                        : d->due_ms[kind];
  return due > d->retry_ms ? due : d->retry_ms;
}

static sim_fault choose_fault(sim_device *d, sim_kind kind) {
  const sim_opts *opts = d->world->opts;
  if (sim_dice_is(&d->dice, opts->fault_bad))
    return SIM_BAD;
  if (kind == SIM_OLED)
    return SIM_NO_FAULT; // a GET has no body to break off
  if (sim_dice_is(&d->dice, opts->fault_drop))
    return SIM_DROP;
  return sim_dice_is(&d->dice, opts->fault_slow) ? SIM_SLOW : SIM_NO_FAULT;
}

static bool build_job(sim_device *d) {
  int kind = most_due(d);
  if (kind < 0 || d->due_ms[kind] > d->world->now_ms)
    return false;
  plan_next(d, (sim_kind)kind);
  sim_reading reading = {0};
  if (kind == SIM_SENSOR || kind == SIM_ORIENTATION)
    sim_motion_read(&d->motion, d->world->now_ms, &reading);
  if (!sim_job_init(&d->job, (sim_kind)kind, choose_fault(d, (sim_kind)kind),
                    d->id, d->number, &d->dice, &reading, wall_ms()))
    return false;
  return true;
}

/* ---- when the server is away ---------------------------------------- */

/* 0.5 s doubling to 30 s, of which a share is left to chance so that devices
 * do not come back all at once. */
static void back_off(sim_device *d, uint32_t wanted_ms) {
  uint64_t wait = BACKOFF_FIRST_MS;
  for (uint32_t i = 0; i < d->failures && wait < BACKOFF_LAST_MS; i++)
    wait *= 2;
  wait = wait < BACKOFF_LAST_MS ? wait : BACKOFF_LAST_MS;
  wait = wait > wanted_ms ? wait : wanted_ms;
  wait = (uint64_t)((double)wait * sim_dice_between(&d->dice, 0.5, 1));
  d->failures++;
  d->retry_ms = d->world->now_ms + wait;
}

static void set_away(sim_device *d, bool is_away, const char *reason) {
  sim_world *world = d->world;
  if (d->is_away == is_away)
    return;
  d->is_away = is_away;
  world->away += is_away ? 1 : (uint32_t)-1;
  if (is_away && !world->was_told) {
    fprintf(stderr, "peal-esp32-sim: %s does not answer (%s), trying again\n",
            world->opts->url, reason);
    world->was_told = true;
  } else if (world->away == 0 && world->was_told) {
    fprintf(stderr, "peal-esp32-sim: %s answers again\n", world->opts->url);
    world->was_told = false;
  }
}

/* ---- answers -------------------------------------------------------- */

/* The text of a JSON string field. The display of a device is no place for a
 * JSON parser: a missing or escaped text is not shown. */
static bool find_text(const char *json, const char *name, char *out,
                      size_t cap) {
  const char *at = strstr(json, name);
  if (at == NULL)
    return false;
  at += strlen(name);
  at += strspn(at, " \t:");
  if (*at++ != '"')
    return false;
  size_t len = strcspn(at, "\"\\");
  if (at[len] != '"' || len >= cap)
    return false;
  memcpy(out, at, len);
  out[len] = '\0';
  return true;
}

static void show(sim_device *d, const char *json) {
  char name[sizeof d->shown];
  if (!find_text(json, "\"animation_name\"", name, sizeof name) ||
      strcmp(name, d->shown) == 0)
    return;
  memcpy(d->shown, name, sizeof name);
  if (!d->world->opts->quiet) {
    printf("%s shows %s\n", d->id, d->shown);
    fflush(stdout);
  }
}

static sim_outcome outcome_of(const sim_job *job, const sim_answer *answer) {
  int status = answer->status;
  if (job->fault == SIM_DROP)
    return SIM_DROPPED;
  if (status == 0)
    return SIM_AWAY;
  if (status == 429 || status == 503)
    return SIM_BUSY;
  if (job->fault == SIM_BAD)
    return status >= 400 && status < 500 ? SIM_BAD_REFUSED : SIM_BAD_ACCEPTED;
  if (status >= 500)
    return SIM_SERVER_ERROR;
  return status >= 200 && status < 300 ? SIM_OK : SIM_REFUSED;
}

static void complain(const sim_device *d, const sim_answer *answer) {
  fprintf(stderr, "peal-esp32-sim: %s %s%s got %d: %.120s\n", d->id,
          d->job.fault == SIM_BAD ? "broken " : "", d->job.path, answer->status,
          answer->text);
}

static void on_done(void *user, const sim_answer *answer) {
  sim_device *d = user;
  d->is_sending = false;
  d->world->finished[d->world->finished_count++] = d;
  sim_outcome outcome = outcome_of(&d->job, answer);
  sim_stats_add(&d->world->stats, d->job.kind, outcome,
                d->job.fault == SIM_NO_FAULT ? answer->latency_us : 0);
  // the first ones tell what is wrong, a thousand more tell nothing
  if ((outcome == SIM_REFUSED || outcome == SIM_BAD_ACCEPTED ||
       outcome == SIM_SERVER_ERROR) &&
      sim_stats_total(&d->world->stats, outcome) <= 5)
    complain(d, answer);
  if (answer->status != 0)
    set_away(d, false, "");
  if (outcome == SIM_AWAY || outcome == SIM_BUSY ||
      outcome == SIM_SERVER_ERROR) {
    if (outcome == SIM_AWAY)
      set_away(d, true, answer->error);
    back_off(d, answer->retry_ms); // and keep the job
    return;
  }
  if (outcome == SIM_OK && d->job.kind == SIM_OLED)
    show(d, answer->text);
  d->failures = 0;
  sim_job_deinit(&d->job);
}

void sim_device_step(sim_device *d) {
  if (d->is_sending || d->world->now_ms < d->retry_ms)
    return;
  bool is_kept = d->job.path[0] != '\0';
  if (!is_kept && !build_job(d))
    return;
  if (sim_line_send(d->line, &d->job))
    d->is_sending = true;
  else
    back_off(d, 0);
}
