/* SPDX-License-Identifier: MIT */
#include "server/nsp_open.h"

#include "net/worker_impl.h"
#include "server/middleware.h"
#include "server/nsp.h"
#include "server/nsp_life.h"

void peal_nsp_open_all(peal_nsp *nsp) {
  for (unsigned i = 0; i < nsp->server->worker_count; i++)
    nsp->locals[i].is_open = true;
}

static void open_local(peal_nsp_local *local) {
  if (local->is_open)
    return;
  local->is_open = true;
  peal_middleware_open(local);
}

static void on_open(peal_worker *worker, peal_mail *mail);

/* Those who did not hear it end with their workers. */
static void pass_on(peal_nsp *nsp, unsigned worker) {
  nsp->opening = (peal_mail){.fn = on_open};
  if (worker == nsp->server->worker_count ||
      !peal_mail_put(peal_workers_get(nsp->server->workers, worker),
                     &nsp->opening))
    peal_nsp_life_release(nsp);
}

static void on_open(peal_worker *worker, peal_mail *mail) {
  peal_nsp *nsp = PEAL_LIST_OF(mail, peal_nsp, opening);
  if (peal_worker_self() != worker || peal_worker_impl_is_ending(worker)) {
    peal_nsp_life_release(nsp);
    return;
  }
  open_local(peal_nsp_local_of(nsp, worker));
  pass_on(nsp, peal_worker_index(worker) + 1);
}

void peal_nsp_open_now(peal_nsp *nsp) {
  const peal_worker *self = peal_nsp_worker(nsp);
  peal_nsp_life_hold(nsp);
  if (self)
    open_local(peal_nsp_local_of(nsp, self));
  pass_on(nsp, 0);
}

static void on_flush(peal_flush *flush) {
  peal_nsp_open_now(PEAL_LIST_OF(flush, peal_nsp, burying));
}

/* Who opens later has made it for the life of the server: it is not buried. */
void peal_nsp_open_later(peal_nsp *nsp) {
  peal_worker *self = peal_nsp_worker(nsp);
  if (!self) {
    peal_nsp_open_now(nsp);
    return;
  }
  nsp->burying.fn = on_flush;
  peal_worker_impl_flush_later(self, &nsp->burying);
}
