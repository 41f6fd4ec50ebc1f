/* SPDX-License-Identifier: MIT */
#pragma once
/* stop: how a run ends: the phases of a worker (net/worker.h), taken by all
 * together. */
#include "net/group.h"

void peal_stop_init(peal_worker *worker);
/* After a turn: tell the group what it waits for. */
void peal_stop_settle(peal_worker *worker);
/* A worker that never ran, step by step, by itself. */
void peal_stop_end_alone(peal_worker *worker);
void peal_stop_close_alone(peal_worker *worker);
/* Is there nothing to wait for? */
bool peal_stop_is_empty(const peal_worker *worker);
