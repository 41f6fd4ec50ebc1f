/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_conn_impl: what a WebSocket consists of, for its two files: ws_conn, which
 * owns its memory and sends, and ws_conn_in above it, which receives and ends. */
#include "base/mem.h"
#include "proto/http_pace.h"
#include "proto/role.h"
#include "proto/ws_conn_types.h"
#include "proto/ws_inflate.h"
#include "proto/ws_input.h"
#include "proto/ws_queue.h"
#include "wire/ws_frame.h"

#define PEAL_WS_CONN_AT_MAX (UINT64_MAX >> 16)

/* What has not come whole and what has not left. */
typedef struct peal_ws_conn_block {
  peal_ws_input in;
  peal_http_pace pace; /* of what is unfinished in `in` */
  peal_ws_queue out;
  peal_ws_inflate inflate;
  void *deflater; /* with takeover, from the first message on; charged */
} peal_ws_conn_block;

struct peal_ws_conn {
  const peal_ws_conn_opts *opts;
  peal_account *account;
  peal_ws_conn_block *block; /* NULL: nothing */
  peal_ws_input_bytes lent;  /* of the last feed, not looked at yet */
  uint64_t at_ms : 48;       /* of the last feed; closing: the deadline */
  uint64_t deflates : 1;     /* the rest of these were agreed on */
  uint64_t takes_over : 1;   /* what we send refers to what we sent */
  uint64_t remembers : 1;    /* the same of the peer */
  uint64_t send_bits : 4;
  uint64_t recv_bits : 4;
  uint64_t is_closing : 1; /* our close frame is queued or sent */
  uint64_t is_ended : 1;   /* the close event was given */
  uint64_t is_slow : 1;    /* what is unfinished came too slowly */
  uint64_t is_expired : 1; /* the deadline of the close has passed */
};

/* What an idle client costs here: a budget, kept small. */
_Static_assert(sizeof(peal_ws_conn) <= 48, "peal_ws_conn has grown");

static inline void peal_ws_conn_set_time(peal_ws_conn *conn, uint64_t at_ms) {
  conn->at_ms = at_ms & PEAL_WS_CONN_AT_MAX;
}

static inline const peal_mem *peal_ws_conn_mem(const peal_ws_conn *conn) {
  return peal_mem_or_libc(conn->opts->mem);
}

static inline bool peal_ws_conn_is_deflated(const peal_ws_conn *conn) {
  return PEAL_ROLE_HAS_DEFLATE && conn->deflates;
}

/* RFC6455 5.5.1: nothing goes behind a close frame. */
static inline bool peal_ws_conn_can_send(const peal_ws_conn *conn) {
  return !conn->is_closing && !conn->is_ended;
}

/* -- what ws_conn does for ws_conn_in ------------------------------------------ */

/* Made if it is missing. NULL: no memory. */
peal_ws_conn_block *peal_ws_conn_impl_block(peal_ws_conn *conn);
/* An idle connection owns nothing more. */
void peal_ws_conn_impl_settle(peal_ws_conn *conn);
/* What it remembers of its messages goes. */
void peal_ws_conn_impl_drop_memory(peal_ws_conn *conn);
peal_ws_inflate_rules peal_ws_conn_impl_inflate_rules(const peal_ws_conn *conn);
peal_ws_input_rules peal_ws_conn_impl_rules(const peal_ws_conn *conn);
/* One frame, as it is. */
PEAL_MUST_CHECK peal_err peal_ws_conn_impl_queue(peal_ws_conn *conn,
                                                 peal_ws_opcode opcode,
                                                 char prefix, peal_slice body);
/* RFC6455 7.4.1, 7.4.2: may this code stand in a close frame? */
bool peal_ws_conn_impl_is_code(unsigned code);
/* Our close frame; if memory is out for it the stream just ends. */
void peal_ws_conn_impl_close(peal_ws_conn *conn, unsigned code,
                             peal_slice reason, uint64_t now_ms);
