/* SPDX-License-Identifier: MIT */
#pragma once
/* vitals: readings come in, by HTTP or as an event; they are stored, then
 * acknowledged and shown to their owner alone.
 *
 *   POST /api/vitals --+                        +--> ack, 200
 *                      +--> check --> store ----+--> vital_update to user_N
 *   event vitals ------+    (one statement      +--> patients: last, alerts
 *                            of a shared commit)
 */
#include "bands.h"
#include "care.h"

struct devices_one;

/* What is known last of one metric of one person. */
typedef struct vitals_last_value {
  bool is_known;
  double value;   /* in the metric's own unit (bands_unit) */
  double before;  /* what was usual before it: a mean of the last readings */
  int64_t ts;     /* ms since 1970 */
  int64_t device; /* its number, for devices_id */
  bands_status status;
} vitals_last_value;

/* From memory, by metric; also of people who have none. Thread: any. */
void vitals_last(care *app, int64_t user_id,
                 vitals_last_value out[BANDS_METRICS]);

/* Before the body of a device's request is read: 401 without a key; `user` is
 * the care. */
peal_web_verdict vitals_hook(peal_http_req *req, void *user);
/* POST /api/vitals: a reading, or an array of readings of one device. */
void vitals_on_post(peal_http_req *req, peal_val body, void *user);
/* POST /api/heartbeat {"device_id","battery"}. */
void vitals_on_heartbeat(peal_http_req *req, peal_val body, void *user);
/* The event `vitals`, of a device that has shown its key. */
void vitals_on_event(care *app, const struct devices_one *from,
                     const peal_event *event);
/* The event `heartbeat`. */
void vitals_on_beat(care *app, const struct devices_one *from,
                    const peal_event *event);
