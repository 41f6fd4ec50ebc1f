/* SPDX-License-Identifier: MIT */
#include "server/stored.h"

#include "base/mem.h"

peal_stored *peal_stored_new(const peal_mem *mem, peal_worker *home,
                             peal_stored_fn fn, void *user) {
  peal_stored *it = peal_mem_zalloc(mem, sizeof *it);
  if (!it)
    return NULL;
  peal_list_init(&it->node);
  it->mem = mem;
  it->home = home;
  it->fn = fn;
  it->user = user;
  return it;
}

void peal_stored_free(peal_stored *stored) {
  if (stored)
    peal_mem_free(stored->mem, stored);
}

static void on_home(peal_worker *worker, peal_mail *mail) {
  peal_stored *it = PEAL_LIST_OF(mail, peal_stored, mail);
  (void)worker;
  it->fn(it->err, (peal_slice){it->offset, it->len}, it->user);
  peal_stored_free(it);
}

void peal_stored_tell(peal_stored *stored, peal_err err, peal_slice offset) {
  peal_list_remove(&stored->node);
  stored->err = err;
  if (!err && offset.len < sizeof stored->offset) {
    memcpy(stored->offset, offset.ptr, offset.len);
    stored->len = offset.len;
  }
  stored->mail.fn = on_home;
  peal_worker_impl_send(stored->home, &stored->mail);
}
