/* SPDX-License-Identifier: MIT */
#include "audio.h"

#include <math.h>
#include <string.h>

enum {
  FORMAT_PCM = 1,
  FORMAT_EXTENSIBLE = 0xFFFE,
  FMT_BYTES = 16,            /* the part that every format has */
  FMT_EXTENSIBLE_BYTES = 40, /* with valid bits, speaker mask, sub-format */
};

/* The sub-format of WAVE_FORMAT_EXTENSIBLE that means PCM, past its first two
 * bytes, which hold the old format number. */
static const uint8_t pcm_guid_tail[14] = {0x00, 0x00, 0x00, 0x00, 0x10,
                                          0x00, 0x80, 0x00, 0x00, 0xAA,
                                          0x00, 0x38, 0x9B, 0x71};

static uint16_t read16(const uint8_t *p) {
  return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t read32(const uint8_t *p) {
  return (uint32_t)read16(p) | (uint32_t)read16(p + 2) << 16;
}

static void write16(uint8_t *p, uint32_t value) {
  p[0] = (uint8_t)value;
  p[1] = (uint8_t)(value >> 8);
}

static void write32(uint8_t *p, uint32_t value) {
  write16(p, value);
  write16(p + 2, value >> 16);
}

static double to_db(double share) {
  if (share <= 0)
    return AUDIO_FLOOR_DB;
  double db = 20 * log10(share);
  if (db < AUDIO_FLOOR_DB)
    return AUDIO_FLOOR_DB;
  return db > 0 ? 0 : db;
}

/* One sample as -32768..32767, whatever its width. */
static int32_t sample_at(const uint8_t *data, size_t index, uint16_t bits) {
  if (bits == 8)
    return ((int32_t)data[index] - 128) * 256;
  int32_t value = read16(data + index * 2);
  return value < 32768 ? value : value - 65536;
}

static void measure(audio_info *info, const uint8_t *data) {
  size_t width = info->bits / 8u;
  size_t count = info->data_bytes / width;
  double squares = 0;
  int32_t peak = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t value = sample_at(data, i, info->bits);
    int32_t height = value < 0 ? -value : value;
    if (height > peak)
      peak = height;
    squares += (double)value * value;
  }
  uint64_t frames = count / info->channels;
  info->duration_ms = (uint32_t)(frames * 1000 / info->sample_rate);
  info->rms_db = to_db(sqrt(squares / (double)count) / 32768);
  info->peak_db = to_db(peak / 32768.0);
}

/* What can be said about the samples before looking at them. */
static audio_err check_format(const audio_info *info) {
  if (info->bits != 8 && info->bits != 16)
    return AUDIO_ERR_FORMAT;
  if (info->channels != 1 && info->channels != 2)
    return AUDIO_ERR_FORMAT;
  if (info->sample_rate < AUDIO_MIN_RATE || info->sample_rate > AUDIO_MAX_RATE)
    return AUDIO_ERR_RATE;
  if (info->data_bytes == 0)
    return AUDIO_ERR_EMPTY;
  if (info->data_bytes % (info->channels * info->bits / 8u) != 0)
    return AUDIO_ERR_FRAMES;
  return AUDIO_OK;
}

static bool fmt_is_pcm(const uint8_t *fmt, size_t len) {
  uint16_t format = read16(fmt);
  if (format == FORMAT_PCM)
    return true;
  if (format != FORMAT_EXTENSIBLE || len < FMT_EXTENSIBLE_BYTES)
    return false;
  return read16(fmt + 24) == FORMAT_PCM &&
         memcmp(fmt + 26, pcm_guid_tail, sizeof pcm_guid_tail) == 0;
}

static audio_err read_fmt(audio_info *info, const uint8_t *fmt, size_t len) {
  if (info->channels != 0)
    return AUDIO_ERR_CHUNKS;
  if (len < FMT_BYTES || !fmt_is_pcm(fmt, len))
    return AUDIO_ERR_FORMAT;
  info->channels = read16(fmt + 2);
  info->sample_rate = read32(fmt + 4);
  info->bits = read16(fmt + 14);
  uint32_t block = (uint32_t)info->channels * info->bits / 8u;
  // players trust either field, so a file in which they disagree has no
  // one meaning
  if (block == 0 || read16(fmt + 12) != block)
    return AUDIO_ERR_FORMAT;
  if (read32(fmt + 8) != (uint64_t)info->sample_rate * block)
    return AUDIO_ERR_FORMAT;
  return AUDIO_OK;
}

/* Walk the chunks up to the samples; all others are skipped. `pos` is behind
 * "WAVE", `end` is where the RIFF chunk ends. */
static audio_err read_chunks(audio_info *info, const uint8_t *bytes, size_t pos,
                             size_t end) {
  while (end - pos >= 8) {
    const uint8_t *id = bytes + pos;
    uint32_t size = read32(id + 4);
    pos += 8;
    bool is_data = memcmp(id, "data", 4) == 0;
    if (is_data && size == UINT32_MAX)
      size = (uint32_t)(end - pos);
    if (size > end - pos)
      return AUDIO_ERR_TRUNCATED;
    if (is_data) {
      info->data_pos = pos;
      info->data_bytes = size;
      return info->channels == 0 ? AUDIO_ERR_CHUNKS : AUDIO_OK;
    }
    if (memcmp(id, "fmt ", 4) == 0) {
      audio_err err = read_fmt(info, bytes + pos, size);
      if (err != AUDIO_OK)
        return err;
    }
    pos += size;
    // RIFF: a chunk of odd size is followed by one byte outside its size
    if (size % 2 == 1 && pos < end)
      pos++;
  }
  return AUDIO_ERR_CHUNKS;
}

bool audio_is_wav(const void *bytes, size_t len) {
  const uint8_t *p = bytes;
  return len >= 12 && memcmp(p, "RIFF", 4) == 0 &&
         memcmp(p + 8, "WAVE", 4) == 0;
}

static audio_err read_wav(audio_info *info, const uint8_t *bytes, size_t len) {
  if (!audio_is_wav(bytes, len))
    return AUDIO_ERR_TYPE;
  if (len > UINT32_MAX)
    return AUDIO_ERR_FRAMES;
  size_t end = len;
  uint32_t riff = read32(bytes + 4);
  if (riff != 0 && riff != UINT32_MAX) {
    if (riff > len - 8)
      return AUDIO_ERR_TRUNCATED;
    if (riff < 4)
      return AUDIO_ERR_CHUNKS;
    end = (size_t)riff + 8;
  }
  audio_err err = read_chunks(info, bytes, 12, end);
  return err == AUDIO_OK ? check_format(info) : err;
}

audio_err audio_measure_wav(audio_info *out, const void *bytes, size_t len) {
  *out = (audio_info){0};
  audio_info info = {0};
  audio_err err = read_wav(&info, bytes, len);
  if (err != AUDIO_OK)
    return err;
  measure(&info, (const uint8_t *)bytes + info.data_pos);
  *out = info;
  return AUDIO_OK;
}

audio_err audio_measure_pcm(audio_info *out, const void *bytes, size_t len,
                            uint32_t rate) {
  *out = (audio_info){0};
  audio_info info = {
      .sample_rate = rate, .channels = 1, .bits = 16, .data_bytes = len};
  audio_err err = check_format(&info);
  if (err != AUDIO_OK)
    return err;
  measure(&info, bytes);
  *out = info;
  return AUDIO_OK;
}

audio_err audio_wav_header_encode(uint8_t out[AUDIO_WAV_HEADER_BYTES],
                                  const audio_info *info) {
  audio_err err = check_format(info);
  if (err != AUDIO_OK && err != AUDIO_ERR_EMPTY)
    return err;
  size_t padded = info->data_bytes + info->data_bytes % 2;
  if (padded > UINT32_MAX - AUDIO_WAV_HEADER_BYTES)
    return AUDIO_ERR_FRAMES;
  uint32_t block = (uint32_t)info->channels * info->bits / 8u;
  memcpy(out, "RIFF", 4);
  write32(out + 4, (uint32_t)padded + AUDIO_WAV_HEADER_BYTES - 8);
  memcpy(out + 8, "WAVEfmt ", 8);
  write32(out + 16, FMT_BYTES);
  write16(out + 20, FORMAT_PCM);
  write16(out + 22, info->channels);
  write32(out + 24, info->sample_rate);
  write32(out + 28, info->sample_rate * block);
  write16(out + 32, block);
  write16(out + 34, info->bits);
  memcpy(out + 36, "data", 4);
  write32(out + 40, (uint32_t)info->data_bytes);
  return AUDIO_OK;
}

const char *audio_err_text(audio_err err) {
  switch (err) {
  case AUDIO_OK:
    return "no error";
  case AUDIO_ERR_TYPE:
    return "expected a wav file, the bytes are no riff/wave";
  case AUDIO_ERR_TRUNCATED:
    return "wav file ends inside a chunk";
  case AUDIO_ERR_FORMAT:
    return "expected pcm of 8 or 16 bits with 1 or 2 channels";
  case AUDIO_ERR_RATE:
    return "expected a sample rate of 8000 to 48000";
  case AUDIO_ERR_CHUNKS:
    return "wav file lacks one format chunk followed by one data chunk";
  case AUDIO_ERR_EMPTY:
    return "recording has no samples";
  case AUDIO_ERR_FRAMES:
    return "samples are no whole number of frames, or too many";
  }
  return "unknown audio error";
}
