/* SPDX-License-Identifier: MIT */
#pragma once
/* alerts: what alarm.h has decided is kept, told to the person, and
 * acknowledged. */
#include "alarm.h"
#include "care.h"

/* What an alert is about. */
typedef struct alert_note {
  int64_t user_id, device, ts; /* device: its number */
  bands_metric metric;
  bands_status level;
  double value;
} alert_note;

/* Write it; when that is done its owner is told. False: it is not written.
 * Thread: any. */
PEAL_MUST_CHECK bool alerts_write(care *app, alarm_change change,
                                  const alert_note *note);
/* GET /api/alerts, POST /api/alerts/:id/acknowledge, of who is signed in;
 * `user` is the care. */
void alerts_on_list(peal_http_req *req, void *user);
void alerts_on_acknowledge(peal_http_req *req, void *user);
/* acknowledge_alert {"id"}. */
void alerts_on_event(peal_socket *socket, const peal_event *event, void *user);
