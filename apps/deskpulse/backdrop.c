/* SPDX-License-Identifier: MIT */
#include "backdrop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  STILL_FRAMES = 9,
  STILL_MS = 1900,  /* nobody who sits there keeps that still */
  RATIO_BINS = 256, /* of the factor of the light: 0..4 in steps of 1/64 */
  RATIO_ONE = 64
};

/* More of the picture than this moves if somebody is in it. */
static const double STILL_SHARE = 0.004;

struct backdrop {
  uint32_t width, height;
  float *mean,
      *spread;      /* of each colour of each pixel of the room, in levels */
  uint8_t *last;    /* the picture before */
  uint8_t *differs; /* of each pixel */
  bool known, any;
  uint32_t still; /* pictures in a row in which nothing moved */
  uint64_t still_ms;
  double noise; /* mean change of a pixel from picture to picture */
  double gain;  /* of the light, against the room as it was learnt */
};

backdrop *backdrop_new(void) {
  return calloc(1, sizeof(backdrop));
}

static void forget_size(backdrop *b) {
  free(b->mean);
  free(b->spread);
  free(b->last);
  free(b->differs);
  *b = (backdrop){0};
}

void backdrop_free(backdrop *b) {
  if (b == NULL)
    return;
  forget_size(b);
  free(b);
}

void backdrop_forget(backdrop *b) {
  b->known = b->any = false;
  b->still = 0;
}

static bool has_size(backdrop *b, const jpeg_small *small) {
  if (b->width == small->width && b->height == small->height && b->mean != NULL)
    return true;
  forget_size(b);
  size_t pixels = (size_t)small->width * small->height, count = pixels * 3;
  b->mean = calloc(count, sizeof *b->mean);
  b->spread = calloc(count, sizeof *b->spread);
  b->last = malloc(count);
  b->differs = calloc(pixels, 1);
  if (b->mean == NULL || b->spread == NULL || b->last == NULL ||
      b->differs == NULL) {
    forget_size(b);
    return false;
  }
  b->width = small->width;
  b->height = small->height;
  return true;
}

/* The share of pixels that have changed beyond the noise, which is measured on
 * the others. */
static double moved_share(backdrop *b, const uint8_t *rgb, size_t count) {
  const double limit = 8 + 4 * b->noise;
  size_t moved = 0, calm = 0, sum = 0;
  for (size_t i = 0; i < count; i++) {
    int change = abs(rgb[i] - b->last[i]);
    if (change > limit) {
      moved++;
    } else {
      calm++;
      sum += (size_t)change;
    }
  }
  if (calm > 0)
    b->noise += ((double)sum / (double)calm - b->noise) * 0.3;
  return (double)moved / (double)count;
}

/* The share of pixels that are not as they were on the mean since nothing moves:
 * somebody who breathes moves too little from one picture to the next. */
static double strayed_share(const backdrop *b, const uint8_t *rgb,
                            size_t count) {
  const float limit = (float)(7 + 3 * b->noise);
  size_t strayed = 0;
  for (size_t i = 0; i < count; i++)
    strayed += fabsf((float)rgb[i] - b->mean[i]) > limit;
  return (double)strayed / (double)count;
}

/* One more still picture of what may be the room. */
static void add_still(backdrop *b, const uint8_t *rgb, size_t count) {
  const float share = 1.0f / (float)(b->still + 1);
  for (size_t i = 0; i < count; i++) {
    float away = (float)rgb[i] - b->mean[i];
    b->mean[i] += away * share;
    b->spread[i] += (fabsf(away) - b->spread[i]) * share;
  }
}

/* How much a colour differs from its four neighbours, at most. */
static float edge_at(const backdrop *b, size_t i) {
  const size_t pitch = (size_t)b->width * 3, count = pitch * b->height;
  const size_t back[2] = {3, pitch};
  float most = 0;
  for (int k = 0; k < 2; k++) {
    if (i >= back[k])
      most = fmaxf(most, fabsf(b->mean[i] - b->mean[i - back[k]]));
    if (i + back[k] < count)
      most = fmaxf(most, fabsf(b->mean[i] - b->mean[i + back[k]]));
  }
  return most;
}

/* Where the room has edges, a little more or less light, or a camera that
 * trembles, changes more. */
static void allow_for_edges(backdrop *b, size_t count) {
  for (size_t i = 0; i < count; i++)
    b->spread[i] += 0.06f * edge_at(b, i);
}

static backdrop_state learn(backdrop *b, const uint8_t *rgb, size_t count,
                            double moved, uint64_t now_ms) {
  if (moved > STILL_SHARE ||
      (b->still > 0 && strayed_share(b, rgb, count) > STILL_SHARE))
    b->still = 0;
  if (b->still == 0) {
    b->still_ms = now_ms;
    memset(b->mean, 0, count * sizeof *b->mean);
    memset(b->spread, 0, count * sizeof *b->spread);
    for (size_t i = 0; i < count; i++)
      b->mean[i] = rgb[i];
  } else {
    add_still(b, rgb, count);
  }
  b->still++;
  if (b->still < STILL_FRAMES || now_ms - b->still_ms < STILL_MS)
    return BACKDROP_LEARNING;
  allow_for_edges(b, count);
  b->known = true;
  b->gain = 1;
  memset(b->differs, 0, count / 3);
  return BACKDROP_KNOWN;
}

/* The middle of all ratios of the picture to the room. */
static double middle_ratio(const backdrop *b, const uint8_t *rgb,
                           size_t count) {
  uint32_t bins[RATIO_BINS] = {0}, total = 0, sum = 0;
  for (size_t i = 1; i < count; i += 6) {
    if (b->mean[i] < 8)
      continue;
    double ratio = rgb[i] / (double)b->mean[i] * RATIO_ONE + 0.5;
    bins[ratio < RATIO_BINS - 1 ? (int)ratio : RATIO_BINS - 1]++;
    total++;
  }
  for (int i = 0; i < RATIO_BINS; i++) {
    sum += bins[i];
    if (sum > total / 2)
      return fmax((double)i / RATIO_ONE, 0.1);
  }
  return b->gain;
}

/* The mean ratio of what lies within some percent of `guess`; 0 if that is less
 * than a quarter of the picture. */
static double ratio_near(const backdrop *b, const uint8_t *rgb, size_t count,
                         double guess) {
  const double least = guess * 0.93, most = guess * 1.08;
  double seen = 0, room = 0;
  size_t near = 0, total = 0;
  for (size_t i = 1; i < count; i += 6) {
    double mean = b->mean[i];
    if (mean < 8)
      continue;
    total++;
    if (rgb[i] < mean * least || rgb[i] > mean * most)
      continue;
    near++;
    seen += rgb[i];
    room += mean;
  }
  return near * 4 < total || near == 0 ? 0 : seen / room;
}

/* The factor by which the room is brighter than it was learnt. Somebody near
 * covers most of the picture, but what is the room lies close to one factor: the
 * last one; or, if the light was switched, the middle of all. */
static double light_of(const backdrop *b, const uint8_t *rgb, size_t count) {
  double gain = ratio_near(b, rgb, count, b->gain);
  if (gain > 0)
    return gain;
  double middle = middle_ratio(b, rgb, count);
  gain = ratio_near(b, rgb, count, middle);
  return gain > 0 ? gain : middle;
}

/* How far one colour is from the room, in quarters of the limit; the room
 * follows what is within it. */
static float compare_one(backdrop *b, size_t i, uint8_t level, float gain) {
  float room = b->mean[i] * gain, away = (float)level - room;
  // some deviations, and what JPEG does to edges
  float limit = 3.5f + 4 * b->spread[i] * gain + 0.02f * room;
  float quarters = fabsf(away) / limit * 4;
  if (quarters < 3)
    b->mean[i] += away / gain * 0.03f;
  return quarters;
}

static void compare(backdrop *b, const uint8_t *rgb, size_t count) {
  const float gain = (float)b->gain;
  for (size_t i = 0; i < count; i += 3) {
    float most = 0;
    for (size_t c = i; c < i + 3; c++)
      most = fmaxf(most, compare_one(b, c, rgb[c], gain));
    b->differs[i / 3] = most < 4 ? 0 : most < 255 ? (uint8_t)most : 255;
  }
}

backdrop_state backdrop_look(backdrop *b, const jpeg_small *small,
                             uint64_t now_ms, backdrop_view *view) {
  if (!has_size(b, small))
    return BACKDROP_LEARNING;
  size_t count = (size_t)small->width * small->height * 3;
  double moved = b->any ? moved_share(b, small->rgb, count) : 1;
  memcpy(b->last, small->rgb, count);
  b->any = true;
  if (!b->known && learn(b, small->rgb, count, moved, now_ms) != BACKDROP_KNOWN)
    return BACKDROP_LEARNING;
  b->gain = light_of(b, small->rgb, count);
  compare(b, small->rgb, count);
  *view = (backdrop_view){b->differs, b->width, b->height, moved};
  return BACKDROP_KNOWN;
}
