/* SPDX-License-Identifier: MIT */
/* step: worker 0 turn by turn, in a loop of the program's own
 * (peal_workers_begin to peal_workers_end). Between two steps its thread is one
 * like any other. */
#include "net/run.h"
#include "net/turn.h"

/* The thread that has begun it, between begin and end. */
static bool is_ours(const peal_workers *group) {
  uv_thread_t self = uv_thread_self();
  return group && group->by_steps && uv_thread_equal(&self, &group->stepper) &&
         !atomic_load(&group->ended);
}

/* ... who has to make the steps, and makes none at the moment. */
static bool may_step(const peal_workers *group) {
  return is_ours(group) && !group->guest && !group->in_turn;
}

peal_err peal_workers_begin(peal_workers *group) {
  if (!group || !peal_run_take(group))
    return PEAL_ERR_USAGE;
  group->stepper = uv_thread_self();
  group->by_steps = true;
  peal_run_open(group);
  if (!group->failed)
    return PEAL_OK;
  (void)peal_run_close(group);
  return PEAL_ERR_SYSTEM;
}

int peal_workers_fd(const peal_workers *group) {
  return is_ours(group) ? peal_poller_fd(group->items[0]->poller) : -1;
}

int peal_workers_timeout_ms(peal_workers *group) {
  if (!is_ours(group))
    return -1;
  if (group->over) /* the next step says so */
    return 0;
  peal_worker_wake(group->items[0]);
  return peal_turn_idle_ms(group->items[0]);
}

peal_err peal_workers_step(peal_workers *group, int timeout_ms) {
  if (!may_step(group))
    return PEAL_ERR_USAGE;
  return peal_run_turn(group, timeout_ms) ? PEAL_OK : PEAL_ERR_CLOSED;
}

int peal_workers_end(peal_workers *group) {
  return may_step(group) ? peal_run_leave(group, peal_run_close(group)) : 1;
}
