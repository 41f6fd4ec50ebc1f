/* SPDX-License-Identifier: MIT */
#pragma once
/* ticket_pool: questions that the application is to answer once. It holds a
 * pointer and may use it again after its answer: then it must meet a ticket
 * that says so, and not a stranger's question. So a ticket that was used is kept
 * for a while, charged, before its memory is used for another one.
 *
 *   new -> open -> used -> (after PEAL_TICKET_KEPT_MS, or `max_kept` others) new
 *
 * Whether it was answered, the ticket itself knows: the pool only keeps it. */
#include "base/account.h"
#include "base/list.h"

/* Milliseconds for which a second answer finds out that it is one: longer than
 * a program waits for whom it asked. */
#define PEAL_TICKET_KEPT_MS 300000u

/* The first member of what is handed out. */
typedef struct peal_ticket {
  peal_list node; /* of the open or of the used ones */
  uint64_t used_at_ms;
} peal_ticket;

typedef struct peal_ticket_pool_opts {
  size_t ticket_bytes;    /* of each */
  size_t max_kept;        /* used ones; 0: as many as the time brings */
  const uint64_t *now_ms; /* the worker's clock */
  peal_account_worker *account;
  const peal_mem *mem;
} peal_ticket_pool_opts;

typedef struct peal_ticket_pool {
  peal_list open;
  peal_list used; /* oldest first */
  size_t used_count;
  peal_ticket_pool_opts opts;
} peal_ticket_pool;

/* What the options point to is borrowed for life. */
void peal_ticket_pool_init(peal_ticket_pool *pool,
                           const peal_ticket_pool_opts *opts);
/* Frees all, the open ones too: nothing may be answered any more. */
void peal_ticket_pool_deinit(peal_ticket_pool *pool);
/* An open ticket with nothing in it but its node. NULL if memory is out,
 * or the account's. */
PEAL_MUST_CHECK void *peal_ticket_pool_open(peal_ticket_pool *pool);
/* It is answered, and has an end: once for each. */
void peal_ticket_pool_close(peal_ticket_pool *pool, peal_ticket *ticket);
