/* SPDX-License-Identifier: MIT */
#pragma once
/* monitor: what is seen of whoever sits at the desk, and what follows from it:
 * the picture goes to the hub, the time to the ledger, what lasts too long is
 * told. All of it is of worker 0, unless it says otherwise. */
#include "desk.h"
#include "landmarks.h"
#include "ledger.h"

typedef struct monitor monitor;

/* Before the run; nothing is seen until then. NULL after logging why. */
monitor *monitor_new(desk *app, const ledger_choices *choices);
/* After the run. */
void monitor_free(monitor *m);
/* Every second; and at the stop: the camera is closed. */
void monitor_tick(monitor *m);
void monitor_stop(monitor *m);

/* Nothing is seen, counted or sent any more, and the camera is closed; or
 * again. */
void monitor_pause(monitor *m, bool paused);
bool monitor_is_paused(const monitor *m);
void monitor_set_threshold(monitor *m, uint64_t ms);
/* False: there is no alert. */
bool monitor_acknowledge(monitor *m);
/* This person sits there, of whom that is known (samples 0: nothing). */
void monitor_set_person(monitor *m, const char *person,
                        const posture_calibration *usual);
const char *monitor_person(const monitor *m);
/* Whoever sits there now sits well: what comes of it is told by the event
 * `calibration`. */
void monitor_calibrate(monitor *m);
/* A picture from outside; `marks` may be NULL. Returns: as source_push. Thread:
 * any. */
PEAL_MUST_CHECK peal_err monitor_push(monitor *m, peal_bytes *jpeg,
                                      const landmarks *marks);

/* The bodies of monitoring_status, camera_status, and stats_update. */
peal_val monitor_status_val(const monitor *m, peal_build *build);
peal_val monitor_camera_val(const monitor *m, peal_build *build);
peal_val monitor_stats_val(const monitor *m, peal_build *build);

/* For /health and /metrics. Thread: any. */
typedef struct monitor_figures {
  bool is_camera_well, is_paused, is_simulated;
  const char *camera; /* static text */
  uint64_t captured, replaced, broken, tracker_us;
} monitor_figures;

void monitor_figures_get(const monitor *m, monitor_figures *out);
