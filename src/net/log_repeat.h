/* SPDX-License-Identifier: MIT */
#pragma once
/* log_repeat: sums up log lines of one kind. Of each kind the first few of a
 * second are written; the others become one line when the second is over. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/base.h>

/* Kinds known at a time, lines of a kind that are written in a second, and
 * bytes of the line that stands for the others. */
#define PEAL_LOG_REPEAT_KINDS 16
#define PEAL_LOG_REPEAT_LINES 5
#define PEAL_LOG_REPEAT_TEXT 120
#define PEAL_LOG_REPEAT_MS 1000u

/* What one second had too much of. */
typedef struct peal_log_repeat {
  const char *format; /* the kind: its address; NULL: unused */
  const char *area;
  peal_log_level level;
  uint32_t lines; /* written in this second */
  uint32_t more;  /* not written */
  uint64_t since_ms;
  size_t len;
  char text[PEAL_LOG_REPEAT_TEXT]; /* the last one written, cut */
} peal_log_repeat;

/* {0} is empty. */
typedef struct peal_log_repeats {
  peal_log_repeat kinds[PEAL_LOG_REPEAT_KINDS];
} peal_log_repeats;

/* A line of kind `format` is to be written. Returns true if it may be, false
 * if it has been counted instead. *over is what must be told before (a
 * second that ended, or a kind that made room), its `more` 0 if nothing. */
bool peal_log_repeat_ask(peal_log_repeats *repeats, const char *format,
                         const char *area, peal_log_level level,
                         uint64_t now_ms, peal_log_repeat *over);
/* Remember the text of a line of this kind that was written. */
void peal_log_repeat_note(peal_log_repeats *repeats, const char *format,
                          peal_slice text);
/* A second that is over at `now_ms` and had too much (UINT64_MAX: whether over
 * or not), taken out. Returns false if there is none. */
bool peal_log_repeat_take(peal_log_repeats *repeats, uint64_t now_ms,
                          peal_log_repeat *over);
/* When the next one is over; UINT64_MAX if none had too much. */
uint64_t peal_log_repeat_next_ms(const peal_log_repeats *repeats);
