/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_subs: channels and patterns that are wanted, how far each is, and at
 * which server.
 *
 *            wanted, its turn            confirmed
 *   OFF ------------------> ASKED --------------------> ON
 *    ^  <-- refused --------'                            | not wanted, its turn
 *    +---- confirmed, or the connection broke -- LEAVING <
 *
 * What is due for a change waits in a list of its server's, so that there are
 * never more than some on their way. */
#include "base/list.h"
#include "base/map.h"
#include "cluster/redis_types.h"

typedef enum peal_redis_sub_state {
  PEAL_REDIS_SUB_OFF,
  PEAL_REDIS_SUB_ASKED,
  PEAL_REDIS_SUB_ON,
  PEAL_REDIS_SUB_LEAVING
} peal_redis_sub_state;

typedef struct peal_redis_sub {
  peal_list due;  /* peal_redis_sub_place.due, or that of the homeless */
  peal_list node; /* peal_redis_sub_place.all */
  struct peal_redis_sub_place *place; /* NULL: no server is known for it */
  peal_redis_way way;
  peal_redis_sub_state state;
  unsigned refs; /* how often it is wanted */
  int slot;      /* of a shard channel; else -1 */
  size_t len;
  char name[];
} peal_redis_sub;

/* A server, as far as subscriptions go. */
typedef struct peal_redis_sub_place {
  peal_list due; /* to be changed */
  peal_list all; /* that are or are to be here */
} peal_redis_sub_place;

typedef struct peal_redis_subs {
  const peal_mem *mem;
  peal_map maps[3];   /* by peal_redis_way */
  peal_list homeless; /* peal_redis_sub.due */
  size_t count, max;
} peal_redis_subs;

void peal_redis_subs_init(peal_redis_subs *subs, const peal_mem *mem,
                          size_t max, uint32_t seed);
/* No place may have any of it any more. */
void peal_redis_subs_deinit(peal_redis_subs *subs);
void peal_redis_subs_place_init(peal_redis_sub_place *place);
/* NULL: there is none. */
peal_redis_sub *peal_redis_subs_find(const peal_redis_subs *subs,
                                     peal_redis_way way, peal_slice name);
/* Wanted once more; a new one is homeless. *out may be in any state.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_redis_subs_want(peal_redis_subs *subs,
                                              peal_redis_way way,
                                              peal_slice name,
                                              peal_redis_sub **out);
/* Once less. */
void peal_redis_subs_unwant(peal_redis_subs *subs, peal_redis_sub *sub);
/* It is to be at `place` (NULL: homeless); it is OFF. */
void peal_redis_subs_move(peal_redis_subs *subs, peal_redis_sub *sub,
                          peal_redis_sub_place *place);
/* Its state is another: what is due now? It may be gone when this returns. */
void peal_redis_subs_set(peal_redis_subs *subs, peal_redis_sub *sub,
                         peal_redis_sub_state state);
/* The connection of a place broke: all of it is OFF, and due again if wanted. */
void peal_redis_subs_lost(peal_redis_subs *subs, peal_redis_sub_place *place);
/* The place is given up: all of it is homeless. */
void peal_redis_subs_leave(peal_redis_subs *subs, peal_redis_sub_place *place);
