/* SPDX-License-Identifier: MIT */
#include "wire/ip.h"

#include <string.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "base/text.h"

#define MAPPED_BITS 96u /* before the address in a mapped one */

static peal_slice behind(peal_slice text, size_t count) {
  return (peal_slice){text.ptr + count, text.len - count};
}

/* RFC6943 3.1.1: a leading zero is octal to some readers, so to none here. */
static bool parse_byte(uint8_t *out, peal_slice text) {
  uint64_t value;
  if (text.len > 3 || (text.len > 1 && text.ptr[0] == '0') ||
      !peal_decimal_parse(text, 255, &value))
    return false;
  *out = (uint8_t)value;
  return true;
}

static bool parse_v4(uint8_t out[4], peal_slice text) {
  for (size_t i = 0; i < 4; i++) {
    size_t len = peal_text_find(text, '.');
    if (!parse_byte(&out[i], (peal_slice){text.ptr, len}) ||
        (len < text.len) != (i < 3))
      return false;
    if (i < 3)
      text = behind(text, len + 1);
  }
  return true;
}

/* One to four hexadecimal digits. */
static bool parse_group(uint8_t out[2], peal_slice text) {
  unsigned value = 0;
  if (!text.len || text.len > 4)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    int digit = peal_hex_value(text.ptr[i]);
    if (digit < 0)
      return false;
    value = value << 4 | (unsigned)digit;
  }
  out[0] = (uint8_t)(value >> 8);
  out[1] = (uint8_t)value;
  return true;
}

/* Groups with a colon between them, of which the last may be an IPv4 address.
 * *count is how many bytes they made; at most `room`. */
static bool parse_groups(uint8_t *out, size_t room, peal_slice text,
                         size_t *count) {
  *count = 0;
  while (text.len) {
    size_t len = peal_text_find(text, ':');
    peal_slice group = {text.ptr, len};
    if (len == text.len && peal_text_find(text, '.') < text.len) {
      if (*count + 4 > room || !parse_v4(out + *count, group))
        return false;
      *count += 4;
      return true;
    }
    if (*count + 2 > room || !parse_group(out + *count, group))
      return false;
    *count += 2;
    if (len == text.len)
      return true;
    text = behind(text, len + 1);
    if (!text.len)
      return false;
  }
  return true;
}

/* Where "::" stands, or text.len. */
static size_t find_gap(peal_slice text) {
  for (size_t i = 0; i + 1 < text.len; i++)
    if (text.ptr[i] == ':' && text.ptr[i + 1] == ':')
      return i;
  return text.len;
}

/* RFC4291 2.2: "::" stands for one group of zeros at least. */
static bool parse_v6(uint8_t out[16], peal_slice text) {
  uint8_t tail[16];
  size_t gap = find_gap(text), before, after;
  memset(out, 0, 16);
  if (!parse_groups(out, 16, (peal_slice){text.ptr, gap}, &before))
    return false;
  if (gap == text.len)
    return before == 16;
  /* IPv4 stands at the end alone. */
  if (peal_text_find((peal_slice){text.ptr, gap}, '.') < gap ||
      !parse_groups(tail, 16, behind(text, gap + 2), &after) ||
      before + after > 14)
    return false;
  if (after)
    memcpy(out + 16 - after, tail, after);
  return true;
}

bool peal_ip_parse(uint8_t out[16], peal_slice text) {
  uint8_t ip[16] = {[10] = 0xff, [11] = 0xff};
  if (!text.len)
    return false;
  bool v6 = peal_text_find(text, ':') < text.len;
  if (v6 ? !parse_v6(ip, text) : !parse_v4(ip + 12, text))
    return false;
  memcpy(out, ip, 16);
  return true;
}

bool peal_ip_net_parse(peal_ip_net *out, peal_slice text) {
  peal_ip_net net;
  size_t slash = peal_text_find(text, '/');
  peal_slice ip = {text.ptr, slash};
  if (!peal_ip_parse(net.ip, ip))
    return false;
  uint64_t before = peal_text_find(ip, ':') < ip.len ? 0 : MAPPED_BITS;
  uint64_t bits = 128 - before;
  if (slash < text.len &&
      !peal_decimal_parse(behind(text, slash + 1), 128 - before, &bits))
    return false;
  net.bits = (uint8_t)(before + bits);
  *out = net;
  return true;
}

bool peal_ip_net_has(const peal_ip_net *net, const uint8_t ip[16]) {
  size_t whole = net->bits / 8u, rest = net->bits % 8u;
  if (memcmp(net->ip, ip, whole) != 0)
    return false;
  return !rest || !((net->ip[whole] ^ ip[whole]) >> (8 - rest));
}
