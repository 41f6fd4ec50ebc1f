/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_end: how a connection ends: the close handshake, behind what waits; the
 * application is told, once; it is freed when its stream has gone. */
#include "ws/ws_impl.h"

/* Begin the close handshake now; what waits in the queue is dropped. */
void peal_ws_end_shake(peal_ws *ws, unsigned code, peal_slice reason);
/* The queue is empty: the close that waited for it begins. */
void peal_ws_end_drained(peal_ws *ws);
/* Nothing more comes: it leaves its groups, on_close is called. Once; again:
 * nothing. */
void peal_ws_end_tell(peal_ws *ws, const peal_ws_end *end);
/* Its stream has gone and it was told. */
void peal_ws_end_free(peal_ws *ws);
