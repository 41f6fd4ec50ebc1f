/* SPDX-License-Identifier: MIT */
#pragma once
/* ticket_pool: questions that the application is to answer once. It holds a
 * pointer and may use it again after its answer, so a ticket that was used is
 * kept until many others have been used, and its memory is the pool's for
 * ever: a second answer always meets a ticket, which says that it is one.
 *
 *   new -> open -> used -> (after PEAL_TICKETS_KEPT others) new
 *
 * Whether it was answered, the ticket itself knows: the pool only keeps it. */
#include <peal/base.h>

#include "base/list.h"

/* So many later answers a second answer may come. */
#define PEAL_TICKETS_KEPT 1024u

/* The first member of what is handed out. */
typedef struct peal_ticket {
  peal_list node; /* of the open or of the used ones */
} peal_ticket;

typedef struct peal_ticket_pool {
  peal_list open;
  peal_list used; /* oldest first */
  size_t used_count;
  size_t ticket_bytes; /* of all of them */
  const peal_mem *mem;
} peal_ticket_pool;

void peal_ticket_pool_init(peal_ticket_pool *pool, size_t ticket_bytes,
                           const peal_mem *mem);
/* Frees all, the open ones too: nothing may be answered any more. */
void peal_ticket_pool_deinit(peal_ticket_pool *pool);
/* An open ticket with nothing in it but its node. NULL if memory is out. */
PEAL_MUST_CHECK void *peal_ticket_pool_open(peal_ticket_pool *pool);
/* It is answered, and has an end: once for each. */
void peal_ticket_pool_close(peal_ticket_pool *pool, peal_ticket *ticket);
