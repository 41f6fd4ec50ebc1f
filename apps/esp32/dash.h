/* SPDX-License-Identifier: MIT */
#pragma once
/* dash: the program's one object, handed to every handler. Its parts are made
 * before the run and freed after it, so that handlers need no checks. */
#include <stdatomic.h>
#include <stdint.h>

#include <peal/kit.h>

#include "settings.h"

struct analysis;
struct devices;
struct oled;
struct slots;

typedef struct dash {
  peal_kit house;
  settings conf;
  peal_kit_gate *gate;
  peal_kit_walks series, exports; /* under way */
  atomic_uint inserts[2];         /* of readings: which make room */

  struct analysis *analysis;
  struct devices *devices;
  peal_kit_files *media;
  struct oled *oled;
  struct slots *uploads; /* under way */
} dash;
