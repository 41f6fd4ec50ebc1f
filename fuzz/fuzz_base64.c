/* SPDX-License-Identifier: MIT */
/* wire/base64: bytes come back from their encoding, and a text that is
 * accepted is the encoding of what it gave, apart from padding. */
#include <stdlib.h>
#include <string.h>

#include "wire/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static char *block(size_t size) {
  char *ptr = malloc(size ? size : 1);
  must(ptr != NULL);
  return ptr;
}

static void check_encode(peal_slice data) {
  size_t text_len = peal_base64_encode_len(data.len), len = 0;
  char *text = block(text_len);
  char *back = block(peal_base64_decode_max(text_len));
  peal_base64_encode_to(text, data);
  must(peal_base64_decode(back, &len, (peal_slice){text, text_len}) == PEAL_OK);
  must(peal_slice_eq((peal_slice){back, len}, data));
  free(text);
  free(back);
}

static void check_decode(peal_slice text) {
  size_t len = 0;
  char *bytes = block(peal_base64_decode_max(text.len));
  if (peal_base64_decode(bytes, &len, text) == PEAL_OK) {
    size_t again_len = peal_base64_encode_len(len);
    char *again = block(again_len);
    peal_base64_encode_to(again, (peal_slice){bytes, len});
    must(text.len <= again_len && memcmp(again, text.ptr, text.len) == 0);
    for (size_t i = text.len; i < again_len; i++)
      must(again[i] == '=');
    free(again);
  }
  free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice input = {len ? (const char *)data : "", len};
  check_encode(input);
  check_decode(input);
  return 0;
}
