/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include <peal/worker.h>

#include "base/mem.h"
#include "net/worker_priv.h"

static _Thread_local peal_worker *self;

peal_worker *peal_worker_self(void) {
  return self;
}

void peal_worker_set_self(peal_worker *worker) {
  self = worker;
}

peal_workers *peal_worker_group(peal_worker *worker) {
  return worker->group;
}

unsigned peal_worker_index(const peal_worker *worker) {
  return worker->index;
}

uint64_t peal_worker_now_ms(const peal_worker *worker) {
  return worker->now_ms;
}

int64_t peal_wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- posting -------------------------------------------------------------- */

typedef struct post {
  peal_mail mail;
  peal_post_fn fn;
  void *user;
} post;

static void on_post(peal_worker *worker, peal_mail *mail) {
  post *posted = PEAL_LIST_OF(mail, post, mail);
  peal_post_fn fn = posted->fn;
  void *user = posted->user;
  peal_mem_free(worker->group->mem, posted);
  fn(worker, user);
  peal_worker_impl_count(&worker->stats.posts, 1);
}

peal_err peal_worker_post(peal_worker *worker, peal_post_fn fn, void *user) {
  if (!worker || !fn)
    return PEAL_ERR_USAGE;
  post *posted = peal_mem_alloc(worker->group->mem, sizeof(*posted));
  if (!posted)
    return PEAL_ERR_NOMEM;
  *posted = (post){.mail.fn = on_post, .fn = fn, .user = user};
  if (peal_worker_priv_put(worker, &posted->mail))
    return PEAL_OK;
  peal_mem_free(worker->group->mem, posted);
  return PEAL_ERR_CLOSED;
}

/* -- figures -------------------------------------------------------------- */

void peal_worker_stats_get(peal_worker *worker, peal_worker_stats *out) {
  peal_worker_stats *stats = &worker->stats;
  *out = (peal_worker_stats){
      .turns = peal_worker_impl_figure(&stats->turns),
      .posts = peal_worker_impl_figure(&stats->posts),
      .tasks_running = peal_worker_impl_figure(&stats->tasks_running),
      .connections = peal_worker_impl_figure(&stats->connections),
      .bytes_in = peal_worker_impl_figure(&stats->bytes_in),
      .bytes_out = peal_worker_impl_figure(&stats->bytes_out),
      .lag_max_ms =
          __atomic_exchange_n(&stats->lag_max_ms, 0, __ATOMIC_RELAXED)};
}
