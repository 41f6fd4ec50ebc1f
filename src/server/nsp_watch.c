/* SPDX-License-Identifier: MIT */
#include "server/nsp_watch.h"

#include <peal/namespaces.h>

#include "base/mem.h"
#include "server/adapter.h"

typedef struct nsp_watch {
  peal_list node;
  peal_nsp_fn made, ended; /* either may be NULL */
  void *user;
} nsp_watch;

peal_err peal_on_namespace(peal_server *server, peal_nsp_fn made,
                           peal_nsp_fn ended, void *user) {
  if (!server || (!made && !ended) ||
      atomic_load_explicit(&server->running, memory_order_relaxed))
    return PEAL_ERR_USAGE;
  nsp_watch *it = peal_mem_alloc(server->mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  *it = (nsp_watch){.made = made, .ended = ended, .user = user};
  peal_list_push(&server->spaces.watchers, &it->node);
  return PEAL_OK;
}

bool peal_nsp_watch_is_any(const peal_server *server) {
  return !peal_list_is_empty(&server->spaces.watchers);
}

static void tell(peal_nsp *nsp, bool made) {
  const peal_list *head = &nsp->server->spaces.watchers;
  for (peal_list *node = head->next; node != head; node = node->next) {
    const nsp_watch *it = PEAL_LIST_OF(node, nsp_watch, node);
    peal_nsp_fn fn = made ? it->made : it->ended;
    if (fn)
      fn(nsp, it->user);
  }
}

void peal_nsp_watch_made(peal_nsp *nsp) {
  tell(nsp, true);
}

void peal_nsp_watch_ended(peal_nsp *nsp) {
  tell(nsp, false);
}

void peal_nsp_watch_tell_nodes(const peal_nsp *nsp, bool made) {
  peal_adapter *adapter = nsp->server->adapter;
  if (adapter && adapter->verbs->space)
    adapter->verbs->space(adapter, (peal_slice){nsp->name, nsp->name_len},
                          made);
}

void peal_nsp_watch_deinit(peal_server *server) {
  peal_list *node;
  while ((node = peal_list_shift(&server->spaces.watchers)))
    peal_mem_free(server->mem, PEAL_LIST_OF(node, nsp_watch, node));
}
