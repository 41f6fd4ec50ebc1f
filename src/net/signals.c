/* SPDX-License-Identifier: MIT */
#include "net/signals.h"

#include <signal.h>

#include "net/hooks.h"

static void on_signal(uv_signal_t *handle, int number) {
  const peal_slice none = {NULL, 0};
  peal_workers *group = handle->data;
  peal_logger_write(group->log, PEAL_LOG_INFO, "worker", none, none,
                    "%s: stopping%s", number == SIGTERM ? "SIGTERM" : "SIGINT",
                    atomic_load(&group->stops) ? " at once" : "");
  peal_workers_stop(group, group->signal_grace_ms);
}

void peal_workers_stop_on_signals(peal_workers *group, uint32_t grace_ms) {
  if (!group)
    return;
  group->on_signals = true;
  group->signal_grace_ms = grace_ms;
}

static void on_hangup(uv_signal_t *handle, int number) {
  peal_workers *group = handle->data;
  (void)number;
  peal_worker_wake(group->items[0]);
  peal_hooks_run(group->items[0], &group->on_hangup);
}

bool peal_signals_open(peal_workers *group) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
  uv_loop_t *loop = &group->items[0]->loop;
  signal(SIGPIPE, SIG_IGN);
  uv_mutex_lock(&group->lock);
  size_t count = group->on_hangup.count ? 3 : 2;
  uv_mutex_unlock(&group->lock);
  for (size_t i = 0; i < count; i++) {
    if (uv_signal_init(loop, &group->signals[i]))
      return false;
    group->signals[i].data = group;
    group->signals_open = true;
    if (uv_signal_start(&group->signals[i], i < 2 ? on_signal : on_hangup,
                        numbers[i]))
      return false;
  }
  return true;
}

void peal_signals_close(peal_workers *group) {
  if (!group->signals_open)
    return;
  group->signals_open = false;
  for (size_t i = 0; i < 3; i++)
    if (group->signals[i].loop)
      uv_close((uv_handle_t *)&group->signals[i], NULL);
}
