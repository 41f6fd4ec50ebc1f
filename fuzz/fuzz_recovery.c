/* SPDX-License-Identifier: MIT */
/* server/recovery: what a client says for an offset is one of ours or none, and
 * what is ours is read back as it was written. */
#include <stdlib.h>
#include <string.h>

#include "server/recovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_text(peal_slice text) {
  uint64_t number = 1;
  char again[PEAL_RECOVERY_OFFSET_BYTES];
  if (!peal_recovery_offset_get(text, &number))
    return;
  must(text.len == sizeof again && number >> 48 == 0);
  peal_recovery_offset_put(again, number);
  must(memcmp(again, text.ptr, sizeof again) == 0);
}

static void check_number(uint64_t number) {
  char text[PEAL_RECOVERY_OFFSET_BYTES];
  uint64_t again = 0;
  peal_recovery_offset_put(text, number);
  must(peal_recovery_offset_get((peal_slice){text, sizeof text}, &again));
  must(again == (number & ((1ull << 48) - 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  uint64_t number = 0;
  check_text((peal_slice){(const char *)data, len});
  if (len >= sizeof number) {
    memcpy(&number, data, sizeof number);
    check_number(number);
  }
  return 0;
}
