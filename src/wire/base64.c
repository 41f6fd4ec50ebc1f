/* SPDX-License-Identifier: MIT */
#include "wire/base64.h"

#include "base/err_site.h"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define BASE64_BAD 0x80

size_t peal_base64_encode_len(size_t len) {
  /* Beyond 3/4 of the address space there is nothing to encode. */
  return len / 3 * 4 + (len % 3 ? 4 : 0);
}

static char base64_digit(uint32_t bits) {
  return base64_alphabet[bits & 63];
}

void peal_base64_encode_to(char *out, peal_slice data) {
  size_t at = 0;
  for (; data.len - at >= 3; at += 3) {
    uint32_t bits = (uint32_t)(unsigned char)data.ptr[at] << 16 |
                    (uint32_t)(unsigned char)data.ptr[at + 1] << 8 |
                    (unsigned char)data.ptr[at + 2];
    *out++ = base64_digit(bits >> 18);
    *out++ = base64_digit(bits >> 12);
    *out++ = base64_digit(bits >> 6);
    *out++ = base64_digit(bits);
  }
  size_t left = data.len - at;
  if (left == 0)
    return;
  uint32_t bits = (uint32_t)(unsigned char)data.ptr[at] << 16;
  if (left == 2)
    bits |= (uint32_t)(unsigned char)data.ptr[at + 1] << 8;
  *out++ = base64_digit(bits >> 18);
  *out++ = base64_digit(bits >> 12);
  *out++ = left == 2 ? base64_digit(bits >> 6) : '=';
  *out = '=';
}

void peal_base64_encode(peal_buf *out, peal_slice data) {
  size_t len = peal_base64_encode_len(data.len);
  char *to = peal_buf_reserve(out, len);
  if (!to)
    return;
  peal_base64_encode_to(to, data);
  peal_buf_advance(out, len);
}

size_t peal_base64_decode_max(size_t len) {
  return len / 4 * 3 + (len % 4 ? 3 : 0);
}

/* RFC4648 4: six bits of each character, BASE64_BAD outside the alphabet. */
static const uint8_t base64_bits[256] = {
#define ROW(x) x, x, x, x, x, x, x, x
#define X BASE64_BAD
    ROW(X), ROW(X), ROW(X), ROW(X), ROW(X), X,      X,      X,      62,
    X,      X,      X,      63,     52,     53,     54,     55,     56,
    57,     58,     59,     60,     61,     X,      X,      X,      X,
    X,      X,      X,      0,      1,      2,      3,      4,      5,
    6,      7,      8,      9,      10,     11,     12,     13,     14,
    15,     16,     17,     18,     19,     20,     21,     22,     23,
    24,     25,     X,      X,      X,      X,      X,      X,      26,
    27,     28,     29,     30,     31,     32,     33,     34,     35,
    36,     37,     38,     39,     40,     41,     42,     43,     44,
    45,     46,     47,     48,     49,     50,     51,     X,      X,
    X,      X,      X,      ROW(X), ROW(X), ROW(X), ROW(X), ROW(X), ROW(X),
    ROW(X), ROW(X), ROW(X), ROW(X), ROW(X), ROW(X), ROW(X), ROW(X), ROW(X),
    ROW(X),
#undef X
#undef ROW
};

static uint32_t base64_value(char c) {
  return base64_bits[(unsigned char)c];
}

/* The 2 or 3 characters behind the last full group: 8 or 16 bits, and the
 * bits that do not fill a byte must be zero (RFC4648 3.5). */
static bool base64_tail(char *out, const char *p, size_t count) {
  uint32_t a = base64_value(p[0]), b = base64_value(p[1]);
  uint32_t c = count == 3 ? base64_value(p[2]) : 0;
  if ((a | b | c) & BASE64_BAD)
    return false;
  uint32_t bits = a << 18 | b << 12 | c << 6;
  if (bits & (count == 3 ? 0xffu : 0xffffu))
    return false;
  out[0] = (char)(unsigned char)(bits >> 16);
  if (count == 3)
    out[1] = (char)(unsigned char)(bits >> 8);
  return true;
}

/* Padding, if there is any, must fill the last group. */
static size_t base64_unpad(peal_slice text) {
  size_t len = text.len;
  if (len == 0 || len % 4 != 0 || text.ptr[len - 1] != '=')
    return len;
  return text.ptr[len - 2] == '=' ? len - 2 : len - 1;
}

size_t peal_base64_unfold(char *out, peal_slice text) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] != '\r' && text.ptr[i] != '\n')
      out[len++] = text.ptr[i];
  return len;
}

peal_err peal_base64_decode(char *out, size_t *out_len, peal_slice text) {
  size_t len = base64_unpad(text), tail = len % 4;
  const char *p = text.ptr;
  char *to = out;
  uint32_t bad = 0;
  *out_len = 0;
  if (tail == 1)
    return PEAL_FAIL(PEAL_ERR_BASE64);
  for (size_t groups = len / 4; groups > 0; groups--, p += 4) {
    uint32_t a = base64_value(p[0]), b = base64_value(p[1]);
    uint32_t c = base64_value(p[2]), d = base64_value(p[3]);
    bad |= a | b | c | d;
    uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    *to++ = (char)(unsigned char)(bits >> 16);
    *to++ = (char)(unsigned char)(bits >> 8);
    *to++ = (char)(unsigned char)bits;
  }
  if ((bad & BASE64_BAD) || (tail > 0 && !base64_tail(to, p, tail)))
    return PEAL_FAIL(PEAL_ERR_BASE64);
  *out_len = (size_t)(to - out) + (tail > 0 ? tail - 1 : 0);
  return PEAL_OK;
}
