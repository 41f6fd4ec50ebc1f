/* SPDX-License-Identifier: MIT */
#pragma once
/* audio: what a recording from a device really is, found out from its bytes.
 * In the flow: POST /upload-audio -> [audio] -> file, store, `audio_update`.
 * Pure functions on bytes; the input is hostile and nothing in it is believed
 * before it is checked. Nothing is allocated.
 *
 * The RIFF layout, all numbers little endian:
 *   "RIFF" size:4 "WAVE" { id:4 size:4 payload pad-to-even }...
 *   fmt  : format:2 channels:2 rate:4 byte_rate:4 block:2 bits:2 [extension]
 *   data : samples, interleaved; 8 bit unsigned, 16 bit signed
 * Recorders that stream write the sizes ahead as 0 (RIFF) or 0xFFFFFFFF (RIFF,
 * data): both then mean "to the end". */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  AUDIO_MIN_RATE = 8000,       /* samples per second */
  AUDIO_MAX_RATE = 48000,      /* samples per second */
  AUDIO_WAV_HEADER_BYTES = 44, /* what audio_wav_header_encode writes */
};

#define AUDIO_FLOOR_DB (-96.0) /* silence; the step of 16 bits is -90.3 */

typedef enum audio_err {
  AUDIO_OK = 0,
  AUDIO_ERR_TYPE = -1,      /* not RIFF/WAVE */
  AUDIO_ERR_TRUNCATED = -2, /* a chunk reaches past the end */
  AUDIO_ERR_FORMAT = -3,    /* not PCM of 8 or 16 bits, 1 or 2 channels */
  AUDIO_ERR_RATE = -4,      /* outside AUDIO_MIN_RATE..AUDIO_MAX_RATE */
  AUDIO_ERR_CHUNKS = -5,    /* a needed chunk is missing, double or late */
  AUDIO_ERR_EMPTY = -6,     /* no samples */
  AUDIO_ERR_FRAMES = -7,    /* the samples are no whole number of frames */
} audio_err;

typedef struct audio_info {
  uint32_t sample_rate; /* per second and channel */
  uint16_t channels;    /* 1 or 2 */
  uint16_t bits;        /* 8 or 16 */
  uint32_t duration_ms; /* rounded down */
  double rms_db;        /* dBFS, a full-scale sine is -3.01; floor -96 */
  double peak_db;       /* dBFS, at most 0; floor -96 */
  size_t data_pos;      /* where the samples begin in the input */
  size_t data_bytes;    /* how many bytes of samples */
} audio_info;

/* Whether the bytes (borrowed) begin as a WAV file does. Thread: pure. */
bool audio_is_wav(const void *bytes, size_t len);

/* Read a WAV file (borrowed) and measure its samples into `out`.
 * Returns: AUDIO_OK or the reason why it is refused; `out` is then zero.
 * Thread: pure. */
audio_err audio_measure_wav(audio_info *out, const void *bytes, size_t len);

/* Measure raw signed 16-bit little-endian mono samples (borrowed) that were
 * recorded at `rate`.
 * Returns: AUDIO_OK, AUDIO_ERR_RATE, AUDIO_ERR_EMPTY, AUDIO_ERR_FRAMES.
 * Thread: pure. */
audio_err audio_measure_pcm(audio_info *out, const void *bytes, size_t len,
                            uint32_t rate);

/* Write into `out` the header that makes `data_bytes` of samples a WAV file
 * which every browser plays. `info` gives rate, channels, bits and data_bytes;
 * where data_bytes is odd, one zero byte must follow the samples.
 * Returns: AUDIO_OK, AUDIO_ERR_RATE, AUDIO_ERR_FORMAT, AUDIO_ERR_FRAMES (also
 * when the file would pass the 4 GiB of RIFF). Thread: pure. */
audio_err audio_wav_header_encode(uint8_t out[AUDIO_WAV_HEADER_BYTES],
                                  const audio_info *info);

/* One line for the device: lower case, what was expected. Static text. */
const char *audio_err_text(audio_err err);
