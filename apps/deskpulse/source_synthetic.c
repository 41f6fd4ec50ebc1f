/* SPDX-License-Identifier: MIT */
/* source_synthetic: the rendered person as a camera: real JPEGs, in time. */
#include <stdlib.h>

#include "jpeg.h"
#include "person_script.h"
#include "source_driver.h"

enum { QUALITY = 80 };

typedef struct studio {
  canvas picture;
  uint64_t seed, begun_ms, due_ms;
  uint32_t step_ms;
} studio;

static bool studio_open(void *self, char *reason) {
  studio *st = self;
  (void)reason;
  st->begun_ms = st->due_ms = source_now_ms();
  return true;
}

/* The next picture is due at its time; what was missed is left out. */
static source_word studio_next(void *self, source_shot *out, int wake,
                               uint32_t wait_ms, char *reason) {
  studio *st = self;
  uint64_t now_ms = source_now_ms();
  (void)reason;
  if (now_ms < st->due_ms) {
    uint64_t left_ms = st->due_ms - now_ms;
    source_wait(-1, wake, left_ms < wait_ms ? (uint32_t)left_ms : wait_ms);
    return SOURCE_NOTHING;
  }
  st->due_ms += st->step_ms;
  if (st->due_ms < now_ms)
    st->due_ms = now_ms + st->step_ms;
  person_pose pose = person_script_at(st->seed, now_ms - st->begun_ms);
  person_draw(&st->picture, &pose);
  out->jpeg = jpeg_encode(st->picture.rgb, st->picture.width,
                          st->picture.height, QUALITY);
  return out->jpeg != NULL ? SOURCE_SHOT : SOURCE_NOTHING;
}

static void studio_close(void *self) {
  (void)self;
}

static void studio_free(void *self) {
  studio *st = self;
  free(st->picture.rgb);
  free(st);
}

source_eyes source_synthetic_new(const source_opts *opts) {
  static const source_driver driver = {studio_open, studio_next, studio_close,
                                       studio_free};
  source_eyes eyes = {&driver, NULL};
  studio *st = calloc(1, sizeof *st);
  if (st == NULL)
    return eyes;
  st->picture =
      (canvas){.width = (int)opts->width, .height = (int)opts->height};
  st->picture.rgb = malloc((size_t)opts->width * opts->height * 3);
  st->seed = opts->seed;
  st->step_ms = 1000 / opts->fps;
  if (st->picture.rgb == NULL) {
    free(st);
    return eyes;
  }
  eyes.self = st;
  return eyes;
}
