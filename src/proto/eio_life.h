/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_life: does a client that owes a pong live? Its pong may be stuck behind
 * what it takes, or sends, slowly: bytes in flight count, in either direction,
 * at a pace that is a reader's or a sender's.
 * In the flow: engine/engine_conn, by its timer -> [eio_life] ->
 * proto/eio_session. */
#include "proto/eio_session.h"

/* What is known of the session's connection now. */
typedef struct peal_eio_life_signs {
  uint32_t taken;      /* bytes of all that was sent that the peer has; they
                          wrap */
  bool is_behind;      /* there is more for it */
  bool is_sending;     /* it has sent a message in part, at a pace that is
                          demanded elsewhere (proto/ws_conn, proto/http_conn) */
  uint64_t came_at_ms; /* when a byte last moved */
} peal_eio_life_signs;

/* Where the peer stood when it was pinged, or spared last; {0} at first. */
typedef struct peal_eio_life {
  uint32_t taken : 31;
  uint32_t was_behind : 1;
} peal_eio_life;

/* peal_eio_session_tick for a session that has come to its deadline; before a
 * ping timeout the peer is spared that has moved bytes since then. One that was
 * behind and has now taken all has its time once more: its pong is on the
 * way. */
void peal_eio_life_tick(peal_eio_life *life, peal_eio_session *session,
                        const peal_eio_life_signs *signs, uint64_t now_ms);
