/* SPDX-License-Identifier: MIT */
#pragma once
/* body: points of somebody who sits in front of the camera, to be bent by
 * tests. */
#include "landmarks.h"

static inline void body_put(landmarks *marks, int index, double x, double y) {
  marks->points[index] = (landmark){x, y, 0, 0.95};
}

/* Upright, seen from the front, in a picture of 4 to 3: the ears are 0.5 widths
 * of the shoulders above them; the hips are behind the desk. */
static inline landmarks body_upright(void) {
  landmarks marks = {.present = true};
  for (int i = 0; i < LANDMARKS; i++)
    marks.points[i] = (landmark){0.5, 1.3, 0, 0.1};
  body_put(&marks, LANDMARK_NOSE, 0.5, 0.37);
  body_put(&marks, LANDMARK_LEFT_EAR, 0.56, 0.35);
  body_put(&marks, LANDMARK_RIGHT_EAR, 0.44, 0.35);
  body_put(&marks, LANDMARK_LEFT_SHOULDER, 0.65, 0.55);
  body_put(&marks, LANDMARK_RIGHT_SHOULDER, 0.35, 0.55);
  return marks;
}

/* Move the head, in shares of the picture. */
static inline landmarks body_head(landmarks marks, double dx, double dy) {
  for (int i = 0; i <= 10; i++) {
    marks.points[i].x += dx;
    marks.points[i].y += dy;
  }
  return marks;
}

static inline landmarks body_slouched(void) {
  return body_head(body_upright(), 0, 0.12);
}
