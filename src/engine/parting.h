/* SPDX-License-Identifier: MIT */
#pragma once
/* parting: a worker's sessions are told to go when the server stops: all at
 * once, or each at a time of its own, so that they do not all come to the next
 * server in one moment. Those that have not been told go on as before. */
#include "engine/engine_impl.h"

void peal_parting_init(peal_parting *parting, peal_engine_local *local);
/* The worker stops. */
void peal_parting_begin(peal_parting *parting, uint32_t spread_ms);
/* The time is over: who has not been told is told now. */
void peal_parting_end(peal_parting *parting);
