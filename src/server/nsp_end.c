/* SPDX-License-Identifier: MIT */
#include "server/nsp_end.h"

#include "base/account.h"
#include "net/worker_impl.h"
#include "server/nsp.h"
#include "server/nsp_life.h"
#include "server/nsp_watch.h"

/* For the next one of whatever name. */
static void become_shell(peal_nsp *nsp) {
  peal_server *server = nsp->server;
  peal_nsp_table *table = &server->spaces;
  size_t charged = nsp->charged;
  peal_nsp_strip(nsp);
  nsp->charged = 0;
  uv_mutex_lock(&table->lock);
  peal_list_remove(&nsp->node);
  peal_list_push(&table->shells, &nsp->node);
  uv_mutex_unlock(&table->lock);
  peal_account_server_release(server->load.account, charged);
}

/* No handler is on the stack, and what this turn has asked for before is
 * done. */
static void on_buried(peal_flush *flush) {
  peal_nsp *nsp = PEAL_LIST_OF(flush, peal_nsp, burying);
  const peal_server *server = nsp->server;
  unsigned next = peal_worker_index(peal_worker_self()) + 1;
  peal_nsp_empty(peal_nsp_local_of(nsp, peal_worker_self()));
  if (next == server->worker_count)
    become_shell(nsp);
  else
    (void)peal_mail_put(peal_workers_get(server->workers, next), &nsp->ending);
}

void peal_nsp_end_run(peal_worker *worker, peal_mail *mail) {
  peal_nsp *nsp = PEAL_LIST_OF(mail, peal_nsp, ending);
  /* At the end of the run all of it is freed with the server. */
  if (peal_worker_self() != worker || peal_worker_impl_is_ending(worker))
    return;
  if (!nsp->end_is_told) {
    nsp->end_is_told = true;
    peal_nsp_watch_ended(nsp);
    peal_nsp_life_release(nsp); /* the table's */
    return;
  }
  nsp->burying.fn = on_buried;
  peal_worker_impl_flush_later(worker, &nsp->burying);
}
