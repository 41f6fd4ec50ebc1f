/* SPDX-License-Identifier: MIT */
#include "wire/percent.h"

#include <string.h>

#include "base/err_site.h"
#include "base/hex.h"

/* The byte that "%XY" at `at` stands for, or -1. */
static int decode_byte(peal_slice in, size_t at) {
  if (in.len - at < 3)
    return -1;
  int high = peal_hex_value(in.ptr[at + 1]);
  int low = peal_hex_value(in.ptr[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* The next byte of a form; *at moves behind it. */
static char take_form_byte(peal_slice in, size_t *at) {
  char c = in.ptr[*at];
  int byte = c == '%' ? decode_byte(in, *at) : -1;
  *at += byte >= 0 ? 3 : 1;
  if (byte >= 0)
    return (char)byte;
  return c == '+' ? ' ' : c;
}

size_t peal_percent_decode_form(char *out, peal_slice in) {
  size_t len = 0;
  for (size_t i = 0; i < in.len;)
    out[len++] = take_form_byte(in, &i);
  return len;
}

bool peal_percent_is_plain(peal_slice in) {
  return in.len == 0 ||
         (!memchr(in.ptr, '%', in.len) && !memchr(in.ptr, '+', in.len));
}

bool peal_percent_form_is(peal_slice in, const char *text) {
  for (size_t i = 0; i < in.len; text++) {
    if (!*text || take_form_byte(in, &i) != *text)
      return false;
  }
  return !*text;
}

peal_err peal_percent_decode_path(char *out, size_t *out_len, peal_slice in) {
  size_t len = 0;
  for (size_t i = 0; i < in.len; i++) {
    char c = in.ptr[i];
    if (c == '%') {
      int byte = decode_byte(in, i);
      if (byte < 0)
        return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
      c = (char)byte;
      i += 2;
    }
    if (c == 0)
      return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
    out[len++] = c;
  }
  *out_len = len;
  return PEAL_OK;
}

static bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

void peal_percent_encode(peal_buf *out, peal_slice text) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.len; i++) {
    unsigned char byte = (unsigned char)text.ptr[i];
    if (is_unreserved(text.ptr[i])) {
      peal_buf_add_char(out, text.ptr[i]);
      continue;
    }
    peal_buf_add_char(out, '%');
    peal_buf_add_char(out, digits[byte >> 4]);
    peal_buf_add_char(out, digits[byte & 15]);
  }
}
