/* SPDX-License-Identifier: MIT */
#pragma once
/* desk: the program's one object, handed to every handler. Its parts are made
 * before the run and freed after it, so that handlers need no checks.
 *
 *   source --frame--> monitor --what is seen--> alerts, ledger
 *                        |
 *                        +--frame, state, landmarks--> hub --> every viewer
 *
 * What is seen and decided is of worker 0; others ask it by commands.h. */
#include <peal/kit.h>

#include "settings.h"

struct door;
struct hub;
struct ledger;
struct monitor;
struct recorder;
struct uploads;

typedef struct desk {
  peal_kit house; /* first: hooks of it get a pointer to either */
  settings conf;
  struct door *door;         /* who may come in */
  struct ledger *ledger;     /* what is kept of days and choices */
  struct hub *hub;           /* frames to viewers */
  struct monitor *monitor;   /* what is seen, and what follows from it */
  struct recorder *recorder; /* NULL: no picture is kept */
  struct uploads *uploads;   /* pictures that are sent here */
  peal_web_limit *limit;     /* of what one viewer asks for */
  unsigned seconds;          /* of this run; worker 0 */
} desk;
