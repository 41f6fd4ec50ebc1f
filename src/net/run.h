/* SPDX-License-Identifier: MIT */
#pragma once
/* run: the life of a worker's thread, turn after turn, and of the threads of a
 * group (peal_workers_run). */
#include "net/group.h"

/* True from peal_workers_run on, also when it is over. Thread: any. */
bool peal_run_has_begun(const peal_workers *group);

/* Workers that never ran end one after the other, on the calling thread: their
 * mail is read, their loops closed. Nothing for those that have ended. */
void peal_run_end(peal_workers *group);
