/* SPDX-License-Identifier: MIT */
#include "cluster/redis_waiters.h"

#include "base/mem.h"
#include "cluster/cluster_limits.h"

typedef struct waiter {
  peal_list node;
  peal_redis_waiters *of;
  peal_redis_conn *conn;
  peal_redis_ask *held; /* until it is connected; NULL: none */
} waiter;

static void forget(waiter *it) {
  peal_redis_ask *held = it->held;
  peal_redis_conn *conn = it->conn;
  peal_list_remove(&it->node);
  it->of->count--;
  peal_mem_free(it->of->worker->mem, it);
  peal_redis_conn_close(conn);
  if (held)
    held->done(held, PEAL_ERR_CLOSED, NULL);
}

static void on_ready(peal_redis_conn *conn, void *user) {
  waiter *it = user;
  peal_redis_ask *held = it->held;
  peal_redis_guard *guard = it->of->guard;
  peal_redis_guard_enter(guard);
  it->held = NULL;
  if (held)
    peal_redis_conn_send(conn, held);
  peal_redis_guard_leave(guard);
}

static void on_close(peal_redis_conn *conn, peal_err err, const char *words,
                     void *user) {
  waiter *it = user;
  peal_redis_guard *guard = it->of->guard;
  (void)conn, (void)err, (void)words;
  peal_redis_guard_enter(guard);
  it->conn = NULL;
  forget(it);
  peal_redis_guard_leave(guard);
}

static const peal_redis_conn_events events = {on_ready, NULL, on_close};

static waiter *find_idle(const peal_redis_waiters *waiters) {
  for (peal_list *at = waiters->all.next; at != &waiters->all; at = at->next) {
    waiter *it = PEAL_LIST_OF(at, waiter, node);
    if (!it->held && peal_redis_conn_is_idle(it->conn))
      return it;
  }
  return NULL;
}

static peal_err open_one(peal_redis_waiters *waiters, const char *host,
                         uint16_t port, peal_redis_ask *ask) {
  const peal_mem *mem = waiters->worker->mem;
  if (waiters->count >= PEAL_LIMIT_REDIS_WAITERS)
    return PEAL_ERR_LIMIT;
  waiter *it = peal_mem_zalloc(mem, sizeof(*it));
  if (!it)
    return PEAL_ERR_NOMEM;
  it->conn = peal_redis_conn_open(waiters->worker, waiters->how, host, port,
                                  &events, it);
  if (!it->conn) {
    peal_mem_free(mem, it);
    return PEAL_ERR_NOMEM;
  }
  it->of = waiters;
  it->held = ask;
  peal_list_push(&waiters->all, &it->node);
  waiters->count++;
  return PEAL_OK;
}

void peal_redis_waiters_init(peal_redis_waiters *waiters, peal_worker *worker,
                             const peal_redis_how *how,
                             peal_redis_guard *guard) {
  *waiters = (peal_redis_waiters){.worker = worker, .how = how, .guard = guard};
  peal_list_init(&waiters->all);
}

peal_err peal_redis_waiters_send(peal_redis_waiters *waiters, const char *host,
                                 uint16_t port, peal_redis_ask *ask) {
  waiter *it = find_idle(waiters);
  if (!it)
    return open_one(waiters, host, port, ask);
  peal_redis_conn_send(it->conn, ask);
  return PEAL_OK;
}

void peal_redis_waiters_end(peal_redis_waiters *waiters) {
  while (!peal_list_is_empty(&waiters->all))
    forget(PEAL_LIST_OF(waiters->all.next, waiter, node));
}
