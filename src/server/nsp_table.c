/* SPDX-License-Identifier: MIT */
#include "server/nsp_table.h"

#include <string.h>

#include "base/account.h"
#include "base/mem.h"
#include "proto/proto_limits.h"
#include "server/nsp.h"
#include "server/nsp_end.h"
#include "server/nsp_life.h"
#include "server/nsp_open.h"
#include "server/nsp_watch.h"

/* -- life ------------------------------------------------------------------------ */

peal_err peal_nsp_table_init(peal_server *server) {
  peal_nsp_table *table = &server->spaces;
  peal_map_init(&table->by_name, server->mem, server->seed);
  table->has_lock = uv_mutex_init(&table->lock) == 0;
  table->has_room_lock = uv_mutex_init(&table->room_lock) == 0;
  return table->has_lock && table->has_room_lock ? PEAL_OK : PEAL_ERR_SYSTEM;
}

static void free_list(peal_list *head) {
  while (!peal_list_is_empty(head))
    peal_nsp_free(PEAL_LIST_OF(head->next, peal_nsp, node));
}

void peal_nsp_table_deinit(peal_server *server) {
  peal_nsp_table *table = &server->spaces;
  table->is_over = true;
  free_list(&table->all);
  free_list(&table->gone);
  free_list(&table->shells);
  while (!peal_list_is_empty(&table->parents))
    peal_parent_free(PEAL_LIST_OF(table->parents.next, peal_parent, node));
  peal_nsp_watch_deinit(server);
  peal_map_deinit(&table->by_name);
  if (table->has_lock)
    uv_mutex_destroy(&table->lock);
  if (table->has_room_lock)
    uv_mutex_destroy(&table->room_lock);
  table->has_lock = table->has_room_lock = false;
}

/* -- looking ---------------------------------------------------------------------- */

peal_nsp *peal_nsp_table_enter(peal_server *server, peal_slice name) {
  uv_mutex_lock(&server->spaces.lock);
  peal_nsp *nsp = peal_map_get(&server->spaces.by_name, name);
  if (nsp)
    peal_nsp_life_use(nsp);
  uv_mutex_unlock(&server->spaces.lock);
  return nsp;
}

peal_nsp *peal_nsp_table_named(peal_server *server, peal_slice name) {
  uv_mutex_lock(&server->spaces.lock);
  peal_nsp *nsp = peal_map_get(&server->spaces.by_name, name);
  if (nsp)
    peal_nsp_life_hold(nsp);
  uv_mutex_unlock(&server->spaces.lock);
  return nsp;
}

void peal_nsp_table_each(peal_server *server,
                         void (*fn)(const peal_nsp *nsp, void *with),
                         void *with) {
  peal_nsp_table *table = &server->spaces;
  uv_mutex_lock(&table->lock);
  for (peal_list *node = table->all.next; node != &table->all;
       node = node->next)
    fn(PEAL_LIST_OF(node, peal_nsp, node), with);
  uv_mutex_unlock(&table->lock);
}

peal_nsp **peal_nsp_table_list(peal_server *server, size_t *count) {
  peal_nsp_table *table = &server->spaces;
  uv_mutex_lock(&table->lock);
  size_t room = table->by_name.count, i = 0;
  peal_nsp **all = peal_mem_alloc(server->mem, room * sizeof *all + 1);
  for (peal_list *node = table->all.next; all && node != &table->all;
       node = node->next) {
    all[i] = PEAL_LIST_OF(node, peal_nsp, node);
    peal_nsp_life_hold(all[i++]);
  }
  uv_mutex_unlock(&table->lock);
  *count = i;
  return all;
}

void peal_nsp_table_unlist(const peal_server *server, peal_nsp **list,
                           size_t count) {
  for (size_t i = 0; i < count; i++)
    peal_nsp_life_release(list[i]);
  peal_mem_free(server->mem, list);
}

/* -- making (under the lock) ------------------------------------------------------- */

static peal_nsp *nsp_alloc(peal_server *server, peal_slice name, bool can_end) {
  peal_list *node = can_end ? peal_list_shift(&server->spaces.shells) : NULL;
  peal_nsp *shell = node ? PEAL_LIST_OF(node, peal_nsp, node) : NULL;
  peal_nsp *nsp = peal_nsp_new(server, name, can_end, shell);
  if (!nsp && shell)
    peal_list_push(&server->spaces.shells, &shell->node);
  return nsp;
}

/* It was never in the table. */
static void discard(peal_nsp *nsp) {
  peal_nsp_table *table = &nsp->server->spaces;
  peal_nsp_life_orphan(nsp);
  if (!nsp->can_end) {
    peal_nsp_free(nsp);
    return;
  }
  peal_nsp_strip(nsp);
  nsp->has_ended = true;
  atomic_store_explicit(&nsp->refs, 0, memory_order_relaxed);
  peal_list_push(&table->shells, &nsp->node);
}

/* What the program alone makes is its own. */
static size_t cost_of(const peal_server *server, const peal_parent *parent) {
  return parent ? peal_nsp_cost(server) +
                      server->worker_count * peal_hook_bytes(&parent->hooks)
                : 0;
}

static peal_err put(peal_nsp *nsp, peal_parent *parent) {
  peal_nsp_table *table = &nsp->server->spaces;
  peal_err err = parent ? peal_parent_adopt(parent, nsp) : PEAL_OK;
  if (!err)
    err = peal_map_add(&table->by_name, (peal_slice){nsp->name, nsp->name_len},
                       nsp);
  return err;
}

/* A child is charged before it is allocated: clients choose how many there
 * are. */
static peal_err make(peal_server *server, peal_slice name, peal_parent *parent,
                     peal_nsp **out) {
  peal_account_server *account = server->load.account;
  size_t bytes = cost_of(server, parent);
  bool can_end = parent && server->opts.cleanup_empty_namespaces;
  if (parent && parent->nsp->child_count >= parent->max)
    return PEAL_ERR_LIMIT;
  peal_err err = peal_account_server_charge(account, bytes);
  if (err)
    return err;
  peal_nsp *nsp = nsp_alloc(server, name, can_end);
  err = nsp ? put(nsp, parent) : PEAL_ERR_NOMEM;
  if (!err) {
    nsp->charged = bytes;
    nsp->ending.fn = peal_nsp_end_run;
    peal_list_push(&server->spaces.all, &nsp->node);
    peal_nsp_watch_tell_nodes(nsp, true);
    *out = nsp;
    return PEAL_OK;
  }
  peal_account_server_release(account, bytes);
  if (nsp)
    discard(nsp);
  return err;
}

/* -- making ------------------------------------------------------------------------ */

peal_err peal_nsp_table_child(peal_parent *parent, peal_slice name,
                              peal_nsp **out) {
  peal_server *server = parent->nsp->server;
  peal_err err = PEAL_OK;
  uv_mutex_lock(&server->spaces.lock);
  *out = peal_map_get(&server->spaces.by_name, name);
  bool is_new = !*out;
  if (is_new)
    err = make(server, name, parent, out);
  if (!err)
    peal_nsp_life_use(*out);
  if (!err && is_new && !peal_nsp_watch_is_any(server))
    peal_nsp_open_all(*out); /* nobody has anything to set up */
  uv_mutex_unlock(&server->spaces.lock);
  if (!err && is_new && peal_nsp_watch_is_any(server)) {
    peal_nsp_watch_made(*out);
    peal_nsp_open_now(*out);
  }
  return err;
}

/* As it is written; false: it is none. */
static bool full_name(const char *name, char full[], peal_slice *out) {
  size_t slash = *name != '/';
  size_t len = strlen(name) + slash;
  if (len > PEAL_LIMIT_SIO_NSP_BYTES || strchr(name, ','))
    return false;
  full[0] = '/';
  memcpy(full + slash, name, len - slash);
  *out = (peal_slice){full, len};
  return true;
}

/* reference: one that a program makes by name belongs to the first parent whose
 * pattern matches. */
static peal_nsp *find_or_make(peal_server *server, peal_slice name,
                              peal_parent *parent, bool runs, bool *is_new) {
  peal_nsp *nsp = peal_map_get(&server->spaces.by_name, name);
  *is_new = !nsp;
  if (!nsp && make(server, name, parent, &nsp))
    return NULL;
  nsp->is_kept = true;
  if (*is_new && !runs)
    peal_nsp_open_all(nsp);
  return nsp;
}

peal_nsp *peal_server_of(peal_server *server, const char *name) {
  char full[PEAL_LIMIT_SIO_NSP_BYTES + 1];
  peal_slice key;
  bool is_new;
  if (!server || !name || !full_name(name, full, &key))
    return NULL;
  bool runs = atomic_load_explicit(&server->running, memory_order_relaxed);
  peal_parent *parent = peal_parent_next(server, NULL, key, true);
  uv_mutex_lock(&server->spaces.lock);
  peal_nsp *nsp = find_or_make(server, key, parent, runs, &is_new);
  uv_mutex_unlock(&server->spaces.lock);
  if (!nsp || !is_new)
    return nsp;
  peal_nsp_watch_made(nsp);
  if (runs)
    peal_nsp_open_later(nsp);
  return nsp;
}

peal_nsp *peal_server_find(peal_server *server, const char *name) {
  char full[PEAL_LIMIT_SIO_NSP_BYTES + 1];
  peal_slice key;
  if (!server || !name || !full_name(name, full, &key))
    return NULL;
  return peal_nsp_table_named(server, key);
}

void peal_nsp_ref(peal_nsp *nsp) {
  if (nsp)
    peal_nsp_life_hold(nsp);
}

void peal_nsp_unref(peal_nsp *nsp) {
  if (nsp)
    peal_nsp_life_release(nsp);
}
