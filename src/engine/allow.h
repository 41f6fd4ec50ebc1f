/* SPDX-License-Identifier: MIT */
#pragma once
/* allow: the question that allow_request was asked about one handshake. */
#include <peal/engine.h>

#include "base/ticket_pool.h"

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
