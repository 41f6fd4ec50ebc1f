/* SPDX-License-Identifier: MIT */
#pragma once
/* confusion: what the built-in tracker, with the posture behind it, says of a set
 * of rendered people whose posture is known: distances, light, clothes, slouch
 * angles, heads aside, shoulders aslant, nobody, two people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jpeg.h"
#include "person.h"
#include "posture.h"
#include "tracker.h"

enum { SEEN_GOOD, SEEN_BAD, SEEN_UNDECIDED, SEEN_NOBODY, SEEN_COUNT };

enum {
  TRUE_GOOD,       /* slouch up to 12 degrees */
  TRUE_BORDER,     /* 17 to 23: either word is right */
  TRUE_BAD,        /* from 27 */
  TRUE_ASIDE,      /* head or shoulders aslant: bad, too */
  TRUE_NOBODY,     /* the empty room */
  TRUE_TWO,        /* undecided is right */
  TRUE_CAMOUFLAGE, /* clothes and hair like the wall, upright */
  TRUE_COUNT
};

static const char *const confusion_names[TRUE_COUNT] = {
    "upright (0 to 12 degrees)",
    "in between (17 to 23 degrees)",
    "slouched (27 to 38 degrees)",
    "head or shoulders aslant",
    "nobody",
    "two people",
    "dressed and lit like the wall"};

typedef struct confusion {
  int count[TRUE_COUNT][SEEN_COUNT];
  canvas picture;
  tracker *eyes;
  uint64_t now_ms;
} confusion;

static inline tracker_sight confusion_see(confusion *c, person_pose pose) {
  pose.grain = c->now_ms;
  person_draw(&c->picture, &pose);
  peal_bytes *jpeg =
      jpeg_encode(c->picture.rgb, c->picture.width, c->picture.height, 80);
  if (jpeg == NULL)
    abort();
  c->now_ms += 100;
  tracker_sight sight = tracker_see(c->eyes, peal_bytes_slice(jpeg), c->now_ms);
  peal_bytes_unref(jpeg);
  return sight;
}

/* Two pictures of a person, judged as by somebody who has just come. */
static inline void confusion_ask(confusion *c, int truth, person_pose pose) {
  posture p;
  int seen = SEEN_UNDECIDED;
  posture_init(&p, NULL);
  for (int i = 0; i < 2; i++) {
    tracker_sight sight = confusion_see(c, pose);
    posture_measures m = posture_measure(
        &sight.marks, (double)c->picture.width / c->picture.height);
    posture_verdict verdict = posture_feed(&p, &m, c->now_ms);
    seen = sight.word == TRACKER_NOBODY    ? SEEN_NOBODY
           : sight.word != TRACKER_PERSON  ? SEEN_UNDECIDED
           : verdict.state == POSTURE_GOOD ? SEEN_GOOD
           : verdict.state == POSTURE_BAD  ? SEEN_BAD
                                           : SEEN_UNDECIDED;
  }
  c->count[truth][seen]++;
}

static inline void confusion_slouches(confusion *c, person_pose pose) {
  static const double angles[] = {0, 6, 12, 17, 20, 23, 27, 32, 38};
  for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
    pose.slouch_deg = angles[i];
    int truth = angles[i] <= 12  ? TRUE_GOOD
                : angles[i] < 27 ? TRUE_BORDER
                                 : TRUE_BAD;
    confusion_ask(
        c, pose.look == PERSON_LOOK_CAMOUFLAGE ? TRUE_CAMOUFLAGE : truth, pose);
    if (pose.look == PERSON_LOOK_CAMOUFLAGE)
      return;
  }
}

static inline void confusion_person(confusion *c, person_pose pose) {
  confusion_slouches(c, pose);
  if (pose.look == PERSON_LOOK_CAMOUFLAGE)
    return;
  pose.slouch_deg = 3;
  pose.lean_deg = 30;
  confusion_ask(c, TRUE_ASIDE, pose);
  pose.lean_deg = 0;
  pose.tilt_deg = -15;
  confusion_ask(c, TRUE_ASIDE, pose);
  pose.tilt_deg = 0;
  pose.second = true;
  // so far aside that the head is seen, whatever the distance
  static const double asides[] = {-0.46, 0.35, 0.46};
  for (size_t i = 0; i < sizeof asides / sizeof *asides; i++) {
    pose.second_x = asides[i] * 0.85 / (pose.size * 0.8);
    confusion_ask(c, TRUE_TWO, pose);
  }
}

/* The whole set in one light, or a sixth of it. */
static inline void confusion_light(confusion *c, double light, bool whole) {
  person_pose pose = {.light = light, .noise = 2.5, .nobody = true};
  c->eyes = tracker_new();
  if (c->eyes == NULL)
    abort();
  for (int i = 0; i < 22; i++)
    confusion_see(c, pose);
  for (pose.size = 0.6; pose.size < 1.4; pose.size += whole ? 0.25 : 0.5)
    for (pose.look = 0; pose.look <= PERSON_LOOKS; pose.look += whole ? 1 : 3) {
      pose.nobody = true;
      confusion_ask(c, TRUE_NOBODY, pose);
      pose.nobody = false;
      confusion_person(c, pose);
    }
  tracker_free(c->eyes);
}

/* All of it: in three lights; otherwise a sixth, in one. */
static inline void confusion_run(confusion *c, bool whole) {
  *c = (confusion){.picture = {NULL, 320, 240}};
  c->picture.rgb = malloc(320 * 240 * 3);
  if (c->picture.rgb == NULL)
    abort();
  confusion_light(c, 1.1, whole);
  if (whole) {
    confusion_light(c, 0.4, whole);
    confusion_light(c, 0.7, whole);
  }
  free(c->picture.rgb);
}

/* As a table of Markdown, into `out`. */
static inline void confusion_print(const confusion *c, char *out, size_t room) {
  int len = snprintf(out, room,
                     "| shown | pictures | good | bad | undecided | nobody |\n"
                     "|---|---|---|---|---|---|\n");
  for (int t = 0; t < TRUE_COUNT; t++) {
    const int *n = c->count[t];
    len += snprintf(out + len, room - (size_t)len,
                    "| %s | %d | %d | %d | %d | %d |\n", confusion_names[t],
                    n[0] + n[1] + n[2] + n[3], n[0], n[1], n[2], n[3]);
  }
}
