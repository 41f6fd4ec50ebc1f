/* SPDX-License-Identifier: MIT */
#pragma once
/* shared_torture: a torture that several threads may use, and that is armed
 * when what it is to hit has begun. */
#include <pthread.h>

#include "torture.h"

/* From several threads, counted; the failing call is counted from arm(). */
typedef struct shared_torture {
  torture torture;
  peal_mem mem;
  pthread_mutex_t lock;
} shared_torture;

static inline void *shared_alloc(void *user, size_t size) {
  shared_torture *s = user;
  pthread_mutex_lock(&s->lock);
  void *ptr = s->torture.mem.alloc(s->torture.mem.user, size);
  pthread_mutex_unlock(&s->lock);
  return ptr;
}

static inline void *shared_resize(void *user, void *old, size_t size) {
  shared_torture *s = user;
  pthread_mutex_lock(&s->lock);
  void *ptr = s->torture.mem.resize(s->torture.mem.user, old, size);
  pthread_mutex_unlock(&s->lock);
  return ptr;
}

static inline void shared_release(void *user, void *ptr) {
  shared_torture *s = user;
  pthread_mutex_lock(&s->lock);
  s->torture.mem.release(s->torture.mem.user, ptr);
  pthread_mutex_unlock(&s->lock);
}

static inline void shared_init(shared_torture *s) {
  torture_init(&s->torture, 0);
  pthread_mutex_init(&s->lock, NULL);
  s->mem = (peal_mem){shared_alloc, shared_resize, shared_release, s};
}

/* The `n`th allocation from now fails; 0: none. */
static inline void arm(shared_torture *s, size_t n) {
  pthread_mutex_lock(&s->lock);
  s->torture.calls = 0;
  s->torture.fail_at = n;
  s->torture.failed = false;
  pthread_mutex_unlock(&s->lock);
}

static inline bool disarm(shared_torture *s) {
  pthread_mutex_lock(&s->lock);
  bool failed = s->torture.failed;
  s->torture.fail_at = 0;
  pthread_mutex_unlock(&s->lock);
  return failed;
}
