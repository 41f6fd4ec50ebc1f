/* SPDX-License-Identifier: MIT */
/* guest: worker 0 as a guest of a libuv loop of the program's own
 * (peal_workers_attach): its descriptor and its next deadline are handles of
 * that loop.
 *
 *   prepare   before the loop waits: what was asked for since is done, the
 *             timer is set to the next deadline
 *   poll      the descriptor is readable: a turn
 *   timer     the deadline has come: a turn
 *
 * An idle guest does not wake its loop. */
#include "base/mem.h"
#include "net/run.h"
#include "net/turn.h"

typedef struct peal_guest {
  peal_workers *group;
  uv_poll_t poll;
  uv_timer_t timer;
  uv_prepare_t prepare;
  unsigned open; /* handles */
  bool closing;
  peal_attached_fn fn;
  void *user;
} peal_guest;

/* -- the end --------------------------------------------------------------- */

static void finish(peal_guest *guest) {
  peal_workers *group = guest->group;
  peal_attached_fn fn = guest->fn;
  void *user = guest->user;
  peal_mem_free(group->mem, guest);
  group->guest = NULL;
  int code = peal_run_close(group);
  bool is_left = group->on_ended != NULL; /* otherwise `fn` may free it */
  if (fn)
    fn(group, code, user);
  if (is_left)
    (void)peal_run_leave(group, code);
}

static void on_closed(uv_handle_t *handle) {
  peal_guest *guest = handle->data;
  if (--guest->open == 0)
    finish(guest);
}

static void close_guest(peal_guest *guest) {
  guest->closing = true;
  uv_close((uv_handle_t *)&guest->poll, on_closed);
  uv_close((uv_handle_t *)&guest->timer, on_closed);
  uv_close((uv_handle_t *)&guest->prepare, on_closed);
}

/* -- turns ----------------------------------------------------------------- */

static void advance(peal_guest *guest) {
  if (guest->closing || guest->group->in_turn)
    return;
  if (!peal_run_turn(guest->group, 0))
    close_guest(guest);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  advance(poll->data);
}

static void on_timer(uv_timer_t *timer) {
  advance(timer->data);
}

static int idle_ms(const peal_guest *guest) {
  peal_worker *worker = guest->group->items[0];
  peal_worker_wake(worker);
  return peal_turn_idle_ms(worker);
}

/* More than a turn is not made here: others wait, too. */
static void on_prepare(uv_prepare_t *prepare) {
  peal_guest *guest = prepare->data;
  if (guest->closing || guest->group->in_turn)
    return;
  if (idle_ms(guest) == 0)
    advance(guest);
  if (guest->closing)
    return;
  int next_ms = idle_ms(guest);
  if (next_ms < 0)
    uv_timer_stop(&guest->timer);
  else
    uv_timer_start(&guest->timer, on_timer, (uint64_t)next_ms, 0);
}

/* -- the beginning --------------------------------------------------------- */

static bool watch(peal_guest *guest, uv_loop_t *loop) {
  int fd = peal_poller_fd(guest->group->items[0]->poller);
  guest->poll.data = guest->timer.data = guest->prepare.data = guest;
  if (uv_poll_init(loop, &guest->poll, fd))
    return false;
  uv_timer_init(loop, &guest->timer);
  uv_prepare_init(loop, &guest->prepare);
  guest->open = 3;
  uv_poll_start(&guest->poll, UV_READABLE, on_readable);
  uv_prepare_start(&guest->prepare, on_prepare);
  return true;
}

static peal_err begin(peal_guest *guest, uv_loop_t *loop) {
  peal_workers *group = guest->group;
  peal_err err = peal_workers_begin(group);
  if (err)
    return err;
  if (!watch(guest, loop)) {
    (void)peal_run_close(group);
    return PEAL_ERR_SYSTEM;
  }
  group->guest = guest;
  return PEAL_OK;
}

peal_err peal_workers_attach(peal_workers *group, struct uv_loop_s *loop,
                             peal_attached_fn fn, void *user) {
  if (!group || !loop || peal_run_has_begun(group))
    return PEAL_ERR_USAGE;
  if (peal_poller_fd(group->items[0]->poller) < 0)
    return PEAL_ERR_OPTION;
  peal_guest *guest = peal_mem_zalloc(group->mem, sizeof(*guest));
  if (!guest)
    return PEAL_ERR_NOMEM;
  guest->group = group;
  guest->fn = fn;
  guest->user = user;
  peal_err err = begin(guest, loop);
  if (err)
    peal_mem_free(group->mem, guest);
  return err;
}
