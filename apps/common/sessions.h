/* SPDX-License-Identifier: MIT */
#pragma once
/* sessions: who has signed in. The browser has a random token, the store its
 * hash: a session holds over a restart, and is over when it is ended, for every
 * cookie and every socket of it, on all workers. */
#include "digest.h"
#include "house.h"

enum {
  SESSIONS_TOKEN_BYTES = 2 * 24 + 1, /* with the terminator */
  SESSIONS_ROOM_BYTES = 64,
};

typedef struct sessions sessions;

/* Load those that were begun with the same password, of which `bound` is a
 * mark. Blocks: before the run. Returns NULL after logging why. */
sessions *sessions_new(house *h, const uint8_t bound[DIGEST_BYTES]);
void sessions_free(sessions *all);

/* A new session of `age_s` seconds. Of 1000 the one that would end first goes.
 * False: there are no random numbers, or no memory. Thread: any. */
PEAL_MUST_CHECK bool sessions_begin(sessions *all, int64_t age_s,
                                    char token[SESSIONS_TOKEN_BYTES]);
/* Is there such a session? `room` (may be NULL) is set to the room that its
 * sockets join, and look again afterwards: it may have ended meanwhile.
 * Thread: any. */
PEAL_MUST_CHECK bool sessions_find(sessions *all, peal_slice token,
                                   char room[SESSIONS_ROOM_BYTES]);
/* It is over; its sockets are disconnected. Thread: any. */
void sessions_end(sessions *all, peal_slice token);
/* Every second: those whose time has come are over. On a worker. */
void sessions_tick(sessions *all);
