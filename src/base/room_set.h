/* SPDX-License-Identifier: MIT */
#pragma once
/* room_set: the rooms of one member: walked by index, and one of them found in
 * constant time. One in no room owns no set; a set of a few rooms is
 * searched in line, a larger one has an index by hash behind its entries.
 *
 *   peal_room.seats[pos] <-> peal_room_set.items[at]
 *
 * Each side knows its place on the other one, so that either can take the
 * pair out by moving its last entry into the gap. */
#include <peal/base.h>

typedef struct peal_room peal_room;
typedef struct peal_room_set peal_room_set;

/* One member in one room, as the room sees it. */
typedef struct peal_room_seat {
  peal_room_set **who;
  uint32_t at; /* in *who */
} peal_room_seat;

struct peal_room {
  peal_room_seat *seats;
  uint32_t count, cap;
  uint32_t hash; /* of the name */
  uint32_t name_len;
  char name[]; /* terminated */
};

/* One member in one room, as the member sees it. */
typedef struct peal_room_stay {
  peal_room *room;
  uint32_t pos; /* in room->seats */
} peal_room_stay;

struct peal_room_set {
  uint32_t count, cap;
  peal_room_stay items[];
};

#define PEAL_ROOM_SET_NONE UINT32_MAX

/* The place of `room`, or PEAL_ROOM_SET_NONE. `set` NULL is empty. */
uint32_t peal_room_set_find(const peal_room_set *set, const peal_room *room);
/* Append a room that is not in it; *set is made or moved. Its place is
 * count - 1. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_room_set_add(peal_room_set **set, peal_room *room,
                                           uint32_t pos, const peal_mem *mem);
/* Take out place `at`; what was last stands there afterwards, if it was
 * another one. An empty set becomes NULL. */
void peal_room_set_remove(peal_room_set **set, uint32_t at,
                          const peal_mem *mem);
