/* SPDX-License-Identifier: MIT */
#include "server/live_sessions.h"

/* In one turn; the rest a little later. */
#define SAVED_AT_ONCE 64u
#define LATER_MS 5u

static peal_live_session *session_of(peal_list *node) {
  return PEAL_LIST_OF(node, peal_live_session, node);
}

static void save(peal_live_sessions *all, peal_live_session *one) {
  bool first = !one->saved_ms;
  peal_list_remove(&one->node);
  peal_list_push(&all->saved, &one->node);
  one->saved_ms = all->worker->now_ms ? all->worker->now_ms : 1;
  if (!peal_wheel_is_set(&all->timer))
    peal_wheel_set(&all->worker->wheel, &all->timer,
                   one->saved_ms + all->period_ms);
  all->save(one->socket, first);
}

static void on_flush(peal_flush *flush) {
  peal_live_sessions *all = PEAL_LIST_OF(flush, peal_live_sessions, flush);
  while (!peal_list_is_empty(&all->unsaved))
    save(all, session_of(all->unsaved.next));
}

static void on_due(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_live_sessions *all = PEAL_LIST_OF(timer, peal_live_sessions, timer);
  for (unsigned i = 0; !peal_list_is_empty(&all->saved); i++) {
    peal_live_session *one = session_of(all->saved.next);
    uint64_t at_ms = one->saved_ms ? one->saved_ms + all->period_ms : 0;
    if (at_ms > now_ms || i == SAVED_AT_ONCE) {
      peal_wheel_set(&all->worker->wheel, timer,
                     at_ms > now_ms ? at_ms : now_ms + LATER_MS);
      return;
    }
    save(all, one);
  }
}

void peal_live_sessions_init(peal_live_sessions *all, peal_worker *worker,
                             void (*save_fn)(struct peal_socket *socket,
                                             bool first)) {
  *all = (peal_live_sessions){
      .worker = worker, .flush.fn = on_flush, .save = save_fn};
  peal_list_init(&all->unsaved);
  peal_list_init(&all->saved);
  peal_list_init(&all->flush.node);
  peal_wheel_timer_init(&all->timer, on_due);
}

void peal_live_sessions_deinit(peal_live_sessions *all) {
  if (all->worker)
    peal_wheel_stop(&all->worker->wheel, &all->timer);
}

void peal_live_sessions_begin(peal_live_sessions *all, peal_live_session *one,
                              struct peal_socket *socket, uint64_t period_ms) {
  *one = (peal_live_session){.socket = socket};
  all->period_ms = period_ms;
  peal_list_init(&one->node);
  peal_live_sessions_touch(all, one);
}

void peal_live_sessions_touch(peal_live_sessions *all, peal_live_session *one) {
  if (!one->socket)
    return;
  peal_list_remove(&one->node);
  peal_list_push(&all->unsaved, &one->node);
  peal_worker_impl_flush_later(all->worker, &all->flush);
}

static void on_again(peal_worker *worker, void *user) {
  peal_live_sessions *all = user;
  for (peal_list *at = all->saved.next; at != &all->saved; at = at->next)
    session_of(at)->saved_ms = 0;
  if (!peal_list_is_empty(&all->saved))
    peal_wheel_set(&worker->wheel, &all->timer, worker->now_ms + LATER_MS);
}

/* Without memory for it they are saved when it is their time. */
void peal_live_sessions_again(peal_live_sessions *all) {
  (void)!peal_worker_post(all->worker, on_again, all);
}

void peal_live_sessions_end(peal_live_session *one) {
  if (one->socket)
    peal_list_remove(&one->node);
  one->socket = NULL;
}
