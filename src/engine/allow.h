/* SPDX-License-Identifier: MIT */
#pragma once
/* allow: the question that allow_request was asked about one handshake. */
#include <peal/engine.h>

#include "base/ticket_pool.h"
#include "net/on_worker.h"

/* At the beginning of a function that takes one (net/on_worker). */
#define PEAL_ON_ALLOW(allow, instead)                                          \
  PEAL_ON_WORKER((allow) && (allow)->req ? peal_http_req_worker((allow)->req)  \
                                         : NULL,                               \
                 instead)

struct peal_allow {
  peal_ticket ticket;
  peal_http_req *req; /* NULL: answered */
  struct peal_engine *engine;
  peal_ticket_pool *pool;
  uint8_t via; /* peal_eio_via */
  bool is_upgrade;
};

/* NULL if memory is out. */
PEAL_MUST_CHECK peal_allow *peal_allow_open(peal_ticket_pool *pool);
/* Its request, the first time; NULL afterwards. */
peal_http_req *peal_allow_answer(peal_allow *allow);
