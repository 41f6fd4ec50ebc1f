/* SPDX-License-Identifier: MIT */
#pragma once
/* readings: motion, sound level and orientation from devices.
 * In the flow: POST or event -> check -> the store, whose commit is shared with
 * what comes at the same time -> `sensor_update`, the answer. With the option
 * send-before-stored the event leaves before the commit, and a viewer may see
 * what does not exist. */
#include "gate.h"

/* POST /api/sensor-data and /api/orientation-data; `user` is the dash. */
void readings_on_sensor(peal_http_req *req, peal_val body, void *user);
void readings_on_orientation(peal_http_req *req, peal_val body, void *user);
/* The event `sensor_data` of a guest whose id stands in it. */
void readings_on_event(dash *app, const peal_event *event, gate_guest guest);
/* Every half minute: what is over the limit, as of an earlier run that had a
 * higher one, goes, oldest first. What comes makes its own room. */
void readings_prune(dash *app);
