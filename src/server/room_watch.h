/* SPDX-License-Identifier: MIT */
#pragma once
/* room_watch: functions that hear of a namespace's rooms (<peal/rooms.h>). What
 * is there on one worker is known there; what is there at all, while somebody
 * wants to know, is counted for all workers together:
 *
 *   a worker's first, or last, in a room ──> peal_nsp.rooms: workers that have it
 *
 * A worker takes part from its first such function on, with the rooms that it
 * has then. */
#include "server/server_impl.h"

/* Does anybody listen on this worker? */
static inline bool peal_room_watch_is_on(const peal_nsp_local *local) {
  return local->counts_rooms;
}

/* A hook of this kind was added on this worker; one was removed: if it was the
 * last, it counts no more. */
void peal_room_watch_added(peal_nsp_local *local);
void peal_room_watch_removed(peal_nsp_local *local);
/* `socket` is in it now; `is_first`: of this worker. Only while it is on. */
void peal_room_watch_joined(peal_socket *socket, peal_slice room,
                            bool is_first);
/* It is not in it any more. */
void peal_room_watch_left(peal_socket *socket, peal_slice room);
/* What was counted goes. */
void peal_room_watch_deinit(peal_nsp *nsp);
