/* SPDX-License-Identifier: MIT */
#include "server/nsp.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "wire/sio_packet.h"

/* -- life ------------------------------------------------------------------------ */

static peal_err set_locals(peal_nsp *nsp) {
  peal_server *server = nsp->server;
  nsp->locals =
      peal_mem_zalloc(server->mem, server->worker_count * sizeof *nsp->locals);
  if (!nsp->locals)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < server->worker_count; i++) {
    peal_nsp_local *local = &nsp->locals[i];
    const peal_mem *mem = peal_workers_get(server->workers, i)->mem;
    peal_map_init(&local->sockets, mem, server->seed);
    peal_map_init(&local->rooms, mem, server->seed);
    peal_list_init(&local->all);
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
  peal_map_init(&nsp->events, server->mem, server->seed);
  if (!set_locals(nsp))
    return nsp;
  peal_nsp_free(nsp);
  return NULL;
}

static void free_chain(const peal_mem *mem, peal_hook *hook) {
  while (hook) {
    peal_hook *next = hook->next;
    peal_mem_free(mem, hook);
    hook = next;
  }
}

void peal_nsp_free(peal_nsp *nsp) {
  if (!nsp)
    return;
  const peal_mem *mem = nsp->server->mem;
  uint32_t cursor = 0;
  peal_hook *hook;
  while ((hook = peal_map_next(&nsp->events, &cursor)))
    free_chain(mem, hook);
  peal_map_deinit(&nsp->events);
  free_chain(mem, nsp->any);
  free_chain(mem, nsp->outgoing);
  free_chain(mem, nsp->connect);
  free_chain(mem, nsp->disconnect);
  free_chain(mem, nsp->disconnecting);
  free_chain(mem, nsp->drain);
  free_chain(mem, nsp->use);
  for (unsigned i = 0; nsp->locals && i < nsp->server->worker_count; i++) {
    peal_map_deinit(&nsp->locals[i].sockets);
    peal_map_deinit(&nsp->locals[i].rooms);
  }
  peal_mem_free(mem, nsp->locals);
  peal_mem_free(mem, nsp);
}

peal_nsp *peal_nsp_find(const peal_server *server, peal_slice name) {
  for (size_t i = 0; i < server->nsp_count; i++)
    if (peal_slice_is(name, server->nsps[i]->name))
      return server->nsps[i];
  return NULL;
}

const char *peal_nsp_name(const peal_nsp *nsp) {
  return nsp->name;
}

peal_server *peal_nsp_server(peal_nsp *nsp) {
  return nsp->server;
}

/* -- registering ------------------------------------------------------------------- */

static peal_hook *hook_new(peal_nsp *nsp, const char *name, void *user) {
  size_t len = strlen(name);
  peal_hook *hook = peal_mem_zalloc(nsp->server->mem, sizeof *hook + len + 1);
  if (!hook)
    return NULL;
  memcpy(hook->name, name, len);
  hook->name_len = len;
  hook->user = user;
  return hook;
}

static void append(peal_hook **chain, peal_hook *hook) {
  while (*chain)
    chain = &(*chain)->next;
  *chain = hook;
}

static bool may_register(const peal_nsp *nsp, bool has_fn) {
  return nsp && has_fn &&
         !atomic_load_explicit(&nsp->server->running, memory_order_relaxed);
}

/* A new hook at the end of a chain of `nsp`; NULL and *err on failure. */
static peal_hook *add(peal_nsp *nsp, peal_hook **chain, void *user,
                      peal_err *err) {
  peal_hook *hook = hook_new(nsp, "", user);
  *err = hook ? PEAL_OK : PEAL_ERR_NOMEM;
  if (hook)
    append(chain, hook);
  return hook;
}

peal_err peal_on(peal_nsp *nsp, const char *event, peal_event_fn fn,
                 void *user) {
  if (!may_register(nsp, fn != NULL) || !event)
    return PEAL_ERR_USAGE;
  if (peal_sio_packet_is_reserved(peal_slice_of(event)))
    return PEAL_ERR_RESERVED;
  peal_hook *hook = hook_new(nsp, event, user);
  if (!hook)
    return PEAL_ERR_NOMEM;
  hook->fn.event = fn;
  peal_hook *first = peal_map_get(&nsp->events, peal_slice_of(event));
  if (first) {
    append(&first, hook);
    return PEAL_OK;
  }
  peal_err err = peal_map_add(&nsp->events, peal_slice_of(hook->name), hook);
  if (err)
    peal_mem_free(nsp->server->mem, hook);
  return err;
}

/* One public function per chain; they differ in the type of `fn` only. */
#define DEFINE_REGISTER(function, type, chain, member)                         \
  peal_err function(peal_nsp *nsp, type fn, void *user) {                      \
    peal_err err = PEAL_ERR_USAGE;                                             \
    if (!may_register(nsp, fn != NULL))                                        \
      return err;                                                              \
    peal_hook *hook = add(nsp, &nsp->chain, user, &err);                       \
    if (hook)                                                                  \
      hook->fn.member = fn;                                                    \
    return err;                                                                \
  }

DEFINE_REGISTER(peal_on_any, peal_event_fn, any, event)
DEFINE_REGISTER(peal_on_any_outgoing, peal_outgoing_fn, outgoing, outgoing)
DEFINE_REGISTER(peal_on_connect, peal_connect_fn, connect, connect)
DEFINE_REGISTER(peal_on_disconnect, peal_disconnect_fn, disconnect, disconnect)
DEFINE_REGISTER(peal_on_disconnecting, peal_disconnect_fn, disconnecting,
                disconnect)
DEFINE_REGISTER(peal_on_drain, peal_socket_fn, drain, socket)
DEFINE_REGISTER(peal_use, peal_use_fn, use, use)

const peal_hook *peal_nsp_handlers(peal_nsp *nsp, const peal_worker *worker,
                                   peal_slice event) {
  peal_nsp_local *local = peal_nsp_local_of(nsp, worker);
  const peal_hook *last = local->last;
  if (last && event.len && last->name_len == event.len &&
      !memcmp(last->name, event.ptr, event.len))
    return last;
  const peal_hook *found = peal_map_get(&nsp->events, event);
  if (found)
    local->last = found;
  return found;
}
