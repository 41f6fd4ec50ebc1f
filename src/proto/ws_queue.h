/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_queue: the frames that wait to leave one WebSocket connection, and how
 * far the first of them has left. Empty, it owns no memory.
 * In the flow: proto/ws_conn -> [ws_queue] -> net/stream. */
#include <peal/base.h>

#include "base/iovs.h"

/* An opcode that RFC6455 does not have: the bytes go out as they are, and
 * nothing overtakes them. */
#define PEAL_WS_QUEUE_RAW 0xffu

/* One frame, never fragmented. */
typedef struct peal_ws_queue_frame {
  peal_bytes *bytes; /* the payload as it goes on the wire; NULL: empty */
  uint8_t key[4];    /* if masked */
  uint8_t opcode;    /* peal_ws_opcode, or PEAL_WS_QUEUE_RAW */
  char prefix;       /* sent before the bytes; 0: none */
  bool masked;       /* the bytes are masked with key; no prefix then */
} peal_ws_queue_frame;

typedef struct peal_ws_queue_block peal_ws_queue_block;

typedef struct peal_ws_queue {
  peal_ws_queue_block *block; /* NULL: empty */
  size_t bytes;               /* on the wire, not sent yet */
} peal_ws_queue;

/* {0} is an empty queue. Drops all frames, also one half sent. */
void peal_ws_queue_deinit(peal_ws_queue *queue, const peal_mem *mem);
/* Append; frame->bytes is taken, also on failure.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ws_queue_add(peal_ws_queue *queue,
                                           const peal_mem *mem,
                                           const peal_ws_queue_frame *frame);
/* The same for a pong: it overtakes what no pull has begun, and of those that
 * wait the newest PEAL_LIMIT_WS_PONGS are kept. */
PEAL_MUST_CHECK peal_err
peal_ws_queue_add_pong(peal_ws_queue *queue, const peal_mem *mem,
                       const peal_ws_queue_frame *frame);
void peal_ws_queue_pull(peal_ws_queue *queue, const peal_mem *mem,
                        peal_iovs *out);
void peal_ws_queue_sent(peal_ws_queue *queue, const peal_mem *mem, size_t len);
/* Text and binary frames not wholly sent. */
size_t peal_ws_queue_messages(const peal_ws_queue *queue);
