/* SPDX-License-Identifier: MIT */
/* Pictures from the camera of an AI-Thinker ESP32-CAM; for another board
 * change the pins. Called by the network task only. */
#include "config.h"
#include "device.h"

#if HAS_CAMERA
#include <esp_camera.h>

namespace {
camera_fb_t *frame = nullptr;
}

bool camera_begin() {
  camera_config_t config = {};
  config.pin_pwdn = 32;
  config.pin_reset = -1;
  config.pin_xclk = 0;
  config.pin_sccb_sda = 26;
  config.pin_sccb_scl = 27;
  config.pin_d7 = 35;
  config.pin_d6 = 34;
  config.pin_d5 = 39;
  config.pin_d4 = 36;
  config.pin_d3 = 21;
  config.pin_d2 = 19;
  config.pin_d1 = 18;
  config.pin_d0 = 5;
  config.pin_vsync = 25;
  config.pin_href = 23;
  config.pin_pclk = 22;
  config.xclk_freq_hz = 20000000;
  config.ledc_timer = LEDC_TIMER_0;
  config.ledc_channel = LEDC_CHANNEL_0;
  config.pixel_format = PIXFORMAT_JPEG;
  config.frame_size = FRAMESIZE_VGA;
  config.jpeg_quality = 12;
  config.fb_count = 1;
  config.grab_mode = CAMERA_GRAB_WHEN_EMPTY;
  return esp_camera_init(&config) == ESP_OK;
}

const uint8_t *camera_take(size_t *len) {
  // the frame in the buffer is as old as the last picture: give it back
  frame = esp_camera_fb_get();
  if (frame != nullptr)
    esp_camera_fb_return(frame);
  frame = esp_camera_fb_get();
  if (frame == nullptr)
    return nullptr;
  *len = frame->len;
  return frame->buf;
}

void camera_release() {
  if (frame != nullptr)
    esp_camera_fb_return(frame);
  frame = nullptr;
}

#else

bool camera_begin() {
  return false;
}

const uint8_t *camera_take(size_t *) {
  return nullptr;
}

void camera_release() {}

#endif
