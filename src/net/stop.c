/* SPDX-License-Identifier: MIT */
#include "net/stop.h"

#include "net/dial.h"
#include "net/hooks.h"
#include "net/mail.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/turn.h"

/* -- the group ------------------------------------------------------------- */

/* End now, on all workers (once). */
static void end_all(peal_workers *group) {
  if (atomic_exchange(&group->end_sent, true))
    return;
  for (unsigned i = 0; i < group->count; i++)
    peal_mail_send(group->items[i], &group->items[i]->end_mail);
}

/* Close the mailboxes of all workers (once). */
static void close_all(peal_workers *group) {
  if (atomic_exchange(&group->close_sent, true))
    return;
  for (unsigned i = 0; i < group->count; i++)
    peal_mail_send(group->items[i], &group->items[i]->close_mail);
}

void peal_workers_stop(peal_workers *group, uint32_t grace_ms) {
  if (!group)
    return;
  if (atomic_fetch_add(&group->stops, 1) > 0) {
    end_all(group);
    return;
  }
  atomic_store(&group->grace_ms, grace_ms);
  for (unsigned i = 0; i < group->count; i++)
    peal_mail_send(group->items[i], &group->items[i]->stop_mail);
  if (grace_ms == 0)
    end_all(group);
}

/* -- one worker ------------------------------------------------------------ */

bool peal_stop_is_empty(const peal_worker *worker) {
  return peal_list_is_empty(&worker->conns) &&
         peal_list_is_empty(&worker->tasks);
}

void peal_stop_settle(peal_worker *worker) {
  peal_workers *group = worker->group;
  if (worker->phase == PEAL_WORKER_RUNNING)
    return;
  bool empty = peal_stop_is_empty(worker);
  if (worker->phase == PEAL_WORKER_STOPPING && empty != worker->idle) {
    worker->idle = empty;
    if (!empty)
      atomic_fetch_add(&group->busy, 1);
    else if (atomic_fetch_sub(&group->busy, 1) == 1)
      end_all(group);
  }
  if (worker->phase == PEAL_WORKER_ENDING && empty && !worker->quiet) {
    worker->quiet = true;
    if (atomic_fetch_sub(&group->unquiet, 1) == 1)
      close_all(group);
  }
}

static void run_stop_hooks(peal_worker *worker) {
  if (worker->hooks_stopped)
    return;
  worker->hooks_stopped = true;
  peal_hooks_run(worker, &worker->group->on_stop);
}

static void on_grace_over(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  end_all(PEAL_LIST_OF(timer, peal_worker, grace)->group);
}

static void on_stop_mail(peal_worker *worker, peal_mail *mail) {
  (void)mail;
  if (worker->phase != PEAL_WORKER_RUNNING)
    return;
  worker->phase = PEAL_WORKER_STOPPING;
  run_stop_hooks(worker);
  if (worker->index == 0)
    peal_wheel_set(&worker->wheel, &worker->grace,
                   worker->now_ms + atomic_load(&worker->group->grace_ms));
}

static void on_end_mail(peal_worker *worker, peal_mail *mail) {
  (void)mail;
  if (worker->phase >= PEAL_WORKER_ENDING)
    return;
  run_stop_hooks(worker);
  peal_hooks_run(worker, &worker->group->on_end);
  worker->phase = PEAL_WORKER_ENDING;
  worker->ending = true;
  peal_wheel_stop(&worker->wheel, &worker->grace);
  peal_dial_close_all(worker);
  peal_stream_close_all(worker, PEAL_ERR_CANCELLED);
  peal_task_cancel_all(worker);
}

/* From here to the end of the loop nobody else may act for this worker: those
 * who find the box closed do so under the same lock. */
static void close_mailbox(peal_worker *worker) {
  uv_mutex_lock(&worker->group->late_lock);
  peal_mail_close(worker);
  peal_turn_end(worker);
}

/* Who runs the worker closes its handles and gives the lock back. */
static void on_close_mail(peal_worker *worker, peal_mail *mail) {
  (void)mail;
  if (worker->phase == PEAL_WORKER_CLOSED)
    return;
  worker->phase = PEAL_WORKER_CLOSED;
  worker->ending = true;
  close_mailbox(worker);
}

void peal_stop_end_alone(peal_worker *worker) {
  on_end_mail(worker, NULL);
}

void peal_stop_close_alone(peal_worker *worker) {
  on_close_mail(worker, NULL);
}

void peal_stop_init(peal_worker *worker) {
  peal_wheel_timer_init(&worker->grace, on_grace_over);
  worker->stop_mail.fn = on_stop_mail;
  worker->end_mail.fn = on_end_mail;
  worker->close_mail.fn = on_close_mail;
}
