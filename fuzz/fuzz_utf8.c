/* SPDX-License-Identifier: MIT */
/* wire/utf8: whole, byte by byte, and in two pieces give the same verdict;
 * a text that fails, fails at its first bad byte in each of them. */
#include <stdlib.h>

#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice text = {len ? (const char *)data : "", len};
  bool valid = peal_utf8_is_valid(text);
  peal_utf8 bytes = {0};
  bool good = true;
  size_t bad_at = len;
  for (size_t i = 0; i < len && good; i++) {
    good = peal_utf8_feed(&bytes, (peal_slice){text.ptr + i, 1});
    if (!good)
      bad_at = i;
  }
  must(valid == (good && peal_utf8_is_complete(&bytes)));
  size_t step = len > 256 ? len / 256 : 1;
  for (size_t at = 0; at <= len; at += step) {
    peal_utf8 check = {0};
    bool first = peal_utf8_feed(&check, (peal_slice){text.ptr, at});
    must(first == (at <= bad_at));
    bool second = peal_utf8_feed(&check, (peal_slice){text.ptr + at, len - at});
    must(second == good);
    must(valid == (second && peal_utf8_is_complete(&check)));
  }
  return 0;
}
