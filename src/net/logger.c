/* SPDX-License-Identifier: MIT */
#include "net/logger.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include "base/log_text.h"
#include "net/log_queue.h"
#include "net/log_repeat.h"
#include "net/log_stderr.h"
#include "net/span.h"

#define TEXT_MAX 1024
/* Of a peer's address or a session id; longer ones are cut. */
#define NAME_MAX_BYTES 128
/* What a stop waits for, and a caller that writes itself. */
#define STOP_MS 1000u
#define DIRECT_MS 1000u

struct peal_logger {
  peal_log_fn fn; /* NULL: stderr */
  void *user;
  peal_log_level level;
  peal_log_format format;
  uv_mutex_t lock;    /* all but what says otherwise */
  uv_mutex_t telling; /* around the callback */
  bool stuck;         /* stderr took nothing last time; `telling` */
  uv_cond_t more, empty;
  peal_log_queue queue;
  peal_log_repeats repeats;
  uv_thread_t thread;
  bool started, stopping;
  bool idle;           /* the thread has nothing to do */
  atomic_bool give_up; /* the time to stop is over */
};

/* This thread is in a log callback. */
static _Thread_local bool inside;

static uint64_t clock_ms(void) {
  return uv_hrtime() / 1000000;
}

static int64_t wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- telling --------------------------------------------------------------- */

/* The thread has all the time there is. Of the others only the first waits for
 * a pipe that nobody reads. */
static void tell(peal_logger *logger, const peal_log_record *record,
                 unsigned patience_ms) {
  uv_mutex_lock(&logger->telling);
  inside = true;
  if (logger->stuck && patience_ms != UINT32_MAX)
    patience_ms = 0;
  if (logger->fn)
    logger->fn(record, logger->user);
  else
    logger->stuck = !peal_log_stderr_write(record, logger->format,
                                           &logger->give_up, patience_ms);
  inside = false;
  uv_mutex_unlock(&logger->telling);
}

/* Through the queue if there is a thread, otherwise at once. `format` is the
 * kind that it stands for, or NULL. */
static void pass_on(peal_logger *logger, const char *format,
                    const peal_log_record *record) {
  uv_mutex_lock(&logger->lock);
  if (format)
    peal_log_repeat_note(&logger->repeats, format, record->text);
  bool queued = logger->started;
  if (queued && peal_log_queue_put(&logger->queue, record))
    uv_cond_signal(&logger->more);
  uv_mutex_unlock(&logger->lock);
  if (!queued)
    tell(logger, record, DIRECT_MS);
}

static peal_log_record record_of(peal_log_level level, const char *area,
                                 const char *text, int len, size_t cap) {
  size_t bytes = len < 0 ? 0 : (size_t)len;
  if (bytes >= cap)
    bytes = cap - 1;
  return (peal_log_record){.level = level,
                           .area = area,
                           .text = {text, bytes},
                           .time_ms = wall_ms()};
}

static peal_log_record sum_record(const peal_log_repeat *over, char *text,
                                  size_t cap) {
  int len = snprintf(text, cap,
                     "\xe2\x80\xa6 and %u more like this in the last second: "
                     "%.*s",
                     over->more, (int)over->len, over->text);
  return record_of(over->level, over->area, text, len, cap);
}

/* -- the thread ------------------------------------------------------------ */

static void tell_dropped(peal_logger *logger, size_t count) {
  char text[64];
  int len = snprintf(text, sizeof(text), "%zu lines dropped", count);
  peal_log_record record =
      record_of(PEAL_LOG_WARN, "log", text, len, sizeof(text));
  if (peal_logger_wants(logger, PEAL_LOG_WARN))
    tell(logger, &record, UINT32_MAX);
}

static void tell_entry(peal_logger *logger, peal_log_entry *entry) {
  if (entry->dropped)
    tell_dropped(logger, entry->dropped);
  tell(logger, &entry->record, UINT32_MAX);
  free(entry);
}

static void tell_sum(peal_logger *logger, const peal_log_repeat *over) {
  char text[TEXT_MAX];
  peal_log_record record = sum_record(over, text, sizeof(text));
  tell(logger, &record, UINT32_MAX);
}

/* The lock is held, and given up while something is told. Returns false if
 * there was nothing to tell. */
static bool tell_next(peal_logger *logger) {
  uint64_t now_ms = logger->stopping ? UINT64_MAX : clock_ms();
  peal_log_repeat over;
  peal_log_entry *entry = peal_log_queue_take(&logger->queue);
  size_t dropped = entry ? 0 : logger->queue.dropped;
  bool has_sum = !entry && !dropped &&
                 peal_log_repeat_take(&logger->repeats, now_ms, &over);
  if (!entry && !dropped && !has_sum)
    return false;
  if (dropped)
    logger->queue.dropped = 0;
  uv_mutex_unlock(&logger->lock);
  if (entry)
    tell_entry(logger, entry);
  else if (dropped)
    tell_dropped(logger, dropped);
  else
    tell_sum(logger, &over);
  uv_mutex_lock(&logger->lock);
  return true;
}

static void wait_more(peal_logger *logger) {
  uint64_t next_ms = peal_log_repeat_next_ms(&logger->repeats);
  uint64_t now_ms = clock_ms();
  logger->idle = true;
  uv_cond_signal(&logger->empty);
  if (next_ms == UINT64_MAX)
    uv_cond_wait(&logger->more, &logger->lock);
  else if (next_ms > now_ms)
    (void)uv_cond_timedwait(&logger->more, &logger->lock,
                            (next_ms - now_ms) * 1000000);
  logger->idle = false;
}

static void on_thread(void *user) {
  peal_logger *logger = user;
  uv_mutex_lock(&logger->lock);
  while (!atomic_load(&logger->give_up)) {
    if (tell_next(logger))
      continue;
    if (logger->stopping)
      break;
    wait_more(logger);
  }
  logger->idle = true;
  uv_cond_signal(&logger->empty);
  uv_mutex_unlock(&logger->lock);
}

/* Signals are for the others, and a broken pipe is an error, not a signal. */
static bool start_thread(peal_logger *logger) {
  sigset_t all, before;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  bool ok = uv_thread_create(&logger->thread, on_thread, logger) == 0;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return ok;
}

void peal_logger_start(peal_logger *logger) {
  uv_mutex_lock(&logger->lock);
  logger->stopping = false;
  atomic_store(&logger->give_up, false);
  if (!logger->started)
    logger->started = start_thread(logger);
  uv_mutex_unlock(&logger->lock);
}

/* Wait until nothing is left to tell, but not too long. */
static bool drain(peal_logger *logger) {
  uint64_t end_ms = clock_ms() + STOP_MS;
  while (!logger->idle || logger->queue.oldest) {
    uint64_t now_ms = clock_ms();
    if (now_ms >= end_ms)
      return false;
    (void)uv_cond_timedwait(&logger->empty, &logger->lock,
                            (end_ms - now_ms) * 1000000);
  }
  return true;
}

/* What came while the thread ended. */
static void tell_rest(peal_logger *logger, peal_log_queue *rest) {
  for (;;) {
    peal_log_entry *entry = peal_log_queue_take(rest);
    if (!entry)
      break;
    tell_entry(logger, entry);
  }
  peal_log_repeat over;
  while (peal_log_repeat_take(&logger->repeats, UINT64_MAX, &over))
    tell_sum(logger, &over);
}

void peal_logger_stop(peal_logger *logger) {
  uv_mutex_lock(&logger->lock);
  if (!logger->started) {
    uv_mutex_unlock(&logger->lock);
    return;
  }
  logger->stopping = true;
  uv_cond_signal(&logger->more);
  bool drained = drain(logger);
  atomic_store(&logger->give_up, true);
  uv_mutex_unlock(&logger->lock);
  uv_thread_join(&logger->thread);
  uv_mutex_lock(&logger->lock);
  peal_log_queue rest = logger->queue;
  logger->queue = (peal_log_queue){0};
  logger->started = false;
  uv_mutex_unlock(&logger->lock);
  if (drained)
    tell_rest(logger, &rest);
  peal_log_queue_clear(&rest);
  atomic_store(&logger->give_up, false);
}

/* -- life ------------------------------------------------------------------ */

static bool init_locks(peal_logger *logger) {
  if (uv_mutex_init(&logger->lock))
    return false;
  if (uv_mutex_init(&logger->telling) == 0) {
    if (uv_cond_init(&logger->more) == 0) {
      if (uv_cond_init(&logger->empty) == 0)
        return true;
      uv_cond_destroy(&logger->more);
    }
    uv_mutex_destroy(&logger->telling);
  }
  uv_mutex_destroy(&logger->lock);
  return false;
}

peal_logger *peal_logger_new(const peal_log_opts *opts) {
  static const peal_log_opts defaults;
  if (!opts)
    opts = &defaults;
  peal_logger *logger = calloc(1, sizeof(*logger));
  if (!logger)
    return NULL;
  logger->fn = opts->fn;
  logger->user = opts->user;
  logger->format = opts->format;
  logger->level = opts->level ? opts->level : PEAL_LOG_INFO;
  atomic_init(&logger->give_up, false);
  if (init_locks(logger))
    return logger;
  free(logger);
  return NULL;
}

void peal_logger_free(peal_logger *logger) {
  if (!logger)
    return;
  peal_logger_stop(logger);
  peal_log_queue none = {0};
  tell_rest(logger, &none);
  uv_cond_destroy(&logger->empty);
  uv_cond_destroy(&logger->more);
  uv_mutex_destroy(&logger->telling);
  uv_mutex_destroy(&logger->lock);
  free(logger);
}

/* -- writing --------------------------------------------------------------- */

bool peal_logger_wants(const peal_logger *logger, peal_log_level level) {
  return logger && logger->level != PEAL_LOG_OFF && level <= logger->level;
}

/* May it be written, or is it summed up? What is over is told here. */
static bool ask(peal_logger *logger, peal_log_level level, const char *area,
                const char *format) {
  peal_log_repeat over;
  uv_mutex_lock(&logger->lock);
  bool may = peal_log_repeat_ask(&logger->repeats, format, area, level,
                                 clock_ms(), &over);
  bool waits = !may && logger->started && logger->idle;
  if (waits) /* it must know when this second is over */
    uv_cond_signal(&logger->more);
  uv_mutex_unlock(&logger->lock);
  if (over.more) {
    char text[TEXT_MAX];
    peal_log_record record = sum_record(&over, text, sizeof(text));
    pass_on(logger, NULL, &record);
  }
  return may;
}

static peal_slice clean_name(char *out, peal_slice name) {
  size_t len = name.len < NAME_MAX_BYTES ? name.len : NAME_MAX_BYTES;
  if (len)
    memcpy(out, name.ptr, len);
  peal_log_text_clean(out, len);
  return (peal_slice){out, len};
}

/* Of what this thread handles. */
static void set_ids(peal_log_record *record) {
  const peal_traceparent *span = peal_span_get();
  if (!span)
    return;
  record->trace_id = peal_slice_of(span->trace_id);
  record->span_id = peal_slice_of(span->span_id);
}

PEAL_PRINTF(6, 0)

static void write_line(peal_logger *logger, peal_log_level level,
                       const char *area, peal_slice peer, peal_slice sid,
                       const char *format, va_list args) {
  char text[TEXT_MAX], names[2][NAME_MAX_BYTES];
  int written = vsnprintf(text, sizeof(text), format, args);
  if (written < 0)
    return;
  peal_log_record record = record_of(level, area, text, written, sizeof(text));
  peal_log_text_clean(text, record.text.len);
  record.peer = clean_name(names[0], peer);
  record.sid = clean_name(names[1], sid);
  set_ids(&record);
  pass_on(logger, format, &record);
}

void peal_logger_write(peal_logger *logger, peal_log_level level,
                       const char *area, peal_slice peer, peal_slice sid,
                       const char *format, ...) {
  if (!peal_logger_wants(logger, level) || inside)
    return;
  if (level != PEAL_LOG_DEBUG && !ask(logger, level, area, format))
    return;
  va_list args;
  va_start(args, format);
  write_line(logger, level, area, peer, sid, format, args);
  va_end(args);
}

void peal_logger_write_each(peal_logger *logger, peal_log_level level,
                            const char *area, peal_slice peer, peal_slice sid,
                            const char *format, ...) {
  if (!peal_logger_wants(logger, level) || inside)
    return;
  va_list args;
  va_start(args, format);
  write_line(logger, level, area, peer, sid, format, args);
  va_end(args);
}
