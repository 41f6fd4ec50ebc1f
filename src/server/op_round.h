/* SPDX-License-Identifier: MIT */
#pragma once
/* op_round: one operation on its way through all workers: there a worker is one
 * more node. What they share is the record, by reference. With one worker
 * there is nothing to share: it runs where it is, without an allocation, a
 * lock or an atomic. */
#include "server/op_run.h"

/* Who asked; told on the worker that asked (worker 0 if another thread did),
 * exactly once, when every worker has run. Embedded in what the asker keeps,
 * which is `done`'s to free. */
typedef struct peal_op_asker {
  /* Who takes a document out of a result puts NULL in its place. */
  void (*done)(struct peal_op_asker *asker, peal_worker *worker,
               peal_op_result *results, size_t count);
  peal_gather *gather; /* of ASK; otherwise NULL */
} peal_op_asker;

/* Run `op` (borrowed) on all workers, the calling one at once; `skip_self`: not
 * on it, it has done its part. `asker` may be NULL.
 * Returns: PEAL_OK; PEAL_ERR_QUEUE_FULL (too many are under way: some workers
 * are behind), PEAL_ERR_NOMEM: nothing was run, `done` does not come.
 * Thread: any. */
PEAL_MUST_CHECK peal_err peal_op_round_run(peal_nsp *nsp, const peal_op *op,
                                           bool skip_self,
                                           peal_op_asker *asker);
/* The same for an event that recovery keeps (EMIT, has_offset): it gets its
 * number, and receivers in the order of the numbers. `only`: on this worker, the
 * calling one, alone; NULL: on all. `also`: as peal_recovery_log_add.
 * Returns: as peal_op_round_run. Thread: any. */
PEAL_MUST_CHECK peal_err peal_op_round_keep(peal_nsp *nsp, const peal_op *op,
                                            const peal_worker *only,
                                            const char *also);
/* The worker on which `done` will come. */
peal_worker *peal_op_round_home(const peal_nsp *nsp);
