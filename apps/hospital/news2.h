/* SPDX-License-Identifier: MIT */
#pragma once
/* news2: the National Early Warning Score 2 (Royal College of Physicians,
 * 2017), SpO2 scale 1. Pure. */
#include <stdbool.h>
#include <stddef.h>

#include <peal/base.h>

typedef enum news2_level {
  NEWS2_LOW,
  NEWS2_MEDIUM,
  NEWS2_HIGH,
  NEWS2_CRITICAL, /* ours: README.md says why */
} news2_level;

/* ACVPU. */
typedef enum news2_mind {
  NEWS2_ALERT,
  NEWS2_CONFUSED, /* new confusion */
  NEWS2_VOICE,
  NEWS2_PAIN,
  NEWS2_UNRESPONSIVE,
  NEWS2_MINDS, /* how many; also: none of them */
} news2_mind;

/* What is scored, in the order of the chart. */
typedef enum news2_sign {
  NEWS2_RESPIRATION,
  NEWS2_SPO2,
  NEWS2_OXYGEN,
  NEWS2_SYSTOLIC,
  NEWS2_PULSE,
  NEWS2_CONSCIOUSNESS,
  NEWS2_TEMPERATURE,
  NEWS2_SIGNS, /* how many */
} news2_sign;

typedef struct news2_vitals {
  double respiration, spo2, systolic, heart_rate, temperature;
  bool on_oxygen;
  news2_mind mind;
} news2_vitals;

typedef struct news2_result {
  int score;
  int points[NEWS2_SIGNS];
  news2_level level;
} news2_result;

/* All Thread: pure. */

/* A word ("voice") or a letter of ACVPU, in either case; NEWS2_MINDS: none. */
news2_mind news2_mind_of(peal_slice word);
const char *news2_mind_name(news2_mind mind);
void news2_score(news2_result *out, const news2_vitals *vitals);
/* "low", … Static text. */
const char *news2_level_name(news2_level level);
/* As the fields are called: "respiration", "on_oxygen", … Static text. */
const char *news2_sign_name(news2_sign sign);
/* "respiration 27 per minute (3 points)"; only of signs that have points. */
void news2_reason(char *out, size_t cap, const news2_vitals *vitals,
                  news2_sign sign, int points);
