/* SPDX-License-Identifier: MIT */
#include "picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture_decode.h"

enum {
  THUMB_CELLS = PICTURE_THUMB_SIDE * PICTURE_THUMB_SIDE,
  CELL_CHANGED = 16,   /* grey steps; below it is camera noise and exposure */
  COLOUR_PERCENT = 15, /* a colour with a smaller share is not named */
};

/* ---- the head ------------------------------------------------------- */

static const uint8_t png_signature[8] = {0x89, 'P',  'N',  'G',
                                         '\r', '\n', 0x1A, '\n'};

static uint32_t read16(const uint8_t *p) {
  return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t read32(const uint8_t *p) {
  return read16(p) << 16 | read16(p + 2);
}

static picture_err check_size(const picture_head *head) {
  if (head->width == 0 || head->width > PICTURE_MAX_SIDE)
    return PICTURE_ERR_SIZE;
  if (head->height == 0 || head->height > PICTURE_MAX_SIDE)
    return PICTURE_ERR_SIZE;
  return PICTURE_OK;
}

/* T.81 B.2.2: Lf:2 P:1 Y:2 X:2 Nf:1 { C H|V T }... `segment` begins at Lf. */
static picture_err read_frame_header(picture_head *head, uint8_t marker,
                                     const uint8_t *segment, size_t len) {
  if (len < 8)
    return PICTURE_ERR_HEADER;
  // lossless, hierarchical and arithmetic pictures: no browser shows them
  if (marker > 0xC2 || segment[2] != 8)
    return PICTURE_ERR_FORM;
  uint8_t components = segment[7];
  if (len != 8u + 3u * components)
    return PICTURE_ERR_HEADER;
  if (components != 1 && components != 3)
    return PICTURE_ERR_FORM;
  head->height = read16(segment + 3);
  head->width = read16(segment + 5);
  head->progressive = marker == 0xC2;
  return check_size(head);
}

/* T.81 table B.1: C0..CF are frame headers but for the tables C4 (Huffman),
 * CC (arithmetic) and the reserved C8. */
static bool is_frame_marker(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
         marker != 0xCC;
}

/* T.81 table B.1: markers that stand alone and the start of a scan cannot come
 * before the frame header. */
static bool is_misplaced_marker(uint8_t marker) {
  return marker < 0xC0 || (marker >= 0xD0 && marker <= 0xDA) || marker == 0xC8;
}

/* T.81 B.1.1.2: a marker is FF, any number of FF as fill, and its code. */
static picture_err read_jpeg(picture_head *head, const uint8_t *p, size_t len) {
  head->type = PICTURE_JPEG;
  size_t pos = 2;
  for (;;) {
    if (pos < len && p[pos] != 0xFF)
      return PICTURE_ERR_HEADER;
    while (pos < len && p[pos] == 0xFF)
      pos++;
    if (len - pos < 3)
      return PICTURE_ERR_TRUNCATED;
    uint8_t marker = p[pos++];
    if (is_misplaced_marker(marker))
      return PICTURE_ERR_HEADER;
    size_t segment = read16(p + pos);
    if (segment < 2)
      return PICTURE_ERR_HEADER;
    if (segment > len - pos)
      return PICTURE_ERR_TRUNCATED;
    if (is_frame_marker(marker))
      return read_frame_header(head, marker, p + pos, segment);
    pos += segment;
  }
}

/* PNG 11.2.1, table 11.1: which depths each colour type may have, as bits. */
static bool is_png_depth(uint8_t colour, uint8_t depth) {
  if (depth != 1 && depth != 2 && depth != 4 && depth != 8 && depth != 16)
    return false;
  switch (colour) {
  case 0:
    return true;
  case 3:
    return depth <= 8;
  case 2:
  case 4:
  case 6:
    return depth >= 8;
  default:
    return false;
  }
}

/* PNG 5.2, 5.6: signature, then IHDR first: length:4 "IHDR" width:4 height:4
 * depth:1 colour:1 compression:1 filter:1 interlace:1 crc:4 */
static picture_err read_png(picture_head *head, const uint8_t *p, size_t len) {
  head->type = PICTURE_PNG;
  if (len < 33)
    return PICTURE_ERR_TRUNCATED;
  if (read32(p + 8) != 13 || memcmp(p + 12, "IHDR", 4) != 0)
    return PICTURE_ERR_HEADER;
  head->width = read32(p + 16);
  head->height = read32(p + 20);
  head->progressive = p[28] == 1;
  if (!is_png_depth(p[25], p[24]) || p[26] != 0 || p[27] != 0 || p[28] > 1)
    return PICTURE_ERR_FORM;
  return check_size(head);
}

picture_err picture_head_read(picture_head *out, const void *bytes,
                              size_t len) {
  const uint8_t *p = bytes;
  *out = (picture_head){0};
  picture_head head = {0};
  picture_err err = PICTURE_ERR_TYPE;
  if (len >= 3 && p[0] == 0xFF && p[1] == 0xD8 && p[2] == 0xFF)
    err = read_jpeg(&head, p, len);
  else if (len >= 8 && memcmp(p, png_signature, 8) == 0)
    err = read_png(&head, p, len);
  if (err == PICTURE_OK)
    *out = head;
  return err;
}

/* ---- the measures --------------------------------------------------- */

/* ITU-R BT.601 luma in whole numbers. */
static uint8_t grey_of(const uint8_t *rgb) {
  return (uint8_t)((rgb[0] * 77 + rgb[1] * 150 + rgb[2] * 29) >> 8);
}

static uint8_t *grey_new(const picture_raster *raster) {
  size_t count = (size_t)raster->width * raster->height;
  uint8_t *grey = malloc(count);
  if (grey == NULL)
    return NULL;
  for (size_t i = 0; i < count; i++)
    grey[i] = grey_of(raster->rgb + i * 3);
  return grey;
}

static void measure_light(picture_measures *m, const uint8_t *grey,
                          size_t count) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; i++) {
    sum += grey[i];
    squares += (double)grey[i] * grey[i];
  }
  m->brightness = sum / (double)count;
  double variance = squares / (double)count - m->brightness * m->brightness;
  m->contrast = variance > 0 ? sqrt(variance) : 0;
}

/* Variance of the four-neighbour Laplacian: edges that are crisp over one pixel
 * make it large, blur makes it small. */
static double sharpness_of(const uint8_t *grey, size_t width, size_t height) {
  if (width < 3 || height < 3)
    return 0;
  double sum = 0, squares = 0;
  for (size_t y = 1; y + 1 < height; y++) {
    for (size_t x = 1; x + 1 < width; x++) {
      const uint8_t *p = grey + y * width + x;
      int value = 4 * p[0] - p[-1] - p[1] - *(p - width) - p[width];
      sum += value;
      squares += (double)value * value;
    }
  }
  double count = (double)(width - 2) * (double)(height - 2);
  double mean = sum / count;
  return squares / count - mean * mean;
}

/* The mean of one cell of the grid; pictures smaller than the grid repeat
 * their pixels. */
static uint8_t cell_mean(const uint8_t *grey, size_t width, size_t height,
                         size_t column, size_t row) {
  size_t left = column * width / PICTURE_THUMB_SIDE;
  size_t right = (column + 1) * width / PICTURE_THUMB_SIDE;
  size_t top = row * height / PICTURE_THUMB_SIDE;
  size_t bottom = (row + 1) * height / PICTURE_THUMB_SIDE;
  if (right == left)
    right++;
  if (bottom == top)
    bottom++;
  uint64_t sum = 0;
  for (size_t y = top; y < bottom; y++)
    for (size_t x = left; x < right; x++)
      sum += grey[y * width + x];
  return (uint8_t)(sum / ((right - left) * (bottom - top)));
}

static void measure_thumb(picture_thumb *thumb, const uint8_t *grey,
                          size_t width, size_t height) {
  for (size_t i = 0; i < THUMB_CELLS; i++)
    thumb->grey[i] = cell_mean(grey, width, height, i % PICTURE_THUMB_SIDE,
                               i / PICTURE_THUMB_SIDE);
  thumb->is_set = true;
}

static double change_between(const picture_thumb *now,
                             const picture_thumb *previous) {
  if (previous == NULL || !previous->is_set)
    return -1;
  int changed = 0;
  for (size_t i = 0; i < THUMB_CELLS; i++)
    changed += abs(now->grey[i] - previous->grey[i]) >= CELL_CHANGED;
  return 100.0 * changed / THUMB_CELLS;
}

/* ---- colours -------------------------------------------------------- */

enum colour {
  BLACK,
  GREY,
  WHITE,
  RED,
  ORANGE,
  BROWN,
  YELLOW,
  GREEN,
  CYAN,
  BLUE,
  PURPLE,
  PINK,
  COLOUR_COUNT,
};

static const char *const colour_names[COLOUR_COUNT] = {
    "black",  "grey",  "white", "red",  "orange", "brown",
    "yellow", "green", "cyan",  "blue", "purple", "pink"};

/* The angle on the colour circle: red 0, green 120, blue 240. */
static int hue_of(int red, int green, int blue, int high, int range) {
  int hue;
  if (high == red)
    hue = 60 * (green - blue) / range;
  else if (high == green)
    hue = 120 + 60 * (blue - red) / range;
  else
    hue = 240 + 60 * (red - green) / range;
  return hue < 0 ? hue + 360 : hue;
}

static enum colour colour_of_hue(int hue, int high) {
  if (hue < 15 || hue >= 345)
    return RED;
  if (hue < 45)
    return high < 170 ? BROWN : ORANGE; // brown is dark orange
  if (hue < 70)
    return YELLOW;
  if (hue < 165)
    return GREEN;
  if (hue < 195)
    return CYAN;
  if (hue < 260)
    return BLUE;
  return hue < 300 ? PURPLE : PINK;
}

static enum colour colour_of(const uint8_t *rgb) {
  int red = rgb[0], green = rgb[1], blue = rgb[2];
  int high = red > green ? red : green;
  high = blue > high ? blue : high;
  int low = red < green ? red : green;
  low = blue < low ? blue : low;
  int range = high - low;
  if (high < 40)
    return BLACK;
  // under an eighth of saturation the eye sees no colour
  if (range * 8 < high)
    return high < 200 ? GREY : WHITE;
  return colour_of_hue(hue_of(red, green, blue, high, range), high);
}

static void measure_colours(picture_measures *m, const picture_raster *raster) {
  uint64_t shares[COLOUR_COUNT] = {0};
  uint64_t count = (uint64_t)raster->width * raster->height;
  for (uint64_t i = 0; i < count; i++)
    shares[colour_of(raster->rgb + i * 3)]++;
  while (m->colour_count < PICTURE_MAX_COLOURS) {
    size_t best = 0;
    for (size_t i = 1; i < COLOUR_COUNT; i++)
      if (shares[i] > shares[best])
        best = i;
    uint64_t percent = shares[best] * 100 / count;
    if (percent < COLOUR_PERCENT)
      break;
    m->colours[m->colour_count++] =
        (picture_colour){colour_names[best], (uint8_t)percent};
    shares[best] = 0;
  }
}

/* ---- all together --------------------------------------------------- */

static picture_err measure_raster(picture_measures *m,
                                  const picture_raster *raster,
                                  const picture_thumb *previous) {
  uint8_t *grey = grey_new(raster);
  if (grey == NULL)
    return PICTURE_ERR_MEMORY;
  measure_light(m, grey, (size_t)raster->width * raster->height);
  m->sharpness = sharpness_of(grey, raster->width, raster->height);
  measure_thumb(&m->thumb, grey, raster->width, raster->height);
  free(grey);
  m->change_percent = change_between(&m->thumb, previous);
  measure_colours(m, raster);
  m->damaged = raster->damaged;
  return PICTURE_OK;
}

picture_err picture_measure(picture_measures *out, const void *bytes,
                            size_t len, const picture_thumb *previous) {
  picture_measures m = {.change_percent = -1};
  picture_raster raster = {0};
  picture_err err = picture_head_read(&m.head, bytes, len);
  if (err == PICTURE_OK)
    err = picture_decode(&raster, &m.head, bytes, len);
  if (err == PICTURE_OK)
    err = measure_raster(&m, &raster, previous);
  picture_decode_deinit(&raster);
  *out = m;
  return err;
}

/* ---- the caption ---------------------------------------------------- */

/* A text that grows up to its ceiling; what does not fit is left out. */
typedef struct text {
  char *out;
  size_t cap, len;
} text;

static void add(text *t, const char *part) {
  while (*part != '\0' && t->len + 1 < t->cap)
    t->out[t->len++] = *part++;
  if (t->cap > 0)
    t->out[t->len] = '\0';
}

static const char *light_word(double brightness) {
  if (brightness < 50)
    return ", dark";
  if (brightness < 95)
    return ", dim";
  return brightness < 160 ? ", evenly lit" : ", bright";
}

static const char *sharpness_word(double sharpness) {
  if (sharpness < 15)
    return ", blurred";
  return sharpness < 80 ? ", soft" : ", sharp";
}

static void add_colours(text *t, const picture_measures *m) {
  if (m->colour_count == 0)
    return;
  add(t, m->colours[0].percent >= 85 ? ", almost all " : ", mostly ");
  for (size_t i = 0; i < m->colour_count; i++) {
    if (i > 0)
      add(t, i + 1 == m->colour_count ? " and " : ", ");
    add(t, m->colours[i].name);
  }
}

static void add_change(text *t, const picture_measures *m) {
  if (m->change_percent < 0)
    return;
  char part[64];
  int percent = (int)(m->change_percent + 0.5);
  if (m->change_percent > 0)
    snprintf(part, sizeof part, ", %s%d %% changed since the last picture",
             percent == 0 ? "under " : "", percent == 0 ? 1 : percent);
  else
    snprintf(part, sizeof part, ", no change since the last picture");
  add(t, part);
}

size_t picture_caption_write(char *out, size_t cap, const picture_measures *m,
                             picture_err err) {
  text t = {.out = out, .cap = cap};
  add(&t, "");
  if (m->head.width == 0) {
    add(&t, "not measured: ");
    add(&t, picture_err_text(err));
    return t.len;
  }
  char size[32];
  snprintf(size, sizeof size, "%ux%u", (unsigned)m->head.width,
           (unsigned)m->head.height);
  add(&t, size);
  if (err != PICTURE_OK) {
    add(&t, ", content not measured: ");
    add(&t, picture_err_text(err));
    return t.len;
  }
  add(&t, light_word(m->brightness));
  if (m->contrast < 20)
    add(&t, ", low contrast");
  else if (m->contrast > 75)
    add(&t, ", high contrast");
  add_colours(&t, m);
  add(&t, sharpness_word(m->sharpness));
  add_change(&t, m);
  if (m->damaged)
    add(&t, ", data damaged");
  return t.len;
}

/* ---- names ---------------------------------------------------------- */

const char *picture_type_mime(picture_type type) {
  return type == PICTURE_PNG ? "image/png" : "image/jpeg";
}

const char *picture_type_extension(picture_type type) {
  return type == PICTURE_PNG ? "png" : "jpg";
}

const char *picture_err_text(picture_err err) {
  switch (err) {
  case PICTURE_OK:
    return "no error";
  case PICTURE_ERR_TYPE:
    return "expected a jpeg or png picture";
  case PICTURE_ERR_TRUNCATED:
    return "picture ends inside its headers";
  case PICTURE_ERR_HEADER:
    return "picture headers are broken";
  case PICTURE_ERR_SIZE:
    return "expected a picture of 1x1 to 8192x8192 pixels";
  case PICTURE_ERR_FORM:
    return "this form of jpeg or png is not supported";
  case PICTURE_ERR_PIXELS:
    return "too many pixels to measure";
  case PICTURE_ERR_DECODE:
    return "picture data is broken";
  case PICTURE_ERR_MEMORY:
    return "out of memory";
  }
  return "unknown picture error";
}
