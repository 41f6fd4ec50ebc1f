/* SPDX-License-Identifier: MIT */
#pragma once
/* dial_race: one connection to a host with many addresses (RFC8305): the
 * families in turn, one more attempt whenever one has failed or 250 ms have
 * passed, the first that stands wins and the others are closed.
 * In the flow: net/dial -> [dial_race] -> the kernel. */
#include <sys/socket.h>

#include "net/worker.h"

#define PEAL_DIAL_RACE_MAX 12u /* addresses that are tried */
#define PEAL_DIAL_RACE_STAGGER_MS 250u

typedef struct peal_dial_address {
  struct sockaddr_storage at;
  socklen_t len;
} peal_dial_address;

typedef struct peal_dial_race peal_dial_race;

/* `fd` is connected and taken by the callback; or it is -1 and `error` the
 * errno that says most. Once; inside _start, too. */
typedef void (*peal_dial_race_fn)(peal_dial_race *race, int fd, int error);

typedef struct peal_dial_attempt {
  peal_polled item;
  peal_dial_race *race;
  int fd; /* -1: not open */
} peal_dial_attempt;

/* Embedded; it lives until the end of the turn in which it is stopped. */
struct peal_dial_race {
  peal_worker *worker;
  peal_dial_race_fn fn;
  peal_wheel_timer stagger;
  unsigned count, next, open;
  int error;
  bool over;
  peal_dial_address addresses[PEAL_DIAL_RACE_MAX];
  peal_dial_attempt attempts[PEAL_DIAL_RACE_MAX];
};

void peal_dial_race_init(peal_dial_race *race, peal_worker *worker,
                         peal_dial_race_fn fn);
struct addrinfo;
/* The first of a list, the families in turn, that of the first one first. */
void peal_dial_race_list(peal_dial_race *race, const struct addrinfo *list);
/* One more, if there is room. */
void peal_dial_race_add(peal_dial_race *race, const struct sockaddr *at,
                        socklen_t len);
void peal_dial_race_start(peal_dial_race *race);
/* No callback comes any more. */
void peal_dial_race_stop(peal_dial_race *race);
