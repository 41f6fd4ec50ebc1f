/* SPDX-License-Identifier: MIT */
#pragma once
/* readings: motion, sound level and orientation from devices.
 * In the flow: POST or event -> check -> the store, whose commit is shared with
 * what comes at the same time -> `sensor_update`, the answer. With the option
 * send-before-stored the event leaves before the commit, and a viewer may see
 * what does not exist. */
#include "gate.h"

/* POST /api/sensor-data, which is the event `sensor_data`, too, and POST
 * /api/orientation-data; their `user` is the dash. */
extern const peal_kit_action readings_actions[];
extern const size_t readings_action_count;
/* Every half minute: what is over the limit, as of an earlier run that had a
 * higher one, goes, oldest first. What comes makes its own room. */
void readings_prune(dash *app);
