/* SPDX-License-Identifier: MIT */
#include "person_body.h"

#include <math.h>

#define RADIANS (3.14159265358979323846 / 180)

/* Metres. The camera stands on the monitor, a little above the eyes. */
static const double DISTANCE = 0.85, CAMERA_HEIGHT = 0.75;
static const double TRUNK = 0.48, NECK = 0.19, SHOULDER = 0.18, HIP = 0.13;

typedef struct place {
  double x, y, z; /* right in the picture, up, towards the camera; metres */
} place;

typedef struct camera {
  double distance, focal, centre_x, horizon;
} camera;

/* A lens of some 60 degrees that looks down a little. */
static camera camera_of(const person_pose *pose, int width, int height) {
  double size = pose->size > 0 ? pose->size : 1;
  return (camera){DISTANCE / size, 1.155 * height, width / 2.0, 0.25 * height};
}

static person_joint seen(const camera *cam, place p) {
  double scale = cam->focal / fmax(cam->distance - p.z, 0.2);
  dot at = {cam->centre_x + p.x * scale,
            cam->horizon + (CAMERA_HEIGHT - p.y) * scale};
  return (person_joint){at, scale, p.z};
}

static place above(place from, double length, double bend, double lean) {
  return (place){from.x + length * sin(lean),
                 from.y + length * cos(bend) * cos(lean),
                 from.z + length * sin(bend) * cos(lean)};
}

static void limbs(person_body *body, const camera *cam, const person_pose *pose,
                  place neck, double hunch) {
  double tilt = pose->tilt_deg * RADIANS;
  for (int side = 0; side < 2; side++) {
    double out = side == PERSON_LEFT ? 1 : -1;
    double width = SHOULDER * (1 - 0.25 * hunch);
    place shoulder = {neck.x + out * width * cos(tilt),
                      neck.y - 0.02 + 0.1 * hunch + out * width * sin(tilt),
                      neck.z};
    place elbow = {shoulder.x + out * 0.06, shoulder.y - 0.26,
                   shoulder.z + 0.02};
    place hand = {neck.x + out * 0.1, shoulder.y - 0.28, shoulder.z + 0.2};
    body->shoulders[side] = seen(cam, shoulder);
    body->elbows[side] = seen(cam, elbow);
    body->hands[side] = seen(cam, hand);
    body->hips[side] = seen(cam, (place){pose->x + out * HIP, 0, 0});
  }
}

person_body person_body_of(const person_pose *pose, int width, int height) {
  camera cam = camera_of(pose, width, height);
  person_body body;
  double slouch = pose->slouch_deg * RADIANS;
  double lean = pose->lean_deg * RADIANS;
  place hips = {pose->x, 0, 0};
  place neck = above(hips, TRUNK, 0.35 * slouch, 0);
  place head = above(neck, NECK, 1.6 * slouch, lean);
  body.neck = seen(&cam, neck);
  body.head = seen(&cam, head);
  // the face stays upright: who slouches looks at the screen all the same
  body.crown = seen(&cam, above(head, 0.125, 0.5 * slouch, lean));
  for (int side = 0; side < 2; side++) {
    double out = side == PERSON_LEFT ? 0.075 : -0.075;
    place ear = {head.x + out * cos(lean), head.y - out * sin(lean), head.z};
    body.ears[side] = seen(&cam, ear);
  }
  limbs(&body, &cam, pose, neck, pose->slouch_deg / 60);
  return body;
}

static bool is_seen(const person_joint *joint, int width, int height) {
  return joint->at.x >= 0 && joint->at.x < width && joint->at.y >= 0 &&
         joint->at.y < height * PERSON_DESK;
}

static void put(landmarks *out, int index, const person_joint *joint, int width,
                int height) {
  out->points[index] = (landmark){joint->at.x / width, joint->at.y / height,
                                  -joint->z * joint->scale / width,
                                  is_seen(joint, width, height) ? 0.98 : 0};
}

void person_landmarks(landmarks *out, const person_pose *pose, int width,
                      int height) {
  *out = (landmarks){.present = !pose->nobody};
  if (pose->nobody)
    return;
  person_body body = person_body_of(pose, width, height);
  // what is not named below lies about the head (0 to 10) or behind the desk
  for (int i = 0; i < LANDMARKS; i++)
    put(out, i, i <= 10 ? &body.head : &body.hips[i % 2 == 0], width, height);
  for (int side = 0; side < 2; side++) {
    put(out, LANDMARK_LEFT_EAR + side, &body.ears[side], width, height);
    put(out, LANDMARK_LEFT_SHOULDER + side, &body.shoulders[side], width,
        height);
    put(out, LANDMARK_LEFT_HIP + side, &body.hips[side], width, height);
  }
  // nobody is there who has left the picture
  out->present = out->points[LANDMARK_NOSE].visibility > 0 ||
                 out->points[LANDMARK_LEFT_SHOULDER].visibility > 0 ||
                 out->points[LANDMARK_RIGHT_SHOULDER].visibility > 0;
}
