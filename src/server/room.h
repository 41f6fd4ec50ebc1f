/* SPDX-License-Identifier: MIT */
#pragma once
/* room: one room on one worker: its name and who sits in it. It exists while
 * somebody does. */
#include <peal/server.h>

/* One socket in one room, as the room sees it. */
typedef struct peal_room_seat {
  peal_socket *socket;
  uint32_t at; /* in socket->rooms */
} peal_room_seat;

typedef struct peal_room {
  peal_room_seat *seats;
  uint32_t count, cap;
  uint32_t hash; /* of the name */
  uint32_t name_len;
  char name[]; /* terminated */
} peal_room;
