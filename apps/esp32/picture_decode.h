/* SPDX-License-Identifier: MIT */
#pragma once
/* picture_decode: from JPEG or PNG bytes to a small raster of colours, and from
 * that to a small JPEG: the only place that knows turbojpeg and libpng. In the
 * flow: picture_head_read -> [picture_decode] -> the measures of picture.c. */
#include "picture.h"

typedef struct picture_raster {
  uint8_t *rgb; /* width * height * 3 bytes, rows from the top */
  uint32_t width, height;
  bool damaged; /* part of the data was missing or wrong */
} picture_raster;

/* Decode `bytes` (borrowed), whose head was read by picture_head_read, reduced
 * to a longer side of about 256 to 511 pixels; smaller pictures stay as they
 * are.
 * Returns: PICTURE_OK, and the caller ends `out` with picture_decode_deinit;
 * PICTURE_ERR_PIXELS, PICTURE_ERR_DECODE, PICTURE_ERR_HEADER (decoder and head
 * disagree about the size), PICTURE_ERR_MEMORY. Thread: any. */
picture_err picture_decode(picture_raster *out, const picture_head *head,
                           const void *bytes, size_t len);

/* Make a JPEG of a longer side of at most 511 pixels out of the picture
 * `bytes` (borrowed): what a gallery shows. The memory is bounded as that of
 * picture_decode is.
 * Returns: PICTURE_OK, and *out of *out_len bytes is the caller's, free();
 * otherwise as picture_head_read and picture_decode. Thread: any. */
picture_err picture_decode_small(uint8_t **out, size_t *out_len,
                                 const void *bytes, size_t len);

/* Free the raster; a zero one is allowed. */
void picture_decode_deinit(picture_raster *raster);
