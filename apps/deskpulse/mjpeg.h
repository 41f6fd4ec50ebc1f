/* SPDX-License-Identifier: MIT */
#pragma once
/* mjpeg: from a stream of bytes to the JPEG pictures in it: one behind the other
 * (MJPEG), or with anything in between, such as the heads of a multipart stream.
 * A picture ends where its own structure says so, not at the first bytes that
 * look like an end: previews inside of it have ends of their own. Input is
 * hostile. Thread: pure. */
#include <peal/base.h>

enum { MJPEG_MAX_PICTURE = 2 * 1024 * 1024 };

typedef enum mjpeg_where {
  MJPEG_BETWEEN, /* looking for the beginning of a picture */
  MJPEG_MARKER,  /* at a marker */
  MJPEG_SCAN     /* in the coded data of a scan */
} mjpeg_where;

typedef struct mjpeg {
  uint8_t *buf; /* bytes that have been fed and not been given */
  size_t len, cap;
  size_t from; /* where the picture begins, or may, beyond what is there;
                  what is before is over */
  size_t at;   /* how far it has been read */
  mjpeg_where where;
  uint32_t tries;  /* beginnings in a row that led nowhere */
  size_t farthest; /* where one of them led */
  uint64_t spoilt; /* pictures that were given up: broken, or too long */
} mjpeg;

/* Begin with {0}. Copy `bytes` behind what is there.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. Never holds more than MJPEG_MAX_PICTURE and
 * what is fed at once, if mjpeg_next is called until it has no more. */
PEAL_MUST_CHECK peal_err mjpeg_feed(mjpeg *m, peal_slice bytes);
/* The next whole picture, borrowed until the next call. Returns false if more
 * bytes are needed. */
bool mjpeg_next(mjpeg *m, peal_slice *picture);
/* Forget all bytes; also the end. */
void mjpeg_deinit(mjpeg *m);
