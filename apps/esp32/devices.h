/* SPDX-License-Identifier: MIT */
#pragma once
/* devices: who has sent something, when last, and how much; online as long as
 * it is heard. Kept in memory for all workers, written to the store every few
 * seconds and rebuilt from the readings after a crash. */
#include <peal/kit.h>

#include "dash.h"
#include "picture.h"

typedef struct devices devices;

/* What a device sends, for its counts. */
typedef enum device_kind {
  DEVICE_READING,
  DEVICE_IMAGE,
  DEVICE_AUDIO,
  DEVICE_KIND_COUNT,
} device_kind;

/* Load what is known. Blocks: before the run. Returns NULL after logging. */
devices *devices_new(dash *app);
void devices_free(devices *all);
/* Every second, on one worker: who has fallen silent, what is to be stored. */
void devices_tick(devices *all);
/* Store what has changed. */
void devices_flush(devices *all);

/* Who of them is heard. */
peal_kit_presence *devices_presence(devices *all);
/* One more of what it sends is stored. Thread: any. */
void devices_count(devices *all, peal_slice id, device_kind kind);

/* The thumb of its last picture, and that of a newer one. Thread: any. */
void devices_thumb_get(devices *all, peal_slice id, picture_thumb *out);
void devices_thumb_set(devices *all, peal_slice id, const picture_thumb *thumb);

typedef struct device_info {
  peal_kit_presence_info seen;
  uint64_t counts[DEVICE_KIND_COUNT];
} device_info;

/* All of them, the last heard first: *out is the caller's, free(). Thread:
 * any. */
PEAL_MUST_CHECK peal_err devices_list(devices *all, device_info **out,
                                      size_t *count);
/* What stands in answers. Thread: the builder's. */
peal_val devices_value(dash *app, const device_info *info, peal_build *build);
