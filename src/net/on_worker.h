/* SPDX-License-Identifier: MIT */
#pragma once
/* on_worker: a function of a worker's object that is called on another thread
 * is a race that shows itself rarely and elsewhere. In builds with asserts it
 * ends the program there and then, in words. */
#include <peal/worker.h>

/* At the beginning of a public function of `Thread: worker`; `worker` may be
 * NULL, `instead` names what other threads use. Before and after the run every
 * thread may. */
#ifdef NDEBUG
#define PEAL_ON_WORKER(worker, instead) ((void)0)
#else
#define PEAL_ON_WORKER(worker, instead)                                        \
  peal_on_worker_check(worker, __func__, instead)
#endif

/* Does this thread run the worker, or nobody? NULL: nobody does. */
bool peal_on_worker_is(const peal_worker *worker);
/* Otherwise: a line on stderr that names `function`, and abort. */
void peal_on_worker_check(const peal_worker *worker, const char *function,
                          const char *instead);
