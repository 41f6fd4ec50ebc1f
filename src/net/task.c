/* SPDX-License-Identifier: MIT */
#include "net/task.h"

#include "base/mem.h"
#include "net/group.h"
#include "net/mail.h"
#include "net/tally.h"

typedef struct task {
  uv_work_t work_req;
  peal_mail mail;
  peal_list node;
  peal_worker *worker;
  peal_task_work_fn work;
  peal_task_done_fn done;
  void *user;
} task;

static void finish(task *ended, peal_err err) {
  peal_worker *worker = ended->worker;
  peal_task_done_fn done = ended->done;
  void *user = ended->user;
  peal_mem_free(worker->group->mem, ended);
  if (done)
    done(worker, err, user);
}

static void on_pool(uv_work_t *req) {
  task *running = req->data;
  running->work(running->user);
}

static void on_done(uv_work_t *req, int status) {
  task *ended = req->data;
  peal_worker *worker = ended->worker;
  peal_worker_wake(worker);
  peal_tally_add(&worker->stats.tasks_running, UINT64_MAX);
  peal_list_remove(&ended->node);
  finish(ended, status == UV_ECANCELED ? PEAL_ERR_CANCELLED : PEAL_OK);
}

static void begin(peal_worker *worker, task *begun) {
  begun->work_req.data = begun;
  /* It can only fail without a work function. */
  (void)uv_queue_work(&worker->loop, &begun->work_req, on_pool, on_done);
  peal_list_push(&worker->tasks, &begun->node);
  peal_tally_add(&worker->stats.tasks_running, 1);
}

/* Asked for on another thread, or while the worker ends. */
static void on_mail(peal_worker *worker, peal_mail *mail) {
  task *asked = PEAL_LIST_OF(mail, task, mail);
  if (worker->ending)
    finish(asked, PEAL_ERR_CANCELLED);
  else
    begin(worker, asked);
}

peal_err peal_task_run(peal_worker *worker, peal_task_work_fn work,
                       peal_task_done_fn done, void *user) {
  if (!worker || !work)
    return PEAL_ERR_USAGE;
  task *asked = peal_mem_alloc(worker->group->mem, sizeof(*asked));
  if (!asked)
    return PEAL_ERR_NOMEM;
  *asked = (task){.mail.fn = on_mail,
                  .worker = worker,
                  .work = work,
                  .done = done,
                  .user = user};
  peal_list_init(&asked->node);
  if (peal_worker_self() == worker && !worker->ending)
    begin(worker, asked);
  else
    peal_mail_send(worker, &asked->mail);
  return PEAL_OK;
}

void peal_task_cancel_all(peal_worker *worker) {
  peal_list *head = &worker->tasks;
  for (peal_list *node = head->next; node != head; node = node->next) {
    task *running = PEAL_LIST_OF(node, task, node);
    uv_cancel((uv_req_t *)&running->work_req);
  }
}
