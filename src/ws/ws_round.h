/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_round: an operation on its way to the workers that it concerns. What they
 * share is the record, by reference; it is charged and bounded (net/op_load).
 * What concerns only the calling worker runs there and then, without an
 * allocation, a lock or an atomic. */
#include "ws/ws_op.h"

/* Run `op` (borrowed; of _GROUPS on all workers, else on that of `who`); `data`
 * is its message, if it has one, as text or binary.
 * Returns: on this worker what peal_ws_op_run does; else PEAL_OK,
 * PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM: nothing was done. Thread: any. */
peal_err peal_ws_round_run(peal_ws_endpoint *endpoint, peal_ws_op *op,
                           peal_slice data, bool is_binary);
