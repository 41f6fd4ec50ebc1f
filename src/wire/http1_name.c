/* SPDX-License-Identifier: MIT */
#include "wire/http1_name.h"

#include <string.h>

#define LONGEST 24u

static const char names[PEAL_HTTP1_NAME_COUNT][LONGEST + 1] = {
    "",
    "host",
    "range",
    "accept",
    "cookie",
    "expect",
    "origin",
    "referer",
    "upgrade",
    "if-range",
    "connection",
    "user-agent",
    "content-type",
    "authorization",
    "if-none-match",
    "content-length",
    "accept-encoding",
    "x-forwarded-for",
    "if-modified-since",
    "sec-websocket-key",
    "transfer-encoding",
    "x-forwarded-proto",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
};

/* The first name of each length; those of one length end where the next
 * begins. */
static const uint8_t first[LONGEST + 2] = {1,  1,  1,  1,  1,  2,  3,  7,  9,
                                           10, 10, 12, 12, 13, 15, 16, 18, 18,
                                           22, 22, 22, 22, 23, 24, 24, 25};

/* In a token, setting this bit changes the case of letters and nothing that
 * could become a letter or a hyphen (RFC9110 5.6.2). */
#define LOWER 0x20u
#define LOWER8 UINT64_C(0x2020202020202020)

static uint64_t eight(const char *ptr) {
  uint64_t word;
  memcpy(&word, ptr, sizeof(word));
  return word | LOWER8;
}

static bool is_name(const char *text, const char *lower, size_t len) {
  if (len < 8) {
    for (size_t i = 0; i < len; i++)
      if (((unsigned char)text[i] | LOWER) != (unsigned char)lower[i])
        return false;
    return true;
  }
  size_t last = len - 8;
  for (size_t i = 0; i < last; i += 8)
    if (eight(text + i) != eight(lower + i))
      return false;
  return eight(text + last) == eight(lower + last);
}

peal_http1_name peal_http1_name_of(peal_slice name) {
  if (!name.len || name.len > LONGEST)
    return PEAL_HTTP1_NAME_OTHER;
  for (unsigned i = first[name.len]; i < first[name.len + 1]; i++)
    if (is_name(name.ptr, names[i], name.len))
      return (peal_http1_name)i;
  return PEAL_HTTP1_NAME_OTHER;
}

const char *peal_http1_name_text(peal_http1_name name) {
  return names[name];
}
