/* SPDX-License-Identifier: MIT */
#include "net/poller.h"

#include <stdlib.h>
#include <string.h>

#include "net/poller_epoll.h"
#include "net/poller_poll.h"

peal_poller *peal_poller_open(const peal_mem *mem, const char *name) {
  static const peal_poller_verbs *const all[] = {&peal_poller_epoll,
                                                 &peal_poller_poll};
  if (!name)
    name = getenv("PEAL_POLLER");
  if (!name || !*name)
    return all[0]->open(mem);
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (strcmp(name, all[i]->name) == 0)
      return all[i]->open(mem);
  return NULL;
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
