/* SPDX-License-Identifier: MIT */
#pragma once
/* source_fixture: a source on a worker whose turns the test makes, and what it
 * has told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "jpeg.h"
#include "person.h"
#include "source_driver.h"

enum { HEARD_STATES = 64 };

typedef struct heard {
  peal_workers *workers;
  source *from;
  unsigned frames;
  source_frame last; /* its JPEG is not held */
  uint32_t last_bytes;
  unsigned states;
  source_state state[HEARD_STATES];
  uint32_t retry_ms[HEARD_STATES];
  char reason[HEARD_STATES][200];
  void (*on_frame)(struct heard *heard); /* may be NULL */
} heard;

static inline void hear_frame(const source_frame *frame, void *user) {
  heard *h = user;
  assert_non_null(peal_worker_self());
  assert_true(frame->seq > h->last.seq);
  h->frames++;
  h->last = *frame;
  h->last_bytes = (uint32_t)peal_bytes_slice(frame->jpeg).len;
  if (h->on_frame != NULL)
    h->on_frame(h);
}

static inline void hear_status(source_state state, const char *reason,
                               uint32_t retry_ms, void *user) {
  heard *h = user;
  if (h->states == HEARD_STATES)
    return;
  h->state[h->states] = state;
  h->retry_ms[h->states] = retry_ms;
  snprintf(h->reason[h->states], sizeof h->reason[0], "%s", reason);
  h->states++;
}

static inline source_state last_state(const heard *h) {
  return h->states > 0 ? h->state[h->states - 1] : SOURCE_DISCONNECTED;
}

static inline const char *last_reason(const heard *h) {
  return h->states > 0 ? h->reason[h->states - 1] : "";
}

static inline heard *heard_new(void) {
  heard *h = calloc(1, sizeof *h);
  assert_non_null(h);
  h->workers =
      peal_workers_new(&(peal_workers_opts){.lag_warn_ms = UINT32_MAX});
  assert_non_null(h->workers);
  assert_int_equal(peal_workers_begin(h->workers), PEAL_OK);
  return h;
}

/* The options of a test: quick, callbacks set. */
static inline source_opts heard_opts(heard *h, source_kind kind) {
  return (source_opts){.kind = kind,
                       .fps = 50,
                       .width = 160,
                       .height = 120,
                       .retry_first_ms = 20,
                       .retry_next_ms = 30,
                       .worker = peal_workers_get(h->workers, 0),
                       .on_frame = hear_frame,
                       .on_status = hear_status,
                       .user = h};
}

static inline void heard_start(heard *h, const source_opts *opts) {
  const char *why = NULL;
  assert_int_equal(source_new(&h->from, opts, &why), PEAL_OK);
}

static inline void heard_free(heard *h) {
  source_free(h->from);
  peal_workers_end(h->workers);
  peal_workers_free(h->workers);
  free(h);
}

/* Make turns until it holds; fails after 30 s. */
#define HEAR_UNTIL(h, condition)                                               \
  do {                                                                         \
    uint64_t give_up_ms = source_now_ms() + 30000;                             \
    while (!(condition)) {                                                     \
      assert_true(source_now_ms() < give_up_ms);                               \
      assert_int_equal(peal_workers_step((h)->workers, 5), PEAL_OK);           \
    }                                                                          \
  } while (0)

/* A picture of the room, or of somebody in it. The caller's reference. */
static inline peal_bytes *a_picture(int width, int height, bool nobody) {
  canvas c = {malloc((size_t)width * (size_t)height * 3), width, height};
  assert_non_null(c.rgb);
  person_draw(&c, &(person_pose){.nobody = nobody});
  peal_bytes *jpeg = jpeg_encode(c.rgb, width, height, 80);
  assert_non_null(jpeg);
  free(c.rgb);
  return jpeg;
}
