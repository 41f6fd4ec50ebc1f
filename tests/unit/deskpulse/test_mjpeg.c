/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jpeg.h"
#include "mjpeg.h"

static char stream[300000];
static size_t stream_len;

static void add(peal_slice bytes) {
  memcpy(stream + stream_len, bytes.ptr, bytes.len);
  stream_len += bytes.len;
}

/* A picture with a tone of its own and bytes FF in its data. */
static peal_bytes *picture(int tone) {
  static uint8_t rgb[64 * 48 * 3];
  for (size_t i = 0; i < sizeof rgb; i++)
    rgb[i] = (uint8_t)(tone + (int)(i * i % 97));
  peal_bytes *jpeg = jpeg_encode(rgb, 64, 48, 95);
  assert_non_null(jpeg);
  return jpeg;
}

/* Feed the stream in pieces of `step`; the pictures must be `expected`. */
static void must_give(size_t step, peal_bytes *const *expected, size_t count) {
  mjpeg m = {0};
  peal_slice got;
  size_t found = 0;
  for (size_t at = 0; at < stream_len; at += step) {
    size_t len = stream_len - at < step ? stream_len - at : step;
    assert_int_equal(mjpeg_feed(&m, (peal_slice){stream + at, len}), PEAL_OK);
    while (mjpeg_next(&m, &got)) {
      assert_true(found < count);
      assert_true(peal_slice_eq(got, peal_bytes_slice(expected[found])));
      found++;
    }
  }
  assert_int_equal(found, count);
  mjpeg_deinit(&m);
}

static void must_give_however_cut(peal_bytes *const *expected, size_t count) {
  must_give(stream_len, expected, count);
  must_give(1, expected, count);
  for (size_t step = 2; step < 3000; step = step * 2 + 1)
    must_give(step, expected, count);
}

static void pictures_one_behind_the_other_are_told_apart(void **state) {
  peal_bytes *three[3] = {picture(10), picture(80), picture(150)};
  (void)state;
  stream_len = 0;
  for (int i = 0; i < 3; i++)
    add(peal_bytes_slice(three[i]));
  must_give_however_cut(three, 3);
  for (int i = 0; i < 3; i++)
    peal_bytes_unref(three[i]);
}

static void what_stands_between_them_is_left_out(void **state) {
  peal_bytes *two[2] = {picture(10), picture(80)};
  (void)state;
  stream_len = 0;
  for (int i = 0; i < 2; i++) {
    add(PEAL_S("--frame\r\nContent-Type: image/jpeg\r\n\r\n"));
    add(peal_bytes_slice(two[i]));
    add(PEAL_S("\r\n\xff"));
  }
  must_give_however_cut(two, 2);
  peal_bytes_unref(two[0]);
  peal_bytes_unref(two[1]);
}

/* A preview in a segment of its own has an end of its own. */
static void a_preview_inside_is_not_the_end(void **state) {
  peal_bytes *inner = picture(10), *outer = picture(80);
  (void)state;
  stream_len = 0;
  peal_slice small = peal_bytes_slice(inner), large = peal_bytes_slice(outer);
  add((peal_slice){large.ptr, 2});
  const char head[4] = {'\xff', '\xe1', (char)((small.len + 2) >> 8),
                        (char)((small.len + 2) & 255)};
  add((peal_slice){head, 4});
  add(small);
  add((peal_slice){large.ptr + 2, large.len - 2});
  peal_bytes *both = peal_bytes_new((peal_slice){stream, stream_len});
  must_give_however_cut(&both, 1);
  peal_bytes_unref(both);
  peal_bytes_unref(inner);
  peal_bytes_unref(outer);
}

static void a_picture_that_breaks_off_costs_only_itself(void **state) {
  peal_bytes *fine = picture(10);
  (void)state;
  stream_len = 0;
  peal_slice whole = peal_bytes_slice(fine);
  add((peal_slice){whole.ptr, whole.len / 2});
  add(whole);
  add(whole);
  mjpeg m = {0};
  peal_slice got;
  size_t found = 0;
  assert_int_equal(mjpeg_feed(&m, (peal_slice){stream, stream_len}), PEAL_OK);
  while (mjpeg_next(&m, &got))
    found += peal_slice_eq(got, whole);
  assert_true(found >= 1);
  assert_true(m.spoilt >= 1);
  mjpeg_deinit(&m);
  peal_bytes_unref(fine);
}

/* A picture without an end is given up at the ceiling. */
static void memory_has_a_ceiling(void **state) {
  peal_bytes *fine = picture(10);
  peal_slice whole = peal_bytes_slice(fine), got;
  mjpeg m = {0};
  (void)state;
  memset(stream, 0x55, sizeof stream);
  assert_int_equal(mjpeg_feed(&m, (peal_slice){whole.ptr, whole.len - 2}),
                   PEAL_OK);
  for (size_t fed = 0; fed < 4 * (size_t)MJPEG_MAX_PICTURE;
       fed += sizeof stream) {
    assert_int_equal(mjpeg_feed(&m, (peal_slice){stream, sizeof stream}),
                     PEAL_OK);
    assert_false(mjpeg_next(&m, &got));
    assert_true(m.cap <= 2 * MJPEG_MAX_PICTURE);
  }
  assert_int_equal(m.spoilt, 1);
  assert_int_equal(mjpeg_feed(&m, whole), PEAL_OK);
  assert_true(mjpeg_next(&m, &got));
  assert_true(peal_slice_eq(got, whole));
  mjpeg_deinit(&m);
  peal_bytes_unref(fine);
}

/* Beginnings without end cost time in proportion to their number only. */
/* Each beginning leads through the segments of all that follow. */
static void many_beginnings_that_lead_far_are_linear(void **state) {
  static const uint8_t unit[8] = {0xff, 0xd8, 0xff, 0xe0, 0, 6, 1, 1};
  mjpeg m = {0};
  peal_slice picture;
  uint8_t chunk[65536];
  (void)state;
  for (size_t i = 0; i < sizeof chunk; i++)
    chunk[i] = unit[i % sizeof unit];
  // without a limit this takes minutes
  for (size_t fed = 0; fed < 2 * (size_t)MJPEG_MAX_PICTURE;
       fed += sizeof chunk) {
    assert_int_equal(mjpeg_feed(&m, (peal_slice){(char *)chunk, sizeof chunk}),
                     PEAL_OK);
    assert_false(mjpeg_next(&m, &picture));
  }
  assert_true(m.spoilt < 1000);
  // not deeper into what has not come yet than a segment is long
  assert_true(m.from < m.len + 65536);
  mjpeg_deinit(&m);
}

static void many_beginnings_are_linear(void **state) {
  mjpeg m = {0};
  peal_slice got;
  (void)state;
  for (size_t i = 0; i < sizeof stream; i++)
    stream[i] = "\xff\xd8\xff\xd8"[i % 4];
  for (int i = 0; i < 4; i++) {
    assert_int_equal(mjpeg_feed(&m, (peal_slice){stream, 60000}), PEAL_OK);
    while (mjpeg_next(&m, &got))
      fail();
  }
  assert_true(m.spoilt > 1000 && m.len - m.from < 8);
  mjpeg_deinit(&m);
}

/* Beginnings that hide in the first segment of one, each with a segment that
 * leads to the same scan without an end: none is read again for another. */
static void beginnings_within_one_that_is_too_long_are_not_held(void **state) {
  static const char start[] = "\xff\xd8\xff\xe0\xff\xff";
  static const char scan[] = "\xff\xda\x00\x02\x00\x00";
  mjpeg m = {0};
  peal_slice got;
  (void)state;
  const size_t starts = 6 * (65536 / 6);
  memset(stream, 0, sizeof stream);
  for (size_t i = 0; i < starts; i++)
    stream[i] = start[i % 6];
  for (size_t i = 0; i < starts; i++)
    stream[starts + 1 + i] = scan[i % 6];
  for (int i = 0; i < 60; i++) {
    assert_int_equal(mjpeg_feed(&m, (peal_slice){stream, sizeof stream}),
                     PEAL_OK);
    while (mjpeg_next(&m, &got))
      fail();
    assert_true(m.len <= MJPEG_MAX_PICTURE + sizeof stream);
    memset(stream, 0, sizeof stream);
  }
  assert_true(m.spoilt >= 1 && m.len - m.from < 8);
  mjpeg_deinit(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pictures_one_behind_the_other_are_told_apart),
      cmocka_unit_test(what_stands_between_them_is_left_out),
      cmocka_unit_test(a_preview_inside_is_not_the_end),
      cmocka_unit_test(a_picture_that_breaks_off_costs_only_itself),
      cmocka_unit_test(memory_has_a_ceiling),
      cmocka_unit_test(many_beginnings_that_lead_far_are_linear),
      cmocka_unit_test(many_beginnings_are_linear),
      cmocka_unit_test(beginnings_within_one_that_is_too_long_are_not_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
