/* SPDX-License-Identifier: MIT */
#pragma once
/* room: one room on one worker: its name and who sits in it. It exists while
 * somebody does. What sits there is known by its set of rooms (base/room_set):
 * whoever owns the set finds itself by PEAL_LIST_OF. */
#include <peal/base.h>

#include "base/map.h"
#include "base/room_set.h"

/* What a stay in a room of this name is to be charged with: the room if it is
 * the first one there, its entries on both sides with the room they grow by. */
size_t peal_room_cost(size_t name_len);
/* In the room of this name, which is made if it is new (`room`: what the map
 * has, or NULL); *who must not be in it.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_room_enter(peal_map *rooms, peal_room *room,
                                         peal_slice name, peal_room_set **who,
                                         const peal_mem *mem);
/* Out of the room at this place of *who; its name is no longer valid then.
 * Returns the cost of the stay. */
size_t peal_room_exit(peal_map *rooms, peal_room_set **who, uint32_t at,
                      const peal_mem *mem);
/* Out of all of them. Returns what they cost together. */
size_t peal_room_exit_all(peal_map *rooms, peal_room_set **who,
                          const peal_mem *mem);
