/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_queue: the frames that wait in one WebSocket connection itself, as the
 * bytes that go on the wire, and how far the first of them has left.
 * In the flow: proto/ws_conn -> [ws_queue] -> net/stream.
 *
 *   begun            a frame that has left in part; nothing may cut into it
 *   own frames       the raw head, pings, pongs
 *   messages, close  what _add got; a server's messages wait above instead
 *   - - - - - -      messages that _pull_message shows, owned by somebody else
 *
 * A pull shows them in this order. _sent speaks of the last pull that was not
 * empty-handed; what was queued between the two is not counted into it. */
#include <peal/base.h>

#include "base/account.h"
#include "base/iovs.h"
#include "proto/message.h"
#include "wire/ws_frame.h"

typedef struct peal_ws_queue_frame peal_ws_queue_frame;

typedef struct peal_ws_queue_list {
  peal_ws_queue_frame *head;
  peal_ws_queue_frame *tail; /* undefined if head is NULL */
} peal_ws_queue_list;

typedef struct peal_ws_queue {
  const peal_mem *mem;
  peal_account *account; /* pongs are charged to it; NULL: not counted */
  peal_ws_queue_frame *begun;
  peal_ws_queue_list own;
  peal_ws_queue_list last; /* messages, then a close */
  size_t bytes;            /* on the wire, not sent yet */
  bool is_data_own;        /* messages are own frames: there are more elsewhere,
                            * which go before the close */
} peal_ws_queue;

/* `mem` and `account` are borrowed for life. */
void peal_ws_queue_init(peal_ws_queue *queue, const peal_mem *mem,
                        peal_account *account);
/* Drops all frames, also one half sent; the queue is empty then. */
void peal_ws_queue_clear(peal_ws_queue *queue);

/* These copy. Returns: PEAL_OK, PEAL_ERR_NOMEM; a pong: what the account
 * answered. */

/* Bytes that go out as they are, before all else. */
PEAL_MUST_CHECK peal_err peal_ws_queue_add_raw(peal_ws_queue *queue,
                                               peal_slice bytes);
/* A frame whose payload is `prefix` (0: none) and `body`; head->len is
 * ignored, head->mask applied if head->masked. Of the pongs that no pull has
 * shown, the newest PEAL_LIMIT_WS_PONGS are kept. */
PEAL_MUST_CHECK peal_err peal_ws_queue_add(peal_ws_queue *queue,
                                           const peal_ws_frame *head,
                                           char prefix, peal_slice body);
/* The frame of a part of a message, or of a form of it, `body`, has left by
 * `sent` bytes, fewer than it has: its rest goes first. A reference is taken.
 * None may be begun. */
PEAL_MUST_CHECK peal_err peal_ws_queue_keep(peal_ws_queue *queue,
                                            uint8_t opcode, char prefix,
                                            peal_message *message,
                                            peal_slice body, size_t sent);

/* Whole frames, and the rest of one begun. */
void peal_ws_queue_pull(peal_ws_queue *queue, peal_iovs *out);
/* The same in two steps, for who has messages that go before the last ones: all
 * but these; then these, instead of messages of somebody else. */
void peal_ws_queue_pull_own(peal_ws_queue *queue, peal_iovs *out);
void peal_ws_queue_pull_last(peal_ws_queue *queue, peal_iovs *out);
/* Returns how many of `len` bytes lie behind the frames that the pull showed. */
size_t peal_ws_queue_sent(peal_ws_queue *queue, size_t len);

/* Did the last pull show all frames? All but the last ones? */
bool peal_ws_queue_is_shown(const peal_ws_queue *queue);
bool peal_ws_queue_is_own_shown(const peal_ws_queue *queue);

/* Bytes on the wire of an unmasked message of prefix and body. */
size_t peal_ws_queue_message_len(char prefix, size_t body_len);
/* Write one into the pull, all of it or nothing (false); `opcode` with
 * PEAL_WS_RSV1 if its body is deflated. */
bool peal_ws_queue_pull_message(peal_iovs *out, uint8_t opcode, char prefix,
                                peal_slice body);

/* Do the invariants hold? */
bool peal_ws_queue_check(const peal_ws_queue *queue);
