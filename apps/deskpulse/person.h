/* SPDX-License-Identifier: MIT */
#pragma once
/* person: a synthetic person at a desk in a room, as a camera on top of the
 * monitor sees them. The body is a chain of joints in space, so what is drawn,
 * and where its landmarks are, follows from one slouch angle as it would in
 * life: the trunk bends, the neck more, the shoulders come up, and what comes
 * nearer to the camera grows. Thread: pure. */
#include "canvas.h"
#include "landmarks.h"

/* How somebody sits, and how the room is lit; {0} sits upright in good light. */
typedef struct person_pose {
  bool nobody;       /* the empty room */
  double size;       /* 1 (or 0): some 85 cm away; 0.6 far, 1.4 near */
  double x;          /* aside, in metres; beyond 1 out of the picture */
  double slouch_deg; /* 0 upright .. 45 */
  double lean_deg;   /* the head to a side */
  double tilt_deg;   /* the shoulders */
  double light;      /* 1 (or 0): day; 0.3 evening */
  double noise;      /* of the camera: standard deviation in levels */
  uint64_t grain;    /* of the noise: another for each frame */
  unsigned look;     /* of clothes, hair and skin; see PERSON_LOOKS */
  bool second;       /* somebody else stands behind, aside by second_x metres */
  double second_x;
} person_pose;

enum {
  PERSON_LOOKS = 6,
  /* Clothes of the colour of the wall: silhouettes have holes. */
  PERSON_LOOK_CAMOUFLAGE = 6
};

/* Draw the room and who is in it over the whole of `c`. */
void person_draw(canvas *c, const person_pose *pose);
/* Where the points of the body are, exactly, in a picture of this shape;
 * visibility is 0 for those behind the desk or outside of the picture. */
void person_landmarks(landmarks *out, const person_pose *pose, int width,
                      int height);
