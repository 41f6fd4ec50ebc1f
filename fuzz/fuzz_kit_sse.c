/* SPDX-License-Identifier: MIT */
/* kit/kit_sse: the same events whole and byte by byte; none is longer than the
 * ceiling. The first byte is the ceiling. */
#include <stdlib.h>
#include <string.h>

#include <peal/kit_sse.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

/* A number over all events and the end. */
static uint64_t mix(uint64_t sum, peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    sum = (sum ^ (unsigned char)text.ptr[i]) * 0x100000001B3u;
  return (sum ^ text.len) * 0x100000001B3u;
}

static uint64_t replay(peal_slice text, size_t max, size_t step) {
  peal_kit_sse sse;
  peal_kit_sse_event event;
  uint64_t sum = 0xCBF29CE484222325u;
  peal_kit_sse_init(&sse, max);
  for (size_t at = 0; at < text.len; at += step) {
    size_t left = text.len - at;
    peal_slice piece = {text.ptr + at, left < step ? left : step};
    if (peal_kit_sse_feed(&sse, piece) != PEAL_OK)
      break;
    while (peal_kit_sse_next(&sse, &event)) {
      must(event.data.len <= max);
      sum = mix(mix(mix(sum, event.type), event.data), event.id);
    }
  }
  sum = (sum ^ (uint64_t)(int64_t)peal_kit_sse_err(&sse)) * 0x100000001B3u;
  peal_kit_sse_deinit(&sse);
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len == 0)
    return 0;
  size_t max = data[0] > 0 ? data[0] : 256;
  peal_slice text = {(const char *)data + 1, len - 1};
  must(replay(text, max, 1) == replay(text, max, len));
  must(replay(text, max, 7) == replay(text, max, len));
  return 0;
}
