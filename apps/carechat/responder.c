/* SPDX-License-Identifier: MIT */
#include "responder.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <strings.h>

const char responder_notice[] =
    "This is no medical advice. If you feel unwell or are worried, talk to a "
    "doctor; in an emergency, call your local emergency number.";

static const char who[] =
    "I am CareChat's built-in responder: a set of rules, not a language model "
    "and not a doctor.";

enum { PIECE_BYTES = 512, MINUTE_MS = 60000, HOUR_MS = 3600000 };

/* ---- text -------------------------------------------------------------------------- */

PEAL_PRINTF(2, 3)

static bool add(chat_text *out, const char *format, ...) {
  char piece[PIECE_BYTES];
  va_list args;
  va_start(args, format);
  vsnprintf(piece, sizeof piece, format, args);
  va_end(args);
  return chat_text_add(out, peal_slice_of(piece));
}

size_t responder_word(peal_slice text) {
  size_t i = 0;
  while (i < text.len && (unsigned char)text.ptr[i] > ' ')
    i++;
  while (i < text.len && (unsigned char)text.ptr[i] <= ' ')
    i++;
  return i;
}

/* ---- what is asked -------------------------------------------------------------------- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* Do these words stand in it, not inside of others? Cases do not count; a `*` at
 * the end takes any ending. */
static bool has(peal_slice text, const char *words) {
  size_t len = strlen(words);
  bool is_open = words[len - 1] == '*';
  len -= is_open ? 1 : 0;
  for (size_t i = 0; i + len <= text.len; i++) {
    bool begins = i == 0 || !is_letter(text.ptr[i - 1]);
    bool ends = is_open || i + len == text.len || !is_letter(text.ptr[i + len]);
    if (begins && ends && strncasecmp(text.ptr + i, words, len) == 0)
      return true;
  }
  return false;
}

/* Any of a list that ends with NULL. */
static bool has_any(peal_slice text, const char *const *words) {
  for (; *words != NULL; words++)
    if (has(text, *words))
      return true;
  return false;
}

static const char *const names[BANDS_METRICS][8] = {
    [BANDS_HEART_RATE] = {"heart rate", "heartrate", "pulse", "bpm",
                          "heart beat*", "heartbeat*", "heart", NULL},
    [BANDS_SPO2] = {"spo2", "oxygen", "saturation", "o2", NULL},
    [BANDS_TEMPERATURE] = {"temperature", "temp", "fever*", NULL},
    [BANDS_SYSTOLIC] = {"systolic", "blood pressure", "bp", "hypertension",
                        "pressure", NULL},
    [BANDS_DIASTOLIC] = {"diastolic", "blood pressure", "bp", "hypertension",
                         "pressure", NULL},
    [BANDS_RESPIRATION] = {"respiration", "respiratory", "breath*", NULL},
};
static const char *const all[] = {"vital*",  "readings", "measurements",
                                  "values",  "numbers",  "how am i",
                                  "summary", "status",   NULL};
static const char *const urgent[] = {
    "chest pain", "can't breathe", "cannot breathe", "cant breathe",
    "stroke",     "unconscious",   "suicid*",        "kill myself",
    "bleeding",   "emergency",     "heart attack",   NULL};
static const char *const greetings[] = {"hello",        "hi",           "hey",
                                        "good morning", "good evening", NULL};
static const char *const about[] = {
    "who are you", "what are you", "are you a", "what can you",
    "help",        "your name",    NULL};
static const char *const trends[] = {"trend*", "chang*",  "higher",  "lower",
                                     "rising", "falling", "compar*", "usual*",
                                     "before", NULL};
static const char *const meanings[] = {"normal",  "band*",    "range*", "mean*",
                                       "warning", "critical", "limit*", NULL};

/* ---- vital signs ---------------------------------------------------------------------- */

static void write_age(char *out, size_t cap, int64_t ms) {
  if (ms < 2 * MINUTE_MS)
    snprintf(out, cap, "just now");
  else if (ms < 2 * HOUR_MS)
    snprintf(out, cap, "%lld minutes ago", (long long)(ms / MINUTE_MS));
  else if (ms < 48 * (int64_t)HOUR_MS)
    snprintf(out, cap, "%lld hours ago", (long long)(ms / HOUR_MS));
  else
    snprintf(out, cap, "%lld days ago", (long long)(ms / HOUR_MS / 24));
}

/* As many decimals as the metric has. */
static const char *write_value(char out[24], bands_metric metric,
                               double value) {
  snprintf(out, 24, metric == BANDS_TEMPERATURE ? "%.1f" : "%.0f", value);
  return out;
}

static bool add_band(chat_text *out, bands_metric metric) {
  char low[24], high[24];
  const bands_range *range = bands_range_of(metric);
  return add(out, " For grown-up people %s to %s %s is usual.",
             write_value(low, metric, range->normal_low),
             write_value(high, metric, range->normal_high), bands_unit(metric));
}

static bool add_trend(chat_text *out, bands_metric metric,
                      const responder_vital *v) {
  char before[24];
  double change = v->value - v->before;
  const char *way = fabs(change) <= bands_margin(metric)
                        ? "about the same as"
                        : (change > 0 ? "higher than" : "lower than");
  return add(out, " That is %s what was usual before (%s %s).", way,
             write_value(before, metric, v->before), bands_unit(metric));
}

static bool add_vital(chat_text *out, bands_metric metric,
                      const responder_vital *v, bool with_trend) {
  char value[24], age[48];
  if (!v->is_known)
    return add(out,
               "There is no reading of your %s yet: connect a device on the "
               "page of vital signs.",
               bands_words(metric));
  write_age(age, sizeof age, v->age_ms);
  return add(out, "Your last %s was %s %s (%s), which is %s.",
             bands_words(metric), write_value(value, metric, v->value),
             bands_unit(metric), age,
             v->status == BANDS_NORMAL ? "in the normal range"
             : v->status == BANDS_WARNING
                 ? "outside of the normal range"
                 : "far outside of the normal range") &&
         (!with_trend || add_trend(out, metric, v));
}

static bool add_summary(chat_text *out,
                        const responder_vital vitals[BANDS_METRICS]) {
  char value[24];
  unsigned known = 0;
  for (int m = 0; m < BANDS_METRICS; m++) {
    const responder_vital *v = &vitals[m];
    if (!v->is_known)
      continue;
    if (!add(out, "%s\n- %s: %s %s (%s)",
             known++ == 0 ? "Your last readings:\n" : "",
             bands_words((bands_metric)m),
             write_value(value, (bands_metric)m, v->value),
             bands_unit((bands_metric)m), bands_status_name(v->status)))
      return false;
  }
  return known > 0 ||
         add(out, "There are no readings of yours yet: connect a device on the "
                  "page of vital signs.");
}

/* What normal, warning and critical mean. */
static bool add_meaning(chat_text *out) {
  return add(out,
             "Each vital sign has a normal range; a warning is outside of it, "
             "critical is far outside of it. Ask for one of them, for example "
             "\"what is a normal heart rate?\". The ranges are general ones "
             "for grown-up people (NEWS2 and guidelines on blood pressure): "
             "what is right for you a doctor knows.");
}

static bool add_metrics(chat_text *out, peal_slice question,
                        const responder_vital vitals[BANDS_METRICS],
                        const bool asked[BANDS_METRICS]) {
  bool is_first = true, wants_meaning = has_any(question, meanings);
  bool wants_trend = has_any(question, trends);
  for (int m = 0; m < BANDS_METRICS; m++) {
    if (!asked[m])
      continue;
    if ((!is_first && !add(out, " ")) ||
        !add_vital(out, (bands_metric)m, &vitals[m],
                   wants_trend || vitals[m].status != BANDS_NORMAL) ||
        ((wants_meaning || vitals[m].status != BANDS_NORMAL) &&
         !add_band(out, (bands_metric)m)))
      return false;
    is_first = false;
  }
  return true;
}

/* ---- the answer -------------------------------------------------------------------------- */

static bool add_rules(chat_text *out, peal_slice question,
                      const responder_vital vitals[BANDS_METRICS]) {
  bool asked[BANDS_METRICS], any = false;
  for (int m = 0; m < BANDS_METRICS; m++) {
    asked[m] = has_any(question, names[m]);
    any = any || asked[m];
  }
  if (has_any(question, urgent))
    return add(out, "If this is happening now, call your local emergency "
                    "number at once, or have somebody call it. I am only a "
                    "program and cannot help in an emergency.");
  if (any)
    return add_metrics(out, question, vitals, asked);
  if (has_any(question, all))
    return add_summary(out, vitals);
  if (has_any(question, meanings))
    return add_meaning(out);
  if (has_any(question, greetings))
    return add(out, "Hello. I can tell you about your vital signs: try \"what "
                    "is my heart rate?\" or \"show my readings\".");
  if (has_any(question, about))
    return add(out, "I can say what your last heart rate, oxygen saturation, "
                    "temperature, blood pressure and respiration were, how "
                    "they compare with what was usual before, and what the "
                    "ranges mean.");
  return add(out, "I have no rule for this question. I can tell you about your "
                  "vital signs: try \"what is my heart rate?\", \"is my blood "
                  "pressure normal?\" or \"show my readings\".");
}

bool responder_answer(chat_text *out, peal_slice question,
                      const responder_vital vitals[BANDS_METRICS]) {
  return add_rules(out, question, vitals) &&
         add(out, "\n\n%s %s", who, responder_notice);
}
