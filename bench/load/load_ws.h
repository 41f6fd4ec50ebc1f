/* SPDX-License-Identifier: MIT */
#pragma once
/* load_ws: the client's half of WebSocket framing (RFC6455 5.2), written apart
 * from the library: a load generator must not trust what it measures. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LOAD_WS_TEXT = 0x1,
  LOAD_WS_BINARY = 0x2,
  LOAD_WS_CLOSE = 0x8,
  LOAD_WS_PING = 0x9,
  LOAD_WS_PONG = 0xA,
  LOAD_WS_MAX_HEAD = 14,
};

typedef struct load_ws_frame {
  uint8_t opcode;
  uint64_t len;        /* payload bytes */
  const char *problem; /* why the frame is wrong, or NULL */
} load_ws_frame;

/* Write the head of a final, masked frame; the key is its last four bytes.
 * Returns: its length, 6 to 14. */
size_t load_ws_head(uint8_t *out, uint8_t opcode, uint64_t len);

/* Mask `len` bytes in place. */
void load_ws_mask(char *bytes, size_t len, const uint8_t key[4]);

/* Decode the head of a server's frame.
 * Returns: its length, 2 to 10; 0 if bytes are missing. */
size_t load_ws_decode(load_ws_frame *frame, const uint8_t *in, size_t len);
