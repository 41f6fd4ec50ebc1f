/* SPDX-License-Identifier: MIT */
#pragma once
/* person_body: the joints of the synthetic person, in space and as the camera
 * sees them: what person_draw draws along and person_landmarks reports. */
#include "person.h"

/* A joint as the camera sees it. */
typedef struct person_joint {
  dot at;       /* pixels */
  double scale; /* pixels of a metre at its distance */
  double z;     /* metres towards the camera, from the hips on */
} person_joint;

/* Left and right are the person's: left is on the right of the picture. */
enum { PERSON_LEFT, PERSON_RIGHT };

typedef struct person_body {
  person_joint head;  /* between the ears */
  person_joint crown; /* top of the head */
  person_joint neck;  /* where it leaves the trunk */
  person_joint ears[2], shoulders[2], elbows[2], hands[2], hips[2];
} person_body;

/* The joints for a pose, in a picture of this size. */
person_body person_body_of(const person_pose *pose, int width, int height);
/* The row at which the desk begins, in shares of the height. */
#define PERSON_DESK 0.86
