/* SPDX-License-Identifier: MIT */
#include "server/ref.h"

#include <peal/handle.h>

static peal_ref_table *table_of(const peal_nsp *nsp, unsigned worker) {
  return &nsp->server->locals[worker].refs;
}

/* The place of a socket, taken if it has none. */
static peal_err take_place(peal_socket *socket, peal_ref_table *table,
                           uint32_t *place) {
  peal_belongings *own = peal_belongings_open(socket);
  if (!own)
    return PEAL_ERR_NOMEM;
  if (!own->slot) {
    peal_err err = peal_ref_table_add(table, socket, place);
    if (err)
      return err;
    own->slot = *place + 1;
  }
  *place = own->slot - 1;
  return PEAL_OK;
}

peal_socket_ref peal_ref_of(peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket)
    return (peal_socket_ref){0};
  peal_socket_ref ref = {.nsp = socket->local->nsp,
                         .worker = peal_worker_index(socket->local->worker)};
  peal_ref_table *table = table_of(ref.nsp, ref.worker);
  if (take_place(socket, table, &ref.slot))
    return (peal_socket_ref){0};
  ref.generation = peal_ref_table_generation(table, ref.slot);
  return ref;
}

void peal_ref_end(peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  if (!own || !own->slot)
    return;
  const peal_nsp_local *local = socket->local;
  peal_ref_table_remove(table_of(local->nsp, peal_worker_index(local->worker)),
                        own->slot - 1);
  own->slot = 0;
}

peal_worker *peal_ref_worker(peal_socket_ref ref) {
  return ref.nsp ? peal_workers_get(ref.nsp->server->workers, ref.worker)
                 : NULL;
}

peal_socket *peal_ref_socket(peal_socket_ref ref) {
  const peal_worker *worker = peal_ref_worker(ref);
  if (!worker)
    return NULL;
  PEAL_ON_WORKER(worker, "peal_ref_post");
  return peal_ref_table_get(table_of(ref.nsp, ref.worker), ref.slot,
                            ref.generation);
}
