/* SPDX-License-Identifier: MIT */
#pragma once
/* dash: the program's one object, handed to every handler. Its parts are made
 * before the run and freed after it, so that handlers need no checks. */
#include <stdint.h>

#include "house.h"
#include "settings.h"
#include "walks.h"

struct analysis;
struct devices;
struct media;
struct oled;
struct slots;
struct thumbs;

typedef struct dash {
  house house;
  settings conf;
  peal_web_limit *device_limit, *address_limit;
  walks series, exports;  /* under way */
  atomic_uint inserts[2]; /* of readings: which make room */

  struct analysis *analysis;
  struct devices *devices;
  struct media *media;
  struct oled *oled;
  struct slots *uploads; /* under way */
  struct thumbs *thumbs;
} dash;
