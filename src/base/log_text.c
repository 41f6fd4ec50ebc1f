/* SPDX-License-Identifier: MIT */
#include "base/log_text.h"

#include <string.h>

static bool is_tail(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

/* RFC3629 4. Forms that are too long, surrogates and what lies above U+10FFFF
 * are none. */
size_t peal_log_text_char(const char *text, size_t left) {
  const unsigned char *at = (const unsigned char *)text;
  unsigned char first = at[0];
  size_t len = first < 0x80   ? 1
               : first < 0xc2 ? 0
               : first < 0xe0 ? 2
               : first < 0xf0 ? 3
               : first < 0xf5 ? 4
                              : 0;
  if (len == 0 || len > left)
    return 0;
  for (size_t i = 1; i < len; i++)
    if (!is_tail(at[i]))
      return 0;
  if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
      (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f))
    return 0;
  return len;
}

bool peal_log_text_is_control(const char *text, size_t len) {
  const unsigned char *at = (const unsigned char *)text;
  if (len == 0)
    return false;
  if (len == 1)
    return at[0] < 0x20 || at[0] == 0x7f;
  return len == 2 && at[0] == 0xc2 && at[1] < 0xa0; /* U+0080 to U+009F */
}

void peal_log_text_clean(char *text, size_t len) {
  size_t pos = 0;
  while (pos < len) {
    size_t bytes = peal_log_text_char(text + pos, len - pos);
    if (bytes == 0 || peal_log_text_is_control(text + pos, bytes)) {
      bytes = bytes ? bytes : 1;
      memset(text + pos, '?', bytes);
    }
    pos += bytes;
  }
}
