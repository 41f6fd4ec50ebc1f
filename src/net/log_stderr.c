/* SPDX-License-Identifier: MIT */
#include "net/log_stderr.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <poll.h>
#include <unistd.h>

/* Below 4096: a pipe that poll(2) calls writable takes that much at once, so
 * that the write does not block. */
#define LINE_MAX_BYTES 2048
#define POLL_MS 50u

static const char *level_name(peal_log_level level) {
  switch (level) {
  case PEAL_LOG_ERROR:
    return "error";
  case PEAL_LOG_WARN:
    return "warn";
  case PEAL_LOG_DEBUG:
    return "debug";
  case PEAL_LOG_INFO:
  case PEAL_LOG_DEFAULT:
  case PEAL_LOG_OFF:
    break;
  }
  return "info";
}

/* 2024-05-01T12:00:00.000Z warn http: text peer=127.0.0.1 sid=abc */
static size_t format(char *line, size_t cap, const peal_log_record *record) {
  time_t seconds = (time_t)(record->time_ms / 1000);
  struct tm tm;
  char when[32] = "";
  if (gmtime_r(&seconds, &tm))
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
  int len = snprintf(line, cap, "%s.%03dZ %s %s: %.*s%s%.*s%s%.*s\n", when,
                     (int)(record->time_ms % 1000), level_name(record->level),
                     record->area, PEAL_SFMT(record->text),
                     record->peer.len ? " peer=" : "", PEAL_SFMT(record->peer),
                     record->sid.len ? " sid=" : "", PEAL_SFMT(record->sid));
  if (len <= 0)
    return 0;
  if ((size_t)len < cap)
    return (size_t)len;
  line[cap - 2] = '\n';
  return cap - 1;
}

/* Not by stdio: whoever else writes there would wait for its lock. */
bool peal_log_stderr_write(const peal_log_record *record,
                           const atomic_bool *give_up, unsigned patience_ms) {
  char line[LINE_MAX_BYTES];
  size_t len = format(line, sizeof(line), record);
  for (size_t sent = 0; sent < len;) {
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    unsigned wait_ms = patience_ms < POLL_MS ? patience_ms : POLL_MS;
    if (poll(&room, 1, (int)wait_ms) == 0) {
      if (atomic_load(give_up) || wait_ms == patience_ms)
        return false;
      patience_ms -= wait_ms;
      continue;
    }
    ssize_t more = write(STDERR_FILENO, line + sent, len - sent);
    if (more > 0)
      sent += (size_t)more;
    else if (errno != EINTR && errno != EAGAIN)
      return false;
  }
  return true;
}
