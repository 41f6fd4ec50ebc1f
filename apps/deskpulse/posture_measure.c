/* SPDX-License-Identifier: MIT */
/* posture_measure: the geometry of one picture. */
#include <math.h>

#include "posture.h"

#define DEGREES (180 / 3.14159265358979323846)

/* Below it an estimator guesses where the point would be. */
static const double SEEN = 0.5;

/* What turned shoulders show of their width, in lengths of the neck, before the
 * picture counts as taken from the side. */
static const double SIDE_WIDTH = 0.45;

/* A place in heights of the picture, so that angles are true. */
typedef struct spot {
  double x, y, z, visibility;
} spot;

static spot spot_of(const landmarks *marks, int index, double aspect) {
  const landmark *p = &marks->points[index];
  return (spot){p->x * aspect, p->y, p->z * aspect, p->visibility};
}

static spot between(spot a, spot b) {
  return (spot){(a.x + b.x) / 2, (a.y + b.y) / 2, (a.z + b.z) / 2,
                fmin(a.visibility, b.visibility)};
}

/* The middle of a pair. If only one of the two is seen, as from the side, it
 * stands for both. */
static spot middle_of(spot left, spot right) {
  if (left.visibility >= SEEN && right.visibility >= SEEN)
    return between(left, right);
  return left.visibility >= right.visibility ? left : right;
}

/* The line from `low` up to `high` against the vertical. */
static double upright_deg(spot low, spot high) {
  return atan2(fabs(high.x - low.x), low.y - high.y) * DEGREES;
}

static posture_measures unseen(bool present) {
  return (posture_measures){NAN, NAN, NAN, NAN, NAN, 0, present, false};
}

static void measure_trunk(posture_measures *m, const landmarks *marks,
                          double aspect, spot shoulders) {
  spot hips = middle_of(spot_of(marks, LANDMARK_LEFT_HIP, aspect),
                        spot_of(marks, LANDMARK_RIGHT_HIP, aspect));
  // under the desk and outside of the picture hips are guessed
  if (hips.visibility >= SEEN && hips.y <= 1.02 && hips.y > shoulders.y)
    m->lean_deg = upright_deg(hips, shoulders);
}

static void measure_front(posture_measures *m, spot left, spot right,
                          spot shoulders, spot ears) {
  double width = hypot(left.x - right.x, left.y - right.y);
  double tilt = atan2(fabs(left.y - right.y), fabs(left.x - right.x));
  m->tilt_deg = tilt * DEGREES;
  m->neck = (shoulders.y - ears.y) / width;
  if (ears.z != 0 || shoulders.z != 0)
    m->forward = (shoulders.z - ears.z) / width;
}

posture_measures posture_measure(const landmarks *marks, double aspect) {
  if (!marks->present)
    return unseen(false);
  if (!(aspect > 0))
    aspect = 4.0 / 3;
  aspect = fmin(fmax(aspect, 0.25), 4);
  posture_measures m = unseen(true);
  spot left = spot_of(marks, LANDMARK_LEFT_SHOULDER, aspect);
  spot right = spot_of(marks, LANDMARK_RIGHT_SHOULDER, aspect);
  spot ears = middle_of(spot_of(marks, LANDMARK_LEFT_EAR, aspect),
                        spot_of(marks, LANDMARK_RIGHT_EAR, aspect));
  spot shoulders = middle_of(left, right);
  if (ears.visibility < SEEN || shoulders.visibility < SEEN)
    return m;
  double neck = hypot(shoulders.x - ears.x, shoulders.y - ears.y);
  double width = hypot(left.x - right.x, left.y - right.y);
  if (!(neck > 1e-3) && !(width > 1e-3))
    return m;
  m.confidence = fmin(ears.visibility, shoulders.visibility);
  m.side = left.visibility < SEEN || right.visibility < SEEN ||
           width < SIDE_WIDTH * neck;
  m.neck_deg = upright_deg(shoulders, ears);
  if (!m.side)
    measure_front(&m, left, right, shoulders, ears);
  measure_trunk(&m, marks, aspect, shoulders);
  return m;
}
