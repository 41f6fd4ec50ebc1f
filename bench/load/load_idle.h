/* SPDX-License-Identifier: MIT */
#pragma once
/* load_idle: what clients cost a server that has nothing to do: memory while
 * they are there, memory when they have gone, turns of its loop. */
#include "load_run.h"

/* Private memory of the server, before and after the clients have joined. */
void load_idle_drive(load_run *run);

/* The same before and after `messages` clients (100,000) have come and gone,
 * a few at a time. */
void load_idle_churn(load_run *run);

/* Turns and CPU time while the clients wait. The server answers GET /turns
 * with their number so far. */
void load_idle_turns(load_run *run);
