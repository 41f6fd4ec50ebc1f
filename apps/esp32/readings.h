/* SPDX-License-Identifier: MIT */
#pragma once
/* readings: motion, sound level and orientation from devices.
 * In the flow: POST or event -> check -> `sensor_update` at once -> the store,
 * whose commit is shared with what comes at the same time -> the answer. */
#include "dash.h"

/* POST /api/sensor-data and /api/orientation-data; `user` is the dash. */
void readings_on_sensor(peal_http_req *req, peal_val body, void *user);
void readings_on_orientation(peal_http_req *req, peal_val body, void *user);
/* The event `sensor_data`; `key` is what the socket showed. */
void readings_on_event(dash *app, const peal_event *event, peal_slice key);
/* Every half minute: what is over the limit goes, oldest first. */
void readings_prune(dash *app);
