/* SPDX-License-Identifier: MIT */
#pragma once
/* jpeg: what is known of JPEG bytes before anybody decodes them, and small
 * pictures made from them: the only place that knows turbojpeg. Input is hostile. */
#include <peal/base.h>

enum {
  JPEG_MAX_SIDE = 8192,
  JPEG_MAX_PIXELS = 3840 * 2160, /* a camera of 4K */
  /* One in several scans is held whole while it is decoded, once per scan. */
  JPEG_MAX_HELD = 1280 * 1024,
  JPEG_MAX_SMALL = 240 /* longer side of a reduced picture, at most */
};

typedef struct jpeg_head {
  uint32_t width, height;
  uint8_t colours; /* 1 or 3 */
  bool progressive;
  bool tables; /* brings its Huffman tables; cameras leave them out */
  size_t scan; /* where the first scan begins, bytes from the start */
} jpeg_head;

/* Read up to the first scan. Only what cameras and browsers know is a JPEG:
 * sequential or progressive, 8 bits, 1 or 3 components.
 * Returns: PEAL_OK; PEAL_ERR_OPTION (not a JPEG); PEAL_ERR_TOO_LONG (more pixels
 * than above). Thread: pure. */
PEAL_MUST_CHECK peal_err jpeg_head_read(jpeg_head *out, peal_slice jpeg);

/* A reduced picture. */
typedef struct jpeg_small {
  uint8_t *rgb; /* width * height * 3, rows from the top; of the decoder */
  uint32_t width, height;
  uint32_t full_width, full_height;
} jpeg_small;

/* Decodes one picture after the other into memory that it keeps. */
typedef struct jpeg_decoder jpeg_decoder;

/* Returns NULL if memory is out. */
jpeg_decoder *jpeg_decoder_new(void);
void jpeg_decoder_free(jpeg_decoder *d);
/* Decode reduced until no side is above JPEG_MAX_SMALL; `out` is borrowed until
 * the next call. A picture that breaks off is grey where it is missing.
 * Returns: PEAL_OK, as jpeg_head_read, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err jpeg_decoder_small(jpeg_decoder *d, jpeg_small *out,
                                            peal_slice jpeg);

/* Encode `rgb` (width * height * 3, borrowed). The caller owns one reference.
 * Returns NULL if memory is out. Thread: any. */
peal_bytes *jpeg_encode(const uint8_t *rgb, int width, int height, int quality);

/* Encode what cameras without MJPEG give: packed YUYV (4:2:2), rows of `pitch`
 * bytes, at least 2 * width; `width` is even. Borrowed; the caller owns one
 * reference. Returns NULL if memory is out. Thread: any. */
peal_bytes *jpeg_encode_yuyv(const uint8_t *yuyv, size_t pitch, uint32_t width,
                             uint32_t height, int quality);

/* The same picture with the standard Huffman tables, which cameras leave out of
 * MJPEG and not every viewer adds. The caller owns one reference. Returns NULL
 * if memory is out, or it is no JPEG. Thread: any. */
peal_bytes *jpeg_with_tables(peal_slice jpeg);
