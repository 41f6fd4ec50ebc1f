/* SPDX-License-Identifier: MIT */
#include "base/account.h"

#include <assert.h>

#include "base/err_site.h"

void peal_account_server_init(peal_account_server *server, size_t max) {
  atomic_init(&server->granted, 0);
  server->max = max;
}

void peal_account_worker_init(peal_account_worker *worker,
                              peal_account_server *server) {
  *worker = (peal_account_worker){.server = server};
}

static void give_back(peal_account_worker *worker, size_t bytes) {
  worker->granted -= bytes;
  if (worker->server)
    peal_account_server_release(worker->server, bytes);
}

void peal_account_worker_deinit(peal_account_worker *worker) {
  assert(worker->used == 0);
  give_back(worker, worker->granted);
}

void peal_account_init(peal_account *account, peal_account_worker *worker,
                       size_t max) {
  *account = (peal_account){.worker = worker, .max = max};
}

/* -- the server ---------------------------------------------------------- */

static bool grant(peal_account_server *server, size_t bytes) {
  size_t before =
      atomic_fetch_add_explicit(&server->granted, bytes, memory_order_relaxed);
  if (!server->max || (bytes <= server->max && before <= server->max - bytes))
    return true;
  atomic_fetch_sub_explicit(&server->granted, bytes, memory_order_relaxed);
  return false;
}

peal_err peal_account_server_charge(peal_account_server *server, size_t bytes) {
  return grant(server, bytes) ? PEAL_OK : PEAL_FAIL(PEAL_ERR_NOMEM);
}

void peal_account_server_release(peal_account_server *server, size_t bytes) {
  size_t before =
      atomic_fetch_sub_explicit(&server->granted, bytes, memory_order_relaxed);
  assert(bytes <= before);
  (void)before;
}

/* -- the worker ---------------------------------------------------------- */

static bool grant_worker(peal_account_worker *worker, size_t bytes) {
  return !worker->server || grant(worker->server, bytes);
}

/* Near the ceiling a whole step may be too much: then what is needed. */
static bool draw(peal_account_worker *worker, size_t missing) {
  size_t steps;
  if (__builtin_add_overflow(missing, PEAL_ACCOUNT_STEP_BYTES - 1, &steps))
    return false;
  steps -= steps % PEAL_ACCOUNT_STEP_BYTES;
  if (!grant_worker(worker, steps)) {
    steps = missing;
    if (!grant_worker(worker, steps))
      return false;
  }
  worker->granted += steps;
  return true;
}

peal_err peal_account_worker_charge(peal_account_worker *worker, size_t bytes) {
  size_t free_bytes = worker->granted - worker->used;
  if (bytes > free_bytes && !draw(worker, bytes - free_bytes))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  worker->used += bytes;
  return PEAL_OK;
}

/* Two steps stay, so that a client at the edge does not draw and give back
 * in turn. */
void peal_account_worker_release(peal_account_worker *worker, size_t bytes) {
  assert(bytes <= worker->used);
  worker->used -= bytes;
  size_t free_bytes = worker->granted - worker->used;
  if (free_bytes > 2 * PEAL_ACCOUNT_STEP_BYTES)
    give_back(worker, free_bytes - PEAL_ACCOUNT_STEP_BYTES);
}

/* -- the client ---------------------------------------------------------- */

peal_err peal_account_charge(peal_account *account, size_t bytes) {
  if (account->max &&
      (bytes > account->max || account->used > account->max - bytes))
    return PEAL_FAIL(PEAL_ERR_LIMIT);
  if (account->worker) {
    peal_err err = peal_account_worker_charge(account->worker, bytes);
    if (err)
      return err;
  }
  account->used += bytes;
  return PEAL_OK;
}

void peal_account_release(peal_account *account, size_t bytes) {
  assert(bytes <= account->used);
  account->used -= bytes;
  if (account->worker)
    peal_account_worker_release(account->worker, bytes);
}
