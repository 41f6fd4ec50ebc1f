/* SPDX-License-Identifier: MIT */
#include "engine/allow_pool.h"

#include "base/mem.h"
#include "engine/engine_limits.h"

void peal_allow_pool_init(peal_allow_pool *pool, const peal_mem *mem,
                          peal_account_worker *account,
                          const uint64_t *now_ms) {
  *pool = (peal_allow_pool){.mem = mem, .account = account, .now_ms = now_ms};
  peal_list_init(&pool->open);
  peal_list_init(&pool->answered);
}

static void free_first(peal_allow_pool *pool, peal_list *list) {
  peal_mem_free(pool->mem,
                PEAL_LIST_OF(peal_list_shift(list), peal_allow, node));
  peal_account_worker_release(pool->account, sizeof(peal_allow));
}

void peal_allow_pool_deinit(peal_allow_pool *pool) {
  while (!peal_list_is_empty(&pool->open))
    free_first(pool, &pool->open);
  while (!peal_list_is_empty(&pool->answered))
    free_first(pool, &pool->answered);
}

/* Nobody answers the oldest one again. */
static bool has_old(const peal_allow_pool *pool) {
  if (peal_list_is_empty(&pool->answered))
    return false;
  const peal_allow *oldest =
      PEAL_LIST_OF(pool->answered.next, peal_allow, node);
  return *pool->now_ms - oldest->answered_ms >= PEAL_LIMIT_ALLOW_KEPT_MS;
}

static peal_allow *make(peal_allow_pool *pool) {
  if (peal_account_worker_charge(pool->account, sizeof(peal_allow)))
    return NULL;
  peal_allow *made = peal_mem_alloc(pool->mem, sizeof *made);
  if (!made)
    peal_account_worker_release(pool->account, sizeof *made);
  return made;
}

/* For each question one that is old is used and one more given back: what a
 * storm has left goes with the next ones. */
static peal_allow *take(peal_allow_pool *pool) {
  if (!has_old(pool))
    return make(pool);
  peal_allow *old =
      PEAL_LIST_OF(peal_list_shift(&pool->answered), peal_allow, node);
  if (has_old(pool))
    free_first(pool, &pool->answered);
  return old;
}

peal_allow *peal_allow_pool_ask(peal_allow_pool *pool, peal_http_req *req) {
  peal_allow *allow = take(pool);
  if (!allow)
    return NULL;
  *allow = (peal_allow){.req = req, .pool = pool};
  peal_list_push(&pool->open, &allow->node);
  return allow;
}

peal_http_req *peal_allow_pool_answer(peal_allow *allow) {
  peal_http_req *req = allow->req;
  if (!req)
    return NULL;
  allow->req = NULL;
  allow->answered_ms = *allow->pool->now_ms;
  peal_list_remove(&allow->node);
  peal_list_push(&allow->pool->answered, &allow->node);
  return req;
}
