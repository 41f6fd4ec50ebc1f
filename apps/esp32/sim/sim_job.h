/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_job: what a simulated ESP32 sends: path, type, body; sound or broken.
 * In the flow: motion, scene, sound -> [sim_job] -> the kit's simulator. */
#include <peal/kit_sim.h>

#include "sim_motion.h"

typedef enum sim_kind {
  SIM_SENSOR,
  SIM_ORIENTATION,
  SIM_PICTURE,
  SIM_AUDIO,
  SIM_OLED,
  SIM_KIND_COUNT
} sim_kind;

/* Make the request of out->kind. With PEAL_KIT_SIM_BAD the content is broken in
 * one of many ways, each of which the server must refuse with a 4xx. False: out
 * of memory. */
bool sim_job_make(peal_kit_sim_job *out, const peal_kit_sim_who *who,
                  const sim_reading *reading);
