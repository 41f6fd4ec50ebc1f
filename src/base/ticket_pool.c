/* SPDX-License-Identifier: MIT */
#include "base/ticket_pool.h"

#include <string.h>

#include "base/mem.h"

void peal_ticket_pool_init(peal_ticket_pool *pool, size_t ticket_bytes,
                           const peal_mem *mem) {
  *pool = (peal_ticket_pool){.ticket_bytes = ticket_bytes, .mem = mem};
  peal_list_init(&pool->open);
  peal_list_init(&pool->used);
}

static void free_all(peal_ticket_pool *pool, peal_list *list) {
  peal_list *node;
  while ((node = peal_list_shift(list)))
    peal_mem_free(pool->mem, PEAL_LIST_OF(node, peal_ticket, node));
}

void peal_ticket_pool_deinit(peal_ticket_pool *pool) {
  free_all(pool, &pool->open);
  free_all(pool, &pool->used);
  pool->used_count = 0;
}

static peal_ticket *take(peal_ticket_pool *pool) {
  if (pool->used_count < PEAL_TICKETS_KEPT)
    return peal_mem_alloc(pool->mem, pool->ticket_bytes);
  pool->used_count--;
  return PEAL_LIST_OF(peal_list_shift(&pool->used), peal_ticket, node);
}

void *peal_ticket_pool_open(peal_ticket_pool *pool) {
  peal_ticket *ticket = take(pool);
  if (!ticket)
    return NULL;
  memset(ticket, 0, pool->ticket_bytes);
  peal_list_push(&pool->open, &ticket->node);
  return ticket;
}

void peal_ticket_pool_close(peal_ticket_pool *pool, peal_ticket *ticket) {
  peal_list_remove(&ticket->node);
  peal_list_push(&pool->used, &ticket->node);
  pool->used_count++;
}
