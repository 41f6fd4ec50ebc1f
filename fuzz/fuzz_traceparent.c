/* SPDX-License-Identifier: MIT */
/* wire/traceparent: what is taken apart is put together again, and what is
 * refused leaves nothing. */
#include <stdlib.h>
#include <string.h>

#include "wire/traceparent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_traceparent it, again;
  char text[PEAL_TRACEPARENT_BYTES];
  peal_slice input = {len ? (const char *)data : NULL, len};
  if (!peal_traceparent_decode(&it, input)) {
    must(!it.trace_id[0] && !it.span_id[0]);
    return 0;
  }
  must(strlen(it.trace_id) == 32 && strlen(it.span_id) == 16);
  must(!memcmp(input.ptr + 3, it.trace_id, 32));
  must(!memcmp(input.ptr + 36, it.span_id, 16));
  peal_traceparent_encode(text, &it);
  must(peal_traceparent_decode(&again, (peal_slice){text, strlen(text)}));
  must(!memcmp(&it, &again, sizeof it));
  return 0;
}
