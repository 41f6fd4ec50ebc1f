/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_slots: the masters of a Redis Cluster, and which slots each has, as
 * CLUSTER SLOTS says it: at the beginning, when a server has gone, when one says
 * that a slot is elsewhere. */
#include "cluster/redis_node.h"
#include "wire/redis_slot.h"
#include "wire/redis_url.h"

typedef struct peal_redis_slots {
  const peal_redis_node_opts *opts;
  const peal_redis_url *url;
  void (*on_known)(void *user); /* the slots are known anew */
  void *user;
  peal_list nodes; /* peal_redis_node.node */
  peal_list gone;  /* that have ended: to be freed when nobody is inside */
  size_t count;    /* of nodes */
  peal_redis_node *first; /* for what belongs to no slot; NULL: to be chosen */
  peal_wheel_timer timer; /* asks again */
  unsigned mark;          /* of the last answer */
  bool asking, known, over;
  peal_redis_node *table[PEAL_REDIS_SLOTS]; /* NULL: nobody's */
} peal_redis_slots;

/* All borrowed for life. */
PEAL_MUST_CHECK peal_redis_slots *peal_redis_slots_new(
    const peal_redis_node_opts *opts, const peal_redis_url *url,
    void (*on_known)(void *user), void *user);
/* All servers end. */
void peal_redis_slots_end(peal_redis_slots *slots, bool gently);
/* What has ended is freed. */
void peal_redis_slots_sweep(peal_redis_slots *slots);
void peal_redis_slots_free(peal_redis_slots *slots);
/* Connect to the servers that the URL names. */
void peal_redis_slots_start(peal_redis_slots *slots);
/* Ask anew, soon; at once if it was not asked just before. */
void peal_redis_slots_ask(peal_redis_slots *slots);
/* The server of a slot; of any, always the same as long as that is there, if
 * `slot` is negative. NULL: not known. */
peal_redis_node *peal_redis_slots_node(peal_redis_slots *slots, int slot);
/* "MOVED 3999 127.0.0.1:6381", or ASK: the server that it names, connected to if
 * it was not known; behind MOVED it has the slot. NULL: it names none. */
peal_redis_node *peal_redis_slots_redirect(peal_redis_slots *slots,
                                           peal_slice error);
/* Are all slots somebody's, and all servers up? Else *which (may be NULL) is
 * one that is not. */
bool peal_redis_slots_is_up(const peal_redis_slots *slots,
                            const peal_redis_node **which);
