/* SPDX-License-Identifier: MIT */
#include "net/log_repeat.h"

#include <string.h>

static bool is_over(const peal_log_repeat *kind, uint64_t now_ms) {
  return now_ms - kind->since_ms >= PEAL_LOG_REPEAT_MS;
}

/* The place of this kind, or else the one whose second began first. */
static peal_log_repeat *place_of(peal_log_repeats *repeats,
                                 const char *format) {
  peal_log_repeat *oldest = &repeats->kinds[0];
  for (size_t i = 0; i < PEAL_LOG_REPEAT_KINDS; i++) {
    peal_log_repeat *kind = &repeats->kinds[i];
    if (kind->format == format || !kind->format)
      return kind;
    if (kind->since_ms < oldest->since_ms)
      oldest = kind;
  }
  return oldest;
}

bool peal_log_repeat_ask(peal_log_repeats *repeats, const char *format,
                         const char *area, peal_log_level level,
                         uint64_t now_ms, peal_log_repeat *over) {
  peal_log_repeat *kind = place_of(repeats, format);
  over->more = 0;
  if (kind->format != format || is_over(kind, now_ms)) {
    if (kind->more)
      *over = *kind;
    kind->format = format;
    kind->since_ms = now_ms;
    kind->lines = kind->more = 0;
    kind->len = 0;
  }
  kind->area = area;
  kind->level = level;
  if (kind->lines < PEAL_LOG_REPEAT_LINES) {
    kind->lines++;
    return true;
  }
  kind->more++;
  return false;
}

void peal_log_repeat_note(peal_log_repeats *repeats, const char *format,
                          peal_slice text) {
  peal_log_repeat *kind = place_of(repeats, format);
  if (kind->format != format)
    return;
  kind->len = text.len < sizeof(kind->text) ? text.len : sizeof(kind->text);
  memcpy(kind->text, text.ptr, kind->len);
}

bool peal_log_repeat_take(peal_log_repeats *repeats, uint64_t now_ms,
                          peal_log_repeat *over) {
  for (size_t i = 0; i < PEAL_LOG_REPEAT_KINDS; i++) {
    peal_log_repeat *kind = &repeats->kinds[i];
    if (!kind->more || (now_ms != UINT64_MAX && !is_over(kind, now_ms)))
      continue;
    *over = *kind;
    kind->more = 0;
    return true;
  }
  return false;
}

uint64_t peal_log_repeat_next_ms(const peal_log_repeats *repeats) {
  uint64_t next_ms = UINT64_MAX;
  for (size_t i = 0; i < PEAL_LOG_REPEAT_KINDS; i++) {
    const peal_log_repeat *kind = &repeats->kinds[i];
    if (kind->more && kind->since_ms + PEAL_LOG_REPEAT_MS < next_ms)
      next_ms = kind->since_ms + PEAL_LOG_REPEAT_MS;
  }
  return next_ms;
}
