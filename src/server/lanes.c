/* SPDX-License-Identifier: MIT */
#include "server/lanes.h"

#include "base/mem.h"
#include "net/net_limits.h"

/* -- running --------------------------------------------------------------------- */

static peal_mail *shift(peal_lane *lane) {
  uv_mutex_lock(&lane->lanes->lock);
  peal_mail *mail = lane->first;
  if (mail)
    lane->first = mail->next;
  if (!lane->first)
    atomic_store_explicit(&lane->is_filled, false, memory_order_relaxed);
  uv_mutex_unlock(&lane->lanes->lock);
  return mail;
}

static void run(peal_lane *lane, uint64_t until) {
  if (lane->until < until)
    lane->until = until;
  if (lane->is_running)
    return;
  lane->is_running = true;
  while (lane->ran < lane->until) {
    peal_mail *mail = shift(lane);
    if (!mail)
      break;
    lane->ran++;
    mail->next = NULL;
    mail->fn(lane->worker, mail);
  }
  lane->is_running = false;
}

static void on_wake(peal_worker *worker, peal_mail *mail) {
  peal_lane *lane = PEAL_LIST_OF(mail, peal_lane, wake);
  (void)worker;
  uv_mutex_lock(&lane->lanes->lock);
  lane->is_woken = false;
  uint64_t until = lane->put;
  uv_mutex_unlock(&lane->lanes->lock);
  run(lane, until);
}

/* -- life ------------------------------------------------------------------------ */

peal_err peal_lanes_init(peal_lanes *lanes, peal_workers *workers,
                         const peal_mem *mem) {
  *lanes = (peal_lanes){.count = peal_workers_count(workers), .mem = mem};
  lanes->items = peal_mem_zalloc(mem, lanes->count * sizeof *lanes->items);
  if (!lanes->items)
    return PEAL_ERR_NOMEM;
  if (uv_mutex_init(&lanes->lock)) {
    peal_mem_free(mem, lanes->items);
    lanes->items = NULL;
    return PEAL_ERR_SYSTEM;
  }
  for (unsigned i = 0; i < lanes->count; i++) {
    peal_lane *lane = &lanes->items[i];
    lane->worker = peal_workers_get(workers, i);
    lane->lanes = lanes;
    lane->wake.fn = on_wake;
    atomic_init(&lane->is_filled, false);
  }
  return PEAL_OK;
}

void peal_lanes_deinit(peal_lanes *lanes) {
  if (!lanes->items)
    return;
  peal_mem_free(lanes->mem, lanes->items);
  lanes->items = NULL;
  uv_mutex_destroy(&lanes->lock);
}

/* -- handing in ------------------------------------------------------------------ */

void peal_lanes_begin(peal_lanes *lanes) {
  uv_mutex_lock(&lanes->lock);
}

void peal_lanes_put(peal_lanes *lanes, unsigned worker, peal_mail *mail) {
  peal_lane *lane = &lanes->items[worker];
  mail->next = NULL;
  if (lane->first)
    lane->last->next = mail;
  else
    lane->first = mail;
  lane->last = mail;
  lane->put++;
  lane->wants_wake = !lane->is_woken;
  atomic_store_explicit(&lane->is_filled, true, memory_order_relaxed);
}

/* Whoever is to be woken, but for `self`; under the lock, so that each is woken
 * by one. */
static bool take_wake(peal_lane *lane, const peal_worker *self) {
  bool wanted = lane->wants_wake && lane->worker != self;
  lane->wants_wake = false;
  if (wanted)
    lane->is_woken = true;
  return wanted;
}

void peal_lanes_end(peal_lanes *lanes, const peal_worker *self) {
  uint64_t until = self ? lanes->items[peal_worker_index(self)].put : 0;
  bool wake[PEAL_LIMIT_WORKERS];
  for (unsigned i = 0; i < lanes->count; i++)
    wake[i] = take_wake(&lanes->items[i], self);
  uv_mutex_unlock(&lanes->lock);
  for (unsigned i = 0; i < lanes->count; i++)
    if (wake[i])
      peal_worker_impl_send(lanes->items[i].worker, &lanes->items[i].wake);
  if (self)
    run(&lanes->items[peal_worker_index(self)], until);
}

void peal_lanes_catch_up(peal_lanes *lanes, const peal_worker *self) {
  peal_lane *lane = &lanes->items[peal_worker_index(self)];
  if (!atomic_load_explicit(&lane->is_filled, memory_order_relaxed))
    return;
  peal_lanes_begin(lanes);
  peal_lanes_end(lanes, self);
}

bool peal_lanes_are_running(const peal_lanes *lanes, const peal_worker *self) {
  return lanes->items[peal_worker_index(self)].is_running;
}
