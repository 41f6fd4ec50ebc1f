/* SPDX-License-Identifier: MIT */
#include "server/handlers.h"

#include <string.h>

#include "base/mem.h"
#include "wire/sio_packet.h"

/* -- chains ------------------------------------------------------------------------ */

bool peal_handlers_is_open(const peal_nsp *nsp) {
  return nsp &&
         !atomic_load_explicit(&nsp->server->running, memory_order_relaxed);
}

static void append(peal_hook **chain, peal_hook *hook) {
  while (*chain)
    chain = &(*chain)->next;
  *chain = hook;
}

static peal_hook *copy(const peal_nsp *nsp, const peal_hook *hook,
                       peal_slice name) {
  peal_hook *made =
      peal_mem_alloc(nsp->server->mem, sizeof *hook + name.len + 1);
  if (!made)
    return NULL;
  *made = *hook;
  made->next = NULL;
  made->name_len = name.len;
  if (name.len)
    memcpy(made->name, name.ptr, name.len);
  made->name[name.len] = 0;
  return made;
}

peal_err peal_handlers_add(peal_nsp *nsp, peal_hook **chain,
                           const peal_hook *hook) {
  peal_hook *made = copy(nsp, hook, (peal_slice){0});
  if (!made)
    return PEAL_ERR_NOMEM;
  append(chain, made);
  return PEAL_OK;
}

static void free_chain(const peal_mem *mem, peal_hook *hook) {
  while (hook) {
    peal_hook *next = hook->next;
    peal_mem_free(mem, hook);
    hook = next;
  }
}

void peal_handlers_free(peal_nsp *nsp) {
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
}

/* -- events ------------------------------------------------------------------------- */

static peal_err add_event(peal_nsp *nsp, peal_hook *hook) {
  peal_slice name = {hook->name, hook->name_len};
  peal_hook *first = peal_map_get(&nsp->events, name);
  if (!first)
    return peal_map_add(&nsp->events, name, hook);
  append(&first, hook);
  return PEAL_OK;
}

peal_err peal_on(peal_nsp *nsp, const char *event, peal_event_fn fn,
                 void *user) {
  if (!peal_handlers_is_open(nsp) || !event || !fn)
    return PEAL_ERR_USAGE;
  peal_slice name = peal_slice_of(event);
  if (peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
  peal_hook *hook = copy(nsp, &(peal_hook){.fn.event = fn, .user = user}, name);
  peal_err err = hook ? add_event(nsp, hook) : PEAL_ERR_NOMEM;
  if (err)
    peal_mem_free(nsp->server->mem, hook);
  return err;
}

const peal_hook *peal_handlers_of_event(peal_nsp *nsp,
                                        const peal_worker *worker,
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

void peal_handlers_tell_outgoing(peal_socket *socket, peal_slice event,
                                 peal_args args) {
  for (const peal_hook *hook = socket->local->nsp->outgoing; hook;
       hook = hook->next)
    hook->fn.outgoing(socket, event, args, hook->user);
}

/* -- one function per kind ------------------------------------------------------------ */

peal_err peal_on_any(peal_nsp *nsp, peal_event_fn fn, void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->any,
                           &(peal_hook){.fn.event = fn, .user = user});
}

peal_err peal_on_any_outgoing(peal_nsp *nsp, peal_outgoing_fn fn, void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->outgoing,
                           &(peal_hook){.fn.outgoing = fn, .user = user});
}

peal_err peal_on_connect(peal_nsp *nsp, peal_connect_fn fn, void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->connect,
                           &(peal_hook){.fn.connect = fn, .user = user});
}

peal_err peal_on_disconnect(peal_nsp *nsp, peal_disconnect_fn fn, void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->disconnect,
                           &(peal_hook){.fn.disconnect = fn, .user = user});
}

peal_err peal_on_disconnecting(peal_nsp *nsp, peal_disconnect_fn fn,
                               void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->disconnecting,
                           &(peal_hook){.fn.disconnect = fn, .user = user});
}

peal_err peal_on_drain(peal_nsp *nsp, peal_socket_fn fn, void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->drain,
                           &(peal_hook){.fn.socket = fn, .user = user});
}
