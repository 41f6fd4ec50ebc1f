/* SPDX-License-Identifier: MIT */
#pragma once
/* away_socket: a WebSocket here of a session elsewhere: the probe is answered
 * here, and then packets go to and fro. */
#include "engine/away_impl.h"

/* Its home has said yes. */
void peal_away_socket_begin(peal_away_entry *entry);
/* Tell the home how the probe has ended. */
void peal_away_socket_tell(peal_away_entry *entry, bool success);
/* The home knows that the WebSocket is the session's way. */
void peal_away_socket_switched(peal_away_entry *entry,
                               const peal_eio_away *msg);
/* Packets for it. */
void peal_away_socket_drain(peal_away_entry *entry, const peal_eio_away *msg);
/* A deadline may have come. */
void peal_away_socket_tick(peal_away_entry *entry, uint64_t now_ms);
/* Its home is gone, or nobody hears of it. */
void peal_away_socket_lost(peal_away_entry *entry);
