/* SPDX-License-Identifier: MIT */
#include "wire/redis_slot.h"

#include "base/text.h"

/* CRC-16/XMODEM: polynomial 0x1021, from 0, not reflected. */
static unsigned crc16(peal_slice text) {
  unsigned crc = 0;
  for (size_t i = 0; i < text.len; i++) {
    crc ^= (unsigned)(unsigned char)text.ptr[i] << 8;
    for (int bit = 0; bit < 8; bit++)
      crc = (crc & 0x8000u ? crc << 1 ^ 0x1021u : crc << 1) & 0xffffu;
  }
  return crc;
}

unsigned peal_redis_slot_of(peal_slice key) {
  size_t open = peal_text_find(key, '{');
  if (open < key.len) {
    peal_slice tag = {key.ptr + open + 1, key.len - open - 1};
    size_t end = peal_text_find(tag, '}');
    if (end && end < tag.len)
      key = (peal_slice){tag.ptr, end};
  }
  return crc16(key) % PEAL_REDIS_SLOTS;
}
