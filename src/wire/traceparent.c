/* SPDX-License-Identifier: MIT */
#include "wire/traceparent.h"

#include <string.h>

#define TRACE_AT 3u
#define SPAN_AT 36u
#define FLAGS_AT 53u
#define LEN 55u

/* W3C 3.2.2: lower case alone. */
static bool are_hex(const char *at, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
      return false;
  return true;
}

static bool are_zero(const char *at, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (at[i] != '0')
      return false;
  return true;
}

static bool is_id(const char *at, size_t count) {
  return are_hex(at, count) && !are_zero(at, count);
}

/* W3C 3.2.4: what a later version has behind is left alone. */
static bool has_form(peal_slice text) {
  const char *p = text.ptr;
  if (text.len < LEN || p[2] != '-' || p[SPAN_AT - 1] != '-' ||
      p[FLAGS_AT - 1] != '-')
    return false;
  bool is_first = p[0] == '0' && p[1] == '0';
  if (text.len > LEN && (is_first || p[LEN] != '-'))
    return false;
  return are_hex(p, 2) && memcmp(p, "ff", 2) != 0 && are_hex(p + FLAGS_AT, 2);
}

bool peal_traceparent_decode(peal_traceparent *out, peal_slice text) {
  *out = (peal_traceparent){0};
  if (!has_form(text) || !is_id(text.ptr + TRACE_AT, 32) ||
      !is_id(text.ptr + SPAN_AT, 16))
    return false;
  memcpy(out->trace_id, text.ptr + TRACE_AT, 32);
  memcpy(out->span_id, text.ptr + SPAN_AT, 16);
  return true;
}

void peal_traceparent_encode(char out[PEAL_TRACEPARENT_BYTES],
                             const peal_traceparent *from) {
  memcpy(out, "00-", 3);
  memcpy(out + TRACE_AT, from->trace_id, 32);
  out[SPAN_AT - 1] = '-';
  memcpy(out + SPAN_AT, from->span_id, 16);
  memcpy(out + FLAGS_AT - 1, "-01", 4);
}
