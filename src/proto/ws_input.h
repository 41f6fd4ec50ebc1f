/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_input: the frames that come in on one WebSocket connection, put together
 * to messages and control frames (RFC6455 5).
 * In the flow: net/stream -> proto/ws_conn -> [ws_input] -> proto/ws_conn.
 *
 * What lies whole in the input needs no state and no memory
 * (peal_ws_input_whole); a peal_ws_input is what must be remembered of a frame
 * or a message that is not complete. */
#include <peal/base.h>

#include "base/account.h"
#include "wire/utf8.h"
#include "wire/ws_frame.h"

#define PEAL_WS_INPUT_CONTROL_MAX 125u /* RFC6455 5.5 */

/* What a peer may send. */
typedef struct peal_ws_input_rules {
  size_t max_bytes;    /* of a message; at most SIZE_MAX / 4 */
  uint32_t max_frames; /* of a message; 0: see PEAL_LIMIT_WS_FRAMES */
  bool masked;         /* each frame must be masked, else none may be */
  bool deflated;       /* messages may be */
} peal_ws_input_rules;

/* Bytes not yet looked at; payloads are unmasked in place. */
typedef struct peal_ws_input_bytes {
  char *ptr;
  size_t len;
} peal_ws_input_bytes;

/* A message (TEXT: valid UTF-8; BINARY) or a control frame. */
typedef struct peal_ws_input_item {
  uint8_t opcode;
  bool deflated;   /* a message, to be inflated; then its text is not checked */
  peal_slice data; /* in the input, or in peal_ws_input until it settles */
} peal_ws_input_item;

typedef struct peal_ws_input {
  const peal_mem *mem;
  peal_account *account; /* buf_cap is charged to it; NULL: not counted */

  peal_ws_frame frame; /* that is being read, if in_frame */
  uint64_t left;       /* of its payload */

  char *buf; /* payload of the unfinished message */
  size_t buf_cap;
  size_t buf_len;

  uint32_t frames; /* of the unfinished message */
  peal_utf8 utf8;  /* of the unfinished text; between texts as at the start */
  uint8_t opcode;  /* of the unfinished message; 0: none */
  uint8_t head_len;
  uint8_t control_len;
  bool in_frame;
  bool is_deflated;                        /* the unfinished message */
  bool is_lent;                            /* the last item lies here */
  char head[PEAL_WS_FRAME_HEADER_MAX];     /* an unfinished header */
  char control[PEAL_WS_INPUT_CONTROL_MAX]; /* an unfinished control frame */
} peal_ws_input;

/* `mem` and `account` are borrowed for life. */
void peal_ws_input_init(peal_ws_input *input, const peal_mem *mem,
                        peal_account *account);
void peal_ws_input_deinit(peal_ws_input *input);

/* One frame that is a message or a control frame and lies whole in `bytes`,
 * none being unfinished.
 * Returns: PEAL_OK; PEAL_ERR_AGAIN: it is not so, _next knows what to do,
 * nothing was taken; a violation. */
PEAL_MUST_CHECK peal_err peal_ws_input_whole(const peal_ws_input_rules *rules,
                                             peal_ws_input_bytes *bytes,
                                             peal_ws_input_item *item);
/* The next message or control frame. The announced length is judged before
 * anything is kept; memory grows with the bytes that came.
 * Returns: PEAL_OK; PEAL_ERR_AGAIN with all bytes taken; a violation;
 * PEAL_ERR_NOMEM; what the account answered. */
PEAL_MUST_CHECK peal_err peal_ws_input_next(peal_ws_input *input,
                                            const peal_ws_input_rules *rules,
                                            peal_ws_input_bytes *bytes,
                                            peal_ws_input_item *item);
/* The last item is needed no longer. */
void peal_ws_input_settle(peal_ws_input *input);
/* Nothing is unfinished and nothing lent. */
bool peal_ws_input_is_idle(const peal_ws_input *input);
/* Do the invariants hold? */
bool peal_ws_input_check(const peal_ws_input *input,
                         const peal_ws_input_rules *rules);
