/* SPDX-License-Identifier: MIT */
#pragma once
/* run: the life of a worker's thread, turn after turn, and of the threads of a
 * group (peal_workers_run). Worker 0 is run by whoever calls: net/step and
 * net/guest have the same steps. */
#include "net/group.h"

/* True from peal_workers_run on, also when it is over. Thread: any. */
bool peal_run_has_begun(const peal_workers *group);

/* May the caller run the group? Once in its life. Thread: any. */
bool peal_run_take(peal_workers *group);
/* The other workers' threads begin, worker 0 starts. If threads or signals
 * could not be had the stop has begun. */
void peal_run_open(peal_workers *group);
/* One turn of worker 0, which waits for at most `max_ms` (-1: as long as there
 * is nothing to do). False: the run is over. */
bool peal_run_turn(peal_workers *group, int max_ms);
/* Behind the last turn; if there are more, they are made now, without grace.
 * Returns: as peal_workers_run. */
int peal_run_close(peal_workers *group);

/* Behind _close, as the last thing of whoever makes the turns: an owner that has
 * ended in one of them frees the group. Returns `code`. */
int peal_run_leave(peal_workers *group, int code);

/* Workers that never ran end one after the other, on the calling thread: their
 * mail is read, their loops closed. A run that was left in the middle is
 * closed. Nothing for those that have ended. */
void peal_run_end(peal_workers *group);
