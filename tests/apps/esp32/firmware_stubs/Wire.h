/* SPDX-License-Identifier: MIT */
#pragma once
#include <cstddef>
#include <cstdint>

struct TwoWire {
  bool begin(int sda, int scl);
  bool setClock(uint32_t hertz);
  void setTimeOut(uint16_t ms);
  void beginTransmission(int address);
  uint8_t endTransmission(bool stop = true);
  size_t write(uint8_t byte);
  size_t write(const uint8_t *bytes, size_t count);
  uint8_t requestFrom(int address, int count);
  int read();
};

extern TwoWire Wire;
