/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_inflate: messages that come deflated on one WebSocket (RFC7692 7.2.2): how
 * long they may become, and what the next ones may refer to.
 * In the flow: proto/ws_input -> [ws_inflate] -> proto/ws_conn.
 *
 * What is inflated is charged before there is room for it, grows by doubling,
 * and ends at the ceiling while it is inflated. Between messages nothing is
 * kept but, with takeover, the window. */
#include <peal/base.h>

#include "base/account.h"
#include "wire/deflate_verbs.h"

typedef struct peal_ws_inflate_rules {
  const peal_deflate_verbs *verbs;
  const peal_mem *mem;
  peal_account *account; /* NULL: not counted */
  size_t max_bytes;      /* of a message, inflated */
  size_t window_bytes;   /* that the next messages may refer to; 0: none */
} peal_ws_inflate_rules;

/* A block of it is charged. */
typedef struct peal_ws_inflate_block {
  char *ptr;
  size_t cap;
} peal_ws_inflate_block;

typedef struct peal_ws_inflate {
  peal_ws_inflate_block message; /* the last one, until it settles */
  peal_ws_inflate_block window;
  size_t window_len;
} peal_ws_inflate;

/* Inflate a whole message; *out lies here until _settle, or is empty.
 * Returns: PEAL_OK; PEAL_ERR_WS_DEFLATE; PEAL_ERR_WS_TOO_BIG; PEAL_ERR_NOMEM;
 * what the account answered. */
PEAL_MUST_CHECK peal_err peal_ws_inflate_message(
    peal_ws_inflate *inflate, const peal_ws_inflate_rules *rules, peal_slice in,
    peal_slice *out);
/* The last message is needed no longer. */
void peal_ws_inflate_settle(peal_ws_inflate *inflate,
                            const peal_ws_inflate_rules *rules);
/* What the next messages may refer to, as another process has kept it: its last
 * bytes, as far as the window reaches. Returns: as of memory. */
PEAL_MUST_CHECK peal_err
peal_ws_inflate_remember(peal_ws_inflate *inflate,
                         const peal_ws_inflate_rules *rules, peal_slice made);
/* It holds nothing. */
bool peal_ws_inflate_is_idle(const peal_ws_inflate *inflate);
void peal_ws_inflate_deinit(peal_ws_inflate *inflate,
                            const peal_ws_inflate_rules *rules);
