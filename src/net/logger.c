/* SPDX-License-Identifier: MIT */
#include "net/logger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <uv.h>

#include <peal/worker.h>

#define TEXT_MAX 1024

struct peal_logger {
  peal_log_fn fn;
  void *user;
  peal_log_level level;
  uv_mutex_t lock;
};

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

/* 2024-05-01T12:00:00.000Z warn http: text (peer 127.0.0.1, sid abc) */
static void write_stderr(const peal_log_record *record, void *user) {
  (void)user;
  time_t seconds = (time_t)(record->time_ms / 1000);
  struct tm tm;
  char when[32] = "";
  if (gmtime_r(&seconds, &tm))
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
  char line[TEXT_MAX + 512];
  int len =
      snprintf(line, sizeof(line), "%s.%03dZ %s %s: %.*s%s%.*s%s%.*s\n", when,
               (int)(record->time_ms % 1000), level_name(record->level),
               record->area, PEAL_SFMT(record->text),
               record->peer.len ? " peer=" : "", PEAL_SFMT(record->peer),
               record->sid.len ? " sid=" : "", PEAL_SFMT(record->sid));
  if (len > 0)
    fwrite(line, 1, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1,
           stderr);
}

peal_logger *peal_logger_new(const peal_log_opts *opts) {
  static const peal_log_opts defaults;
  if (!opts)
    opts = &defaults;
  peal_logger *logger = malloc(sizeof(*logger));
  if (!logger)
    return NULL;
  logger->fn = opts->fn ? opts->fn : write_stderr;
  logger->user = opts->user;
  logger->level = opts->level ? opts->level : PEAL_LOG_INFO;
  if (uv_mutex_init(&logger->lock)) {
    free(logger);
    return NULL;
  }
  return logger;
}

void peal_logger_free(peal_logger *logger) {
  if (!logger)
    return;
  uv_mutex_destroy(&logger->lock);
  free(logger);
}

bool peal_logger_wants(const peal_logger *logger, peal_log_level level) {
  return logger && logger->level != PEAL_LOG_OFF && level <= logger->level;
}

/* What a peer sent may stand in a line: nothing of it may end the line or
 * talk to the terminal. */
static void clean(char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c == 0x7f)
      text[i] = '?';
  }
}

void peal_logger_write(peal_logger *logger, peal_log_level level,
                       const char *area, peal_slice peer, peal_slice sid,
                       const char *format, ...) {
  if (!peal_logger_wants(logger, level))
    return;
  char text[TEXT_MAX];
  va_list args;
  va_start(args, format);
  int written = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (written < 0)
    return;
  size_t len = (size_t)written;
  if (len >= sizeof(text))
    len = sizeof(text) - 1;
  clean(text, len);
  peal_log_record record = {.level = level,
                            .area = area,
                            .text = {text, len},
                            .peer = peer,
                            .sid = sid,
                            .time_ms = peal_wall_ms()};
  uv_mutex_lock(&logger->lock);
  logger->fn(&record, logger->user);
  uv_mutex_unlock(&logger->lock);
}
