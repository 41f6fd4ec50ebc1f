/* SPDX-License-Identifier: MIT */
#include "net/worker_impl.h"

#include "net/worker_priv.h"

/* Flushes that flush others are followed this often in one turn; what is
 * left waits for the next. */
#define FLUSH_PASSES 8

/* -- mail ----------------------------------------------------------------- */

void peal_worker_impl_send(peal_worker *worker, peal_mail *mail) {
  if (peal_worker_priv_put(worker, mail))
    return;
  uv_mutex_lock(&worker->group->late_lock);
  mail->fn(worker, mail);
  uv_mutex_unlock(&worker->group->late_lock);
}

/* -- turns ---------------------------------------------------------------- */

void peal_worker_impl_flush_later(peal_worker *worker, peal_flush *flush) {
  if (!peal_list_is_linked(&flush->node))
    peal_list_push(&worker->flushes, &flush->node);
}

void peal_worker_impl_end_turn(peal_worker *worker) {
  for (int pass = 0; pass < FLUSH_PASSES; pass++) {
    if (peal_list_is_empty(&worker->flushes))
      break;
    peal_list now;
    peal_list_init(&now);
    peal_list_move(&now, &worker->flushes);
    for (;;) {
      peal_list *node = peal_list_shift(&now);
      if (!node)
        break;
      __builtin_prefetch(now.next->next); /* the one behind the next */
      peal_flush *flush = PEAL_LIST_OF(node, peal_flush, node);
      flush->fn(flush);
    }
  }
  peal_arena_reset(&worker->turn);
}

static void forget(peal_worker_hooks *hooks, const void *user) {
  size_t kept = 0;
  for (size_t i = 0; i < hooks->count; i++)
    if (hooks->items[i].user != user)
      hooks->items[kept++] = hooks->items[i];
  hooks->count = kept;
}

void peal_worker_impl_forget(peal_workers *group, const void *user) {
  uv_mutex_lock(&group->lock);
  forget(&group->on_start, user);
  forget(&group->on_stop, user);
  uv_mutex_unlock(&group->lock);
}

bool peal_worker_impl_is_ending(const peal_worker *worker) {
  return worker->ending;
}
