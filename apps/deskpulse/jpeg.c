/* SPDX-License-Identifier: MIT */
#include "jpeg.h"

#include <stdlib.h>
#include <string.h>

#include <turbojpeg.h>

struct jpeg_decoder {
  tjhandle tj;
  uint8_t *rgb;
  size_t room;
};

/* Markers of ITU-T T.81, table B.1. */
enum {
  SOF0 = 0xc0, /* sequential */
  SOF1 = 0xc1, /* the same, extended */
  SOF2 = 0xc2, /* progressive */
  DHT = 0xc4,  /* Huffman tables */
  JPG = 0xc8,  /* reserved */
  DAC = 0xcc,  /* tables of arithmetic coding */
  SOF15 = 0xcf,
  SOI = 0xd8, /* the beginning */
  EOI = 0xd9, /* the end */
  SOS = 0xda  /* a scan */
};

/* T.81 B.2.2: precision, height, width, components. */
static peal_err frame_read(jpeg_head *out, int marker, const uint8_t *p,
                           size_t len) {
  if (marker != SOF0 && marker != SOF1 && marker != SOF2)
    return PEAL_ERR_OPTION;
  if (len < 6 || p[0] != 8 || (p[5] != 1 && p[5] != 3) || out->width != 0)
    return PEAL_ERR_OPTION;
  out->height = (uint32_t)(p[1] << 8 | p[2]);
  out->width = (uint32_t)(p[3] << 8 | p[4]);
  out->colours = p[5];
  out->progressive = marker == SOF2;
  if (out->width == 0 || out->height == 0)
    return PEAL_ERR_OPTION;
  uint32_t pixels = out->width * out->height; // below 2^32
  if (out->width > JPEG_MAX_SIDE || out->height > JPEG_MAX_SIDE ||
      pixels > JPEG_MAX_PIXELS)
    return PEAL_ERR_TOO_LONG;
  return PEAL_OK;
}

/* T.81 B.2.3: how many of the colours are in this scan. Not all: there are more
 * scans, and the decoder keeps what it has until the last. */
static peal_err scan_read(const jpeg_head *head, const uint8_t *p, size_t len) {
  if (head->width == 0 || len < 1 || p[0] == 0 || p[0] > head->colours)
    return PEAL_ERR_OPTION;
  bool is_held = head->progressive || p[0] < head->colours;
  return is_held && head->width * head->height > JPEG_MAX_HELD
             ? PEAL_ERR_TOO_LONG
             : PEAL_OK;
}

static bool is_frame(int marker) {
  return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG &&
         marker != DAC;
}

peal_err jpeg_head_read(jpeg_head *out, peal_slice jpeg) {
  const uint8_t *p = (const uint8_t *)jpeg.ptr;
  *out = (jpeg_head){0};
  if (jpeg.len < 4 || p[0] != 0xff || p[1] != SOI)
    return PEAL_ERR_OPTION;
  for (size_t at = 2; at + 4 <= jpeg.len;) {
    if (p[at] != 0xff)
      return PEAL_ERR_OPTION;
    int marker = p[at + 1];
    if (marker == 0xff) { // filling, T.81 B.1.1.2
      at++;
      continue;
    }
    size_t len = (size_t)(p[at + 2] << 8 | p[at + 3]);
    if (marker < SOF0 || (marker >= 0xd0 && marker <= EOI) || len < 2 ||
        len > jpeg.len - at - 2)
      return PEAL_ERR_OPTION;
    if (marker == SOS) {
      out->scan = at;
      return scan_read(out, p + at + 4, len - 2);
    }
    out->tables |= marker == DHT;
    peal_err err = is_frame(marker)
                       ? frame_read(out, marker, p + at + 4, len - 2)
                       : PEAL_OK;
    if (err)
      return err;
    at += 2 + len;
  }
  return PEAL_ERR_OPTION;
}

jpeg_decoder *jpeg_decoder_new(void) {
  jpeg_decoder *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  d->tj = tjInitDecompress();
  if (d->tj != NULL)
    return d;
  free(d);
  return NULL;
}

void jpeg_decoder_free(jpeg_decoder *d) {
  if (d == NULL)
    return;
  tjDestroy(d->tj);
  free(d->rgb);
  free(d);
}

/* How many times smaller turbojpeg decodes: 1, 2, 4 or 8. */
static int divisor_of(const jpeg_head *head) {
  uint32_t side = head->width > head->height ? head->width : head->height;
  int divisor = 1;
  while (divisor < 8 && side / (uint32_t)divisor > JPEG_MAX_SMALL)
    divisor *= 2;
  return divisor;
}

static bool has_room(jpeg_decoder *d, size_t bytes) {
  if (bytes <= d->room)
    return true;
  uint8_t *more = realloc(d->rgb, bytes);
  if (more == NULL)
    return false;
  d->rgb = more;
  d->room = bytes;
  return true;
}

/* The mean of one colour over a box of `across` by `down` whose corner is
 * `from`. */
static uint8_t mean_of(const uint8_t *from, size_t pitch, uint32_t across,
                       uint32_t down) {
  uint32_t sum = 0;
  for (uint32_t row = 0; row < down; row++)
    for (uint32_t i = 0; i < across; i++)
      sum += from[row * pitch + i * 3];
  return (uint8_t)(sum / (across * down));
}

/* Reduce further, in place: each pixel becomes the mean of its box. */
static void shrink(jpeg_small *small, uint32_t across, uint32_t down) {
  uint32_t width = small->width / across, height = small->height / down;
  size_t pitch = (size_t)small->width * 3;
  uint8_t *to = small->rgb;
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++)
      for (uint32_t c = 0; c < 3; c++)
        *to++ = mean_of(small->rgb + y * down * pitch + x * across * 3 + c,
                        pitch, across, down);
  small->width = width;
  small->height = height;
}

static void shrink_enough(jpeg_small *small) {
  uint32_t side = small->width > small->height ? small->width : small->height;
  uint32_t factor = (side + JPEG_MAX_SMALL - 1) / JPEG_MAX_SMALL;
  // a strip keeps a row, and a pixel
  if (factor > 1)
    shrink(small, factor < small->width ? factor : small->width,
           factor < small->height ? factor : small->height);
}

peal_err jpeg_decoder_small(jpeg_decoder *d, jpeg_small *out, peal_slice jpeg) {
  jpeg_head head;
  peal_err err = jpeg_head_read(&head, jpeg);
  if (err)
    return err;
  int width = 0, height = 0, sampling = 0, space = 0;
  const uint8_t *bytes = (const uint8_t *)jpeg.ptr;
  // its own look at the head must agree: it is what writes into memory
  if (tjDecompressHeader3(d->tj, bytes, (unsigned long)jpeg.len, &width,
                          &height, &sampling, &space) != 0 ||
      (uint32_t)width != head.width || (uint32_t)height != head.height)
    return PEAL_ERR_OPTION;
  tjscalingfactor scale = {1, divisor_of(&head)};
  width = TJSCALED(width, scale);
  height = TJSCALED(height, scale);
  size_t bytes_needed = (size_t)width * (size_t)height * 3;
  if (!has_room(d, bytes_needed))
    return PEAL_ERR_NOMEM;
  memset(d->rgb, 128, bytes_needed);
  int flags = TJFLAG_LIMITSCANS | TJFLAG_FASTDCT;
  if (tjDecompress2(d->tj, bytes, (unsigned long)jpeg.len, d->rgb, width, 0,
                    height, TJPF_RGB, flags) != 0 &&
      tjGetErrorCode(d->tj) == TJERR_FATAL)
    return PEAL_ERR_OPTION;
  *out = (jpeg_small){d->rgb, (uint32_t)width, (uint32_t)height, head.width,
                      head.height};
  shrink_enough(out);
  return PEAL_OK;
}

peal_bytes *jpeg_encode(const uint8_t *rgb, int width, int height,
                        int quality) {
  tjhandle tj = tjInitCompress();
  if (tj == NULL)
    return NULL;
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  peal_bytes *out = NULL;
  if (tjCompress2(tj, rgb, width, 0, height, TJPF_RGB, &bytes, &size,
                  TJSAMP_420, quality, TJFLAG_FASTDCT) == 0)
    out = peal_bytes_new((peal_slice){(const char *)bytes, size});
  tjFree(bytes);
  tjDestroy(tj);
  return out;
}

/* Y0 U Y1 V: two pixels share their colour. */
static void unpack(const uint8_t *yuyv, uint32_t width, uint8_t *y, uint8_t *u,
                   uint8_t *v) {
  for (uint32_t x = 0; x < width / 2; x++) {
    y[2 * x] = yuyv[4 * x];
    y[2 * x + 1] = yuyv[4 * x + 2];
    u[x] = yuyv[4 * x + 1];
    v[x] = yuyv[4 * x + 3];
  }
}

static peal_bytes *encode_planes(const uint8_t **planes, uint32_t width,
                                 uint32_t height, int quality) {
  tjhandle tj = tjInitCompress();
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  peal_bytes *out = NULL;
  if (tj == NULL)
    return NULL;
  if (tjCompressFromYUVPlanes(tj, planes, (int)width, NULL, (int)height,
                              TJSAMP_422, &bytes, &size, quality,
                              TJFLAG_FASTDCT) == 0)
    out = peal_bytes_new((peal_slice){(const char *)bytes, size});
  tjFree(bytes);
  tjDestroy(tj);
  return out;
}

peal_bytes *jpeg_encode_yuyv(const uint8_t *yuyv, size_t pitch, uint32_t width,
                             uint32_t height, int quality) {
  size_t pixels = (size_t)width * height;
  uint8_t *memory = malloc(pixels * 2);
  if (memory == NULL)
    return NULL;
  uint8_t *y = memory, *u = y + pixels, *v = u + pixels / 2;
  for (uint32_t row = 0; row < height; row++) {
    size_t at = (size_t)row * width;
    unpack(yuyv + row * pitch, width, y + at, u + at / 2, v + at / 2);
  }
  const uint8_t *planes[3] = {y, u, v};
  peal_bytes *out = encode_planes(planes, width, height, quality);
  free(memory);
  return out;
}

/* The segments with Huffman tables, one after the other, into `out`. Returns
 * their bytes. The head has been read: lengths fit. */
static size_t tables_of(peal_slice jpeg, size_t scan, char *out) {
  const uint8_t *p = (const uint8_t *)jpeg.ptr;
  size_t total = 0;
  for (size_t at = 2; at < scan;) {
    if (p[at + 1] == 0xff) {
      at++;
      continue;
    }
    size_t len = 2 + (size_t)(p[at + 2] << 8 | p[at + 3]);
    if (p[at + 1] == DHT) {
      memcpy(out + total, p + at, len);
      total += len;
    }
    at += len;
  }
  return total;
}

static peal_bytes *with(peal_slice jpeg, size_t scan, peal_slice tables) {
  char *joined = malloc(jpeg.len + tables.len);
  if (joined == NULL)
    return NULL;
  memcpy(joined, jpeg.ptr, scan);
  memcpy(joined + scan, tables.ptr, tables.len);
  memcpy(joined + scan + tables.len, jpeg.ptr + scan, jpeg.len - scan);
  peal_bytes *out = peal_bytes_new((peal_slice){joined, jpeg.len + tables.len});
  free(joined);
  return out;
}

peal_bytes *jpeg_with_tables(peal_slice jpeg) {
  jpeg_head head, own;
  if (jpeg_head_read(&head, jpeg) != PEAL_OK)
    return NULL;
  if (head.tables)
    return peal_bytes_new(jpeg);
  // what the encoder writes by default are the tables of T.81 K.3
  static const uint8_t grey[16 * 16 * 3];
  peal_bytes *model = jpeg_encode(grey, 16, 16, 75);
  if (model == NULL)
    return NULL;
  peal_slice bytes = peal_bytes_slice(model);
  char *tables = malloc(bytes.len);
  peal_bytes *out = NULL;
  if (tables != NULL && jpeg_head_read(&own, bytes) == PEAL_OK)
    out = with(jpeg, head.scan,
               (peal_slice){tables, tables_of(bytes, own.scan, tables)});
  free(tables);
  peal_bytes_unref(model);
  return out;
}
