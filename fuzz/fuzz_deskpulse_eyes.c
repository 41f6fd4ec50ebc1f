/* SPDX-License-Identifier: MIT */
/* fuzz_deskpulse_eyes: what cameras and estimators send to DeskPulse. The first
 * byte says which: a stream of pictures and how it is cut, one picture for the
 * tracker, lines of an estimator. */
#include <stdlib.h>
#include <string.h>

#include "jpeg.h"
#include "lines.h"
#include "mjpeg.h"
#include "shot_line.h"
#include "tracker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

/* What was found, as a number that depends on order and content. */
typedef struct digest {
  uint64_t value, count;
} digest;

static void mix(digest *d, peal_slice piece) {
  d->count++;
  d->value = d->value * 31 + piece.len;
  for (size_t i = 0; i < piece.len; i++)
    d->value = (d->value ^ (uint8_t)piece.ptr[i]) * 1099511628211u;
}

static digest pictures_of(peal_slice bytes, size_t step) {
  digest d = {0};
  mjpeg m = {0};
  peal_slice picture;
  for (size_t at = 0; at < bytes.len; at += step) {
    size_t piece = bytes.len - at < step ? bytes.len - at : step;
    must(!mjpeg_feed(&m, (peal_slice){bytes.ptr + at, piece}));
    while (mjpeg_next(&m, &picture)) {
      must(picture.len >= 4 && memcmp(picture.ptr, "\xff\xd8\xff", 3) == 0);
      mix(&d, picture);
    }
    must(m.from <= m.len);
  }
  mjpeg_deinit(&m);
  return d;
}

static digest lines_of(peal_slice bytes, size_t step) {
  digest d = {0};
  lines l = {0};
  peal_slice line;
  for (size_t at = 0; at < bytes.len; at += step) {
    size_t piece = bytes.len - at < step ? bytes.len - at : step;
    must(!lines_feed(&l, (peal_slice){bytes.ptr + at, piece}));
    while (lines_next(&l, &line)) {
      must(line.len > 0 && memchr(line.ptr, '\n', line.len) == NULL);
      mix(&d, line);
    }
  }
  lines_deinit(&l);
  return d;
}

static bool same(digest a, digest b) {
  return a.value == b.value && a.count == b.count;
}

/* Two looks at one picture: what it says of it is in range. */
static void look(peal_slice picture) {
  tracker *t = tracker_new();
  must(t != NULL);
  for (uint64_t now_ms = 0; now_ms < 2500; now_ms += 200) {
    tracker_sight sight = tracker_see(t, picture, now_ms);
    must(sight.confidence >= 0 && sight.confidence <= 1);
    must(sight.width <= JPEG_MAX_SIDE && sight.height <= JPEG_MAX_SIDE);
    must(sight.word != TRACKER_PERSON); // nothing has moved
    if (sight.word == TRACKER_BROKEN)
      break;
  }
  tracker_free(t);
  peal_bytes *whole = jpeg_with_tables(picture);
  peal_bytes_unref(whole);
}

static void read_line(peal_slice line) {
  source_shot shot;
  const char *why = NULL;
  bool fine = shot_line_read(&shot, line, &why);
  must(fine ? shot.jpeg != NULL : why != NULL);
  for (size_t i = 0; fine && shot.marks.present && i < LANDMARKS; i++)
    must(shot.marks.points[i].visibility >= 0 &&
         shot.marks.points[i].visibility <= 1);
  peal_bytes_unref(shot.jpeg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 1 || len > 65536)
    return 0;
  peal_slice rest = {(const char *)data + 1, len - 1};
  size_t step = 1u + data[0] / 4u;
  switch (data[0] % 4) {
  case 0:
    must(same(pictures_of(rest, rest.len + 1), pictures_of(rest, step)));
    break;
  case 1:
    look(rest);
    break;
  case 2:
    must(same(lines_of(rest, rest.len + 1), lines_of(rest, step)));
    break;
  default:
    read_line(rest);
  }
  return 0;
}
