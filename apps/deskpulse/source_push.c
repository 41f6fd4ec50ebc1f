/* SPDX-License-Identifier: MIT */
/* source_push: pictures that others bring (POST /api/frames): an inbox for one. */
#include <stdlib.h>

#include <pthread.h>

#include "source_driver.h"

typedef struct inbox {
  pthread_mutex_t lock;
  bool full;
  source_shot shot;
} inbox;

static bool push_open(void *self, char *reason) {
  (void)self;
  (void)reason;
  return true;
}

static bool take(inbox *box, source_shot *out) {
  pthread_mutex_lock(&box->lock);
  bool full = box->full;
  if (full)
    *out = box->shot;
  box->full = false;
  pthread_mutex_unlock(&box->lock);
  return full;
}

static source_word push_next(void *self, source_shot *out, int wake,
                             uint32_t wait_ms, char *reason) {
  (void)reason;
  if (take(self, out))
    return SOURCE_SHOT;
  // whoever puts something in wakes
  source_wait(-1, wake, wait_ms);
  return take(self, out) ? SOURCE_SHOT : SOURCE_NOTHING;
}

/* What waits when it is paused is not shown later. */
static void push_close(void *self) {
  source_shot old;
  if (take(self, &old))
    peal_bytes_unref(old.jpeg);
}

static void push_free(void *self) {
  push_close(self);
  inbox *box = self;
  pthread_mutex_destroy(&box->lock);
  free(box);
}

bool source_push_put(void *self, peal_bytes *jpeg, const landmarks *marks,
                     double captured_at) {
  inbox *box = self;
  source_shot shot = {.jpeg = peal_bytes_ref(jpeg),
                      .marked = marks != NULL,
                      .captured_at = captured_at};
  if (marks != NULL)
    shot.marks = *marks;
  pthread_mutex_lock(&box->lock);
  peal_bytes *old = box->full ? box->shot.jpeg : NULL;
  box->shot = shot;
  box->full = true;
  pthread_mutex_unlock(&box->lock);
  peal_bytes_unref(old);
  return old != NULL;
}

source_eyes source_push_new(void) {
  static const source_driver driver = {push_open, push_next, push_close,
                                       push_free};
  inbox *box = calloc(1, sizeof *box);
  if (box != NULL)
    pthread_mutex_init(&box->lock, NULL);
  return (source_eyes){&driver, box};
}
