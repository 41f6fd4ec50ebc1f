/* SPDX-License-Identifier: MIT */
/* timer: the application's timers (peal_timer of <peal/worker.h>) on the wheel
 * of their worker, and its clock. */
#include "net/timer.h"

#include <peal/worker.h>

#include "base/mem.h"
#include "net/on_worker.h"
#include "net/worker.h"

struct peal_timer {
  peal_wheel_timer wheel;
  peal_worker *worker;
  peal_timer_fn fn;
  void *user;
  uint64_t repeat_ms;
  bool firing; /* inside fn */
  bool freed;  /* there */
};

size_t peal_timer_bytes(void) {
  return sizeof(peal_timer);
}

static void release(peal_timer *timer) {
  peal_wheel_stop(&timer->worker->wheel, &timer->wheel);
  peal_mem_free(timer->worker->mem, timer);
}

static void on_due(peal_wheel_timer *wheel, uint64_t now_ms) {
  peal_timer *timer = PEAL_LIST_OF(wheel, peal_timer, wheel);
  if (timer->repeat_ms)
    peal_wheel_set(&timer->worker->wheel, wheel, now_ms + timer->repeat_ms);
  timer->firing = true;
  timer->fn(timer, timer->user);
  timer->firing = false;
  if (timer->freed)
    release(timer);
}

peal_timer *peal_timer_new(peal_worker *worker, peal_timer_fn fn, void *user) {
  PEAL_ON_WORKER(worker, "peal_worker_post");
  if (!worker || !fn)
    return NULL;
  peal_timer *timer = peal_mem_alloc(worker->mem, sizeof(*timer));
  if (!timer)
    return NULL;
  *timer = (peal_timer){.worker = worker, .fn = fn, .user = user};
  peal_wheel_timer_init(&timer->wheel, on_due);
  return timer;
}

void peal_timer_start(peal_timer *timer, uint64_t delay_ms,
                      uint64_t repeat_ms) {
  PEAL_ON_WORKER(timer ? timer->worker : NULL, "peal_worker_post");
  if (!timer)
    return;
  uint64_t at_ms = 0;
  timer->repeat_ms = repeat_ms;
  /* The callback that asks may have taken its time: from now on. */
  uint64_t now_ms = peal_worker_wake(timer->worker);
  if (__builtin_add_overflow(now_ms, delay_ms, &at_ms))
    at_ms = UINT64_MAX;
  peal_wheel_set(&timer->worker->wheel, &timer->wheel, at_ms);
}

void peal_timer_stop(peal_timer *timer) {
  PEAL_ON_WORKER(timer ? timer->worker : NULL, "peal_worker_post");
  if (!timer)
    return;
  timer->repeat_ms = 0;
  peal_wheel_stop(&timer->worker->wheel, &timer->wheel);
}

void peal_timer_free(peal_timer *timer) {
  PEAL_ON_WORKER(timer ? timer->worker : NULL, "peal_worker_post");
  if (!timer)
    return;
  if (timer->firing) {
    timer->freed = true;
    peal_timer_stop(timer);
  } else {
    release(timer);
  }
}

uint64_t peal_worker_now_ms(const peal_worker *worker) {
  PEAL_ON_WORKER(worker, "peal_worker_post");
  return worker ? worker->now_ms : 0;
}
