/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>
#include <turbojpeg.h>

#include "picture.h"
#include "picture_decode.h"

/* ---- making pictures ------------------------------------------------ */

typedef struct canvas {
  uint8_t *rgb;
  int width, height;
} canvas;

typedef struct file {
  uint8_t *bytes;
  size_t len;
} file;

static canvas canvas_new(int width, int height, uint8_t red, uint8_t green,
                         uint8_t blue) {
  canvas c = {malloc((size_t)width * (size_t)height * 3), width, height};
  assert_non_null(c.rgb);
  for (int i = 0; i < width * height; i++) {
    c.rgb[3 * i] = red;
    c.rgb[3 * i + 1] = green;
    c.rgb[3 * i + 2] = blue;
  }
  return c;
}

static void fill(canvas *c, int left, int top, int right, int bottom,
                 uint8_t red, uint8_t green, uint8_t blue) {
  for (int y = top; y < bottom; y++)
    for (int x = left; x < right; x++) {
      uint8_t *p = c->rgb + 3 * (y * c->width + x);
      p[0] = red;
      p[1] = green;
      p[2] = blue;
    }
}

static file jpeg_of(const canvas *c, int flags) {
  tjhandle tj = tjInitCompress();
  assert_non_null(tj);
  unsigned char *bytes = NULL;
  unsigned long len = 0;
  assert_int_equal(tjCompress2(tj, c->rgb, c->width, 0, c->height, TJPF_RGB,
                               &bytes, &len, TJSAMP_420, 90, flags),
                   0);
  file f = {malloc(len), len};
  assert_non_null(f.bytes);
  memcpy(f.bytes, bytes, len);
  tjFree(bytes);
  tjDestroy(tj);
  return f;
}

static file png_of(const canvas *c) {
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)c->width,
                     .height = (png_uint_32)c->height,
                     .format = PNG_FORMAT_RGB};
  png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);
  file f = {malloc(len), 0};
  assert_non_null(f.bytes);
  assert_true(
      png_image_write_to_memory(&image, f.bytes, &len, 0, c->rgb, 0, NULL));
  f.len = len;
  return f;
}

/* Sky over grass with a dark tree. */
static canvas scene_new(int tree) {
  canvas c = canvas_new(320, 240, 110, 160, 240);
  fill(&c, 0, 130, 320, 240, 60, 170, 50);
  fill(&c, tree, 40, tree + 60, 200, 30, 20, 10);
  return c;
}

static file scene_jpeg(int tree) {
  canvas c = scene_new(tree);
  file f = jpeg_of(&c, 0);
  free(c.rgb);
  return f;
}

static void measure(picture_measures *m, const canvas *c,
                    const picture_thumb *previous) {
  file f = png_of(c);
  assert_int_equal(picture_measure(m, f.bytes, f.len, previous), PICTURE_OK);
  free(f.bytes);
}

/* ---- heads ---------------------------------------------------------- */

static void finds_type_and_size_by_content(void **state) {
  (void)state;
  canvas c = canvas_new(33, 17, 1, 2, 3);
  file jpeg = jpeg_of(&c, 0), progressive = jpeg_of(&c, TJFLAG_PROGRESSIVE);
  file png = png_of(&c);
  picture_head head;
  assert_int_equal(picture_head_read(&head, jpeg.bytes, jpeg.len), PICTURE_OK);
  assert_int_equal(head.type, PICTURE_JPEG);
  assert_int_equal(head.width, 33);
  assert_int_equal(head.height, 17);
  assert_false(head.progressive);
  assert_int_equal(picture_head_read(&head, progressive.bytes, progressive.len),
                   PICTURE_OK);
  assert_true(head.progressive);
  assert_int_equal(picture_head_read(&head, png.bytes, png.len), PICTURE_OK);
  assert_int_equal(head.type, PICTURE_PNG);
  assert_int_equal(head.width, 33);
  assert_int_equal(head.height, 17);
  assert_string_equal(picture_type_mime(PICTURE_PNG), "image/png");
  assert_string_equal(picture_type_extension(PICTURE_JPEG), "jpg");
  free(c.rgb);
  free(jpeg.bytes);
  free(progressive.bytes);
  free(png.bytes);
}

static void refuses_other_types(void **state) {
  (void)state;
  picture_head head = {.width = 9};
  const char gif[] = "GIF89a\1\0\1\0";
  assert_int_equal(picture_head_read(&head, gif, sizeof gif), PICTURE_ERR_TYPE);
  assert_int_equal(head.width, 0);
  assert_int_equal(picture_head_read(&head, "", 0), PICTURE_ERR_TYPE);
  assert_int_equal(picture_head_read(&head, "<svg/>", 6), PICTURE_ERR_TYPE);
}

static size_t find_marker(const file *f, uint8_t marker) {
  for (size_t i = 0; i + 1 < f->len; i++)
    if (f->bytes[i] == 0xFF && f->bytes[i + 1] == marker)
      return i;
  fail_msg("no marker %02x", marker);
  return 0;
}

static void refuses_jpeg_bombs_and_no_size(void **state) {
  (void)state;
  file f = scene_jpeg(10);
  size_t at = find_marker(&f, 0xC0);
  picture_head head;
  f.bytes[at + 5] = 0x20; // 8192 + 240 rows
  assert_int_equal(picture_head_read(&head, f.bytes, f.len), PICTURE_ERR_SIZE);
  f.bytes[at + 5] = f.bytes[at + 6] = 0;
  assert_int_equal(picture_head_read(&head, f.bytes, f.len), PICTURE_ERR_SIZE);
  free(f.bytes);
}

static void refuses_png_bombs_and_wrong_forms(void **state) {
  (void)state;
  canvas c = canvas_new(4, 4, 0, 0, 0);
  file f = png_of(&c);
  picture_head head;
  f.bytes[18] = 0x20; // 8196 columns
  assert_int_equal(picture_head_read(&head, f.bytes, f.len), PICTURE_ERR_SIZE);
  f.bytes[16] = 0xFF;
  assert_int_equal(picture_head_read(&head, f.bytes, f.len), PICTURE_ERR_SIZE);
  f.bytes[24] = 3; // no such depth
  assert_int_equal(picture_head_read(&head, f.bytes, f.len), PICTURE_ERR_FORM);
  f.bytes[12] = 'X';
  assert_int_equal(picture_head_read(&head, f.bytes, f.len),
                   PICTURE_ERR_HEADER);
  free(c.rgb);
  free(f.bytes);
}

static void refuses_forms_of_jpeg_that_no_browser_shows(void **state) {
  (void)state;
  file f = scene_jpeg(10);
  size_t at = find_marker(&f, 0xC0);
  picture_head head;
  f.bytes[at + 1] = 0xC9; // arithmetic coding
  assert_int_equal(picture_head_read(&head, f.bytes, f.len), PICTURE_ERR_FORM);
  f.bytes[at + 1] = 0xDA; // a scan before the frame
  assert_int_equal(picture_head_read(&head, f.bytes, f.len),
                   PICTURE_ERR_HEADER);
  f.bytes[at + 1] = 0xC0;
  f.bytes[at + 9] = 2; // components
  assert_int_equal(picture_head_read(&head, f.bytes, f.len),
                   PICTURE_ERR_HEADER);
  free(f.bytes);
}

/* ---- measures ------------------------------------------------------- */

static void tells_dark_from_bright(void **state) {
  (void)state;
  canvas dark = canvas_new(64, 64, 10, 10, 10);
  canvas bright = canvas_new(64, 64, 250, 250, 250);
  picture_measures m;
  measure(&m, &dark, NULL);
  assert_int_equal((int)m.brightness, 10);
  assert_string_equal(m.colours[0].name, "black");
  assert_int_equal(m.colours[0].percent, 100);
  assert_int_equal((int)m.contrast, 0);
  measure(&m, &bright, NULL);
  assert_int_equal((int)m.brightness, 250);
  assert_string_equal(m.colours[0].name, "white");
  free(dark.rgb);
  free(bright.rgb);
}

static void names_colours(void **state) {
  (void)state;

  const struct {
    uint8_t red, green, blue;
    const char *name;
  } cases[] = {
      {220, 20, 20, "red"},   {250, 140, 20, "orange"},
      {120, 70, 20, "brown"}, {240, 230, 20, "yellow"},
      {30, 180, 40, "green"}, {30, 210, 220, "cyan"},
      {40, 90, 230, "blue"},  {140, 40, 220, "purple"},
      {240, 60, 180, "pink"}, {120, 122, 121, "grey"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    canvas c = canvas_new(8, 8, cases[i].red, cases[i].green, cases[i].blue);
    picture_measures m;
    measure(&m, &c, NULL);
    assert_int_equal(m.colour_count, 1);
    assert_string_equal(m.colours[0].name, cases[i].name);
    free(c.rgb);
  }
}

static void blur_lowers_sharpness(void **state) {
  (void)state;
  canvas crisp = canvas_new(256, 256, 0, 0, 0);
  canvas soft = canvas_new(256, 256, 0, 0, 0);
  for (int x = 0; x < 256; x++) {
    uint8_t hard = x / 8 % 2 == 0 ? 40 : 200;
    uint8_t ramp = (uint8_t)x;
    fill(&crisp, x, 0, x + 1, 256, hard, hard, hard);
    fill(&soft, x, 0, x + 1, 256, ramp, ramp, ramp);
  }
  picture_measures a, b;
  measure(&a, &crisp, NULL);
  measure(&b, &soft, NULL);
  assert_true(a.sharpness > 1000);
  assert_true(b.sharpness < 5);
  free(crisp.rgb);
  free(soft.rgb);
}

static void measures_change_against_the_picture_before(void **state) {
  (void)state;
  canvas c = canvas_new(160, 160, 200, 200, 200);
  picture_measures first, same, changed;
  measure(&first, &c, NULL);
  assert_true(first.change_percent < 0);
  measure(&same, &c, &first.thumb);
  assert_true(same.change_percent == 0);
  fill(&c, 0, 0, 80, 80, 0, 0, 0); // one quarter
  measure(&changed, &c, &first.thumb);
  assert_int_equal((int)changed.change_percent, 25);
  free(c.rgb);
}

static void small_and_thin_pictures_are_measured(void **state) {
  (void)state;
  const int sizes[][2] = {{1, 1}, {2, 3}, {1, 2000}, {2000, 1}, {3, 1024}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    canvas c = canvas_new(sizes[i][0], sizes[i][1], 200, 30, 30);
    file jpeg = jpeg_of(&c, 0);
    picture_measures m;
    measure(&m, &c, NULL);
    assert_string_equal(m.colours[0].name, "red");
    assert_int_equal(picture_measure(&m, jpeg.bytes, jpeg.len, NULL),
                     PICTURE_OK);
    free(jpeg.bytes);
    free(c.rgb);
  }
}

static void a_cut_jpeg_is_measured_and_called_damaged(void **state) {
  (void)state;
  file f = scene_jpeg(60);
  picture_measures m;
  assert_int_equal(picture_measure(&m, f.bytes, f.len * 2 / 3, NULL),
                   PICTURE_OK);
  assert_true(m.damaged);
  assert_int_equal(picture_measure(&m, f.bytes, f.len, NULL), PICTURE_OK);
  assert_false(m.damaged);
  free(f.bytes);
}

static void a_large_jpeg_is_measured_in_small(void **state) {
  (void)state;
  canvas c = canvas_new(5000, 4000, 30, 180, 40);
  file plain = jpeg_of(&c, 0), progressive = jpeg_of(&c, TJFLAG_PROGRESSIVE);
  picture_measures m;
  assert_int_equal(picture_measure(&m, plain.bytes, plain.len, NULL),
                   PICTURE_OK);
  assert_string_equal(m.colours[0].name, "green");
  assert_int_equal(
      picture_measure(&m, progressive.bytes, progressive.len, NULL),
      PICTURE_ERR_PIXELS);
  assert_int_equal(m.head.width, 5000);
  // one whose first scan is of one colour is held whole, too
  for (size_t at = 0; at + 5 < plain.len; at++)
    if (plain.bytes[at] == 0xFF && plain.bytes[at + 1] == 0xDA)
      plain.bytes[at + 4] = 1;
  assert_int_equal(picture_measure(&m, plain.bytes, plain.len, NULL),
                   PICTURE_ERR_PIXELS);
  free(c.rgb);
  free(plain.bytes);
  free(progressive.bytes);
}

/* ---- captions ------------------------------------------------------- */

static void the_caption_says_what_was_measured(void **state) {
  (void)state;
  file one = scene_jpeg(40), two = scene_jpeg(200);
  picture_measures a, b;
  char caption[PICTURE_CAPTION_BYTES];
  assert_int_equal(picture_measure(&a, one.bytes, one.len, NULL), PICTURE_OK);
  picture_caption_write(caption, sizeof caption, &a, PICTURE_OK);
  assert_string_equal(caption,
                      "320x240, evenly lit, mostly blue and green, sharp");
  assert_int_equal(picture_measure(&b, two.bytes, two.len, &a.thumb),
                   PICTURE_OK);
  size_t len = picture_caption_write(caption, sizeof caption, &b, PICTURE_OK);
  assert_int_equal(len, strlen(caption));
  assert_non_null(strstr(caption, " % changed since the last picture"));
  free(one.bytes);
  free(two.bytes);
}

static void the_caption_says_what_is_not_known(void **state) {
  (void)state;
  char caption[PICTURE_CAPTION_BYTES];
  picture_measures m = {.head = {PICTURE_PNG, 8000, 6000, false}};
  picture_caption_write(caption, sizeof caption, &m, PICTURE_ERR_PIXELS);
  assert_string_equal(caption, "8000x6000, content not measured: too many "
                               "pixels to measure");
  picture_caption_write(caption, sizeof caption, &(picture_measures){0},
                        PICTURE_ERR_TYPE);
  assert_string_equal(caption, "not measured: expected a jpeg or png picture");
}

static void the_caption_stays_in_its_buffer(void **state) {
  (void)state;
  file f = scene_jpeg(40);
  picture_measures m;
  assert_int_equal(picture_measure(&m, f.bytes, f.len, NULL), PICTURE_OK);
  for (size_t cap = 0; cap < 60; cap++) {
    char *caption = malloc(cap > 0 ? cap : 1);
    assert_non_null(caption);
    size_t len = picture_caption_write(caption, cap, &m, PICTURE_OK);
    assert_true(len == 0 || len < cap);
    free(caption);
  }
  free(f.bytes);
}

/* ---- hostile input -------------------------------------------------- */

static uint32_t dice_next(uint32_t *dice) {
  *dice = *dice * 1664525u + 1013904223u;
  return *dice >> 8;
}

/* Exactly as long as they are, so that a sanitizer sees each step past the
 * end. */
static void measure_copy(const uint8_t *bytes, size_t len) {
  uint8_t *copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, len);
  picture_measures m;
  picture_err err = picture_measure(&m, copy, len, NULL);
  char caption[PICTURE_CAPTION_BYTES];
  size_t written = picture_caption_write(caption, sizeof caption, &m, err);
  assert_true(written > 0 && written < sizeof caption - 1);
  free(copy);
}

static void torment(const file *f, uint32_t dice, int rounds) {
  for (size_t len = 0; len < f->len; len += len < 700 ? 1 : 97)
    measure_copy(f->bytes, len);
  uint8_t *bad = malloc(f->len);
  assert_non_null(bad);
  for (int round = 0; round < rounds; round++) {
    memcpy(bad, f->bytes, f->len);
    // headers are short: half of the rounds break only them
    size_t reach = round % 2 == 0 && f->len > 700 ? 700 : f->len;
    for (uint32_t flips = dice_next(&dice) % 5 + 1; flips > 0; flips--)
      bad[dice_next(&dice) % reach] ^= (uint8_t)(1u << dice_next(&dice) % 8);
    size_t cut = dice_next(&dice) % 4 == 0 ? dice_next(&dice) % f->len : f->len;
    measure_copy(bad, cut);
  }
  free(bad);
}

static void survives_cut_and_flipped_files(void **state) {
  (void)state;
  canvas c = canvas_new(64, 48, 110, 160, 240);
  fill(&c, 0, 20, 64, 48, 60, 170, 50);
  for (int i = 0; i < 64 * 48 * 3; i++)
    c.rgb[i] = (uint8_t)(c.rgb[i] + i * i % 13);
  file files[] = {jpeg_of(&c, 0), jpeg_of(&c, TJFLAG_PROGRESSIVE), png_of(&c)};
  for (size_t i = 0; i < 3; i++) {
    torment(&files[i], 11 + (uint32_t)i, 700);
    free(files[i].bytes);
  }
  free(c.rgb);
}

static void survives_noise_behind_each_signature(void **state) {
  (void)state;
  const uint8_t starts[][8] = {{0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0},
                               {0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F'},
                               {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}};
  uint32_t dice = 3;
  for (int round = 0; round < 3000; round++) {
    uint8_t noise[200];
    for (size_t i = 0; i < sizeof noise; i++)
      noise[i] = (uint8_t)dice_next(&dice);
    memcpy(noise, starts[round % 3], 8);
    measure_copy(noise, dice_next(&dice) % sizeof noise);
  }
}

/* ---- small pictures ------------------------------------------------- */

/* Its longer side; 0: refused. */
static uint32_t small_side(file f, picture_err wanted) {
  uint8_t *small;
  size_t len;
  picture_head head = {0};
  assert_int_equal(picture_decode_small(&small, &len, f.bytes, f.len), wanted);
  if (wanted == PICTURE_OK) {
    assert_int_equal(picture_head_read(&head, small, len), PICTURE_OK);
    assert_int_equal(head.type, PICTURE_JPEG);
    assert_true(len < 65536);
  } else {
    assert_null(small);
  }
  free(small);
  free(f.bytes);
  return head.width > head.height ? head.width : head.height;
}

static void a_small_picture_has_few_pixels_whatever_the_size(void **state) {
  (void)state;
  const int sides[] = {1, 200, 511, 512, 1023, 2049, 4000};
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    canvas c = canvas_new(sides[i], 1 + sides[i] / 3, 10, 200, 30);
    uint32_t of_jpeg = small_side(jpeg_of(&c, 0), PICTURE_OK);
    uint32_t of_png = small_side(png_of(&c), PICTURE_OK);
    assert_in_range(of_jpeg, sides[i] < 256 ? sides[i] : 256, 511);
    assert_in_range(of_png, sides[i] < 256 ? sides[i] : 256, 511);
    free(c.rgb);
  }
}

static void no_small_picture_is_made_of_what_is_none(void **state) {
  (void)state;
  file f = scene_jpeg(10);
  f.len = 12;
  small_side(f, PICTURE_ERR_TRUNCATED);
  canvas c = canvas_new(64, 48, 1, 2, 3);
  f = png_of(&c);
  memset(f.bytes + 41, 0xFF, 8);
  small_side(f, PICTURE_ERR_DECODE);
  free(c.rgb);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_type_and_size_by_content),
      cmocka_unit_test(refuses_other_types),
      cmocka_unit_test(refuses_jpeg_bombs_and_no_size),
      cmocka_unit_test(refuses_png_bombs_and_wrong_forms),
      cmocka_unit_test(refuses_forms_of_jpeg_that_no_browser_shows),
      cmocka_unit_test(tells_dark_from_bright),
      cmocka_unit_test(names_colours),
      cmocka_unit_test(blur_lowers_sharpness),
      cmocka_unit_test(measures_change_against_the_picture_before),
      cmocka_unit_test(small_and_thin_pictures_are_measured),
      cmocka_unit_test(a_cut_jpeg_is_measured_and_called_damaged),
      cmocka_unit_test(a_large_jpeg_is_measured_in_small),
      cmocka_unit_test(the_caption_says_what_was_measured),
      cmocka_unit_test(the_caption_says_what_is_not_known),
      cmocka_unit_test(the_caption_stays_in_its_buffer),
      cmocka_unit_test(a_small_picture_has_few_pixels_whatever_the_size),
      cmocka_unit_test(no_small_picture_is_made_of_what_is_none),
      cmocka_unit_test(survives_cut_and_flipped_files),
      cmocka_unit_test(survives_noise_behind_each_signature),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
