/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio.h"

/* A file under construction. */
typedef struct wav {
  uint8_t bytes[4096];
  size_t len;
} wav;

static void put(wav *w, const void *bytes, size_t len) {
  memcpy(w->bytes + w->len, bytes, len);
  w->len += len;
}

static void put_number(wav *w, uint32_t value, size_t width) {
  for (size_t i = 0; i < width; i++)
    w->bytes[w->len++] = (uint8_t)(value >> (8 * i));
}

static void put_chunk(wav *w, const char *id, uint32_t size) {
  put(w, id, 4);
  put_number(w, size, 4);
}

static void put_fmt(wav *w, uint32_t rate, uint32_t channels, uint32_t bits) {
  uint32_t block = channels * bits / 8;
  put_chunk(w, "fmt ", 16);
  put_number(w, 1, 2);
  put_number(w, channels, 2);
  put_number(w, rate, 4);
  put_number(w, rate * block, 4);
  put_number(w, block, 2);
  put_number(w, bits, 2);
}

static void begin(wav *w) {
  w->len = 0;
  put_chunk(w, "RIFF", 0);
  put(w, "WAVE", 4);
}

static void finish(wav *w) {
  uint32_t size = (uint32_t)w->len - 8;
  for (size_t i = 0; i < 4; i++)
    w->bytes[4 + i] = (uint8_t)(size >> (8 * i));
}

static void assert_near(double got, double wanted, double within) {
  if (fabs(got - wanted) > within)
    fail_msg("expected %g, got %g", wanted, got);
}

static audio_err measure(audio_info *info, const wav *w) {
  return audio_measure_wav(info, w->bytes, w->len);
}

static void reads_a_16_bit_stereo_file(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_fmt(&w, 16000, 2, 16);
  put_chunk(&w, "data", 64 * 4);
  for (int i = 0; i < 64; i++) {
    put_number(&w, 0x4000, 2);
    put_number(&w, 0xC000, 2);
  }
  finish(&w);
  audio_info info;
  assert_int_equal(measure(&info, &w), AUDIO_OK);
  assert_int_equal(info.sample_rate, 16000);
  assert_int_equal(info.channels, 2);
  assert_int_equal(info.bits, 16);
  assert_int_equal(info.duration_ms, 4);
  assert_int_equal(info.data_pos, 44);
  assert_int_equal(info.data_bytes, 256);
  assert_near(info.rms_db, -6.02, 0.01);
  assert_near(info.peak_db, -6.02, 0.01);
}

static void reads_8_bit_samples_as_unsigned(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_fmt(&w, 8000, 1, 8);
  put_chunk(&w, "data", 80);
  for (int i = 0; i < 80; i++)
    put_number(&w, 128, 1);
  finish(&w);
  audio_info info;
  assert_int_equal(measure(&info, &w), AUDIO_OK);
  assert_int_equal(info.duration_ms, 10);
  assert_near(info.rms_db, AUDIO_FLOOR_DB, 0);
  assert_near(info.peak_db, AUDIO_FLOOR_DB, 0);
}

static void measures_a_full_scale_sine_at_minus_3_db(void **state) {
  (void)state;
  static uint8_t pcm[32000];
  for (size_t i = 0; i < sizeof pcm / 2; i++) {
    int value = (int)(32767 * sin((double)i * 2 * 3.14159265358979 / 40));
    pcm[2 * i] = (uint8_t)value;
    pcm[2 * i + 1] = (uint8_t)(value >> 8);
  }
  audio_info info;
  assert_int_equal(audio_measure_pcm(&info, pcm, sizeof pcm, 16000), AUDIO_OK);
  assert_int_equal(info.duration_ms, 1000);
  assert_near(info.rms_db, -3.01, 0.01);
  assert_near(info.peak_db, 0, 0.01);
}

static void the_lowest_sample_is_full_scale(void **state) {
  (void)state;
  const uint8_t pcm[] = {0x00, 0x80, 0x00, 0x80};
  audio_info info;
  assert_int_equal(audio_measure_pcm(&info, pcm, sizeof pcm, 8000), AUDIO_OK);
  assert_near(info.peak_db, 0, 0);
}

static void skips_other_chunks_and_their_odd_padding(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_chunk(&w, "LIST", 3);
  put(&w, "abc\0", 4);
  put_fmt(&w, 16000, 1, 16);
  put_chunk(&w, "fact", 4);
  put_number(&w, 2, 4);
  put_chunk(&w, "data", 4);
  put(&w, "\1\0\2\0", 4);
  finish(&w);
  audio_info info;
  assert_int_equal(measure(&info, &w), AUDIO_OK);
  assert_int_equal(info.data_bytes, 4);
}

static void accepts_sizes_that_a_streaming_recorder_left_open(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_fmt(&w, 16000, 1, 16);
  put_chunk(&w, "data", UINT32_MAX);
  put(&w, "\1\0\2\0", 4);
  audio_info info;
  assert_int_equal(measure(&info, &w), AUDIO_OK);
  assert_int_equal(info.data_bytes, 4);
}

static void accepts_the_extensible_form_of_pcm(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_fmt(&w, 16000, 1, 16);
  w.bytes[16] = 40;
  w.bytes[20] = 0xFE;
  w.bytes[21] = 0xFF;
  put_number(&w, 22, 2);
  put_number(&w, 16, 2);
  put_number(&w, 4, 4);
  put(&w, "\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71",
      16);
  put_chunk(&w, "data", 2);
  put(&w, "\1\0", 2);
  finish(&w);
  audio_info info;
  assert_int_equal(measure(&info, &w), AUDIO_OK);
  w.bytes[44] = 3; // the sub-format of floating point
  assert_int_equal(measure(&info, &w), AUDIO_ERR_FORMAT);
}

static void refuses_what_is_no_wav(void **state) {
  (void)state;
  audio_info info;
  assert_int_equal(audio_measure_wav(&info, "", 0), AUDIO_ERR_TYPE);
  assert_int_equal(audio_measure_wav(&info, "RIFF\4\0\0\0AVI ", 12),
                   AUDIO_ERR_TYPE);
  assert_int_equal(audio_measure_wav(&info, "RIFF\4\0\0\0WAVE", 12),
                   AUDIO_ERR_CHUNKS);
  assert_false(audio_is_wav("RIFF\4\0\0\0WAV", 11));
}

static void refuses_a_data_chunk_past_the_end(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_fmt(&w, 16000, 1, 16);
  put_chunk(&w, "data", 100);
  put(&w, "\1\0", 2);
  finish(&w);
  audio_info info = {.channels = 9};
  assert_int_equal(measure(&info, &w), AUDIO_ERR_TRUNCATED);
  assert_int_equal(info.channels, 0);
}

static void refuses_a_riff_size_past_the_end(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_fmt(&w, 16000, 1, 16);
  put_chunk(&w, "data", 2);
  put(&w, "\1\0", 2);
  finish(&w);
  w.bytes[4]++;
  audio_info info;
  assert_int_equal(measure(&info, &w), AUDIO_ERR_TRUNCATED);
}

static void refuses_a_format_that_contradicts_itself(void **state) {
  (void)state;
  for (size_t at = 28; at <= 32; at += 4) {
    wav w;
    begin(&w);
    put_fmt(&w, 16000, 1, 16);
    put_chunk(&w, "data", 2);
    put(&w, "\1\0", 2);
    finish(&w);
    w.bytes[at]++;
    audio_info info;
    assert_int_equal(measure(&info, &w), AUDIO_ERR_FORMAT);
  }
}

static void refuses_other_codecs_widths_channels_and_rates(void **state) {
  (void)state;

  const struct {
    uint32_t rate, channels, bits, format;
    audio_err err;
  } cases[] = {
      {16000, 1, 16, 3, AUDIO_ERR_FORMAT}, {16000, 1, 24, 1, AUDIO_ERR_FORMAT},
      {16000, 3, 16, 1, AUDIO_ERR_FORMAT}, {16000, 0, 16, 1, AUDIO_ERR_FORMAT},
      {7999, 1, 16, 1, AUDIO_ERR_RATE},    {48001, 1, 16, 1, AUDIO_ERR_RATE},
      {0, 1, 16, 1, AUDIO_ERR_RATE},
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    wav w;
    begin(&w);
    put_fmt(&w, cases[i].rate, cases[i].channels, cases[i].bits);
    w.bytes[20] = (uint8_t)cases[i].format;
    put_chunk(&w, "data", 12);
    put(&w, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    finish(&w);
    audio_info info;
    assert_int_equal(measure(&info, &w), cases[i].err);
  }
}

static void refuses_chunks_that_are_missing_double_or_late(void **state) {
  (void)state;
  audio_info info;
  wav w;
  begin(&w);
  put_chunk(&w, "data", 2);
  put(&w, "\1\0", 2);
  put_fmt(&w, 16000, 1, 16);
  finish(&w);
  assert_int_equal(measure(&info, &w), AUDIO_ERR_CHUNKS);
  begin(&w);
  put_fmt(&w, 16000, 1, 16);
  put_fmt(&w, 16000, 1, 16);
  finish(&w);
  assert_int_equal(measure(&info, &w), AUDIO_ERR_CHUNKS);
  begin(&w);
  put_fmt(&w, 16000, 1, 16);
  finish(&w);
  assert_int_equal(measure(&info, &w), AUDIO_ERR_CHUNKS);
}

static void refuses_no_samples_and_half_samples(void **state) {
  (void)state;
  audio_info info;
  assert_int_equal(audio_measure_pcm(&info, "", 0, 16000), AUDIO_ERR_EMPTY);
  assert_int_equal(audio_measure_pcm(&info, "abc", 3, 16000), AUDIO_ERR_FRAMES);
  assert_int_equal(audio_measure_pcm(&info, "ab", 2, 4000), AUDIO_ERR_RATE);
}

static void the_header_it_writes_reads_back(void **state) {
  (void)state;
  uint8_t file[AUDIO_WAV_HEADER_BYTES + 8] = {0};
  audio_info info;
  assert_int_equal(audio_measure_pcm(&info, file + 44, 8, 22050), AUDIO_OK);
  assert_int_equal(audio_wav_header_encode(file, &info), AUDIO_OK);
  audio_info back;
  assert_int_equal(audio_measure_wav(&back, file, sizeof file), AUDIO_OK);
  assert_int_equal(back.sample_rate, 22050);
  assert_int_equal(back.data_pos, 44);
  assert_int_equal(back.data_bytes, 8);
  info.data_bytes = UINT32_MAX - 1;
  assert_int_equal(audio_wav_header_encode(file, &info), AUDIO_ERR_FRAMES);
}

static uint32_t dice_next(uint32_t *dice) {
  *dice = *dice * 1664525u + 1013904223u;
  return *dice >> 8;
}

/* Bytes on the heap, exactly as long as they are, so that a sanitizer or
 * valgrind sees each step past the end. */
static void measure_copy(const uint8_t *bytes, size_t len) {
  uint8_t *copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, len);
  audio_info info;
  if (audio_measure_wav(&info, copy, len) == AUDIO_OK) {
    assert_true(info.data_pos + info.data_bytes <= len);
    assert_true(info.rms_db >= AUDIO_FLOOR_DB && info.rms_db <= 0);
    assert_true(info.peak_db >= info.rms_db - 0.001);
  }
  free(copy);
}

static void survives_cut_and_flipped_files(void **state) {
  (void)state;
  wav w;
  begin(&w);
  put_chunk(&w, "LIST", 3);
  put(&w, "abc\0", 4);
  put_fmt(&w, 16000, 1, 16);
  put_chunk(&w, "data", 40);
  for (uint32_t i = 0; i < 20; i++)
    put_number(&w, i * 997, 2);
  finish(&w);
  for (size_t len = 0; len <= w.len; len++)
    measure_copy(w.bytes, len);
  uint32_t dice = 7;
  for (int round = 0; round < 20000; round++) {
    wav bad = w;
    for (uint32_t flips = dice_next(&dice) % 4 + 1; flips > 0; flips--)
      bad.bytes[dice_next(&dice) % 60] = (uint8_t)dice_next(&dice);
    measure_copy(bad.bytes, dice_next(&dice) % (w.len + 1));
    measure_copy(bad.bytes, w.len);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_a_16_bit_stereo_file),
      cmocka_unit_test(reads_8_bit_samples_as_unsigned),
      cmocka_unit_test(measures_a_full_scale_sine_at_minus_3_db),
      cmocka_unit_test(the_lowest_sample_is_full_scale),
      cmocka_unit_test(skips_other_chunks_and_their_odd_padding),
      cmocka_unit_test(accepts_sizes_that_a_streaming_recorder_left_open),
      cmocka_unit_test(accepts_the_extensible_form_of_pcm),
      cmocka_unit_test(refuses_what_is_no_wav),
      cmocka_unit_test(refuses_a_data_chunk_past_the_end),
      cmocka_unit_test(refuses_a_riff_size_past_the_end),
      cmocka_unit_test(refuses_a_format_that_contradicts_itself),
      cmocka_unit_test(refuses_other_codecs_widths_channels_and_rates),
      cmocka_unit_test(refuses_chunks_that_are_missing_double_or_late),
      cmocka_unit_test(refuses_no_samples_and_half_samples),
      cmocka_unit_test(the_header_it_writes_reads_back),
      cmocka_unit_test(survives_cut_and_flipped_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
