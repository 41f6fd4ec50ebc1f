/* SPDX-License-Identifier: MIT */
/* The device of the dashboard: measures motion and sound, takes pictures,
 * records on a button and shows the animation that the dashboard chose.
 * Nothing in loop() waits; see device.h for the parts. */
#include <Arduino.h>

#include "config.h"
#include "device.h"

namespace {

/* Whether `period_ms` passed; steps on by whole periods, so that a late turn
 * does not shift all that follow. The difference survives the wrap of the
 * clock after 49 days. */
bool is_due(uint32_t &last_ms, uint32_t period_ms, uint32_t now_ms) {
  const uint32_t passed = now_ms - last_ms;
  if (passed < period_ms)
    return false;
  last_ms += passed - passed % period_ms;
  return true;
}

bool has_motion = false;
bool has_mic = false;
bool has_display = false;

void measure(uint32_t now_ms) {
  static uint32_t sensor_ms = 0, orientation_ms = 0;
  const bool wants_sensor = is_due(sensor_ms, SENSOR_MS, now_ms);
  const bool wants_orientation = is_due(orientation_ms, ORIENTATION_MS, now_ms);
  if (!wants_sensor && !wants_orientation)
    return;
  Reading reading = {};
  if (has_motion && !motion_read(&reading))
    return; // the bus had a fault: no numbers are better than wrong ones
  if (wants_sensor) {
    if (has_mic)
      reading.mic_level = microphone_level();
    link_push(reading);
  }
  if (wants_orientation && has_motion) {
    reading.is_orientation = true;
    link_push(reading);
  }
}

void watch_button(uint32_t now_ms) {
  static bool was_down = false;
  static uint32_t changed_ms = 0;
  const bool is_down = digitalRead(PIN_BUTTON) == LOW;
  // contacts bounce for some milliseconds
  if (is_down == was_down || now_ms - changed_ms < 30)
    return;
  was_down = is_down;
  changed_ms = now_ms;
  microphone_record(is_down);
}

} // namespace

void setup() {
  Serial.begin(115200);
  has_motion = HAS_MOTION && motion_begin();
  has_mic = HAS_MIC && microphone_begin();
  has_display = HAS_OLED && display_begin();
  if (HAS_BUTTON)
    pinMode(PIN_BUTTON, INPUT_PULLUP);
  Serial.printf("%s: motion %d, microphone %d, display %d\n", DEVICE_ID,
                has_motion, has_mic, has_display);
  link_begin();
}

void loop() {
  const uint32_t now_ms = millis();
  if (has_motion || has_mic)
    measure(now_ms);
  if (HAS_BUTTON && has_mic)
    watch_button(now_ms);
  if (has_display)
    display_draw(link_animation(), link_is_online(), now_ms);
  delay(1); // lets the idle task feed the watchdog
}
