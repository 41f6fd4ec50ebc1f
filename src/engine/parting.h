/* SPDX-License-Identifier: MIT */
#pragma once
/* parting: a worker's sessions are told to go when the server stops: all at
 * once, or each at a time of its own, so that they do not all come to the next
 * server in one moment. Those that have not been told go on as before. */
#include <stdint.h>

#include "net/wheel.h"

struct peal_engine_local;
struct peal_engine_conn;

typedef struct peal_parting {
  struct peal_engine_local *local;
  peal_wheel_timer timer;
  uint64_t began_ms;
  uint32_t spread_ms;
  uint32_t total; /* sessions when it began */
  uint32_t told;
  uint32_t undrained; /* of them, those that did not take all that waited */
} peal_parting;

void peal_parting_init(peal_parting *parting, struct peal_engine_local *local);
/* The worker stops. */
void peal_parting_begin(peal_parting *parting, uint32_t spread_ms);
/* The time is over: who has not been told is told now. */
void peal_parting_end(peal_parting *parting);
/* Its last way is gone, with what waits in its queue. */
void peal_parting_left(peal_parting *parting,
                       const struct peal_engine_conn *conn);
