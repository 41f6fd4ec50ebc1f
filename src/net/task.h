/* SPDX-License-Identifier: MIT */
#pragma once
/* task: work on the thread pool with a completion on the worker
 * (peal_task_run). */
#include <peal/worker.h>

/* Those that wait for a pool thread come back at once, those that run when
 * they are done. */
void peal_task_cancel_all(peal_worker *worker);
