/* SPDX-License-Identifier: MIT */
#pragma once
#include "../Arduino.h"

enum i2s_port_t { I2S_NUM_0 = 0 };

enum i2s_mode_t { I2S_MODE_MASTER = 1, I2S_MODE_RX = 8 };

enum i2s_bits_per_sample_t { I2S_BITS_PER_SAMPLE_32BIT = 32 };

enum i2s_channel_fmt_t { I2S_CHANNEL_FMT_ONLY_LEFT = 4 };

enum i2s_comm_format_t { I2S_COMM_FORMAT_STAND_I2S = 1 };

enum { I2S_PIN_NO_CHANGE = -1 };

struct i2s_config_t {
  i2s_mode_t mode;
  uint32_t sample_rate;
  i2s_bits_per_sample_t bits_per_sample;
  i2s_channel_fmt_t channel_format;
  i2s_comm_format_t communication_format;
  int intr_alloc_flags;
  int dma_buf_count;
  int dma_buf_len;
};

struct i2s_pin_config_t {
  int mck_io_num;
  int bck_io_num;
  int ws_io_num;
  int data_out_num;
  int data_in_num;
};

esp_err_t i2s_driver_install(i2s_port_t port, const i2s_config_t *config,
                             int queue_size, void *queue);
esp_err_t i2s_set_pin(i2s_port_t port, const i2s_pin_config_t *pins);
esp_err_t i2s_read(i2s_port_t port, void *to, size_t size, size_t *read,
                   TickType_t wait);
