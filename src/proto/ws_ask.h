/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_ask: the client's side of WebSocket's opening handshake: the lines of its
 * request, and is the answer one (RFC6455 4.1). The digest is the owner's
 * business.
 * In the flow: client/client_ws -> [ws_ask] -> proto/http_ask; back from
 * proto/http_conn. */
#include <peal/base.h>

#include "base/buf.h"
#include "wire/http1.h"

#define PEAL_WS_ASK_DICE_BYTES 16u
#define PEAL_WS_ASK_KEY_LEN 24u

/* The key: 16 bytes that nobody can know before, as base64. Not terminated. */
void peal_ws_ask_key(char out[PEAL_WS_ASK_KEY_LEN],
                     const unsigned char dice[PEAL_WS_ASK_DICE_BYTES]);
/* The lines that make a GET one for WebSocket, each with its CR LF; protocols
 * are not offered, and extensions are their owner's to add. Without Connection,
 * which is proto/http_ask's. */
void peal_ws_ask_lines(peal_buf *out, const char key[PEAL_WS_ASK_KEY_LEN]);
/* What is to be digested (SHA-1), and the digest as the answer has it. */
#define PEAL_WS_ASK_TEXT_LEN 60u
void peal_ws_ask_text(char out[PEAL_WS_ASK_TEXT_LEN],
                      const char key[PEAL_WS_ASK_KEY_LEN]);
/* Is the value of Sec-WebSocket-Accept this digest (20 bytes)? */
bool peal_ws_ask_is_digest(peal_slice value, const unsigned char sum[20]);
/* Does a 101 accept what was asked: Upgrade, Connection, the key's digest
 * `sum` (20 bytes), no protocol, which was not offered, and no extension unless
 * `extends`? What it says of these the owner judges.
 * Returns: PEAL_OK; PEAL_ERR_ANSWER, *text says what is wrong (constant).
 * Spec: RFC6455 4.1. */
PEAL_MUST_CHECK peal_err peal_ws_ask_check(const peal_http1_head *head,
                                           const unsigned char sum[20],
                                           bool extends, const char **text);
