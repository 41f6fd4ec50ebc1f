/* SPDX-License-Identifier: MIT */
#pragma once
/* run: the life of a worker's thread, turn after turn, and of the threads of a
 * group (peal_workers_run). */
#include "net/group.h"

/* True from peal_workers_run on, also when it is over. Thread: any. */
bool peal_run_has_begun(const peal_workers *group);

/* A worker that never ran ends on the calling thread: its mail is read, its
 * loop closed. */
void peal_run_end_alone(peal_worker *worker);
