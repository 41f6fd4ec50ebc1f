/* SPDX-License-Identifier: MIT */
#pragma once
/* allow_pool: the questions that allow_request was asked and has not answered,
 * and those that it has: a second answer must find out that it is one, and not
 * be taken for the answer to a stranger's question. So an answered question is
 * kept for a while, charged, before its memory is used for another. */
#include <peal/engine.h>

#include "base/account.h"
#include "base/list.h"
#include "proto/eio_session.h"

struct peal_allow {
  peal_list node;     /* of the open or of the answered ones */
  peal_http_req *req; /* NULL: answered */
  struct peal_engine *engine;
  struct peal_allow_pool *pool;
  uint64_t answered_ms;
  uint8_t via; /* peal_eio_via */
  bool is_upgrade;
};

typedef struct peal_allow_pool {
  peal_list open;
  peal_list answered; /* oldest first */
  const peal_mem *mem;
  peal_account_worker *account;
  const uint64_t *now_ms; /* the worker's clock */
} peal_allow_pool;

/* All pointers are borrowed for life. */
void peal_allow_pool_init(peal_allow_pool *pool, const peal_mem *mem,
                          peal_account_worker *account, const uint64_t *now_ms);
/* Nothing may be answered any more. */
void peal_allow_pool_deinit(peal_allow_pool *pool);
/* Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_allow *peal_allow_pool_ask(peal_allow_pool *pool,
                                                peal_http_req *req);
/* Its request, the first time; NULL from then on, for
 * PEAL_LIMIT_ALLOW_KEPT_MS. */
peal_http_req *peal_allow_pool_answer(peal_allow *allow);
