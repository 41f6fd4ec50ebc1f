/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_people_ended: which sign-ins have ended lately: so long as a token of
 * theirs would still be good. A bounded table: if it is full, whatever was
 * given out before that moment is refused, which costs everybody a refresh and
 * lets nobody in. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <peal/kit_people.h>

enum { PEAL_KIT_PEOPLE_ENDED_MAX = 65536 };

typedef struct peal_kit_people_end_row {
  char id[PEAL_KIT_SIGN_IN_BYTES]; /* empty: a free place */
  bool is_parted;                  /* its sockets were disconnected */
  int64_t until_ms;                /* when its last token is over */
} peal_kit_people_end_row;

typedef struct peal_kit_people_ended {
  pthread_rwlock_t lock; /* of all below */
  peal_kit_people_end_row *rows;
  size_t count, cap, unparted;
  size_t max;      /* PEAL_KIT_PEOPLE_ENDED_MAX */
  int64_t floor_s; /* what was given out up to here is over */
} peal_kit_people_ended;

void peal_kit_people_ended_init(peal_kit_people_ended *all);
void peal_kit_people_ended_deinit(peal_kit_people_ended *all);
/* This one is over. Returns false if it is known. Thread: any. */
bool peal_kit_people_ended_add(peal_kit_people_ended *all, const char *id,
                               int64_t until_ms, int64_t now_ms);
/* Is a token of this sign-in, given out at `iat_s`, over? Thread: any. */
bool peal_kit_people_ended_has(peal_kit_people_ended *all, const char *id,
                               int64_t iat_s);
/* Its sockets have been disconnected. Thread: any. */
void peal_kit_people_ended_part(peal_kit_people_ended *all, const char *id);
/* One whose sockets have still to be disconnected; false: none. Thread: any. */
bool peal_kit_people_ended_next(peal_kit_people_ended *all,
                                char id[PEAL_KIT_SIGN_IN_BYTES]);
/* Forget those whose last token is over. Thread: any. */
void peal_kit_people_ended_drop(peal_kit_people_ended *all, int64_t now_ms);
