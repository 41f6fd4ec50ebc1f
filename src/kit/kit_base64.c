/* SPDX-License-Identifier: MIT */
/* kit_base64: bytes as text and back, in the forms of RFC 4648. */
#include <string.h>

#include <peal/kit_small.h>

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool is_url(peal_kit_base64 form) {
  return form == PEAL_KIT_BASE64_URL;
}

static bool is_padded(peal_kit_base64 form) {
  return form == PEAL_KIT_BASE64_STANDARD;
}

size_t peal_kit_base64_write(char *out, peal_slice data, peal_kit_base64 form) {
  const char *digits = is_url(form) ? for_urls : standard;
  const uint8_t *p = (const uint8_t *)data.ptr;
  size_t len = 0;
  for (size_t left = data.len; left > 0;) {
    size_t taken = left < 3 ? left : 3;
    uint32_t bits = (uint32_t)p[0] << 16 |
                    (taken > 1 ? (uint32_t)p[1] << 8 : 0) |
                    (taken > 2 ? p[2] : 0);
    for (size_t i = 0; i < 4; i++, bits <<= 6)
      if (i <= taken)
        out[len++] = digits[bits >> 18 & 63];
      else if (is_padded(form))
        out[len++] = '=';
    left -= taken;
    p += taken;
  }
  out[len] = '\0';
  return len;
}

/* -1: it is none. */
static int digit_of(char c, bool url) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  if (c == (url ? '-' : '+'))
    return 62;
  return c == (url ? '_' : '/') ? 63 : -1;
}

/* Without its padding, which has to be right. */
static bool take_padding(peal_slice *text, peal_kit_base64 form) {
  if (!is_padded(form))
    return true;
  if (text->len % 4 != 0)
    return false;
  for (int i = 0; i < 2 && text->len > 0 && text->ptr[text->len - 1] == '=';
       i++)
    text->len--;
  return true;
}

bool peal_kit_base64_read(uint8_t *out, size_t cap, size_t *len,
                          peal_slice text, peal_kit_base64 form) {
  uint32_t bits = 0;
  unsigned held = 0;
  *len = 0;
  if (!take_padding(&text, form) || text.len % 4 == 1 ||
      text.len / 4 * 3 + text.len % 4 * 3 / 4 > cap)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    int digit = digit_of(text.ptr[i], is_url(form));
    if (digit < 0)
      return false;
    bits = bits << 6 | (uint32_t)digit;
    held += 6;
    if (held < 8)
      continue;
    held -= 8;
    out[(*len)++] = (uint8_t)(bits >> held);
    bits &= (1u << held) - 1;
  }
  // RFC4648 3.5: the same bytes have one text only
  return bits == 0;
}
