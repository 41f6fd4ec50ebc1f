/* SPDX-License-Identifier: MIT */
#pragma once
/* patients: what is known last of everybody, and which alerts stand; for all
 * workers. Rebuilt from the store at the start. */
#include "alarm.h"
#include "care.h"
#include "vitals.h"

typedef struct patients patients;

/* Load them. Blocks: before the run, after the devices. NULL after logging
 * why. */
patients *patients_new(care *app);
void patients_free(patients *all);
/* On worker 0, at the start: what was out of its band when the program ended
 * before the alert was written is written now. */
void patients_on_start(patients *all);
/* Every second, on worker 0: readings that are too old go, somebody's in turn. */
void patients_tick(patients *all);

/* The time of a reading that comes without one: now, but later than what this
 * person's metric had before, as two must not be one. Thread: any. */
int64_t patients_stamp(patients *all, int64_t user_id, bands_metric metric);
/* A reading is stored: remember it if none is newer, and see to the alert that
 * it means. Thread: any. */
void patients_note(patients *all, int64_t user_id, int64_t device,
                   bands_metric metric, double value, int64_t ts);
/* The alert of this metric was not stored: decide anew with the next reading.
 * Thread: any. */
void patients_forget_alarm(patients *all, int64_t user_id, bands_metric metric);
/* As vitals_last. */
void patients_last(patients *all, int64_t user_id,
                   vitals_last_value out[BANDS_METRICS]);
