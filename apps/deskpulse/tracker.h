/* SPDX-License-Identifier: MIT */
#pragma once
/* tracker: the built-in classical tracker: finds head and shoulders of one
 * person by what differs from the empty room, where no estimator is connected.
 * It says "I do not know" rather than something wrong: before it has seen the
 * empty room, with two people, with shapes that are no head and shoulders.
 *
 *   JPEG -> jpeg (reduced) -> backdrop -> silhouette -> [tracker] -> landmarks
 *
 * Its honesty is measured: docs/deskpulse-tracker.md. One thread at a time. */
#include "landmarks.h"

typedef struct tracker tracker;

/* What it can say about a picture. */
typedef enum tracker_word {
  TRACKER_PERSON,   /* one person, measured: landmarks are there */
  TRACKER_NOBODY,   /* the empty room */
  TRACKER_TWO,      /* more than one person: whose posture would it be? */
  TRACKER_UNSURE,   /* somebody or something is there, shape not understood */
  TRACKER_LEARNING, /* the empty room has not been seen yet */
  TRACKER_BROKEN    /* no picture: JPEG cannot be decoded, or is too large */
} tracker_word;

typedef struct tracker_sight {
  tracker_word word;
  landmarks marks;   /* present: PERSON, TWO and UNSURE. Points with visibility
                        0 were not found; only nose, ears and shoulders ever are
                      */
  double confidence; /* 0..1: of marks; 0 unless PERSON */
  uint32_t width, height; /* of the whole picture; 0 if BROKEN */
} tracker_sight;

/* Returns NULL if memory is out. */
tracker *tracker_new(void);
void tracker_free(tracker *t);
/* Look at one picture, `jpeg` borrowed, at `now_ms` (monotonic). Memory is that
 * of a picture reduced to at most 240 pixels a side, whatever comes. */
tracker_sight tracker_see(tracker *t, peal_slice jpeg, uint64_t now_ms);
/* Forget the empty room: it is learnt anew (the camera was moved). */
void tracker_forget(tracker *t);
/* In words for a page or a log. Constant text. */
const char *tracker_word_text(tracker_word word);
