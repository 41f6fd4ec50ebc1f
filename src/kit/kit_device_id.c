/* SPDX-License-Identifier: MIT */
/* kit_device_id: what may be the name of a device. */
#include <peal/kit_devices.h>

/* Length of the UTF-8 character at `p`, 0 if it is none. RFC3629 4. */
static size_t char_len(const uint8_t *p, size_t left) {
  size_t len = *p < 0x80   ? 1
               : *p < 0xC2 ? 0
               : *p < 0xE0 ? 2
               : *p < 0xF0 ? 3
                           : 4;
  if (len == 0 || *p > 0xF4 || len > left)
    return 0;
  for (size_t i = 1; i < len; i++)
    if ((p[i] & 0xC0) != 0x80)
      return 0;
  bool is_bad = (p[0] == 0xE0 && p[1] < 0xA0) ||
                (p[0] == 0xED && p[1] > 0x9F) ||
                (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F);
  return len > 1 && is_bad ? 0 : len;
}

/* Of a character that is whole. RFC3629 3. */
static uint32_t code_of(const uint8_t *p, size_t len) {
  uint32_t code = len == 1   ? p[0]
                  : len == 2 ? p[0] & 0x1Fu
                  : len == 3 ? p[0] & 0x0Fu
                             : p[0] & 0x07u;
  for (size_t i = 1; i < len; i++)
    code = code << 6 | (p[i] & 0x3Fu);
  return code;
}

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
  const uint8_t *p = (const uint8_t *)id.ptr;
  bool has_seen = false;
  for (size_t i = 0, len; i < id.len; i += len) {
    len = char_len(p + i, id.len - i);
    uint32_t code = len > 0 ? code_of(p + i, len) : 0;
    if (is_hidden(code))
      return false;
    has_seen = has_seen || !is_blank(code);
  }
  return has_seen;
}

bool peal_kit_device_id_is_simulated(peal_slice id) {
  return peal_slice_starts(id, "SIM");
}
