/* SPDX-License-Identifier: MIT */
/* kit_device_id: what may be the name of a device. */
#include <peal/kit_devices.h>

#include "kit/kit_utf8.h"

typedef struct range {
  uint32_t first, last;
} range;

static bool is_in(const range *ranges, size_t count, uint32_t code) {
  for (size_t i = 0; i < count; i++)
    if (code >= ranges[i].first && code <= ranges[i].last)
      return true;
  return false;
}

#define IS_IN(ranges, code) is_in(ranges, sizeof ranges / sizeof *ranges, code)

/* Characters that break logs and pages, that nobody sees, or that turn the
 * direction of their neighbours: two ids would look alike. Unicode 15: Cc, Cf,
 * Zl, Zp, fillers, variation selectors, noncharacters. */
static bool is_hidden(uint32_t code) {
  static const range hidden[] = {
      {0x00, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},
      {0x34F, 0x34F},     {0x600, 0x605},     {0x61C, 0x61C},
      {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},
      {0x8E2, 0x8E2},     {0x115F, 0x1160},   {0x17B4, 0x17B5},
      {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
      {0x2060, 0x206F},   {0x2800, 0x2800},   {0x3164, 0x3164},
      {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
      {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},
      {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
  return IS_IN(hidden, code);
}

/* Unicode 15: Zs. */
static bool is_blank(uint32_t code) {
  static const range blanks[] = {
      {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
      {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
  return IS_IN(blanks, code);
}

bool peal_kit_device_id_is_good(peal_slice id) {
  if (id.len == 0 || id.len >= PEAL_KIT_DEVICE_ID_BYTES)
    return false;
  bool has_seen = false;
  while (id.len > 0) {
    uint32_t code;
    size_t len = peal_kit_utf8_next(id, &code);
    if (len == 0 || is_hidden(code))
      return false;
    has_seen = has_seen || !is_blank(code);
    id = (peal_slice){id.ptr + len, id.len - len};
  }
  return has_seen;
}

bool peal_kit_device_id_is_simulated(peal_slice id) {
  return peal_slice_starts(id, "SIM");
}
