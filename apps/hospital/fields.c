/* SPDX-License-Identifier: MIT */
#include "fields.h"

bool fields_is_id(peal_val value) {
  peal_slice text = peal_val_str(value);
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i], small = (char)(c | 0x20);
    bool is_letter = small >= 'a' && small <= 'z';
    if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
        c != '-')
      return false;
  }
  return text.len > 0;
}
