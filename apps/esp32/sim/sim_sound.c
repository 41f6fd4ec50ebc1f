/* SPDX-License-Identifier: MIT */
#include "sim_sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

enum { HEADER_BYTES = 44, SAMPLE_BYTES = 2 };

typedef enum sound { TONES, NOISE, SPEECH } sound;

/* The state of a recording that is being made. */
typedef struct player {
  peal_kit_dice *dice;
  sound kind;
  double volume;   /* 0..1 */
  double pitch_hz; /* of the tone or the voice */
  double phase;    /* in turns */
  double smooth;   /* the last noise, low-passed */
  double loudness; /* of the syllable, eased */
  uint32_t left;   /* samples until tone or syllable changes */
  bool is_speaking;
} player;

static void write16(uint8_t *p, uint32_t value) {
  p[0] = (uint8_t)value;
  p[1] = (uint8_t)(value >> 8);
}

static void write32(uint8_t *p, uint32_t value) {
  write16(p, value);
  write16(p + 2, value >> 16);
}

static void header_write(uint8_t *p, uint32_t data_bytes) {
  memcpy(p, "RIFF", 4);
  write32(p + 4, data_bytes + HEADER_BYTES - 8);
  memcpy(p + 8, "WAVEfmt ", 8);
  write32(p + 16, 16);
  write16(p + 20, 1); // PCM
  write16(p + 22, 1); // mono
  write32(p + 24, SIM_SOUND_RATE);
  write32(p + 28, SIM_SOUND_RATE * SAMPLE_BYTES);
  write16(p + 32, SAMPLE_BYTES);
  write16(p + 34, 8 * SAMPLE_BYTES);
  memcpy(p + 36, "data", 4);
  write32(p + 40, data_bytes);
}

/* The next tone of a scale, or the next syllable or pause. */
static void change(player *p) {
  static const double scale_hz[] = {262, 294, 330, 392, 440, 523};
  if (p->kind == TONES) {
    p->pitch_hz = scale_hz[peal_kit_dice_u32(p->dice) % 6];
    p->left = SIM_SOUND_RATE / 4;
    return;
  }
  p->is_speaking = !p->is_speaking;
  p->pitch_hz = peal_kit_dice_between(p->dice, 105, 190);
  double seconds = p->is_speaking ? peal_kit_dice_between(p->dice, 0.09, 0.3)
                                  : peal_kit_dice_between(p->dice, 0.03, 0.25);
  p->left = (uint32_t)(seconds * SIM_SOUND_RATE);
}

static double noise_next(player *p) {
  double noise = peal_kit_dice_between(p->dice, -1, 1);
  p->smooth += (noise - p->smooth) * 0.25;
  return p->smooth;
}

/* A voice is a row of overtones, strong near the formants of an open vowel,
 * with some breath in it. */
static double voice_next(player *p) {
  static const double overtones[] = {0.5, 0.9, 0.7, 1, 0.8, 0.3, 0.2, 0.3};
  double sum = 0;
  for (int i = 0; i < 8; i++)
    sum += overtones[i] * sin(p->phase * 2 * PI * (i + 1));
  p->loudness += ((p->is_speaking ? 1.0 : 0.0) - p->loudness) * 0.002;
  return (sum / 4 + noise_next(p) * 0.2) * p->loudness;
}

static double sample_next(player *p) {
  if (p->left-- == 0)
    change(p);
  p->phase += p->pitch_hz / SIM_SOUND_RATE;
  p->phase -= floor(p->phase);
  switch (p->kind) {
  case TONES:
    return sin(p->phase * 2 * PI) * 0.7;
  case NOISE:
    return noise_next(p);
  case SPEECH:
    return voice_next(p);
  }
  return 0;
}

uint8_t *sim_sound_record(peal_kit_dice *dice, uint32_t duration_ms,
                          bool as_wav, size_t *len) {
  uint32_t count = (uint32_t)((uint64_t)duration_ms * SIM_SOUND_RATE / 1000);
  uint32_t data_bytes = count * SAMPLE_BYTES;
  size_t start = as_wav ? HEADER_BYTES : 0;
  uint8_t *bytes = malloc(start + data_bytes + 1);
  if (bytes == NULL)
    return NULL;
  if (as_wav)
    header_write(bytes, data_bytes);
  player p = {.dice = dice, .kind = (sound)(peal_kit_dice_u32(dice) % 3)};
  p.volume = peal_kit_dice_between(dice, 0.1, 0.9);
  for (uint32_t i = 0; i < count; i++) {
    double value = sample_next(&p) * p.volume;
    value = value > 1 ? 1 : value < -1 ? -1 : value;
    write16(bytes + start + i * SAMPLE_BYTES,
            (uint32_t)(int32_t)(value * 32767));
  }
  *len = start + data_bytes;
  return bytes;
}
