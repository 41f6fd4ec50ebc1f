/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_scene: what the simulated camera sees: a sky that goes through its day,
 * a sun, hills, a passing car, birds, and a clock burnt into the corner. Drawn
 * anew for each picture and encoded as a real JPEG. */
#include <stddef.h>
#include <stdint.h>

enum { SIM_SCENE_WIDTH = 320, SIM_SCENE_HEIGHT = 240 };

/* Draw the scene of `device` (each stands elsewhere) at `time_ms` (wall clock)
 * and encode it. Returns: the JPEG, which the caller frees, and its `len`; NULL
 * if memory or the encoder failed. */
uint8_t *sim_scene_jpeg(uint32_t device, uint64_t time_ms, size_t *len);
