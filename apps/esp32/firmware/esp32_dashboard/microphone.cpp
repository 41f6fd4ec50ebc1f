/* SPDX-License-Identifier: MIT */
/* I2S microphone, 16 kHz mono. A task of its own reads it all the time, since
 * the driver's buffers hold a tenth of a second only; loop() takes the level
 * from it, the button the recording. */
#include <stdlib.h>
#include <string.h>

#include <Arduino.h>
#include <driver/i2s.h>

#include "config.h"
#include "device.h"

namespace {

const i2s_port_t PORT = I2S_NUM_0;
const uint32_t RATE = 16000;
const size_t HEADER_BYTES = 44;
const size_t MAX_SAMPLES = RATE * RECORD_MAX_S;

volatile uint32_t loudest = 0;      /* since microphone_level was asked */
volatile bool wants_record = false; /* the button is down */

void write_le(uint8_t *p, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++)
    p[i] = static_cast<uint8_t>(value >> (8 * i));
}

void write_header(uint8_t *p, uint32_t data_bytes) {
  memcpy(p, "RIFF", 4);
  write_le(p + 4, data_bytes + HEADER_BYTES - 8, 4);
  memcpy(p + 8, "WAVEfmt ", 8);
  write_le(p + 16, 16, 4);
  write_le(p + 20, 1, 2); // PCM
  write_le(p + 22, 1, 2); // mono
  write_le(p + 24, RATE, 4);
  write_le(p + 28, RATE * 2, 4);
  write_le(p + 32, 2, 2);
  write_le(p + 34, 16, 2);
  memcpy(p + 36, "data", 4);
  write_le(p + 40, data_bytes, 4);
}

/* A recording that grows while the button is down. */
struct Tape {
  uint8_t *wav = nullptr;
  size_t count = 0;

  void add(const int16_t *samples, size_t more) {
    if (wav == nullptr)
      return;
    if (more > MAX_SAMPLES - count)
      more = MAX_SAMPLES - count;
    memcpy(wav + HEADER_BYTES + count * 2, samples, more * 2);
    count += more;
  }

  void start() {
    // with PSRAM such a size comes from there; without memory there is no
    // recording, everything else goes on
    wav = static_cast<uint8_t *>(malloc(HEADER_BYTES + MAX_SAMPLES * 2));
    count = 0;
    if (wav == nullptr)
      Serial.println("recording: out of memory");
  }

  void finish() {
    if (wav == nullptr)
      return;
    if (count > 0) {
      write_header(wav, static_cast<uint32_t>(count * 2));
      link_push_recording({wav, HEADER_BYTES + count * 2});
    } else {
      free(wav);
    }
    wav = nullptr;
  }
};

void listen(void *) {
  static int32_t raw[256];
  static int16_t samples[256];
  Tape tape;
  bool was_recording = false;
  for (;;) {
    size_t bytes = 0;
    if (i2s_read(PORT, raw, sizeof raw, &bytes, pdMS_TO_TICKS(200)) != ESP_OK)
      continue;
    const size_t count = bytes / sizeof raw[0];
    uint32_t peak = 0;
    for (size_t i = 0; i < count; i++) {
      // 24 bits at the top of 32; the usual level of speech needs 4 bits more
      int32_t value = raw[i] >> 12;
      value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
      samples[i] = static_cast<int16_t>(value);
      const uint32_t height = static_cast<uint32_t>(value < 0 ? -value : value);
      peak = height > peak ? height : peak;
    }
    if (peak > loudest)
      loudest = peak;
    const bool is_recording = wants_record;
    if (is_recording && !was_recording)
      tape.start();
    if (is_recording)
      tape.add(samples, count);
    if (!is_recording && was_recording)
      tape.finish();
    was_recording = is_recording;
  }
}

} // namespace

bool microphone_begin() {
  i2s_config_t config = {};
  config.mode = static_cast<i2s_mode_t>(I2S_MODE_MASTER | I2S_MODE_RX);
  config.sample_rate = RATE;
  config.bits_per_sample = I2S_BITS_PER_SAMPLE_32BIT;
  config.channel_format = I2S_CHANNEL_FMT_ONLY_LEFT;
  config.communication_format = I2S_COMM_FORMAT_STAND_I2S;
  config.dma_buf_count = 6;
  config.dma_buf_len = 256;
  if (i2s_driver_install(PORT, &config, 0, nullptr) != ESP_OK)
    return false;
  i2s_pin_config_t pins = {};
  pins.mck_io_num = I2S_PIN_NO_CHANGE;
  pins.bck_io_num = PIN_MIC_SCK;
  pins.ws_io_num = PIN_MIC_WS;
  pins.data_out_num = I2S_PIN_NO_CHANGE;
  pins.data_in_num = PIN_MIC_SD;
  if (i2s_set_pin(PORT, &pins) != ESP_OK)
    return false;
  return xTaskCreatePinnedToCore(listen, "microphone", 4096, nullptr, 3,
                                 nullptr, 1) == pdPASS;
}

uint16_t microphone_level() {
  const uint32_t peak = loudest;
  loudest = 0;
  return static_cast<uint16_t>(peak >> 3); // 15 bits to 12
}

void microphone_record(bool on) {
  wants_record = on;
}
