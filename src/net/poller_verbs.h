/* SPDX-License-Identifier: MIT */
#pragma once
/* poller_verbs: what an implementation of the poller gives: a table, and a
 * struct of its own that begins with peal_poller. */
#include <stddef.h>

#include <peal/base.h>

#include "net/polled.h"

/* Told in one turn; more are found at the next wait. */
#define PEAL_POLLER_FOUND_MAX 256

typedef struct peal_poller peal_poller;

typedef struct peal_poller_verbs {
  const char *name;
  peal_poller *(*open)(const peal_mem *mem);
  bool (*watch)(peal_poller *poller, int fd, unsigned events, peal_polled *item,
                bool again);
  void (*forget)(peal_poller *poller, int fd);
  /* Fills found[] and found_count. */
  void (*wait)(peal_poller *poller, int timeout_ms);
  void (*close)(peal_poller *poller);
  /* A descriptor that is readable while a wait would find something; -1: it
   * has none. */
  int (*fd)(const peal_poller *poller);
} peal_poller_verbs;

struct peal_poller {
  const peal_poller_verbs *verbs;
  const peal_mem *mem;
  size_t found_count;

  struct peal_poller_found {
    peal_polled *item;
    unsigned events;
  } found[PEAL_POLLER_FOUND_MAX];
};
