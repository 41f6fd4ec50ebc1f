/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_op: what is asked of a raw server's clients on other workers, on its
 * way there: one record for all of them, counted, charged and bounded
 * (net/op_load). */
#include "engine/engine_outgoing.h"

typedef enum peal_engine_op_kind {
  PEAL_ENGINE_OP_SEND, /* `outgoing` to the client `id` */
  PEAL_ENGINE_OP_SEND_ALL,
  PEAL_ENGINE_OP_CLOSE,
  PEAL_ENGINE_OP_POST
} peal_engine_op_kind;

typedef struct peal_engine_op {
  peal_engine_op_kind kind;
  peal_engine_outgoing outgoing; /* taken, if it succeeds; or {0} */
  char id[24];                   /* of the client; "": of all */
  bool discard;
  peal_engine_post_fn fn;
  void *user;
} peal_engine_op;

/* Do it on the worker, which is the calling one. Returns: as what it does. */
peal_err peal_engine_op_run(peal_engine_server *server, peal_worker *worker,
                            const peal_engine_op *op);
/* Have it done in the next turns of the workers from `first` to below `end`,
 * but for `self` (NULL: no exception). The record is copied.
 * Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM (nothing is done).
 * Thread: any. */
PEAL_MUST_CHECK peal_err peal_engine_op_post(peal_engine_server *server,
                                             const peal_engine_op *op,
                                             unsigned first, unsigned end,
                                             const peal_worker *self);
