/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include "jpeg.h"
#include "source_impl.h"
#include "source_v4l2.h"

static const char *const KINDS[] = {"synthetic", "push", "v4l2", "dir", "json"};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

const char *source_kind_text(source_kind kind) {
  return (unsigned)kind < KIND_COUNT ? KINDS[kind] : "unknown";
}

bool source_kind_of(source_kind *out, peal_slice name) {
  for (unsigned i = 0; i < KIND_COUNT; i++)
    if (peal_slice_is(name, KINDS[i])) {
      *out = (source_kind)i;
      return true;
    }
  return false;
}

const char *source_state_text(source_state state) {
  switch (state) {
  case SOURCE_CONNECTED:
    return "connected";
  case SOURCE_DEGRADED:
    return "degraded";
  case SOURCE_PAUSED:
    return "paused";
  case SOURCE_DISCONNECTED:
    break;
  }
  return "disconnected";
}

/* -- what waits for the worker -------------------------------------------- */

void source_unref(source *s) {
  if (atomic_fetch_sub(&s->refs, 1) != 1)
    return;
  if (s->slot.full)
    peal_bytes_unref(s->slot.frame.jpeg);
  s->eyes.driver->free(s->eyes.self);
  tracker_free(s->eyesight);
  pthread_mutex_destroy(&s->lock);
  close(s->wake);
  free(s);
}

void source_deliver(peal_worker *worker, void *user) {
  source *s = user;
  (void)worker;
  pthread_mutex_lock(&s->lock);
  source_slot slot = s->slot;
  s->slot.full = s->slot.posted = false;
  s->slot.told = true;
  pthread_mutex_unlock(&s->lock);
  if (!slot.told && !s->freed && s->opts.on_status != NULL)
    s->opts.on_status(slot.state, slot.reason, slot.retry_ms, s->opts.user);
  if (slot.full && !s->freed && !s->paused) {
    atomic_fetch_add(&s->told, 1);
    s->opts.on_frame(&slot.frame, s->opts.user);
  }
  if (slot.full)
    peal_bytes_unref(slot.frame.jpeg);
  source_unref(s);
}

static void wake(source *s) {
  uint64_t one = 1;
  while (write(s->wake, &one, sizeof one) < 0 && errno == EINTR)
    continue;
}

/* -- beginning and end ---------------------------------------------------- */

static uint32_t or_else(uint32_t value, uint32_t otherwise) {
  return value != 0 ? value : otherwise;
}

static source_opts with_defaults(const source_opts *opts) {
  source_opts full = *opts;
  full.fps = or_else(full.fps, 10);
  full.width = or_else(full.width, 640);
  full.height = or_else(full.height, 480);
  full.stall_ms = or_else(full.stall_ms, 3000);
  full.retry_first_ms = or_else(full.retry_first_ms, 2000);
  full.retry_next_ms = or_else(full.retry_next_ms, 10000);
  if (full.kind == SOURCE_V4L2 && full.path == NULL)
    full.path = "/dev/video0";
  return full;
}

static const char *complaint(const source_opts *opts) {
  if ((unsigned)opts->kind >= KIND_COUNT)
    return "there is no such kind of source";
  if (opts->fps > 60)
    return "frames per second must be 1 to 60";
  if (opts->width < 64 || opts->height < 48 || opts->width > 3840 ||
      opts->height > 2160)
    return "the picture must be of 64 x 48 to 3840 x 2160 pixels";
  if (opts->kind == SOURCE_DIR && opts->path == NULL)
    return "a folder or a file of JPEG pictures must be named";
  if (opts->kind == SOURCE_JSON &&
      (opts->path == NULL) == (opts->command == NULL))
    return "either a command or the path of a FIFO, socket or file must be "
           "named";
  return NULL;
}

static source_eyes eyes_of(const source_opts *opts) {
  switch (opts->kind) {
  case SOURCE_PUSH:
    return source_push_new();
  case SOURCE_V4L2:
    return source_v4l2_new(opts, NULL);
  case SOURCE_DIR:
    return source_dir_new(opts);
  case SOURCE_JSON:
    return source_json_new(opts);
  case SOURCE_SYNTHETIC:
    break;
  }
  return source_synthetic_new(opts);
}

peal_err source_new(source **out, const source_opts *opts, const char **why) {
  if (opts == NULL || opts->worker == NULL || opts->on_frame == NULL)
    return PEAL_ERR_USAGE;
  source_opts full = with_defaults(opts);
  const char *words = complaint(&full);
  if (words != NULL) {
    if (why != NULL)
      *why = words;
    return PEAL_ERR_OPTION;
  }
  return source_new_on(out, &full, eyes_of(&full));
}

/* Signals are the program's: none is handled on this thread. */
static bool start(source *s) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int failed = pthread_create(&s->thread, NULL, source_thread_run, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed == 0;
}

peal_err source_new_on(source **out, const source_opts *opts,
                       source_eyes eyes) {
  if (eyes.self == NULL)
    return PEAL_ERR_NOMEM;
  source *s = calloc(1, sizeof *s);
  if (s == NULL) {
    eyes.driver->free(eyes.self);
    return PEAL_ERR_NOMEM;
  }
  s->opts = with_defaults(opts);
  s->opts.path = s->opts.command = NULL;
  s->eyes = eyes;
  s->paused = opts->paused;
  s->refs = 1;
  s->slot.told = true;
  s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init(&s->lock, NULL);
  source_watch_init(&s->watch, &s->opts);
  s->eyesight = opts->no_tracker ? NULL : tracker_new();
  peal_err err = s->wake < 0                                ? PEAL_ERR_NO_FILES
                 : !opts->no_tracker && s->eyesight == NULL ? PEAL_ERR_NOMEM
                 : !start(s)                                ? PEAL_ERR_SYSTEM
                                                            : PEAL_OK;
  if (err)
    source_unref(s);
  else
    *out = s;
  return err;
}

void source_free(source *s) {
  if (s == NULL)
    return;
  s->freed = true;
  pthread_mutex_lock(&s->lock);
  s->stop = true;
  pthread_mutex_unlock(&s->lock);
  wake(s);
  pthread_join(s->thread, NULL);
  source_unref(s);
}

/* -- what else ------------------------------------------------------------ */

void source_pause(source *s, bool paused) {
  pthread_mutex_lock(&s->lock);
  peal_bytes *old = s->slot.full ? s->slot.frame.jpeg : NULL;
  s->slot.full = false;
  s->paused = paused;
  s->epoch++;
  pthread_mutex_unlock(&s->lock);
  peal_bytes_unref(old);
  wake(s);
}

bool source_is_paused(const source *s) {
  return s->paused;
}

void source_forget_room(source *s) {
  atomic_store(&s->forget, true);
}

peal_err source_push(source *s, peal_bytes *jpeg, const landmarks *marks) {
  jpeg_head head;
  if (s == NULL || jpeg == NULL || s->opts.kind != SOURCE_PUSH)
    return PEAL_ERR_USAGE;
  peal_slice bytes = peal_bytes_slice(jpeg);
  if (bytes.len > SOURCE_MAX_FRAME_BYTES)
    return PEAL_ERR_TOO_LONG;
  peal_err err = jpeg_head_read(&head, bytes);
  if (err)
    return err;
  pthread_mutex_lock(&s->lock);
  bool paused = s->paused;
  pthread_mutex_unlock(&s->lock);
  if (paused)
    return PEAL_ERR_CANCELLED;
  if (source_push_put(s->eyes.self, jpeg, marks, source_wall()))
    atomic_fetch_add(&s->replaced, 1);
  wake(s);
  return PEAL_OK;
}

void source_stats_get(const source *s, source_stats *out) {
  *out = (source_stats){
      .captured = s->captured,
      .told = s->told,
      .replaced = s->replaced,
      .broken = s->broken,
      .opened = s->opened,
      .look_us = s->look_us,
  };
}
