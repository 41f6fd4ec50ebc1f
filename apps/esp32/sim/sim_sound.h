/* SPDX-License-Identifier: MIT */
#pragma once
/* sim_sound: what the simulated microphone records: tones, noise, or bursts
 * that sound like speech; 16 kHz, 16 bit, mono. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <peal/kit_sim.h>

enum { SIM_SOUND_RATE = 16000 };

/* Record `duration_ms`. With `as_wav` the samples have a WAV header, otherwise
 * they are bare. Returns: the bytes, which the caller frees, and their `len`;
 * NULL if memory is out. */
uint8_t *sim_sound_record(peal_kit_dice *dice, uint32_t duration_ms,
                          bool as_wav, size_t *len);
