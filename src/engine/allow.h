/* SPDX-License-Identifier: MIT */
#pragma once
/* allow: the question that allow_request was asked about one handshake. */
#include "base/ticket_pool.h"
#include "engine/engine_impl.h"

struct peal_allow {
  peal_ticket ticket;
  peal_http_req *req; /* NULL: answered */
  peal_engine_local *local;
  uint8_t via; /* peal_eio_via */
  bool is_upgrade;
};

/* NULL if memory is out. */
PEAL_MUST_CHECK peal_allow *peal_allow_open(peal_engine_local *local);
/* Its request, the first time; NULL afterwards. */
peal_http_req *peal_allow_answer(peal_allow *allow);
