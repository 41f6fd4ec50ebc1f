/* SPDX-License-Identifier: MIT */
#pragma once
/* adapter: who gets a broadcast. It keeps the sockets and rooms of one
 * namespace on one worker, and carries operations to the other workers: there
 * a worker is one more node. */
#include "server/server_impl.h"

/* -- membership (on the socket's worker) --------------------------------------- */

/* Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_EXISTS (id taken). */
PEAL_MUST_CHECK peal_err peal_adapter_add(peal_socket *socket);
void peal_adapter_remove(peal_socket *socket);
PEAL_MUST_CHECK peal_err peal_adapter_join(peal_socket *socket,
                                           const char *room);
void peal_adapter_leave(peal_socket *socket, const char *room);

/* -- operations ------------------------------------------------------------------ */

/* Sockets of this worker that `to` names, without the one whose id is
 * `without` (may be NULL). The array lies in the turn arena.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_adapter_select(peal_nsp *nsp,
                                             peal_worker *worker,
                                             const peal_to *to,
                                             const char *without,
                                             peal_socket ***out,
                                             size_t *count);

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
  void (*release)(struct peal_op *op); /* frees what `data` holds; may be NULL */
  void *data;
  peal_to to;           /* points into `strings` */
  const char *without;  /* likewise, or NULL */
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
