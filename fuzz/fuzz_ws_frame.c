/* SPDX-License-Identifier: MIT */
/* fuzz_ws_frame: a header that is accepted is the only encoding of what it
 * says, a shorter input asks for more or says the same error, and masking
 * twice is masking never. */
#include <stdlib.h>
#include <string.h>

#include "wire/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

static void check_prefixes(const char *data, size_t len, peal_err whole) {
  peal_ws_frame frame;
  size_t used = 0;
  for (size_t i = 0; i < len; i++) {
    peal_err err = peal_ws_frame_decode(&frame, (peal_slice){data, i}, &used);
    must(err == PEAL_ERR_AGAIN || err == whole);
  }
}

static void check_masking(const peal_ws_frame *frame, const char *payload,
                          size_t len) {
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  size_t half = len / 3;
  peal_ws_frame_mask(copy, payload, len, frame->mask, 0);
  for (size_t i = 0; i < len; i++)
    must((uint8_t)copy[i] == ((uint8_t)payload[i] ^ frame->mask[i % 4]));
  peal_ws_frame_mask(copy, copy, half, frame->mask, 0);
  peal_ws_frame_mask(copy + half, copy + half, len - half, frame->mask, half);
  must(len == 0 || memcmp(copy, payload, len) == 0);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  const char *text = (const char *)data;
  char header[PEAL_WS_FRAME_HEADER_MAX];
  peal_ws_frame frame;
  size_t used = 0;
  peal_err err = peal_ws_frame_decode(&frame, (peal_slice){text, len}, &used);
  if (err == PEAL_ERR_AGAIN) {
    must(len < PEAL_WS_FRAME_HEADER_MAX);
    return 0;
  }
  if (err) {
    must(peal_err_ws_code(err) == 1002);
    check_prefixes(text, len < 16 ? len : 16, err);
    return 0;
  }
  must(used >= 2 && used <= len && frame.len <= INT64_MAX);
  must(peal_ws_frame_encode(header, &frame) == used);
  must(memcmp(header, data, used) == 0);
  check_prefixes(text, used, PEAL_ERR_AGAIN);
  check_masking(&frame, text + used, len - used);
  return 0;
}
