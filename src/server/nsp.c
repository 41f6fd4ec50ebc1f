/* SPDX-License-Identifier: MIT */
#include "server/nsp.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/members.h"
#include "server/next.h"

/* -- life ------------------------------------------------------------------------ */

static peal_err set_locals(peal_nsp *nsp) {
  peal_server *server = nsp->server;
  nsp->locals =
      peal_mem_zalloc(server->mem, server->worker_count * sizeof *nsp->locals);
  if (!nsp->locals)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < server->worker_count; i++) {
    peal_nsp_local *local = &nsp->locals[i];
    local->nsp = nsp;
    local->worker = peal_workers_get(server->workers, i);
    local->home = &server->locals[i];
    const peal_mem *mem = local->worker->mem;
    peal_sid_table_init(&local->sockets, mem);
    peal_map_init(&local->rooms, mem, server->seed);
    peal_list_init(&local->all);
    peal_list_init(&local->pending);
    peal_hook_init(&local->hooks, server->mem, server->seed);
    peal_list_init(&local->sweep.node);
  }
  return PEAL_OK;
}

peal_nsp *peal_nsp_new(peal_server *server, peal_slice name) {
  peal_nsp *nsp = peal_mem_zalloc(server->mem, sizeof *nsp + name.len + 1);
  if (!nsp)
    return NULL;
  nsp->server = server;
  nsp->name_len = name.len;
  memcpy(nsp->name, name.ptr, name.len);
  if (!set_locals(nsp))
    return nsp;
  peal_nsp_free(nsp);
  return NULL;
}

/* Sockets that were never accepted, and whose middleware never answered. */
static void free_pending(peal_nsp_local *local) {
  while (!peal_list_is_empty(&local->pending)) {
    peal_socket *socket = PEAL_LIST_OF(local->pending.next, peal_socket, node);
    socket->client = NULL; /* it has gone long ago */
    peal_candidate *candidate = socket->extra->candidate;
    if (candidate->asked)
      (void)peal_next_answer(candidate->asked); /* in its stead */
    peal_candidate_free(candidate);
  }
}

void peal_nsp_free(peal_nsp *nsp) {
  if (!nsp)
    return;
  const peal_mem *mem = nsp->server->mem;
  for (unsigned i = 0; nsp->locals && i < nsp->server->worker_count; i++) {
    free_pending(&nsp->locals[i]);
    peal_sid_table_deinit(&nsp->locals[i].sockets);
    peal_map_deinit(&nsp->locals[i].rooms);
    peal_hook_deinit(&nsp->locals[i].hooks);
  }
  peal_mem_free(mem, nsp->locals);
  peal_mem_free(mem, nsp);
}

peal_nsp *peal_nsp_named(const peal_server *server, peal_slice name) {
  for (size_t i = 0; i < server->nsp_count; i++)
    if (peal_slice_is(name, server->nsps[i]->name))
      return server->nsps[i];
  return NULL;
}

peal_worker *peal_nsp_worker(const peal_nsp *nsp) {
  peal_worker *self = peal_worker_self();
  return self && self->group == nsp->server->workers ? self : NULL;
}

peal_socket *peal_nsp_find(peal_nsp *nsp, const char *id) {
  const peal_worker *self = nsp && id ? peal_nsp_worker(nsp) : NULL;
  return self ? peal_members_find(peal_nsp_local_of(nsp, self),
                                  peal_slice_of(id))
              : NULL;
}

const char *peal_nsp_name(const peal_nsp *nsp) {
  return nsp ? nsp->name : "";
}

peal_server *peal_nsp_server(peal_nsp *nsp) {
  return nsp ? nsp->server : NULL;
}
