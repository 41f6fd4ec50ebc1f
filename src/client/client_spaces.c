/* SPDX-License-Identifier: MIT */
#include "client/client_spaces.h"

#include <string.h>

#include "base/mem.h"

static void store(atomic_bool *flag, bool value) {
  if (atomic_load_explicit(flag, memory_order_relaxed) != value)
    atomic_store_explicit(flag, value, memory_order_relaxed);
}

/* For other threads, and for `id`. */
void peal_client_spaces_note(peal_client_nsp *nsp) {
  const peal_sio_client_nsp *state = nsp->state;
  store(&nsp->is_connected, peal_sio_client_nsp_is_connected(state));
  store(&nsp->is_active, peal_sio_client_nsp_is_active(state));
  store(&nsp->is_recovered, peal_sio_client_nsp_is_recovered(state));
}

void peal_client_spaces_note_id(peal_client_nsp *nsp) {
  const peal_mem *mem = nsp->client->mem;
  peal_slice sid = peal_sio_client_nsp_sid(nsp->state);
  peal_mem_free(mem, nsp->id);
  nsp->id = sid.len ? peal_mem_str(mem, sid) : NULL;
}

peal_sio_client_nsp *peal_client_spaces_state(peal_client_nsp *nsp) {
  if (nsp->state)
    return nsp->state;
  nsp->state =
      peal_sio_client_of(&nsp->client->machine, peal_slice_of(nsp->name));
  if (nsp->state)
    peal_sio_client_nsp_set_user(nsp->state, nsp);
  return nsp->state;
}

static peal_client_nsp *make_nsp(peal_client *client, peal_slice name) {
  peal_client_nsp *nsp =
      peal_mem_zalloc(client->mem, sizeof *nsp + name.len + 1);
  if (!nsp)
    return NULL;
  nsp->client = client;
  memcpy(nsp->name, name.ptr, name.len);
  peal_hook_init(&nsp->hooks, client->mem, client->hooks.seed);
  return nsp;
}

/* The first time it is made, and appended: the worker walks over them without
 * the lock. */
peal_client_nsp *peal_client_spaces_find(peal_client *client, peal_slice name,
                                         bool *is_new) {
  *is_new = false;
  uv_mutex_lock(&client->lock);
  _Atomic(peal_client_nsp *) *at = &client->nsps;
  peal_client_nsp *nsp;
  while ((nsp = atomic_load(at)) &&
         !peal_slice_eq(peal_slice_of(nsp->name), name))
    at = &nsp->next;
  if (!nsp && (nsp = make_nsp(client, name))) {
    atomic_store(at, nsp);
    *is_new = true;
  }
  uv_mutex_unlock(&client->lock);
  return nsp;
}
