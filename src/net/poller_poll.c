/* SPDX-License-Identifier: MIT */
#include "net/poller_poll.h"

#include <errno.h>

#include <poll.h>

#include "base/mem.h"

#define FIRST_CAP 16u
#define NOWHERE UINT32_MAX

typedef struct poll_poller {
  peal_poller base;
  struct pollfd *fds;  /* what poll(2) is given */
  peal_polled **items; /* whom to tell, at the same places */
  uint32_t count, cap;
  uint32_t *places;   /* by descriptor: where it stands, or NOWHERE */
  uint32_t place_cap; /* descriptors below this have one */
  uint32_t begin;     /* the first to be told at the next wait */
} poll_poller;

static poll_poller *mine(peal_poller *poller) {
  return (poll_poller *)(void *)poller;
}

static peal_poller *open_poll(const peal_mem *mem) {
  poll_poller *poller = peal_mem_zalloc(mem, sizeof(*poller));
  if (!poller)
    return NULL;
  poller->base.verbs = &peal_poller_poll;
  poller->base.mem = mem;
  return &poller->base;
}

static void close_poll(peal_poller *base) {
  poll_poller *poller = mine(base);
  peal_mem_free(base->mem, poller->fds);
  peal_mem_free(base->mem, poller->items);
  peal_mem_free(base->mem, poller->places);
  peal_mem_free(base->mem, poller);
}

/* -- places ---------------------------------------------------------------- */

static uint32_t place_of(const poll_poller *poller, int fd) {
  return (uint32_t)fd < poller->place_cap ? poller->places[fd] : NOWHERE;
}

static bool reach(poll_poller *poller, uint32_t fd) {
  uint32_t cap = poller->place_cap ? poller->place_cap : FIRST_CAP;
  while (cap <= fd)
    cap *= 2;
  if (cap == poller->place_cap)
    return true;
  uint32_t *places = peal_mem_resize(poller->base.mem, poller->places,
                                     (size_t)cap * sizeof(*places));
  if (!places)
    return false;
  for (uint32_t i = poller->place_cap; i < cap; i++)
    places[i] = NOWHERE;
  poller->places = places;
  poller->place_cap = cap;
  return true;
}

static bool make_room(poll_poller *poller) {
  if (poller->count < poller->cap)
    return true;
  uint32_t cap = poller->cap ? poller->cap * 2 : FIRST_CAP;
  struct pollfd *fds = peal_mem_resize(poller->base.mem, poller->fds,
                                       (size_t)cap * sizeof(*fds));
  if (!fds)
    return false;
  poller->fds = fds;
  peal_polled **items = peal_mem_resize(poller->base.mem, poller->items,
                                        (size_t)cap * sizeof(*items));
  if (!items)
    return false;
  poller->items = items;
  poller->cap = cap;
  return true;
}

static short asked(unsigned events) {
  return (short)((events & PEAL_POLL_IN ? POLLIN : 0) |
                 (events & PEAL_POLL_OUT ? POLLOUT : 0) |
                 (events & PEAL_POLL_END ? POLLRDHUP : 0));
}

static unsigned told(short events) {
  return (events & POLLIN ? PEAL_POLL_IN : 0) |
         (events & POLLOUT ? PEAL_POLL_OUT : 0) |
         (events & POLLRDHUP ? PEAL_POLL_END : 0) |
         (events & (POLLERR | POLLNVAL) ? PEAL_POLL_ERR : 0) |
         (events & POLLHUP ? PEAL_POLL_HUP : 0);
}

static bool watch(peal_poller *base, int fd, unsigned events, peal_polled *item,
                  bool again) {
  poll_poller *poller = mine(base);
  uint32_t place = place_of(poller, fd);
  if (again != (place != NOWHERE))
    return false;
  if (!again) {
    if (!reach(poller, (uint32_t)fd) || !make_room(poller))
      return false;
    place = poller->count++;
    poller->places[fd] = place;
  }
  poller->fds[place] = (struct pollfd){.fd = fd, .events = asked(events)};
  poller->items[place] = item;
  return true;
}

/* The last one takes its place. */
static void forget(peal_poller *base, int fd) {
  poll_poller *poller = mine(base);
  uint32_t place = place_of(poller, fd);
  if (place == NOWHERE)
    return;
  uint32_t last = --poller->count;
  poller->fds[place] = poller->fds[last];
  poller->items[place] = poller->items[last];
  poller->places[poller->fds[last].fd] = place;
  poller->places[fd] = NOWHERE;
}

/* -- waiting --------------------------------------------------------------- */

/* Begins where the last turn stopped, so that nobody is passed over. */
static void wait_poll(peal_poller *base, int timeout_ms) {
  poll_poller *poller = mine(base);
  int left = poll(poller->fds, poller->count, timeout_ms);
  if (left < 0 && errno == EINTR) /* as poller_epoll has it */
    left = poll(poller->fds, poller->count, 0);
  uint32_t place = poller->begin < poller->count ? poller->begin : 0;
  for (uint32_t seen = 0; seen < poller->count && left > 0; seen++) {
    if (base->found_count == PEAL_POLLER_FOUND_MAX)
      break;
    short events = poller->fds[place].revents;
    if (events) {
      left--;
      base->found[base->found_count++] =
          (struct peal_poller_found){poller->items[place], told(events)};
    }
    place = place + 1 < poller->count ? place + 1 : 0;
  }
  poller->begin = place;
}

static int no_fd(const peal_poller *base) {
  (void)base;
  return -1;
}

const peal_poller_verbs peal_poller_poll = {
    "poll", open_poll, watch, forget, wait_poll, close_poll, no_fd};
