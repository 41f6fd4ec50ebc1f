/* SPDX-License-Identifier: MIT */
#include "load_ws.h"

#include <string.h>

/* RFC6455 5.3 wants an unpredictable key, to protect proxies; there is none
 * on the loopback, and a fixed key lets messages be masked once. */
static const uint8_t fixed_key[4] = {0x37, 0xfa, 0x21, 0x3d};

size_t load_ws_head(uint8_t *out, uint8_t opcode, uint64_t len) {
  size_t extra = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
  out[0] = (uint8_t)(0x80 | opcode);
  out[1] = (uint8_t)(0x80 | (extra == 0 ? len : extra == 2 ? 126 : 127));
  for (size_t i = 0; i < extra; i++)
    out[2 + i] = (uint8_t)(len >> 8 * (extra - 1 - i));
  memcpy(out + 2 + extra, fixed_key, sizeof fixed_key);
  return 2 + extra + sizeof fixed_key;
}

void load_ws_mask(char *bytes, size_t len, const uint8_t key[4]) {
  for (size_t i = 0; i < len; i++)
    bytes[i] = (char)((uint8_t)bytes[i] ^ key[i & 3]);
}

static const char *frame_problem(const uint8_t *in, uint64_t len) {
  if ((in[0] & 0xF0) != 0x80 || (in[0] & 0x0F) == 0)
    return "expected a whole frame without extension bits";
  /* RFC6455 5.1: a server must not mask. */
  if ((in[1] & 0x80) != 0)
    return "expected an unmasked frame";
  if (len > INT64_MAX)
    return "expected a length below 2^63";
  return NULL;
}

size_t load_ws_decode(load_ws_frame *frame, const uint8_t *in, size_t len) {
  if (len < 2)
    return 0;
  uint64_t first = in[1] & 0x7F;
  size_t extra = first < 126 ? 0 : first == 126 ? 2 : 8;
  if (len < 2 + extra)
    return 0;
  uint64_t payload = extra == 0 ? first : 0;
  for (size_t i = 0; i < extra; i++)
    payload = payload << 8 | in[2 + i];
  *frame = (load_ws_frame){.opcode = in[0] & 0x0F,
                           .len = payload,
                           .problem = frame_problem(in, payload)};
  return 2 + extra;
}
