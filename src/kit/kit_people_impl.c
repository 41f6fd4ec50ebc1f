/* SPDX-License-Identifier: MIT */
#include "kit/kit_people_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int64_t peal_kit_people_now_ms(const peal_kit_people *people) {
  return people->opts.clock != NULL
             ? people->opts.clock(people->opts.clock_user)
             : peal_wall_ms();
}

void peal_kit_people_log(peal_kit_people *people, peal_log_level level,
                         const char *format, ...) {
  const peal_log_opts *log = &people->opts.log;
  char text[512], line[PEAL_LOG_LINE_MIN];
  if (log->level != PEAL_LOG_DEFAULT && level > log->level)
    return;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  const peal_log_record record = {.level = level,
                                  .area = "people",
                                  .text = peal_slice_of(text),
                                  .time_ms = peal_wall_ms()};
  if (log->fn != NULL)
    log->fn(&record, log->user);
  else
    fwrite(line, 1, peal_log_line(line, sizeof line, &record, log->format),
           stderr);
}

uint32_t peal_kit_people_role(const peal_kit_people *people, peal_slice role,
                              const char **name) {
  for (unsigned i = 0; people->role_names[i] != NULL; i++)
    if (peal_slice_is(role, people->role_names[i])) {
      *name = people->role_names[i];
      return UINT32_C(1) << i;
    }
  *name = "";
  return 0;
}

void peal_kit_people_person(peal_kit_person *out, int64_t id) {
  out->id = id;
  snprintf(out->room, sizeof out->room, "user_%lld", (long long)id);
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool peal_kit_people_fold(char out[PEAL_KIT_USERNAME_BYTES],
                          peal_slice username) {
  out[0] = '\0';
  if (username.len == 0 || username.len >= PEAL_KIT_USERNAME_BYTES)
    return false;
  for (size_t i = 0; i < username.len; i++) {
    char c = lower(username.ptr[i]);
    bool good = is_letter_or_digit(c) ||
                (i > 0 && c != '\0' && strchr("._-@+", c) != NULL);
    if (!good) {
      out[0] = '\0';
      return false;
    }
    out[i] = c;
  }
  out[username.len] = '\0';
  return true;
}

/* ---- guesses -------------------------------------------------------------------- */

static peal_slice both_of(const peal_kit_people_guess *guess, char out[128]) {
  snprintf(out, 128, "%s %s", guess->network, guess->folded);
  return peal_slice_of(out);
}

static uint64_t mono_ms(void) {
  return peal_worker_now_ms(peal_worker_self());
}

bool peal_kit_people_guess_take(peal_kit_people *people,
                                const peal_kit_people_guess *guess,
                                uint64_t *retry_ms) {
  char text[128];
  uint64_t now = mono_ms();
  peal_slice both = both_of(guess, text), name = peal_slice_of(guess->folded),
             network = peal_slice_of(guess->network);
  if (!peal_web_limit_take(people->by_network, network, now, retry_ms))
    return false;
  if (!peal_web_limit_take(people->by_both, both, now, retry_ms)) {
    peal_web_limit_give(people->by_network, network, now);
    return false;
  }
  if (peal_web_limit_take(people->by_name, name, now, retry_ms))
    return true;
  peal_web_limit_give(people->by_both, both, now);
  peal_web_limit_give(people->by_network, network, now);
  return false;
}

void peal_kit_people_guess_give(peal_kit_people *people,
                                const peal_kit_people_guess *guess) {
  char text[128];
  uint64_t now = mono_ms();
  peal_web_limit_give(people->by_network, peal_slice_of(guess->network), now);
  peal_web_limit_give(people->by_both, both_of(guess, text), now);
  peal_web_limit_give(people->by_name, peal_slice_of(guess->folded), now);
}
