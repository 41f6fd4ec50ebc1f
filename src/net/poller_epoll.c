/* SPDX-License-Identifier: MIT */
#include "net/poller_epoll.h"

#include <errno.h>

#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"

typedef struct epoll_poller {
  peal_poller base;
  int set;
} epoll_poller;

static epoll_poller *mine(peal_poller *poller) {
  return (epoll_poller *)(void *)poller;
}

static peal_poller *open_epoll(const peal_mem *mem) {
  epoll_poller *poller = peal_mem_zalloc(mem, sizeof(*poller));
  if (!poller)
    return NULL;
  poller->base.verbs = &peal_poller_epoll;
  poller->base.mem = mem;
  poller->set = epoll_create1(EPOLL_CLOEXEC);
  if (poller->set >= 0)
    return &poller->base;
  peal_mem_free(mem, poller);
  return NULL;
}

static void close_epoll(peal_poller *base) {
  close(mine(base)->set);
  peal_mem_free(base->mem, base);
}

static uint32_t asked(unsigned events) {
  return (events & PEAL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
         (events & PEAL_POLL_OUT ? (uint32_t)EPOLLOUT : 0) |
         (events & PEAL_POLL_END ? (uint32_t)EPOLLRDHUP : 0) |
         (events & PEAL_POLL_SHARED ? (uint32_t)EPOLLEXCLUSIVE : 0);
}

static unsigned told(uint32_t events) {
  return (events & EPOLLIN ? PEAL_POLL_IN : 0) |
         (events & EPOLLOUT ? PEAL_POLL_OUT : 0) |
         (events & EPOLLRDHUP ? PEAL_POLL_END : 0) |
         (events & EPOLLERR ? PEAL_POLL_ERR : 0) |
         (events & EPOLLHUP ? PEAL_POLL_HUP : 0);
}

static bool watch(peal_poller *base, int fd, unsigned events, peal_polled *item,
                  bool again) {
  struct epoll_event event = {.events = asked(events), .data.ptr = item};
  return epoll_ctl(mine(base)->set, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                   &event) == 0;
}

static void forget(peal_poller *base, int fd) {
  struct epoll_event unused = {.events = 0};
  (void)epoll_ctl(mine(base)->set, EPOLL_CTL_DEL, fd, &unused);
}

static void wait_epoll(peal_poller *base, int timeout_ms) {
  struct epoll_event events[PEAL_POLLER_FOUND_MAX];
  int set = mine(base)->set;
  /* Those told last come behind the others at the next wait. */
  int count = epoll_wait(set, events, PEAL_POLLER_FOUND_MAX, timeout_ms);
  /* A process that was stopped: what has come meanwhile is heard before the
   * time that has passed is. */
  if (count < 0 && errno == EINTR)
    count = epoll_wait(set, events, PEAL_POLLER_FOUND_MAX, 0);
  for (int i = 0; i < count; i++)
    base->found[i] =
        (struct peal_poller_found){events[i].data.ptr, told(events[i].events)};
  base->found_count = count > 0 ? (size_t)count : 0;
}

/* epoll(7): a set is itself readable when events are available in it. */
static int fd_of(const peal_poller *base) {
  return ((const epoll_poller *)(const void *)base)->set;
}

const peal_poller_verbs peal_poller_epoll = {
    "epoll", open_epoll, watch, forget, wait_epoll, close_epoll, fd_of};
