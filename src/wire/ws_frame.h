/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_frame: the header of one WebSocket frame, to and from bytes, and the
 * masking of its payload (RFC6455 5.2, 5.3).
 * In the flow: net/stream -> [ws_frame] -> proto/ws_conn. No state, no memory. */
#include <peal/base.h>

typedef enum peal_ws_opcode {
  PEAL_WS_CONTINUATION = 0,
  PEAL_WS_TEXT = 1,
  PEAL_WS_BINARY = 2,
  PEAL_WS_CLOSE = 8,
  PEAL_WS_PING = 9,
  PEAL_WS_PONG = 10
} peal_ws_opcode;

#define PEAL_WS_FRAME_HEADER_MAX 14u
/* The bit beside the opcode on the wire that says: deflated (RFC7692 6). */
#define PEAL_WS_RSV1 0x40u

typedef struct peal_ws_frame {
  uint64_t len;    /* payload bytes, below 2^63 */
  uint8_t opcode;  /* one of peal_ws_opcode */
  uint8_t mask[4]; /* key, if masked */
  bool fin, rsv1, masked;
} peal_ws_frame;

/* Decode the header at the start of `in` (borrowed); the payload is not
 * touched. What two bytes already prove wrong is refused at two bytes.
 * Returns: PEAL_OK and *used = 2..14; PEAL_ERR_AGAIN if bytes are missing;
 * PEAL_ERR_WS_OPCODE, PEAL_ERR_WS_RSV (RSV2, RSV3; RSV1 is reported),
 * PEAL_ERR_WS_LEN (not minimal, 2^63 or more), PEAL_ERR_WS_CONTROL (a control
 * frame fragmented or above 125 bytes). Thread: pure. Spec: RFC6455 5.2, 5.5.
 */
PEAL_MUST_CHECK peal_err peal_ws_frame_decode(peal_ws_frame *out, peal_slice in,
                                              size_t *used);
/* Write the header to `out` (PEAL_WS_FRAME_HEADER_MAX bytes); returns its
 * length. */
size_t peal_ws_frame_encode(char *out, const peal_ws_frame *frame);
/* XOR `len` bytes with the key, beginning at payload offset `offset`; `out`
 * and `in` may be the same. */
void peal_ws_frame_mask(char *out, const char *in, size_t len,
                        const uint8_t mask[4], uint64_t offset);
