/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_slots: the connections of a worker by number, so that a reference finds
 * its own in one step. A number is used again; what tells the one from the other
 * is a serial, which is not. */
#include <peal/base.h>

/* What a connection is to be charged with for its place here. */
#define PEAL_WS_SLOTS_COST 32u

typedef struct peal_ws_slot {
  void *who;     /* NULL: free */
  uint32_t next; /* free one behind it */
} peal_ws_slot;

typedef struct peal_ws_slots {
  peal_ws_slot *items;
  const peal_mem *mem;
  uint32_t count, cap;
  uint32_t free; /* the first free one + 1; 0: none */
} peal_ws_slots;

void peal_ws_slots_init(peal_ws_slots *slots, const peal_mem *mem);
void peal_ws_slots_deinit(peal_ws_slots *slots);
/* A number for this one. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ws_slots_add(peal_ws_slots *slots, void *who,
                                           uint32_t *slot);
void peal_ws_slots_remove(peal_ws_slots *slots, uint32_t slot);
/* NULL: nobody has this number. */
void *peal_ws_slots_get(const peal_ws_slots *slots, uint32_t slot);
