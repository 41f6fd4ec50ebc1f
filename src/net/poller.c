/* SPDX-License-Identifier: MIT */
#include "net/poller.h"

#include <unistd.h>

/* Told at once; more are found at the next wait, those told last behind the
 * others. */
#define EVENTS_MAX 256

int peal_poller_open(const uv_loop_t *loop) {
  int poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0)
    return -1;
  if (peal_poller_watch(poller, uv_backend_fd(loop), EPOLLIN, NULL, false))
    return poller;
  close(poller);
  return -1;
}

bool peal_poller_watch(int poller, int fd, uint32_t events, void *item,
                       bool again) {
  struct epoll_event event = {.events = events, .data.ptr = item};
  return !epoll_ctl(poller, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

void peal_poller_forget(int poller, int fd) {
  struct epoll_event unused = {.events = 0};
  (void)epoll_ctl(poller, EPOLL_CTL_DEL, fd, &unused);
}

bool peal_poller_wait(int poller, int timeout_ms, void (*on_wake)(void *user),
                      void *user, peal_poller_fn fn) {
  struct epoll_event events[EVENTS_MAX];
  bool loop_ready = false;
  /* Interrupted is as good as woken for nothing. */
  int count = epoll_wait(poller, events, EVENTS_MAX, timeout_ms);
  on_wake(user);
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr)
      fn(events[i].data.ptr, events[i].events);
    else
      loop_ready = true;
  }
  return loop_ready;
}
