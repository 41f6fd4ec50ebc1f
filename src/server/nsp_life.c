/* SPDX-License-Identifier: MIT */
#include "server/nsp_life.h"

#include "base/account.h"
#include "net/worker_impl.h"
#include "server/nsp.h"
#include "server/nsp_watch.h"
#include "server/parent.h"

/* -- the memory of one that has ended ---------------------------------------------- */

static peal_worker *worker_at(const peal_nsp *nsp, unsigned index) {
  return peal_workers_get(nsp->server->workers, index);
}

/* One that does not get through is freed with the server. */
static void pass_on(peal_nsp *nsp, peal_mail *mail, unsigned worker,
                    void (*fn)(peal_worker *worker, peal_mail *mail)) {
  *mail = (peal_mail){.fn = fn};
  (void)peal_mail_put(worker_at(nsp, worker), mail);
}

/* Is this worker's turn ours to use? */
static bool is_at_work(const peal_worker *worker) {
  return peal_worker_self() == worker && !peal_worker_impl_is_ending(worker);
}

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

static void on_bury(peal_worker *worker, peal_mail *mail);

/* No handler is on the stack, and what this turn has asked for before is
 * done. */
static void on_buried(peal_flush *flush) {
  peal_nsp *nsp = PEAL_LIST_OF(flush, peal_nsp, burying);
  unsigned next = peal_worker_index(peal_worker_self()) + 1;
  peal_nsp_empty(peal_nsp_local_of(nsp, peal_worker_self()));
  if (next < nsp->server->worker_count)
    pass_on(nsp, &nsp->ending, next, on_bury);
  else
    become_shell(nsp);
}

static void on_bury(peal_worker *worker, peal_mail *mail) {
  peal_nsp *nsp = PEAL_LIST_OF(mail, peal_nsp, ending);
  if (!is_at_work(worker))
    return;
  nsp->burying.fn = on_buried;
  peal_worker_impl_flush_later(worker, &nsp->burying);
}

void peal_nsp_life_hold(peal_nsp *nsp) {
  if (nsp->can_end)
    atomic_fetch_add_explicit(&nsp->refs, 1, memory_order_relaxed);
}

bool peal_nsp_life_try_hold(peal_nsp *nsp) {
  if (!nsp->can_end)
    return true;
  unsigned refs = atomic_load_explicit(&nsp->refs, memory_order_relaxed);
  while (refs)
    if (atomic_compare_exchange_weak_explicit(&nsp->refs, &refs, refs + 1,
                                              memory_order_acquire,
                                              memory_order_relaxed))
      return true;
  return false;
}

void peal_nsp_life_release(peal_nsp *nsp) {
  if (nsp->can_end &&
      atomic_fetch_sub_explicit(&nsp->refs, 1, memory_order_acq_rel) == 1)
    pass_on(nsp, &nsp->ending, 0, on_bury);
}

/* -- its end ------------------------------------------------------------------------- */

static void on_ended(peal_worker *worker, peal_mail *mail) {
  peal_nsp *nsp = PEAL_LIST_OF(mail, peal_nsp, ending);
  if (!is_at_work(worker))
    return;
  peal_nsp_watch_ended(nsp);
  peal_nsp_life_release(nsp); /* the table's */
}

/* Under the lock. */
static void take_out(peal_nsp *nsp) {
  peal_nsp_table *table = &nsp->server->spaces;
  nsp->has_ended = true;
  peal_map_remove(&table->by_name, (peal_slice){nsp->name, nsp->name_len});
  peal_list_remove(&nsp->node);
  peal_list_push(&table->gone, &nsp->node);
  peal_parent_lose(nsp);
  peal_nsp_watch_tell_nodes(nsp, false);
}

/* That it is used is no change of it. */
static peal_nsp *of(const peal_nsp *nsp) {
  return nsp->locals[0].nsp;
}

void peal_nsp_life_use(const peal_nsp *nsp) {
  if (nsp->can_end)
    atomic_fetch_add_explicit(&of(nsp)->uses, 1, memory_order_relaxed);
}

static void leave(peal_nsp *nsp) {
  peal_nsp_table *table = &nsp->server->spaces;
  if (atomic_fetch_sub_explicit(&nsp->uses, 1, memory_order_acq_rel) != 1 ||
      table->is_over)
    return;
  uv_mutex_lock(&table->lock);
  /* Somebody may have come, and gone again, before we got here. */
  bool ends = !nsp->has_ended && !nsp->is_kept &&
              !atomic_load_explicit(&nsp->uses, memory_order_relaxed);
  if (ends)
    take_out(nsp);
  uv_mutex_unlock(&table->lock);
  if (ends)
    pass_on(nsp, &nsp->ending, 0, on_ended);
}

void peal_nsp_life_leave(const peal_nsp *nsp) {
  if (nsp->can_end)
    leave(of(nsp));
}

void peal_nsp_life_let_go(const void *nsp) {
  peal_nsp_life_leave(nsp);
}
