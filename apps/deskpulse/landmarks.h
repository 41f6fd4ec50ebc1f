/* SPDX-License-Identifier: MIT */
#pragma once
/* landmarks: the 33 points of a body in one picture, numbered as MediaPipe Pose
 * numbers them, whoever found them: an estimator outside (JSON) or the built-in
 * tracker. In the flow: JSON or tracker -> [landmarks] -> posture_measure. */
#include <peal/val.h>

enum {
  LANDMARKS = 33,
  LANDMARK_NOSE = 0,
  LANDMARK_LEFT_EYE = 2,
  LANDMARK_RIGHT_EYE = 5,
  LANDMARK_LEFT_EAR = 7,
  LANDMARK_RIGHT_EAR = 8,
  LANDMARK_LEFT_SHOULDER = 11,
  LANDMARK_RIGHT_SHOULDER = 12,
  LANDMARK_LEFT_HIP = 23,
  LANDMARK_RIGHT_HIP = 24,
};

/* A point: x to the right and y downwards as shares of the picture's width and
 * height (points outside of it are beyond 0..1), z towards the back in the
 * scale of x, from the hips (or the shoulders) on. */
typedef struct landmark {
  double x, y, z;
  double visibility; /* 0..1: how sure it is that the point is seen */
} landmark;

typedef struct landmarks {
  bool present; /* false: nobody is in the picture, the points say nothing */
  landmark points[LANDMARKS];
} landmarks;

/* A text of 33 points is some 4 KB; what is longer is not one. */
enum { LANDMARKS_MAX_JSON = 32768 };

/* Read `value`: an array of 33 objects {x, y, z, visibility}, all finite, x, y
 * and z within -10..10, visibility within 0..1; z and visibility may be left
 * out (0 and 1). [] is nobody. Other members are ignored.
 * Returns: PEAL_OK; PEAL_ERR_JSON, and *why (constant text) says what is wrong
 * if `why` is not NULL; `out` is as it was then. Thread: pure. */
PEAL_MUST_CHECK peal_err landmarks_read(landmarks *out, peal_val value,
                                        const char **why);
/* The same from JSON text (borrowed), of at most LANDMARKS_MAX_JSON bytes.
 * Returns: as landmarks_read, as peal_doc_from_json, PEAL_ERR_TOO_LONG.
 * Thread: any. */
PEAL_MUST_CHECK peal_err landmarks_parse(landmarks *out, peal_slice json,
                                         const char **why);
/* As a value: 33 objects, rounded to 4 digits, or [] for nobody. It lives as
 * long as `build`. */
peal_val landmarks_val(peal_build *build, const landmarks *marks);
