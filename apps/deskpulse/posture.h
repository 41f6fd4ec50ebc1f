/* SPDX-License-Identifier: MIT */
#pragma once
/* posture: from the points of a body to good, bad or undecided. Geometry of one
 * picture, then hysteresis over time and what is usual for this user. No clock:
 * time is an argument. In the flow: landmarks -> posture_measure -> posture_feed
 * -> the verdict that the pages see. Thread: pure. */
#include "landmarks.h"

/* What is measured in one picture. NAN: not seen. */
typedef struct posture_measures {
  double neck;     /* height of the ears above the shoulders, in widths of the
                        shoulders: falls when the head sinks or pushes forward */
  double neck_deg; /* line from shoulders to ears against the vertical, 0..180:
                        grows when the head hangs aside (or forward, seen from
                        the side) */
  double tilt_deg; /* line of the shoulders against the horizontal, 0..90 */
  double forward;  /* how far the ears are in front of the shoulders, in widths
                        of the shoulders; NAN where no depth is known */
  double lean_deg; /* line from hips to shoulders against the vertical */
  double confidence; /* 0..1: how well the points that count are seen */
  bool present;      /* somebody is in the picture */
  bool side;         /* seen from the side: only the angles count */
} posture_measures;

/* Measure what `marks` shows in a picture whose width is `aspect` heights
 * (0: 4 to 3). Nobody, or too little of somebody: the measures are NAN. */
posture_measures posture_measure(const landmarks *marks, double aspect);

/* What is usual for a user who sits well; measures are compared with it. */
typedef struct posture_calibration {
  double neck, neck_deg, tilt_deg,
      forward;      /* as measured; forward may be NAN */
  uint32_t samples; /* pictures it was made of; 0: none, the defaults count */
} posture_calibration;

typedef enum posture_state {
  POSTURE_UNDECIDED, /* null in JSON */
  POSTURE_GOOD,
  POSTURE_BAD
} posture_state;

/* Why it is bad: the measure that is furthest beyond its limit. */
typedef enum posture_cause {
  POSTURE_CAUSE_NONE,
  POSTURE_CAUSE_SLOUCH,  /* head sunk between the shoulders */
  POSTURE_CAUSE_FORWARD, /* head pushed forward */
  POSTURE_CAUSE_NECK,    /* head hangs aside */
  POSTURE_CAUSE_TILT,    /* one shoulder lower */
  POSTURE_CAUSE_LEAN     /* the trunk leans */
} posture_cause;

typedef struct posture_verdict {
  posture_state state;
  bool present;
  double confidence; /* 0..1; 0 where nothing is decided */
  posture_cause cause;
  uint64_t since_ms; /* when it became `state`, on the clock of posture_feed */
} posture_verdict;

/* Times in ms; {0} takes the defaults. */
typedef struct posture_opts {
  uint32_t change_ms;      /* how long the other posture must be seen; 700 */
  uint32_t forget_ms;      /* how long the state is kept for somebody who is
                              seen no more, or too badly; 1500 */
  uint32_t calibration_ms; /* how long a calibration looks; 3000 */
  double min_confidence;   /* below it nothing is decided; 0.4 */
} posture_opts;

/* A calibration that runs. */
typedef struct posture_lesson {
  bool running;
  uint64_t until_ms;
  posture_calibration sum; /* sums, of `samples` pictures */
  uint32_t with_forward;
} posture_lesson;

/* The state of one user; treat it as opaque. */
typedef struct posture {
  posture_opts opts;
  posture_calibration usual;
  posture_lesson lesson;
  posture_verdict verdict;
  posture_state kept;  /* the state to come back to within forget_ms */
  posture_state other; /* the other posture, while it is seen */
  uint64_t other_ms;   /* since when */
  uint64_t seen_ms;    /* last picture that could be measured */
  uint64_t kept_since_ms;
  bool ever; /* a picture has been measured */
} posture;

/* Begin undecided. `opts` (copied) NULL: defaults. */
void posture_init(posture *p, const posture_opts *opts);
/* One picture. Pictures may come at any distance; a clock that steps back is
 * taken as standing still. Returns what to say from now on. */
posture_verdict posture_feed(posture *p, const posture_measures *measures,
                             uint64_t now_ms);
/* No picture comes any more (the source is lost or paused): undecided, nobody.
 */
posture_verdict posture_rest(posture *p);

/* Begin a calibration: who sits well now is measured for calibration_ms of
 * pictures. A calibration that runs begins again. */
void posture_calibrate(posture *p, uint64_t now_ms);

typedef enum posture_lesson_state {
  POSTURE_LESSON_NONE,    /* none runs */
  POSTURE_LESSON_RUNNING, /* sit well and wait */
  POSTURE_LESSON_DONE,    /* taken over: posture_calibration_get */
  POSTURE_LESSON_FAILED /* too few pictures (10) of somebody, or a posture that
                             cannot be good: nothing has changed */
} posture_lesson_state;

/* To be asked after each picture, and by time where none come: ends the
 * calibration when its time is over. DONE and FAILED are said once. */
posture_lesson_state posture_lesson_next(posture *p, uint64_t now_ms);

/* What counts now; samples 0: the defaults. For the store, as plain numbers. */
posture_calibration posture_calibration_get(const posture *p);
/* Take over what a store kept. Returns false, and changes nothing, if the
 * numbers cannot be those of a body; samples 0 sets the defaults. */
bool posture_calibration_set(posture *p, const posture_calibration *usual);

/* "good", "bad", or NULL. Constant text. */
const char *posture_state_text(posture_state state);
/* Why, in words for a page ("head pushed forward"); NULL for NONE. Constant
 * text. */
const char *posture_cause_text(posture_cause cause);
