/* SPDX-License-Identifier: MIT */
#pragma once
/* op: an operation on the sockets of a namespace, carried to every worker:
 * there a worker is one more node. */
#include "server/server_impl.h"

/* Something to do on every worker, with what it needs. Shared by the workers,
 * freed with the last reference; `finish` runs on the home worker when every
 * worker has run. */
typedef struct peal_op {
  atomic_uint refs;
  atomic_uint waiting; /* workers that have not run yet */
  peal_nsp *nsp;
  peal_worker *home;
  /* On each worker. */
  void (*run)(struct peal_op *op, peal_worker *worker);
  /* On the home worker, behind all runs; may be NULL. */
  void (*finish)(struct peal_op *op);
  void (*release)(
      struct peal_op *op); /* frees what `data` holds; may be NULL */
  void *data;
  peal_to to;          /* points into `strings` */
  const char *without; /* likewise, or NULL */
  peal_arena strings;
} peal_op;

/* `to` and `without` are copied. NULL if memory is out. Thread: any. */
PEAL_MUST_CHECK peal_op *peal_op_new(peal_nsp *nsp, const peal_to *to,
                                     const char *without);
peal_op *peal_op_ref(peal_op *op);
void peal_op_unref(peal_op *op);
/* Run on all workers (the calling worker runs at once); takes the caller's
 * reference. `skip_self`: the calling worker has done its part already.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (nothing was run). Thread: any. */
PEAL_MUST_CHECK peal_err peal_op_run(peal_op *op, bool skip_self);
