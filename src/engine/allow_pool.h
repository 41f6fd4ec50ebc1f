/* SPDX-License-Identifier: MIT */
#pragma once
/* allow_pool: the questions that allow_request was asked and has not answered,
 * and those that it has: a second answer must find out that it is one. So an
 * answered question is kept until many others have been asked, and its memory
 * is the pool's for ever. */
#include <peal/engine.h>

#include "base/list.h"
#include "proto/eio_session.h"

struct peal_allow {
  peal_list node;     /* of the open or of the answered ones */
  peal_http_req *req; /* NULL: answered */
  struct peal_engine *engine;
  struct peal_allow_pool *pool;
  uint8_t via; /* peal_eio_via */
  bool is_upgrade;
};

typedef struct peal_allow_pool {
  peal_list open;
  peal_list answered; /* oldest first */
  size_t answered_count;
  const peal_mem *mem;
} peal_allow_pool;

void peal_allow_pool_init(peal_allow_pool *pool, const peal_mem *mem);
/* Nothing may be answered any more. */
void peal_allow_pool_deinit(peal_allow_pool *pool);
/* Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_allow *peal_allow_pool_ask(peal_allow_pool *pool,
                                                peal_http_req *req);
/* Its request, the first time; NULL afterwards. */
peal_http_req *peal_allow_pool_answer(peal_allow *allow);
