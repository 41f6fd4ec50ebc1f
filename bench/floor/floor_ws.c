/* SPDX-License-Identifier: MIT */
#include "floor_ws.h"

#include <string.h>

enum { OPCODE_CLOSE = 0x8, ACK_EVENT = sizeof "\"echo\"," - 1 };

static size_t head_write(uint8_t *out, size_t len) {
  size_t extra = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
  out[0] = 0x81;
  out[1] = (uint8_t)(extra == 0 ? len : extra == 2 ? 126 : 127);
  for (size_t i = 0; i < extra; i++)
    out[2 + i] = (uint8_t)(len >> 8 * (extra - 1 - i));
  return 2 + extra;
}

void floor_ws_frame(floor_out *out, const void *payload, size_t len) {
  uint8_t *to = floor_conn_reserve(out, 10 + len);
  size_t head = head_write(to, len);
  memcpy(to + head, payload, len);
  out->len += head + len;
}

static void unmask(uint8_t *bytes, size_t len, const uint8_t key[4]) {
  uint8_t wide[8];
  memcpy(wide, key, 4);
  memcpy(wide + 4, key, 4);
  uint64_t mask, word;
  memcpy(&mask, wide, 8);
  size_t i = 0;
  for (; i + 8 <= len; i += 8) {
    memcpy(&word, bytes + i, 8);
    word ^= mask;
    memcpy(bytes + i, &word, 8);
  }
  for (; i < len; i++)
    bytes[i] ^= key[i & 3];
}

/* 42<id>["echo",<args>] -> 43<id>[<args>]: one cut, no parsing. */
static void ack(floor_out *out, uint8_t *payload, size_t len) {
  uint8_t *open = memchr(payload, '[', len);
  if (open == NULL || (size_t)(payload + len - open) <= ACK_EVENT)
    return;
  payload[1] = '3';
  memmove(payload + ACK_EVENT, payload, (size_t)(open - payload) + 1);
  floor_ws_frame(out, payload + ACK_EVENT, len - ACK_EVENT);
}

static void answer(floor_server *server, uint8_t *payload, size_t len) {
  static const char joined[] = "40{\"sid\":\"" FLOOR_SID "\"}";
  if (len < 2 || payload[0] != '4')
    return;
  if (payload[1] == '0')
    floor_ws_frame(&server->out, joined, sizeof joined - 1);
  else if (len > 4 && payload[2] == '[' && payload[4] == 'b')
    floor_ws_frame(&server->broadcast, payload, len);
  else if (len > 2 && payload[2] == '[')
    floor_ws_frame(&server->out, payload, len);
  else
    ack(&server->out, payload, len);
}

/* Returns: the length of the head with its key, 0 if bytes are missing. */
static size_t head_read(const uint8_t *in, size_t len, uint64_t *payload) {
  if (len < 2)
    return 0;
  uint64_t first = in[1] & 0x7F;
  size_t extra = first < 126 ? 0 : first == 126 ? 2 : 8;
  if (len < 6 + extra)
    return 0;
  *payload = extra == 0 ? first : 0;
  for (size_t i = 0; i < extra; i++)
    *payload = *payload << 8 | in[2 + i];
  return 6 + extra;
}

ptrdiff_t floor_ws_feed(floor_server *server, uint8_t *in, size_t len) {
  size_t used = 0;
  for (;;) {
    uint64_t payload = 0;
    size_t head = head_read(in + used, len - used, &payload);
    if (head == 0 || len - used - head < payload)
      return (ptrdiff_t)used;
    uint8_t *frame = in + used;
    if ((frame[0] & 0x0F) == OPCODE_CLOSE)
      return -1;
    unmask(frame + head, (size_t)payload, frame + head - 4);
    answer(server, frame + head, (size_t)payload);
    used += head + (size_t)payload;
  }
}
