/* SPDX-License-Identifier: MIT */
/* peal-esp32-sim: any number of simulated ESP32 devices over the same public
 * endpoints that real ones use: what they send, and what they show. */
#include <stdio.h>
#include <string.h>

#include "sim_job.h"
#include "sim_opts.h"

enum { OLED_S = 2 /* how often a device asks what to show */ };

/* One device's own. */
typedef struct esp32 {
  sim_motion motion;
  char shown[32]; /* animation on the display */
} esp32;

static void on_begin(const peal_kit_sim_who *who) {
  esp32 *me = who->more;
  const sim_opts *opts = who->user;
  sim_motion_init(&me->motion, opts->seed, who->number + 0x10000u, who->now_ms);
}

static bool make(peal_kit_sim_job *out, const peal_kit_sim_who *who) {
  esp32 *me = who->more;
  sim_reading reading = {0};
  if (out->kind == SIM_SENSOR || out->kind == SIM_ORIENTATION)
    sim_motion_read(&me->motion, who->now_ms, &reading);
  return sim_job_make(out, who, &reading);
}

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

static void on_done(const peal_kit_sim_job *job, const char *text,
                    const peal_kit_sim_who *who) {
  esp32 *me = who->more;
  const sim_opts *opts = who->user;
  char name[sizeof me->shown];
  if (job->kind != SIM_OLED ||
      !find_text(text, "\"animation_name\"", name, sizeof name) ||
      strcmp(name, me->shown) == 0)
    return;
  memcpy(me->shown, name, sizeof name);
  if (opts->quiet)
    return;
  printf("%s shows %s\n", who->id, me->shown);
  fflush(stdout);
}

static double period_of_hz(double hz) {
  return hz > 0 ? 1 / hz : 0;
}

static int run(const sim_opts *opts) {
  const peal_kit_sim_kind kinds[SIM_KIND_COUNT] = {
      [SIM_SENSOR] = {"sensor", period_of_hz(opts->sensor_hz), false},
      [SIM_ORIENTATION] = {"orientation", period_of_hz(opts->orientation_hz),
                           false},
      [SIM_PICTURE] = {"picture", opts->picture_s, false},
      [SIM_AUDIO] = {"audio", opts->audio_s, false},
      [SIM_OLED] = {"oled", OLED_S, true}};
  return peal_kit_sim_run(
      &(peal_kit_sim_opts){.program = "peal-esp32-sim",
                           .url = opts->url,
                           .key = opts->key,
                           .devices = opts->devices,
                           .duration_s = opts->duration_s,
                           .fault_drop = opts->fault_drop,
                           .fault_slow = opts->fault_slow,
                           .fault_bad = opts->fault_bad,
                           .seed = opts->seed,
                           .die_with_parent = opts->die_with_parent,
                           .parent_pid = opts->parent_pid,
                           .quiet = opts->quiet,
                           .kinds = kinds,
                           .kind_count = SIM_KIND_COUNT,
                           .more_bytes = sizeof(esp32),
                           .on_begin = on_begin,
                           .make = make,
                           .on_done = on_done,
                           .user = (void *)(uintptr_t)opts});
}

int main(int argc, char **argv) {
  sim_opts opts;
  switch (sim_opts_parse(&opts, argc, argv)) {
  case SIM_OPTS_RUN:
    return run(&opts);
  case SIM_OPTS_DONE:
    return 0;
  case SIM_OPTS_WRONG:
    break;
  }
  return 2;
}
