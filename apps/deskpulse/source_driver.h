/* SPDX-License-Identifier: MIT */
#pragma once
/* source_driver: what one kind of source does on the thread of its source: open,
 * wait for the next picture, close. Everything that waits also waits for the
 * descriptor `wake`, so that a source can be ended at any time. */
#include "source.h"

/* What a driver has brought. */
typedef struct source_shot {
  peal_bytes *jpeg; /* taken by the source */
  bool marked;      /* landmarks came with it */
  landmarks marks;
  double
      captured_at; /* seconds since 1970, if the estimator says when; 0: now */
} source_shot;

typedef enum source_word {
  SOURCE_SHOT,    /* *out is filled */
  SOURCE_NOTHING, /* time is over, or woken */
  SOURCE_SPOILT,  /* something came that is no picture: `reason` */
  SOURCE_LOST     /* to be closed and opened again later: `reason` */
} source_word;

typedef struct source_driver {
  /* Returns false, and `reason` (SOURCE_REASON bytes) says why in words. */
  bool (*open)(void *self, char *reason);
  /* Wait for at most `wait_ms`. */
  source_word (*next)(void *self, source_shot *out, int wake, uint32_t wait_ms,
                      char *reason);
  /* Only after an open that succeeded. */
  void (*close)(void *self);
  void (*free)(void *self);
} source_driver;

/* A driver and its object; NULL object: memory is out. */
typedef struct source_eyes {
  const source_driver *driver;
  void *self;
} source_eyes;

source_eyes source_synthetic_new(const source_opts *opts);
source_eyes source_push_new(void);
source_eyes source_dir_new(const source_opts *opts);
source_eyes source_json_new(const source_opts *opts);

/* Put one picture (a reference is taken) into the inbox of a push driver; it
 * replaces one that waits. Returns true if it replaced one. Thread: any. */
bool source_push_put(void *self, peal_bytes *jpeg, const landmarks *marks,
                     double captured_at);

/* Start a source on any driver, which is taken; as source_new otherwise. What
 * source_new stands on, and tests. */
peal_err source_new_on(source **out, const source_opts *opts, source_eyes eyes);

typedef enum source_wait_word {
  SOURCE_WAIT_READY, /* the descriptor has something, or has come to its end */
  SOURCE_WAIT_WOKEN,
  SOURCE_WAIT_OVER
} source_wait_word;

/* Wait until `fd` (-1: none) can be read, `wake` is woken, or time is over. */
source_wait_word source_wait(int fd, int wake, uint32_t wait_ms);
/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t source_now_ms(void);
/* Seconds since 1970. */
double source_wall(void);
