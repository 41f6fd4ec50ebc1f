/* SPDX-License-Identifier: MIT */
#include "base/ticket_pool.h"

#include <string.h>

#include "base/mem.h"

void peal_ticket_pool_init(peal_ticket_pool *pool,
                           const peal_ticket_pool_opts *opts) {
  *pool = (peal_ticket_pool){.opts = *opts};
  peal_list_init(&pool->open);
  peal_list_init(&pool->used);
}

static void free_first(peal_ticket_pool *pool, peal_list *list) {
  peal_list *node = peal_list_shift(list);
  peal_mem_free(pool->opts.mem, PEAL_LIST_OF(node, peal_ticket, node));
  peal_account_worker_release(pool->opts.account, pool->opts.ticket_bytes);
}

void peal_ticket_pool_deinit(peal_ticket_pool *pool) {
  while (!peal_list_is_empty(&pool->open))
    free_first(pool, &pool->open);
  while (!peal_list_is_empty(&pool->used))
    free_first(pool, &pool->used);
  pool->used_count = 0;
}

/* Nobody answers the oldest one again. */
static bool has_old(const peal_ticket_pool *pool) {
  if (peal_list_is_empty(&pool->used))
    return false;
  const peal_ticket *oldest = PEAL_LIST_OF(pool->used.next, peal_ticket, node);
  return *pool->opts.now_ms - oldest->used_at_ms >= PEAL_TICKET_KEPT_MS;
}

static bool is_full(const peal_ticket_pool *pool) {
  return pool->opts.max_kept && pool->used_count >= pool->opts.max_kept;
}

static peal_ticket *make(peal_ticket_pool *pool) {
  size_t bytes = pool->opts.ticket_bytes;
  if (peal_account_worker_charge(pool->opts.account, bytes))
    return NULL;
  peal_ticket *made = peal_mem_alloc(pool->opts.mem, bytes);
  if (!made)
    peal_account_worker_release(pool->opts.account, bytes);
  return made;
}

/* For each question one that is old is used and one more given back: what a
 * storm has left goes with the next ones. */
static peal_ticket *take(peal_ticket_pool *pool) {
  if (!has_old(pool) && !is_full(pool))
    return make(pool);
  peal_list *node = peal_list_shift(&pool->used);
  pool->used_count--;
  if (has_old(pool)) {
    free_first(pool, &pool->used);
    pool->used_count--;
  }
  return PEAL_LIST_OF(node, peal_ticket, node);
}

void *peal_ticket_pool_open(peal_ticket_pool *pool) {
  peal_ticket *ticket = take(pool);
  if (!ticket)
    return NULL;
  memset(ticket, 0, pool->opts.ticket_bytes);
  peal_list_push(&pool->open, &ticket->node);
  return ticket;
}

void peal_ticket_pool_close(peal_ticket_pool *pool, peal_ticket *ticket) {
  ticket->used_at_ms = *pool->opts.now_ms;
  peal_list_remove(&ticket->node);
  peal_list_push(&pool->used, &ticket->node);
  pool->used_count++;
}
