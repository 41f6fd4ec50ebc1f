/* SPDX-License-Identifier: MIT */
#include "picture_decode.h"

#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <turbojpeg.h>

enum { WANTED_SIDE = 256, SMALL_QUALITY = 80 };

static uint32_t longer_side(uint32_t width, uint32_t height) {
  return width > height ? width : height;
}

static bool is_over_budget(const picture_head *head) {
  return (uint64_t)head->width * head->height > PICTURE_MAX_PIXELS;
}

/* How many times 2, at most 8 times, a JPEG may be reduced while decoding. */
static int jpeg_divisor(const picture_head *head) {
  uint32_t side = longer_side(head->width, head->height);
  int divisor = 1;
  while (divisor < 8 && side / (2u * (unsigned)divisor) >= WANTED_SIDE)
    divisor *= 2;
  return divisor;
}

static picture_err jpeg_decode_with(tjhandle tj, picture_raster *out,
                                    const picture_head *head,
                                    const uint8_t *bytes, size_t len) {
  int width = 0, height = 0, sampling = 0, space = 0;
  if (tjDecompressHeader3(tj, bytes, (unsigned long)len, &width, &height,
                          &sampling, &space) != 0 &&
      tjGetErrorCode(tj) == TJERR_FATAL)
    return PICTURE_ERR_DECODE;
  if (width != (int)head->width || height != (int)head->height)
    return PICTURE_ERR_HEADER;
  tjscalingfactor scale = {1, jpeg_divisor(head)};
  width = TJSCALED(width, scale);
  height = TJSCALED(height, scale);
  out->rgb = malloc((size_t)width * (size_t)height * 3);
  if (out->rgb == NULL)
    return PICTURE_ERR_MEMORY;
  out->width = (uint32_t)width;
  out->height = (uint32_t)height;
  // what a broken picture does not fill is grey, not old memory
  memset(out->rgb, 128, (size_t)width * (size_t)height * 3);
  // a progressive picture of thousands of scans is an attack on the time
  if (tjDecompress2(tj, bytes, (unsigned long)len, out->rgb, width, 0, height,
                    TJPF_RGB, TJFLAG_LIMITSCANS) == 0)
    return PICTURE_OK;
  if (tjGetErrorCode(tj) == TJERR_FATAL)
    return PICTURE_ERR_DECODE;
  out->damaged = true;
  return PICTURE_OK;
}

/* T.81 B.2.2, B.2.3: whether the first scan has all colours of the frame. If not
 * there are more of them, and the decoder holds the picture until the last. */
static bool is_one_scan(const uint8_t *p, size_t len) {
  uint8_t colours = 0;
  size_t pos = 2;
  while (pos + 4 < len && p[pos] == 0xFF) {
    uint8_t marker = p[pos + 1];
    if (marker == 0xFF) {
      pos++;
      continue;
    }
    if (marker == 0xDA)
      return p[pos + 4] == colours;
    if (marker == 0xC0 || marker == 0xC1)
      colours = pos + 9 < len ? p[pos + 9] : 0;
    pos += 2 + ((size_t)p[pos + 2] << 8 | p[pos + 3]);
  }
  return false;
}

static picture_err jpeg_decode(picture_raster *out, const picture_head *head,
                               const uint8_t *bytes, size_t len) {
  // only a sequential picture of one scan is decoded row by row
  if (is_over_budget(head) && (head->progressive || !is_one_scan(bytes, len)))
    return PICTURE_ERR_PIXELS;
  tjhandle tj = tjInitDecompress();
  if (tj == NULL)
    return PICTURE_ERR_MEMORY;
  picture_err err = jpeg_decode_with(tj, out, head, bytes, len);
  tjDestroy(tj);
  return err;
}

/* Reduce the raster in place by a whole factor; each pixel becomes the mean of
 * its square. The squares that do not fit at the right and below are left out.
 */
static void shrink(picture_raster *raster, uint32_t factor) {
  if (factor < 2 || raster->width < factor || raster->height < factor)
    return;
  uint32_t width = raster->width / factor, height = raster->height / factor;
  uint8_t *to = raster->rgb;
  for (uint32_t y = 0; y < height; y++) {
    for (uint32_t x = 0; x < width; x++) {
      uint32_t sum[3] = {0};
      for (uint32_t i = 0; i < factor * factor; i++) {
        size_t row = (size_t)y * factor + i / factor;
        size_t column = (size_t)x * factor + i % factor;
        const uint8_t *from = raster->rgb + (row * raster->width + column) * 3;
        for (int c = 0; c < 3; c++)
          sum[c] += from[c];
      }
      for (int c = 0; c < 3; c++)
        *to++ = (uint8_t)(sum[c] / (factor * factor));
    }
  }
  raster->width = width;
  raster->height = height;
}

static picture_err png_finish(png_image *image, picture_raster *out) {
  image->format = PNG_FORMAT_RGB;
  out->rgb = calloc(1, PNG_IMAGE_SIZE(*image));
  if (out->rgb == NULL)
    return PICTURE_ERR_MEMORY;
  out->width = image->width;
  out->height = image->height;
  // transparent parts are seen on white, as most viewers show them
  png_color white = {255, 255, 255};
  if (png_image_finish_read(image, &white, out->rgb, 0, NULL) == 0)
    return PICTURE_ERR_DECODE;
  return PICTURE_OK;
}

static picture_err png_decode(picture_raster *out, const picture_head *head,
                              const uint8_t *bytes, size_t len) {
  if (is_over_budget(head))
    return PICTURE_ERR_PIXELS;
  png_image image = {.version = PNG_IMAGE_VERSION};
  if (png_image_begin_read_from_memory(&image, bytes, len) == 0)
    return PICTURE_ERR_DECODE;
  picture_err err = PICTURE_ERR_HEADER;
  if (image.width == head->width && image.height == head->height)
    err = png_finish(&image, out);
  out->damaged = PNG_IMAGE_FAILED(image);
  png_image_free(&image);
  if (err == PICTURE_OK)
    shrink(out, longer_side(out->width, out->height) / WANTED_SIDE);
  return err;
}

picture_err picture_decode(picture_raster *out, const picture_head *head,
                           const void *bytes, size_t len) {
  *out = (picture_raster){0};
  picture_err err = head->type == PICTURE_JPEG
                        ? jpeg_decode(out, head, bytes, len)
                        : png_decode(out, head, bytes, len);
  if (err != PICTURE_OK)
    picture_decode_deinit(out);
  return err;
}

static picture_err jpeg_encode(uint8_t **out, size_t *len,
                               const picture_raster *raster) {
  tjhandle tj = tjInitCompress();
  if (tj == NULL)
    return PICTURE_ERR_MEMORY;
  int width = (int)raster->width, height = (int)raster->height;
  unsigned long size = tjBufSize(width, height, TJSAMP_420);
  // our own memory, so that free() ends it
  *out = malloc(size);
  bool done = *out != NULL && tjCompress2(tj, raster->rgb, width, 0, height,
                                          TJPF_RGB, out, &size, TJSAMP_420,
                                          SMALL_QUALITY, TJFLAG_NOREALLOC) == 0;
  tjDestroy(tj);
  if (!done) {
    free(*out);
    *out = NULL;
    return PICTURE_ERR_MEMORY;
  }
  *len = size;
  return PICTURE_OK;
}

picture_err picture_decode_small(uint8_t **out, size_t *out_len,
                                 const void *bytes, size_t len) {
  *out = NULL;
  *out_len = 0;
  picture_head head;
  picture_raster raster;
  picture_err err = picture_head_read(&head, bytes, len);
  if (err == PICTURE_OK)
    err = picture_decode(&raster, &head, bytes, len);
  if (err != PICTURE_OK)
    return err;
  shrink(&raster, longer_side(raster.width, raster.height) / WANTED_SIDE);
  err = jpeg_encode(out, out_len, &raster);
  picture_decode_deinit(&raster);
  return err;
}

void picture_decode_deinit(picture_raster *raster) {
  free(raster->rgb);
  *raster = (picture_raster){0};
}
