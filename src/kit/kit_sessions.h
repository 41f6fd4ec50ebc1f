/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sessions: who has signed in. The browser has a random token, the store
 * its hash: a session holds over a restart, and is over when it is ended, for
 * every cookie and every socket of it, on all workers. */
#include <peal/kit_program.h>
#include <peal/kit_small.h>

enum {
  PEAL_KIT_SESSIONS_TOKEN_BYTES = 2 * 24 + 1, /* with the terminator */
  PEAL_KIT_SESSIONS_ROOM_BYTES = 64,
};

typedef struct peal_kit_sessions peal_kit_sessions;

/* Load those that were begun with the same password, of which `bound` is a
 * mark. Blocks: before the run. Returns NULL after logging why. */
peal_kit_sessions *peal_kit_sessions_new(
    peal_kit *h, const uint8_t bound[PEAL_KIT_DIGEST_BYTES]);
void peal_kit_sessions_free(peal_kit_sessions *all);

/* A new session of `age_s` seconds. Of 1000 the one that would end first goes.
 * False: there are no random numbers, or no memory. Thread: any. */
PEAL_MUST_CHECK bool peal_kit_sessions_begin(
    peal_kit_sessions *all, int64_t age_s,
    char token[PEAL_KIT_SESSIONS_TOKEN_BYTES]);
/* Is there such a session? `room` (may be NULL) is set to the room that its
 * sockets join, and look again afterwards: it may have ended meanwhile.
 * Thread: any. */
PEAL_MUST_CHECK bool peal_kit_sessions_find(
    peal_kit_sessions *all, peal_slice token,
    char room[PEAL_KIT_SESSIONS_ROOM_BYTES]);
/* It is over; its sockets are disconnected. Thread: any. */
void peal_kit_sessions_end(peal_kit_sessions *all, peal_slice token);
/* Every second: those whose time has come are over. On a worker. */
void peal_kit_sessions_tick(peal_kit_sessions *all);
