/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sys/stat.h>

#include <peal/web.h>
#include <peal/worker.h>

#include "halt.h"
#include "heights.h"
#include "journal.h"
#include "keep.h"
#include "measure.h"
#include "say.h"

enum {
  STEP_MS = 200,
  HEIGHT_MS = 1000,
  FILE_BYTES = 65536,
  COMPLAIN_MS = 2000, /* a file that is just being written is none */
  AGAIN_MS = 1000,    /* the disk is tried again */
  DAY_MS = 86400000
};

typedef struct watch {
  const options *opts;
  uplink up;
  journal journal;
  heights heights;
  heights_found height;
  bool has_height;
  int64_t height_at_ms;   /* the next one may be sent; monotonic */
  int64_t wrong_since_ms; /* the files cannot be read; 0: they can */
  int64_t again_at_ms;    /* after a disk that was full */
  course_clock clock;
  bool was_told;
} watch;

/* ---- results -------------------------------------------------------------------- */

/* What tells one measurement from the next: when the file was written, and how
 * long it is. Empty: there is none. */
static int64_t stamp_of(const char *path, char out[64]) {
  struct stat now;
  out[0] = '\0';
  if (stat(path, &now) != 0 || !S_ISREG(now.st_mode))
    return 0;
  snprintf(out, 64, "%lld.%09ld-%lld-%llu", (long long)now.st_mtim.tv_sec,
           now.st_mtim.tv_nsec, (long long)now.st_size,
           (unsigned long long)now.st_ino);
  return (int64_t)now.st_mtim.tv_sec * 1000 + now.st_mtim.tv_nsec / 1000000;
}

static bool read_files(watch *w, measure *out, char *why, size_t cap) {
  char ignored[256];
  peal_doc *metrics = keep_read(w->opts->metrics, FILE_BYTES, why, cap);
  peal_doc *rgb = keep_read(w->opts->rgb, FILE_BYTES, ignored, sizeof ignored);
  bool done = metrics != NULL && measure_read(out, peal_doc_val(metrics),
                                              peal_doc_val(rgb), why, cap);
  peal_doc_free(metrics);
  peal_doc_free(rgb);
  return done;
}

/* When it was measured: when the file was written, if that can be. */
static int64_t moment_of(int64_t written_ms) {
  int64_t now = peal_wall_ms();
  return written_ms <= now && now - written_ms < DAY_MS ? written_ms : now;
}

static bool put_result(watch *w, const measure *found, int64_t at_ms,
                       int t_min) {
  char timestamp[25];
  const course *test = &w->journal.course;
  peal_build *build = peal_build_new();
  peal_web_time_iso(timestamp, at_ms);
  bool done =
      journal_put(&w->journal, measure_result(build, found, test->id,
                                              test->type, timestamp, t_min));
  peal_build_free(build);
  return done;
}

static bool begin(watch *w, int64_t at_ms) {
  if (!journal_begin(&w->journal, w->opts, at_ms, false))
    return false;
  say("test %s (%s) begins", w->journal.course.id, w->journal.course.type);
  return true;
}

static bool take_measure(watch *w, const measure *found, int64_t at_ms) {
  enum { TEST_MS = 30 * 60000 };

  course *test = &w->journal.course;
  switch (course_next(test, at_ms, found->t_min)) {
  case COURSE_BEGIN:
    return begin(w, at_ms) && put_result(w, found, at_ms, 0);
  case COURSE_CORRECT:
    return put_result(w, found, at_ms, 0);
  case COURSE_END_ONLY: // it began half an hour before
    if (!begin(w, at_ms - TEST_MS))
      return false;
    test->is_running = false;
    return put_result(w, found, at_ms, 30);
  case COURSE_END:
    test->is_running = false;
    return put_result(w, found, at_ms, 30);
  case COURSE_NOTHING:
    break;
  }
  return true;
}

static void complain(watch *w, const char *why) {
  int64_t now = halt_now_ms();
  if (w->wrong_since_ms == 0)
    w->wrong_since_ms = now;
  if (now - w->wrong_since_ms < COMPLAIN_MS || w->was_told)
    return;
  say("error: %s", why);
  w->was_told = true;
}

/* Returns true if there was something new, and it is kept. */
static bool look(watch *w) {
  char stamp[64], why[256] = "";
  measure found;
  if (halt_now_ms() < w->again_at_ms)
    return false;
  if (w->journal.waiting != NULL && !journal_commit(&w->journal, &w->up)) {
    w->again_at_ms = halt_now_ms() + AGAIN_MS;
    return false;
  }
  int64_t written_ms = stamp_of(w->opts->metrics, stamp);
  if (stamp[0] == '\0' || strcmp(stamp, w->journal.seen) == 0)
    return false;
  if (!read_files(w, &found, why, sizeof why)) {
    complain(w, why);
    return false;
  }
  w->wrong_since_ms = 0;
  w->was_told = false;
  course before = w->journal.course;
  bool had_begun = w->journal.has_begun;
  if (!take_measure(w, &found, moment_of(written_ms))) {
    w->journal.course = before;
    w->journal.has_begun = had_begun;
    w->again_at_ms = halt_now_ms() + AGAIN_MS;
    return false;
  }
  snprintf(w->journal.seen, sizeof w->journal.seen, "%s", stamp);
  if (!journal_commit(&w->journal, &w->up))
    w->again_at_ms = halt_now_ms() + AGAIN_MS;
  return true;
}

/* Small machines learn what time it is when there is a network, which may be in
 * the middle of a test: that is then not over, and no other one. */
static void follow_clock(watch *w) {
  struct timespec steady;
  if (clock_gettime(CLOCK_BOOTTIME, &steady) != 0)
    return;
  int64_t by = course_clock_step(&w->clock, peal_wall_ms(),
                                 (int64_t)steady.tv_sec * 1000 +
                                     steady.tv_nsec / 1000000);
  if (by == 0)
    return;
  say("the clock was set by %lld s", (long long)(by / 1000));
  course_shift(&w->journal.course, by);
  if (!journal_commit(&w->journal, &w->up))
    w->again_at_ms = halt_now_ms() + AGAIN_MS;
}

/* ---- heights --------------------------------------------------------------------- */

static void send_height(watch *w) {
  heights_found found;
  if (heights_poll(&w->heights, &found)) {
    w->height = found;
    w->has_height = true;
  }
  int64_t now = halt_now_ms();
  if (!w->has_height || now < w->height_at_ms)
    return;
  w->has_height = false;
  w->height_at_ms = now + HEIGHT_MS;
  const course *test = &w->journal.course;
  int64_t second =
      w->height.t_s >= 0 ? w->height.t_s : course_second(test, peal_wall_ms());
  uplink_height(&w->up, second >= 0 ? test->id : "", second, w->height.mm);
}

/* ---- the run ----------------------------------------------------------------------- */

static bool open_all(watch *w, const options *opts) {
  *w = (watch){.opts = opts};
  heights_init(&w->heights, opts->heights);
  if (!uplink_open(&w->up, opts, true))
    return false;
  if (journal_open(&w->journal, opts))
    return true;
  uplink_close(&w->up);
  return false;
}

static void close_all(watch *w) {
  uint64_t left = uplink_pending(&w->up);
  uplink_close(&w->up);
  heights_deinit(&w->heights);
  journal_close(&w->journal);
  if (left > 0)
    say("%llu results stay in the spool", (unsigned long long)left);
}

int watch_run(const options *opts) {
  watch w;
  if (!open_all(&w, opts))
    return 1;
  uint64_t left = uplink_pending(&w.up);
  if (left > 0)
    say("%llu results wait in the spool", (unsigned long long)left);
  while (!halt_is_asked()) {
    follow_clock(&w);
    look(&w);
    send_height(&w);
    uplink_tick(&w.up, halt_now_ms());
    halt_wait(heights_fd(&w.heights), STEP_MS);
    // many heights a second are no reason to look at the files as often
    if (heights_fd(&w.heights) >= 0)
      halt_wait(-1, STEP_MS / 4);
  }
  close_all(&w);
  return 0;
}

int watch_once(const options *opts) {
  watch w;
  if (!open_all(&w, opts))
    return 1;
  int64_t until = halt_now_ms() + opts->wait_ms;
  (void)look(&w);
  // it may have been seen and kept before
  char stamp[64];
  stamp_of(opts->metrics, stamp);
  bool is_kept = stamp[0] != '\0' && w.journal.waiting == NULL &&
                 strcmp(stamp, w.journal.seen) == 0;
  while (uplink_pending(&w.up) > 0 && opts->is_enabled && !halt_is_asked() &&
         halt_now_ms() < until) {
    uplink_tick(&w.up, halt_now_ms());
    halt_wait(-1, STEP_MS / 4);
  }
  if (!is_kept)
    say("error: %s holds nothing that could be kept", opts->metrics);
  bool is_done = is_kept && atomic_load(&w.up.given_up) == 0;
  close_all(&w);
  return is_done ? 0 : 1;
}
