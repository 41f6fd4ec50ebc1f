/* SPDX-License-Identifier: MIT */
#include "server/next.h"

static peal_ticket_pool *pool_of(const peal_candidate *candidate) {
  peal_server *server = candidate->socket->local->nsp->server;
  return &peal_server_local_of(server, candidate->worker)->nexts;
}

peal_next *peal_next_open(peal_candidate *candidate) {
  peal_next *next = peal_ticket_pool_open(pool_of(candidate));
  if (!next)
    return NULL;
  next->candidate = candidate;
  candidate->asked = next;
  return next;
}

peal_candidate *peal_next_answer(peal_next *next) {
  peal_candidate *candidate = next->candidate;
  if (!candidate)
    return NULL;
  next->candidate = NULL;
  candidate->asked = NULL;
  peal_ticket_pool_close(pool_of(candidate), &next->ticket);
  return candidate;
}
