/* SPDX-License-Identifier: MIT */
#include "wire/percent.h"

#include "base/hex.h"

/* The byte that "%XY" at `at` stands for, or -1. */
static int decode_byte(peal_slice in, size_t at) {
  if (in.len - at < 3)
    return -1;
  int high = peal_hex_value(in.ptr[at + 1]);
  int low = peal_hex_value(in.ptr[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

size_t peal_percent_decode_form(char *out, peal_slice in) {
  size_t len = 0;
  for (size_t i = 0; i < in.len; i++) {
    char c = in.ptr[i];
    int byte = c == '%' ? decode_byte(in, i) : -1;
    if (byte >= 0) {
      c = (char)byte;
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    out[len++] = c;
  }
  return len;
}

peal_err peal_percent_decode_path(char *out, size_t *out_len, peal_slice in) {
  size_t len = 0;
  for (size_t i = 0; i < in.len; i++) {
    char c = in.ptr[i];
    if (c == '%') {
      int byte = decode_byte(in, i);
      if (byte < 0)
        return PEAL_ERR_HTTP_SYNTAX;
      c = (char)byte;
      i += 2;
    }
    if (c == 0)
      return PEAL_ERR_HTTP_SYNTAX;
    out[len++] = c;
  }
  *out_len = len;
  return PEAL_OK;
}
