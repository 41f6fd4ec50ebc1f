/* SPDX-License-Identifier: MIT */
#include "posture.h"

#include <math.h>
#include <stddef.h>

/* Limits without a calibration: of people in general, so they are wide. */
static const posture_calibration ANYBODY = {
    .neck = 0.55, .neck_deg = 0, .tilt_deg = 0, .forward = NAN, .samples = 0};

enum { LESSON_LEAST = 10 };

void posture_init(posture *p, const posture_opts *opts) {
  *p = (posture){.usual = ANYBODY};
  if (opts != NULL)
    p->opts = *opts;
  if (p->opts.change_ms == 0)
    p->opts.change_ms = 700;
  if (p->opts.forget_ms == 0)
    p->opts.forget_ms = 1500;
  if (p->opts.calibration_ms == 0)
    p->opts.calibration_ms = 3000;
  if (!(p->opts.min_confidence > 0))
    p->opts.min_confidence = 0.4;
}

/* How bad a measure is: 0 as usual, 1 at the limit. */
static double strain(double excess, double limit) {
  return isnan(excess) ? 0 : excess / limit;
}

/* The strain of the worst measure, and which it is. */
static double worst_of(const posture *p, const posture_measures *m,
                       posture_cause *cause) {
  const posture_calibration *u = &p->usual;
  bool known = u->samples > 0;
  const double strains[] = {
      [POSTURE_CAUSE_SLOUCH] =
          strain(1 - m->neck / u->neck, known ? 0.25 : 0.36),
      // what an estimator says of depth is rough: it takes much of it
      [POSTURE_CAUSE_FORWARD] = known && !isnan(u->forward)
                                    ? strain(m->forward - u->forward, 0.4)
                                    : strain(m->forward, 1.1),
      [POSTURE_CAUSE_NECK] =
          strain(m->neck_deg - u->neck_deg, m->side ? 25 : 18),
      [POSTURE_CAUSE_TILT] = strain(fabs(m->tilt_deg - u->tilt_deg), 10),
      [POSTURE_CAUSE_LEAN] = strain(m->lean_deg, 18),
  };
  double worst = 0;
  *cause = POSTURE_CAUSE_NONE;
  for (size_t i = 1; i < sizeof strains / sizeof *strains; i++) {
    if (strains[i] <= worst)
      continue;
    worst = strains[i];
    *cause = (posture_cause)i;
  }
  return worst;
}

static bool is_measured(const posture *p, const posture_measures *m) {
  return m->present && !isnan(m->neck_deg) &&
         m->confidence >= p->opts.min_confidence;
}

/* What this picture shows by itself. Between the limits the state that is
 * stays: who was good may go a little beyond, who was bad must come back more.
 */
static posture_state look(const posture *p, double worst) {
  const double edge = p->verdict.state == POSTURE_BAD    ? 0.88
                      : p->verdict.state == POSTURE_GOOD ? 1.08
                                                         : 1;
  return worst > edge ? POSTURE_BAD : POSTURE_GOOD;
}

static void become(posture *p, posture_state state, uint64_t since_ms) {
  p->verdict.state = state;
  p->verdict.since_ms = since_ms;
  p->other = POSTURE_UNDECIDED;
  if (state == POSTURE_UNDECIDED)
    return;
  p->kept = state;
  p->kept_since_ms = since_ms;
}

/* The state follows what is seen once it has been seen for long enough. */
static void follow(posture *p, posture_state seen, uint64_t now_ms) {
  if (p->verdict.state == POSTURE_UNDECIDED) {
    bool back = p->kept != POSTURE_UNDECIDED;
    become(p, back ? p->kept : seen, back ? p->kept_since_ms : now_ms);
  }
  if (seen == p->verdict.state) {
    p->other = POSTURE_UNDECIDED;
    return;
  }
  if (p->other != seen) {
    p->other = seen;
    p->other_ms = now_ms;
  }
  if (now_ms - p->other_ms >= p->opts.change_ms)
    become(p, seen, p->other_ms);
}

/* Nobody, or not well enough seen. Nobody is said at once; what somebody sits
 * like is kept a while, so that a picture that an estimator has missed is no
 * change. */
static void miss(posture *p, const posture_measures *m, uint64_t now_ms) {
  bool late = !p->ever || now_ms - p->seen_ms >= p->opts.forget_ms;
  if (late)
    p->kept = POSTURE_UNDECIDED;
  if (p->verdict.state != POSTURE_UNDECIDED && (late || !m->present))
    become(p, POSTURE_UNDECIDED, now_ms);
  p->other = POSTURE_UNDECIDED;
  p->verdict.confidence = m->present ? m->confidence * 0.5 : 0;
  p->verdict.cause = POSTURE_CAUSE_NONE;
}

static void lesson_add(posture_lesson *lesson, const posture_measures *m) {
  // from the side it cannot be learnt how high the head is
  if (isnan(m->neck) || isnan(m->tilt_deg))
    return;
  lesson->sum.neck += m->neck;
  lesson->sum.neck_deg += m->neck_deg;
  lesson->sum.tilt_deg += m->tilt_deg;
  if (!isnan(m->forward)) {
    lesson->sum.forward += m->forward;
    lesson->with_forward++;
  }
  lesson->sum.samples++;
}

posture_verdict posture_feed(posture *p, const posture_measures *measures,
                             uint64_t now_ms) {
  if (p->ever && now_ms < p->seen_ms)
    now_ms = p->seen_ms;
  if (p->other != POSTURE_UNDECIDED && now_ms < p->other_ms)
    now_ms = p->other_ms;
  p->verdict.present = measures->present;
  if (!is_measured(p, measures)) {
    miss(p, measures, now_ms);
    return p->verdict;
  }
  // after a long gap nothing is known of what was in between
  if (p->ever && now_ms - p->seen_ms >= p->opts.forget_ms) {
    p->kept = POSTURE_UNDECIDED;
    become(p, POSTURE_UNDECIDED, now_ms);
  }
  posture_cause cause;
  double worst = worst_of(p, measures, &cause);
  follow(p, look(p, worst), now_ms);
  p->ever = true;
  p->seen_ms = now_ms;
  // near the limit the word is worth half
  double margin = fmin(fabs(worst - 1) / 0.5, 1);
  p->verdict.confidence = measures->confidence * (0.5 + 0.5 * margin);
  p->verdict.cause =
      p->verdict.state == POSTURE_BAD ? cause : POSTURE_CAUSE_NONE;
  if (p->lesson.running && now_ms <= p->lesson.until_ms)
    lesson_add(&p->lesson, measures);
  return p->verdict;
}

posture_verdict posture_rest(posture *p) {
  p->kept = p->other = POSTURE_UNDECIDED;
  p->ever = false;
  p->verdict = (posture_verdict){.state = POSTURE_UNDECIDED};
  return p->verdict;
}

void posture_calibrate(posture *p, uint64_t now_ms) {
  p->lesson = (posture_lesson){.running = true,
                               .until_ms = now_ms + p->opts.calibration_ms};
}

posture_lesson_state posture_lesson_next(posture *p, uint64_t now_ms) {
  posture_lesson *lesson = &p->lesson;
  if (!lesson->running)
    return POSTURE_LESSON_NONE;
  if (now_ms < lesson->until_ms)
    return POSTURE_LESSON_RUNNING;
  lesson->running = false;
  uint32_t count = lesson->sum.samples;
  if (count < LESSON_LEAST)
    return POSTURE_LESSON_FAILED;
  // depth counts if most pictures had it
  bool forward = lesson->with_forward > count / 2;
  posture_calibration usual = {
      .neck = lesson->sum.neck / count,
      .neck_deg = lesson->sum.neck_deg / count,
      .tilt_deg = lesson->sum.tilt_deg / count,
      .forward = forward ? lesson->sum.forward / lesson->with_forward : NAN,
      .samples = count,
  };
  return posture_calibration_set(p, &usual) ? POSTURE_LESSON_DONE
                                            : POSTURE_LESSON_FAILED;
}

posture_calibration posture_calibration_get(const posture *p) {
  return p->usual;
}

bool posture_calibration_set(posture *p, const posture_calibration *usual) {
  if (usual->samples == 0) {
    p->usual = ANYBODY;
    return true;
  }
  // written so that NAN is refused
  bool fits = usual->neck >= 0.25 && usual->neck <= 1.5 &&
              usual->neck_deg >= 0 && usual->neck_deg <= 45 &&
              usual->tilt_deg >= 0 && usual->tilt_deg <= 20 &&
              (isnan(usual->forward) || fabs(usual->forward) <= 5);
  if (fits)
    p->usual = *usual;
  return fits;
}

const char *posture_state_text(posture_state state) {
  switch (state) {
  case POSTURE_GOOD:
    return "good";
  case POSTURE_BAD:
    return "bad";
  case POSTURE_UNDECIDED:
    break;
  }
  return NULL;
}

const char *posture_cause_text(posture_cause cause) {
  switch (cause) {
  case POSTURE_CAUSE_SLOUCH:
    return "head sunk between the shoulders";
  case POSTURE_CAUSE_FORWARD:
    return "head pushed forward";
  case POSTURE_CAUSE_NECK:
    return "head hangs to a side";
  case POSTURE_CAUSE_TILT:
    return "one shoulder is lower";
  case POSTURE_CAUSE_LEAN:
    return "the back leans";
  case POSTURE_CAUSE_NONE:
    break;
  }
  return NULL;
}
