/* SPDX-License-Identifier: MIT */
#include "server/nsp_life.h"

#include "net/worker_impl.h"
#include "server/nsp_watch.h"

/* -- its memory ---------------------------------------------------------------------- */

/* One that does not get through is freed with the server. */
static void begin_end(peal_nsp *nsp) {
  (void)peal_mail_put(peal_workers_get(nsp->server->workers, 0), &nsp->ending);
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
    begin_end(nsp);
}

/* -- its end ------------------------------------------------------------------------- */

void peal_nsp_life_orphan(peal_nsp *nsp) {
  if (!nsp->child_of)
    return;
  nsp->child_of->child_count--;
  peal_list_remove(&nsp->sibling);
  nsp->child_of = NULL;
}

/* Under the lock. */
static void take_out(peal_nsp *nsp) {
  peal_nsp_table *table = &nsp->server->spaces;
  nsp->has_ended = true;
  peal_map_remove(&table->by_name, (peal_slice){nsp->name, nsp->name_len});
  peal_list_remove(&nsp->node);
  peal_list_push(&table->gone, &nsp->node);
  peal_nsp_life_orphan(nsp);
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
    begin_end(nsp);
}

void peal_nsp_life_leave(const peal_nsp *nsp) {
  if (nsp->can_end)
    leave(of(nsp));
}

void peal_nsp_life_let_go(const void *nsp) {
  peal_nsp_life_leave(nsp);
}
