/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jpeg.h"

/* A picture whose left half is dark red and whose right half is light blue. */
static peal_bytes *halves(int width, int height) {
  uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
  assert_non_null(rgb);
  for (int i = 0; i < width * height; i++) {
    static const uint8_t red[3] = {160, 20, 20}, blue[3] = {150, 180, 250};
    memcpy(rgb + (size_t)i * 3, i % width < width / 2 ? red : blue, 3);
  }
  peal_bytes *jpeg = jpeg_encode(rgb, width, height, 90);
  assert_non_null(jpeg);
  free(rgb);
  return jpeg;
}

static bool near_to(const uint8_t *p, int red, int green, int blue) {
  return abs(p[0] - red) < 12 && abs(p[1] - green) < 12 &&
         abs(p[2] - blue) < 12;
}

static void the_head_says_how_large_it_is(void **state) {
  jpeg_head head;
  (void)state;
  peal_bytes *jpeg = halves(320, 200);
  assert_int_equal(jpeg_head_read(&head, peal_bytes_slice(jpeg)), PEAL_OK);
  assert_int_equal(head.width, 320);
  assert_int_equal(head.height, 200);
  assert_true(head.tables && !head.progressive && head.scan > 20);
  peal_bytes_unref(jpeg);
}

static void a_picture_is_reduced_until_it_is_small(void **state) {
  static const struct {
    int width, height;
    uint32_t small_width, small_height;
  } cases[] = {
      {1, 1, 1, 1},         {240, 240, 240, 240},   {241, 100, 121, 50},
      {640, 480, 160, 120}, {1920, 1080, 240, 135}, {3840, 2160, 240, 135},
      {8192, 16, 204, 1},   {16, 8192, 1, 204},
  };

  (void)state;
  jpeg_decoder *d = jpeg_decoder_new();
  assert_non_null(d);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jpeg_small small;
    peal_bytes *jpeg = halves(cases[i].width, cases[i].height);
    assert_int_equal(jpeg_decoder_small(d, &small, peal_bytes_slice(jpeg)),
                     PEAL_OK);
    assert_int_equal(small.full_width, cases[i].width);
    assert_int_equal(small.full_height, cases[i].height);
    assert_int_equal(small.width, cases[i].small_width);
    assert_int_equal(small.height, cases[i].small_height);
    if (cases[i].width >= 64 && cases[i].height >= 64) {
      const uint8_t *row =
          small.rgb + (size_t)small.height / 2 * small.width * 3;
      assert_true(near_to(row + 3 * 2, 160, 20, 20));
      assert_true(near_to(row + 3 * (small.width - 3), 150, 180, 250));
    }
    peal_bytes_unref(jpeg);
  }
  jpeg_decoder_free(d);
}

/* The bytes of a picture of which only the head is there. */
static peal_slice head_of(uint8_t *buf, int marker, unsigned width,
                          unsigned height) {
  const uint8_t bytes[] = {0xff,
                           0xd8,
                           0xff,
                           (uint8_t)marker,
                           0,
                           17,
                           8,
                           (uint8_t)(height >> 8),
                           (uint8_t)height,
                           (uint8_t)(width >> 8),
                           (uint8_t)width,
                           3,
                           1,
                           0x22,
                           0,
                           2,
                           0x11,
                           1,
                           3,
                           0x11,
                           1,
                           0xff,
                           0xda,
                           0,
                           12,
                           3,
                           1,
                           0,
                           2,
                           0x11,
                           3,
                           0x11,
                           0,
                           63,
                           0};
  memcpy(buf, bytes, sizeof bytes);
  return (peal_slice){(const char *)buf, sizeof bytes};
}

static void too_large_is_refused_before_a_byte_is_decoded(void **state) {
  static const struct {
    int marker;
    unsigned width, height;
    peal_err err;
    unsigned colours; /* of the scan; 0: all */
  } cases[] = {
      {0xc0, 640, 480, PEAL_OK, 0},
      {0xc1, 640, 480, PEAL_OK, 0},
      {0xc0, 65535, 65535, PEAL_ERR_TOO_LONG, 0},
      {0xc0, 65535, 1, PEAL_ERR_TOO_LONG, 0},
      {0xc0, 1, 65535, PEAL_ERR_TOO_LONG, 0},
      {0xc0, 4000, 4000, PEAL_ERR_TOO_LONG, 0},
      {0xc0, 3840, 2160, PEAL_OK, 0},
      {0xc2, 1280, 1024, PEAL_OK, 0},
      {0xc2, 1920, 1080, PEAL_ERR_TOO_LONG, 0}, // progressive
      {0xc0, 1280, 1024, PEAL_OK, 1},
      {0xc0, 1920, 1080, PEAL_ERR_TOO_LONG, 1}, // a colour at a time
      {0xc0, 1920, 1080, PEAL_ERR_TOO_LONG, 2},
      {0xc0, 640, 480, PEAL_ERR_OPTION, 4},
      {0xc0, 0, 480, PEAL_ERR_OPTION, 0},
      {0xc0, 640, 0, PEAL_ERR_OPTION, 0},
      {0xc3, 640, 480, PEAL_ERR_OPTION, 0}, // lossless
      {0xc9, 640, 480, PEAL_ERR_OPTION, 0}, // arithmetic
  };

  uint8_t buf[64];
  jpeg_head head;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    peal_slice jpeg =
        head_of(buf, cases[i].marker, cases[i].width, cases[i].height);
    if (cases[i].colours != 0)
      buf[jpeg.len - 10] = (uint8_t)cases[i].colours;
    assert_int_equal(jpeg_head_read(&head, jpeg), cases[i].err);
  }
}

/* Each shortening of it, and each byte of its head set to two other values. */
static void a_broken_picture_is_refused_or_grey_and_never_worse(void **state) {
  (void)state;
  peal_bytes *jpeg = halves(96, 64);
  peal_slice whole = peal_bytes_slice(jpeg);
  jpeg_decoder *d = jpeg_decoder_new();
  jpeg_small small;
  for (size_t len = 0; len < whole.len; len++) {
    char *cut = malloc(len + 1);
    assert_non_null(cut);
    memcpy(cut, whole.ptr, len);
    peal_err err = jpeg_decoder_small(d, &small, (peal_slice){cut, len});
    assert_true(err == PEAL_OK || err == PEAL_ERR_OPTION);
    free(cut);
  }
  char *copy = malloc(whole.len);
  assert_non_null(copy);
  for (size_t i = 0; i < 1400 && i < whole.len * 2; i++) {
    memcpy(copy, whole.ptr, whole.len);
    copy[i / 2] = (char)(i % 2 ? copy[i / 2] ^ 0x41 : 0xff);
    peal_err err = jpeg_decoder_small(d, &small, (peal_slice){copy, whole.len});
    assert_true(err == PEAL_OK || err == PEAL_ERR_OPTION ||
                err == PEAL_ERR_TOO_LONG);
  }
  free(copy);
  jpeg_decoder_free(d);
  peal_bytes_unref(jpeg);
}

/* As a camera leaves its tables out. */
static peal_bytes *without_tables(peal_slice jpeg) {
  char *out = malloc(jpeg.len);
  const uint8_t *p = (const uint8_t *)jpeg.ptr;
  size_t len = 2, at = 2;
  assert_non_null(out);
  memcpy(out, jpeg.ptr, 2);
  while (p[at + 1] != 0xda) {
    size_t segment = 2 + (size_t)(p[at + 2] << 8 | p[at + 3]);
    if (p[at + 1] != 0xc4) {
      memcpy(out + len, p + at, segment);
      len += segment;
    }
    at += segment;
  }
  memcpy(out + len, p + at, jpeg.len - at);
  peal_bytes *bytes = peal_bytes_new((peal_slice){out, len + jpeg.len - at});
  free(out);
  return bytes;
}

static void tables_that_a_camera_left_out_are_put_in(void **state) {
  jpeg_head head;
  jpeg_small small;
  (void)state;
  peal_bytes *jpeg = halves(128, 96);
  peal_bytes *bare = without_tables(peal_bytes_slice(jpeg));
  assert_int_equal(jpeg_head_read(&head, peal_bytes_slice(bare)), PEAL_OK);
  assert_false(head.tables);
  peal_bytes *whole = jpeg_with_tables(peal_bytes_slice(bare));
  assert_non_null(whole);
  assert_int_equal(peal_bytes_slice(whole).len, peal_bytes_slice(jpeg).len);
  assert_int_equal(jpeg_head_read(&head, peal_bytes_slice(whole)), PEAL_OK);
  assert_true(head.tables);
  jpeg_decoder *d = jpeg_decoder_new();
  assert_int_equal(jpeg_decoder_small(d, &small, peal_bytes_slice(whole)),
                   PEAL_OK);
  assert_true(near_to(small.rgb + 6, 160, 20, 20));
  assert_null(jpeg_with_tables(PEAL_S("no picture")));
  jpeg_decoder_free(d);
  peal_bytes_unref(whole);
  peal_bytes_unref(bare);
  peal_bytes_unref(jpeg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_head_says_how_large_it_is),
      cmocka_unit_test(a_picture_is_reduced_until_it_is_small),
      cmocka_unit_test(too_large_is_refused_before_a_byte_is_decoded),
      cmocka_unit_test(a_broken_picture_is_refused_or_grey_and_never_worse),
      cmocka_unit_test(tables_that_a_camera_left_out_are_put_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
