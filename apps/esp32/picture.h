/* SPDX-License-Identifier: MIT */
#pragma once
/* picture: what an uploaded picture really is and what can be measured in it.
 * In the flow: POST /upload -> picture_head_read -> file, store, answer; then
 * on the pool picture_measure -> picture_caption_write -> `camera_update`.
 * Functions on bytes without any state; the input is hostile. Memory is bounded
 * by PICTURE_MAX_PIXELS, whatever the headers claim. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  PICTURE_MAX_SIDE = 8192, /* pixels; a bigger one is refused as a bomb */
  /* What cannot be decoded piece by piece (PNG, JPEG in several scans) is measured
   * up to this many pixels only: 50 MB of colours, 100 MB of coefficients. */
  PICTURE_MAX_PIXELS = 4096 * 4096,
  PICTURE_THUMB_SIDE = 16,
  PICTURE_MAX_COLOURS = 3,
  PICTURE_CAPTION_BYTES = 200, /* enough for every caption */
};

typedef enum picture_err {
  PICTURE_OK = 0,
  PICTURE_ERR_TYPE = -1,      /* neither JPEG nor PNG */
  PICTURE_ERR_TRUNCATED = -2, /* ends inside the headers */
  PICTURE_ERR_HEADER = -3,    /* headers that contradict themselves */
  PICTURE_ERR_SIZE = -4,      /* zero, or a side over PICTURE_MAX_SIDE */
  PICTURE_ERR_FORM = -5,      /* a form of JPEG or PNG that is not read here */
  PICTURE_ERR_PIXELS = -6,    /* over PICTURE_MAX_PIXELS: size known only */
  PICTURE_ERR_DECODE = -7,    /* the picture data is broken */
  PICTURE_ERR_MEMORY = -8,
} picture_err;

typedef enum picture_type { PICTURE_JPEG = 1, PICTURE_PNG } picture_type;

typedef struct picture_head {
  picture_type type;
  uint32_t width, height; /* pixels, 1..PICTURE_MAX_SIDE */
  bool progressive;       /* JPEG in scans, PNG interlaced */
} picture_head;

/* The picture before, as the change is measured against: grey means of a
 * 16 x 16 grid. Keep one per device. */
typedef struct picture_thumb {
  bool is_set;
  uint8_t grey[PICTURE_THUMB_SIDE * PICTURE_THUMB_SIDE];
} picture_thumb;

typedef struct picture_colour {
  const char *name; /* static text */
  uint8_t percent;  /* of all pixels */
} picture_colour;

typedef struct picture_measures {
  picture_head head;
  double brightness;     /* mean of grey, 0..255 */
  double contrast;       /* standard deviation of grey, 0..127.5 */
  double sharpness;      /* variance of the Laplacian of the reduced grey */
  double change_percent; /* cells that differ; negative: nothing to compare */
  picture_colour colours[PICTURE_MAX_COLOURS]; /* biggest share first */
  size_t colour_count;
  bool damaged; /* decoded, but data was missing or wrong */
  picture_thumb thumb;
} picture_measures;

/* Find the type by content and read the size from the headers of `bytes`
 * (borrowed); the picture data is not touched.
 * Returns: PICTURE_OK, or the reason of refusal and `out` zero. Thread: pure.
 * Spec: T.81 B.2 (JPEG), PNG 5.2 and 11.2.1. */
picture_err picture_head_read(picture_head *out, const void *bytes, size_t len);

/* Decode `bytes` (borrowed) at reduced size and measure. `previous` (borrowed,
 * may be NULL) is the thumb of the picture before.
 * Returns: PICTURE_OK; else the reason, with `out->head` still filled where the
 * headers were good. Takes milliseconds: for the pool. Thread: any. */
picture_err picture_measure(picture_measures *out, const void *bytes,
                            size_t len, const picture_thumb *previous);

/* Write the caption that says what was measured, nothing else, such as
 * "320x240, bright, mostly blue and green, sharp, 12 % changed since the last
 * picture". For a measure that failed give its error: the caption then says
 * what is known. Cut to `cap` bytes with the final zero.
 * Returns: the length written. Thread: pure. */
size_t picture_caption_write(char *out, size_t cap, const picture_measures *m,
                             picture_err err);

/* "image/jpeg", "image/png"; "jpg", "png". Static text. Thread: pure. */
const char *picture_type_mime(picture_type type);
const char *picture_type_extension(picture_type type);

/* One line for the device: lower case, what was expected. Static text. */
const char *picture_err_text(picture_err err);
