/* SPDX-License-Identifier: MIT */
/* web_task: work on the pool whose result answers a request. */
#include "base/mem.h"
#include "web/web_impl.h"

/* A task that answers a request. */
typedef struct waiting {
  peal_http_req *req;
  const peal_mem *mem;
  peal_task_work_fn work;
  peal_web_task_fn done;
  void *user;
} waiting;

static void run(void *user) {
  waiting *w = user;
  w->work(w->user);
}

static void finish(peal_worker *worker, peal_err err, void *user) {
  waiting w = *(waiting *)user;
  (void)worker;
  peal_mem_free(w.mem, user);
  w.done(w.req, err, w.user);
}

bool peal_web_task(peal_http_req *req, peal_task_work_fn work,
                   peal_web_task_fn done, void *user) {
  peal_worker *worker = peal_http_req_worker(req);
  waiting *w = peal_mem_alloc(worker->mem, sizeof(*w));
  peal_err err = PEAL_ERR_NOMEM;
  if (w) {
    *w = (waiting){req, worker->mem, work, done, user};
    err = peal_task_run(worker, run, finish, w);
  }
  if (err) {
    if (w)
      peal_mem_free(worker->mem, w);
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return false;
  }
  peal_http_defer(req);
  return true;
}
