/* SPDX-License-Identifier: MIT */
#include "server/nsp.h"

#include <string.h>

#include "base/account.h"
#include "base/mem.h"
#include "net/worker_impl.h"
#include "proto/proto_limits.h"
#include "server/members.h"
#include "server/next.h"
#include "server/room_watch.h"

/* -- on one worker --------------------------------------------------------------- */

static void init_local(peal_nsp *nsp, unsigned worker) {
  peal_server *server = nsp->server;
  peal_nsp_local *local = &nsp->locals[worker];
  *local = (peal_nsp_local){.nsp = nsp,
                            .worker = peal_workers_get(server->workers, worker),
                            .home = &server->locals[worker]};
  const peal_mem *mem = local->worker->mem;
  peal_sid_table_init(&local->sockets, mem);
  peal_map_init(&local->rooms, mem, server->seed);
  peal_list_init(&local->all);
  peal_list_init(&local->pending);
  peal_hook_init(&local->hooks, server->mem, server->seed);
  peal_list_init(&local->sweep.node);
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

void peal_nsp_empty(peal_nsp_local *local) {
  free_pending(local);
  peal_list_remove(&local->sweep.node);
  peal_sid_table_deinit(&local->sockets);
  peal_map_deinit(&local->rooms);
  peal_hook_deinit(&local->hooks);
  init_local(local->nsp, peal_worker_index(local->worker));
}

/* -- life ------------------------------------------------------------------------ */

static size_t locals_bytes(const peal_server *server) {
  return server->worker_count * sizeof(peal_nsp_local);
}

static size_t block_bytes(void) {
  return sizeof(peal_nsp) + PEAL_LIMIT_SIO_NSP_BYTES + 1;
}

size_t peal_nsp_cost(const peal_server *server) {
  return block_bytes() + locals_bytes(server);
}

static void init(peal_nsp *nsp, peal_slice name) {
  peal_list_init(&nsp->node);
  peal_list_init(&nsp->sibling);
  peal_list_init(&nsp->children);
  peal_list_init(&nsp->burying.node);
  nsp->serial++;
  atomic_store_explicit(&nsp->uses, 0, memory_order_relaxed);
  nsp->has_ended = nsp->is_kept = nsp->end_is_told = nsp->is_shown = false;
  peal_map_init(&nsp->rooms, nsp->server->mem, nsp->server->seed);
  nsp->parent = NULL;
  nsp->child_of = NULL;
  atomic_store_explicit(&nsp->rate.is_set, false, memory_order_relaxed);
  nsp->name_len = name.len;
  memcpy(nsp->name, name.ptr, name.len);
  nsp->name[name.len] = 0;
}

peal_nsp *peal_nsp_new(peal_server *server, peal_slice name, bool can_end,
                       peal_nsp *shell) {
  peal_nsp_local *locals = peal_mem_alloc(server->mem, locals_bytes(server));
  peal_nsp *nsp = shell ? shell : peal_mem_zalloc(server->mem, block_bytes());
  if (!nsp || !locals) {
    peal_mem_free(server->mem, locals);
    if (!shell)
      peal_mem_free(server->mem, nsp);
    return NULL;
  }
  if (!shell) {
    /* Once: who has a reference of long ago reads them. */
    nsp->server = server;
    nsp->can_end = can_end;
  }
  init(nsp, name);
  nsp->locals = locals;
  for (unsigned i = 0; i < server->worker_count; i++)
    init_local(nsp, i);
  atomic_store_explicit(&nsp->refs, 1, memory_order_release);
  return nsp;
}

void peal_nsp_strip(peal_nsp *nsp) {
  const peal_server *server = nsp->server;
  for (unsigned i = 0; nsp->locals && i < server->worker_count; i++)
    peal_nsp_empty(&nsp->locals[i]);
  peal_mem_free(server->mem, nsp->locals);
  nsp->locals = NULL;
  peal_room_watch_deinit(nsp);
  peal_list_remove(&nsp->burying.node);
}

void peal_nsp_free(peal_nsp *nsp) {
  if (!nsp)
    return;
  peal_nsp_strip(nsp);
  peal_list_remove(&nsp->node);
  if (nsp->charged)
    peal_account_server_release(nsp->server->load.account, nsp->charged);
  peal_mem_free(nsp->server->mem, nsp);
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
