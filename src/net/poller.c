/* SPDX-License-Identifier: MIT */
#include "net/poller.h"

#include <stdlib.h>
#include <string.h>

#include "net/poller_epoll.h"
#include "net/poller_poll.h"

/* What the environment wants; NULL if there is no such poller. */
static const peal_poller_verbs *wanted(void) {
  static const peal_poller_verbs *const all[] = {&peal_poller_epoll,
                                                 &peal_poller_poll};
  const char *name = getenv("PEAL_POLLER");
  if (!name || !*name)
    return all[0];
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (strcmp(name, all[i]->name) == 0)
      return all[i];
  return NULL;
}

static const peal_poller_verbs *verbs_of(peal_poller_kind kind) {
  switch (kind) {
  case PEAL_POLLER_DEFAULT:
    return wanted();
  case PEAL_POLLER_EPOLL:
    return &peal_poller_epoll;
  case PEAL_POLLER_POLL:
    return &peal_poller_poll;
  }
  return NULL; /* a number that is none */
}

peal_poller *peal_poller_open(const peal_mem *mem, peal_poller_kind kind) {
  const peal_poller_verbs *verbs = verbs_of(kind);
  return verbs ? verbs->open(mem) : NULL;
}

void peal_poller_close(peal_poller *poller) {
  if (poller)
    poller->verbs->close(poller);
}

const char *peal_poller_name(const peal_poller *poller) {
  return poller->verbs->name;
}

bool peal_poller_watch(peal_poller *poller, int fd, unsigned events,
                       peal_polled *item, bool again) {
  return poller->verbs->watch(poller, fd, events, item, again);
}

void peal_poller_forget(peal_poller *poller, int fd) {
  poller->verbs->forget(poller, fd);
}

int peal_poller_fd(const peal_poller *poller) {
  return poller->verbs->fd(poller);
}

void peal_poller_wait(peal_poller *poller, int timeout_ms) {
  poller->found_count = 0;
  poller->verbs->wait(poller, timeout_ms);
}

void peal_poller_tell(peal_poller *poller) {
  for (size_t i = 0; i < poller->found_count; i++) {
    peal_polled *item = poller->found[i].item;
    item->kind->on_ready(item, poller->found[i].events);
  }
  poller->found_count = 0;
}
