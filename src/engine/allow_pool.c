/* SPDX-License-Identifier: MIT */
#include "engine/allow_pool.h"

#include "base/mem.h"

/* So many later questions a second answer may come. */
#define KEPT 1024u

void peal_allow_pool_init(peal_allow_pool *pool, const peal_mem *mem) {
  *pool = (peal_allow_pool){.mem = mem};
  peal_list_init(&pool->open);
  peal_list_init(&pool->answered);
}

static void free_all(peal_allow_pool *pool, peal_list *list) {
  peal_list *node;
  while ((node = peal_list_shift(list)))
    peal_mem_free(pool->mem, PEAL_LIST_OF(node, peal_allow, node));
}

void peal_allow_pool_deinit(peal_allow_pool *pool) {
  free_all(pool, &pool->open);
  free_all(pool, &pool->answered);
}

static peal_allow *take(peal_allow_pool *pool) {
  if (pool->answered_count < KEPT)
    return peal_mem_alloc(pool->mem, sizeof(peal_allow));
  pool->answered_count--;
  return PEAL_LIST_OF(peal_list_shift(&pool->answered), peal_allow, node);
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
  peal_list_remove(&allow->node);
  peal_list_push(&allow->pool->answered, &allow->node);
  allow->pool->answered_count++;
  return req;
}
