/* SPDX-License-Identifier: MIT */
#pragma once
/* analysis: the caption of each picture, behind the answer.
 * In the flow: picture stored -> queue -> the pool: measured here -> worker 0:
 * told by a vision model where one is configured -> the store ->
 * `camera_update` again.
 *
 * Of one device one picture at a time, in order, as its change is measured
 * against the one before; of all devices as many as configured. */
#include "dash.h"
#include "devices.h"
#include "media.h"

/* A stored picture. */
typedef struct image {
  int64_t image_id;
  char device_id[PEAL_KIT_DEVICE_ID_BYTES];
  char file[MEDIA_NAME_BYTES];
  int64_t stamp, bytes;
  uint32_t width, height;
} image;

typedef struct analysis analysis;

/* Takes up what the last run left without caption. Blocks: before the run.
 * Returns NULL after logging why. */
analysis *analysis_new(dash *app);
/* Take up the pictures of the last run. On a worker. */
void analysis_start(analysis *a);
/* End calls that are under way. On worker 0. */
void analysis_stop(analysis *a);
void analysis_free(analysis *a);
/* Copied. On a worker. */
void analysis_add(analysis *a, const image *one);

typedef struct analysis_stats {
  uint64_t done, dropped; /* dropped: the queue was full */
  uint64_t model_failed;  /* the model gave no caption */
  size_t waiting, running;
} analysis_stats;

/* Thread: any. */
void analysis_stats_get(analysis *a, analysis_stats *out);

/* `camera_update`, with a caption if there is one. Thread: any. */
void analysis_emit(dash *app, const image *one, const char *caption,
                   int64_t analysis_ms);
