/* SPDX-License-Identifier: MIT */
#pragma once
/* hold: what is sent to a socket before its CONNECT has gone out: it waits
 * here, in order, and follows it. */
#include "base/account.h"
#include "proto/eio_queue.h"

typedef struct peal_hold_entry peal_hold_entry;

/* {0} is empty and owns nothing. */
typedef struct peal_hold {
  peal_hold_entry *first, *last;
  size_t bytes; /* charged */
} peal_hold;

/* Append (one more reference is held), or take the place of the entry with the
 * same key. Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL (`max` bytes are held),
 * PEAL_ERR_LIMIT and PEAL_ERR_NOMEM of the account, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_hold_add(peal_hold *hold,
                                       const peal_eio_item *item, size_t max,
                                       peal_account *account,
                                       const peal_mem *mem);
/* The oldest entry; its message is the caller's now. False if empty. */
bool peal_hold_take(peal_hold *hold, peal_eio_item *out, peal_account *account,
                    const peal_mem *mem);
/* Drop all. `account` NULL: it is gone. */
void peal_hold_clear(peal_hold *hold, peal_account *account,
                     const peal_mem *mem);
