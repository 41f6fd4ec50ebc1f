/* SPDX-License-Identifier: MIT */
#include "server/event_chain.h"

#include "net/worker_impl.h"

void peal_event_chain_pool_init(peal_ticket_pool *pool,
                                const peal_ticket_pool_opts *opts) {
  peal_ticket_pool_opts mine = *opts;
  mine.ticket_bytes = sizeof(peal_event_next);
  peal_ticket_pool_init(pool, &mine);
}

peal_event_next *peal_event_chain_ask(peal_event_chain *chain) {
  const peal_nsp_local *local = chain->socket->local;
  peal_ticket_pool *pool =
      &peal_server_local_of(local->nsp->server, local->worker)->event_nexts;
  peal_event_next *next = peal_ticket_pool_open(pool);
  if (!next)
    return NULL;
  next->worker = local->worker;
  next->pool = pool;
  next->chain = chain;
  chain->asked = next;
  return next;
}

void peal_event_chain_forget(peal_event_chain *chain) {
  if (chain->asked)
    chain->asked->chain = NULL;
  chain->asked = NULL;
}

void peal_event_chain_close(peal_event_chain *chain) {
  peal_event_next *next = chain->asked;
  if (!next)
    return;
  peal_ticket_pool_close(next->pool, &next->ticket);
  next->pool = NULL;
  peal_event_chain_forget(chain);
}

void peal_event_chain_release(peal_event_chain *chain) {
  peal_socket *socket = chain->socket;
  peal_doc_free(chain->doc);
  peal_list_remove(&chain->flush.node);
  peal_belongings_release(socket, chain, chain->charged);
}

void peal_event_chain_end(peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  if (!own)
    return;
  if (own->waits) {
    peal_event_chain_forget(own->waits);
    peal_event_chain_release(own->waits);
    own->waits = NULL;
  }
  while (own->uses) {
    peal_event_own_use *use = own->uses;
    own->uses = use->next;
    peal_belongings_release(socket, use, sizeof *use);
  }
}
