/* SPDX-License-Identifier: MIT */
/* wire/json_number: the first eight bytes as a double come back from their
 * decimal form; the rest, if it is a number, reads as the C library reads it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json_number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_double(const uint8_t *data) {
  double value, back;
  peal_buf buf;
  memcpy(&value, data, sizeof value);
  peal_buf_init(&buf, NULL, 0);
  peal_json_number_encode(&buf, value);
  must(buf.err == PEAL_OK && buf.len <= 25);
  if (isfinite(value)) {
    value += 0.0; /* -0 is written as 0 */
    back = peal_json_number_decode(peal_buf_slice(&buf));
    must(memcmp(&value, &back, sizeof value) == 0);
  } else {
    must(peal_slice_is(peal_buf_slice(&buf), "null"));
  }
  peal_buf_deinit(&buf);
}

static const char *skip_digits(const char *p) {
  const char *begin = p;
  while (*p >= '0' && *p <= '9')
    p++;
  return p == begin ? NULL : p;
}

/* RFC8259 6 */
static bool is_number(const char *p) {
  p += *p == '-';
  p = *p == '0' ? p + 1 : skip_digits(p);
  if (p && *p == '.')
    p = skip_digits(p + 1);
  if (p && (*p | 0x20) == 'e') {
    p++;
    p = skip_digits(p + (*p == '+' || *p == '-'));
  }
  return p && *p == '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len >= 8) {
    check_double(data);
    data += 8;
    len -= 8;
  }
  char *text = malloc(len + 1);
  must(text != NULL);
  if (len > 0)
    memcpy(text, data, len);
  text[len] = '\0';
  if (strlen(text) == len && is_number(text)) {
    double expected = strtod(text, NULL);
    double got = peal_json_number_decode((peal_slice){text, len});
    must(memcmp(&expected, &got, sizeof got) == 0);
  }
  free(text);
  return 0;
}
