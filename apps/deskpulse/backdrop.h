/* SPDX-License-Identifier: MIT */
#pragma once
/* backdrop: the empty room as the camera sees it, pixel by pixel, and what of a
 * picture is not it. Learnt from two seconds in which nothing moves; from then on it
 * follows the light: the whole picture by one factor (exposure, clouds), each
 * pixel of the room slowly. Thread: pure. */
#include <peal/base.h>

#include "jpeg.h"

typedef struct backdrop backdrop;

typedef enum backdrop_state {
  BACKDROP_LEARNING, /* the room has not stood still for long enough */
  BACKDROP_KNOWN
} backdrop_state;

/* What differs from the room, in one picture. Borrowed until the next call. */
typedef struct backdrop_view {
  const uint8_t *differs; /* width * height: 0, or how far beyond the limit, in
                             quarters of it: 4 is at the limit */
  uint32_t width, height;
  double moved; /* share of pixels that are not as in the picture before */
} backdrop_view;

/* Returns NULL if memory is out. */
backdrop *backdrop_new(void);
void backdrop_free(backdrop *b);
void backdrop_forget(backdrop *b);
/* Look at a picture; one of another size begins to learn anew. `view` is filled
 * if KNOWN. Returns LEARNING if memory is out, too. */
backdrop_state backdrop_look(backdrop *b, const jpeg_small *small,
                             uint64_t now_ms, backdrop_view *view);
