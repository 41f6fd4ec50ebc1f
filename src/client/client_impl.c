/* SPDX-License-Identifier: MIT */
#include "client/client_impl.h"

#include "base/mem.h"
#include "net/tls_client.h"

peal_client *peal_client_impl_ref(peal_client *client) {
  atomic_fetch_add_explicit(&client->refs, 1, memory_order_relaxed);
  return client;
}

static void free_nsp(const peal_mem *mem, peal_client_nsp *nsp) {
  peal_hook_deinit(&nsp->hooks);
  peal_doc_free(nsp->auth);
  peal_mem_free(mem, nsp->id);
  peal_mem_free(mem, nsp);
}

void peal_client_impl_unref(peal_client *client) {
  const peal_mem *mem = client->mem;
  if (atomic_fetch_sub_explicit(&client->refs, 1, memory_order_acq_rel) > 1)
    return;
  for (peal_client_nsp *nsp = client->nsps, *next; nsp; nsp = next) {
    next = nsp->next;
    free_nsp(mem, nsp);
  }
  peal_hook_deinit(&client->hooks);
  peal_cookie_jar_deinit(&client->cookies);
  peal_mem_free(mem, client->why);
  peal_tls_client_free(client->tls);
  peal_arena_deinit(&client->strings);
  uv_cond_destroy(&client->run_changed);
  uv_mutex_destroy(&client->lock);
  peal_mem_free(mem, client);
}
