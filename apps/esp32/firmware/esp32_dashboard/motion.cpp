/* SPDX-License-Identifier: MIT */
/* MPU6050 by its registers (MPU-6000/6050 register map, revision 4.2), and the
 * orientation from it by a complementary filter: the gyroscope is right in the
 * short run, gravity in the long run. Yaw has no reference and drifts. */
#include <math.h>

#include <Arduino.h>
#include <Wire.h>

#include "config.h"
#include "device.h"

namespace {

enum : uint8_t {
  ADDRESS = 0x68,
  REG_SMPLRT_DIV = 0x19,
  REG_CONFIG = 0x1A,
  REG_GYRO_CONFIG = 0x1B,
  REG_ACCEL_CONFIG = 0x1C,
  REG_ACCEL_XOUT_H = 0x3B,
  REG_PWR_MGMT_1 = 0x6B,
  REG_WHO_AM_I = 0x75,
};

const float GRAVITY = 9.80665f;
const float ACCEL_PER_G = 8192.0f;   /* at +-4 g */
const float GYRO_PER_DEGREE = 65.5f; /* at +-500 degrees per second */
const float TRUST_IN_GYRO = 0.98f;

float pitch = 0, roll = 0, yaw = 0;
uint32_t last_us = 0;
bool is_first = true;

bool write_register(uint8_t reg, uint8_t value) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(reg);
  Wire.write(value);
  return Wire.endTransmission() == 0;
}

bool read_registers(uint8_t reg, uint8_t *out, uint8_t count) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(reg);
  if (Wire.endTransmission(false) != 0)
    return false;
  if (Wire.requestFrom(static_cast<int>(ADDRESS), static_cast<int>(count)) !=
      count)
    return false;
  for (uint8_t i = 0; i < count; i++)
    out[i] = static_cast<uint8_t>(Wire.read());
  return true;
}

float number_at(const uint8_t *bytes) {
  return static_cast<int16_t>(bytes[0] << 8 | bytes[1]);
}

float degrees_of(float radians) {
  return radians * 57.29578f;
}

void follow(const Reading &r) {
  const uint32_t now_us = micros();
  float seconds = static_cast<float>(now_us - last_us) * 1e-6f;
  last_us = now_us;
  const float by_gravity_roll = degrees_of(atan2f(r.accel[1], r.accel[2]));
  const float by_gravity_pitch = degrees_of(atan2f(
      -r.accel[0], sqrtf(r.accel[1] * r.accel[1] + r.accel[2] * r.accel[2])));
  if (is_first || seconds > 1) {
    is_first = false;
    roll = by_gravity_roll;
    pitch = by_gravity_pitch;
    return;
  }
  roll = TRUST_IN_GYRO * (roll + r.gyro[0] * seconds) +
         (1 - TRUST_IN_GYRO) * by_gravity_roll;
  pitch = TRUST_IN_GYRO * (pitch + r.gyro[1] * seconds) +
          (1 - TRUST_IN_GYRO) * by_gravity_pitch;
  yaw = fmodf(yaw + r.gyro[2] * seconds + 360, 360);
}

} // namespace

bool motion_begin() {
  Wire.begin(PIN_I2C_SDA, PIN_I2C_SCL);
  Wire.setClock(400000);
  Wire.setTimeOut(20); // a bus that hangs costs 20 ms, not the loop
  uint8_t who = 0;
  // newer chips of the family answer 0x70 and 0x98 and have the same registers
  if (!read_registers(REG_WHO_AM_I, &who, 1) || who == 0 || who == 0xFF)
    return false;
  return write_register(REG_PWR_MGMT_1, 1) &&  // awake, clock from gyro x
         write_register(REG_CONFIG, 3) &&      // low pass 44 Hz
         write_register(REG_SMPLRT_DIV, 9) &&  // 100 per second
         write_register(REG_GYRO_CONFIG, 8) && // +-500 degrees per second
         write_register(REG_ACCEL_CONFIG, 8);  // +-4 g
}

bool motion_read(Reading *out) {
  uint8_t raw[14]; // accel x y z, temperature, gyro x y z
  if (!read_registers(REG_ACCEL_XOUT_H, raw, sizeof raw))
    return false;
  for (int i = 0; i < 3; i++) {
    out->accel[i] = number_at(raw + 2 * i) / ACCEL_PER_G * GRAVITY;
    out->gyro[i] = number_at(raw + 8 + 2 * i) / GYRO_PER_DEGREE;
  }
  follow(*out);
  out->pitch = pitch;
  out->roll = roll;
  out->yaw = yaw;
  return true;
}
