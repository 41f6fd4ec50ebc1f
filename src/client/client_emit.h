/* SPDX-License-Identifier: MIT */
#pragma once
/* client_emit: an event to the server, from any thread. */
#include "client/client_op.h"

/* Who is told of an acknowledgement. */
typedef struct peal_client_emit_ask {
  peal_client_ack_fn fn;
  void *user;
} peal_client_emit_ask;

/* As peal_client_emit_ack_n; `how` and `ask` may be NULL. Thread: any. */
PEAL_MUST_CHECK peal_err peal_client_emit_op(peal_client_nsp *nsp,
                                             const peal_client_how *how,
                                             peal_slice event, peal_args args,
                                             const peal_client_emit_ask *ask);
