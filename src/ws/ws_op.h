/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_op: what is to be done with connections of a worker, as data: so it can be
 * handed to other workers. */
#include "ws/ws_impl.h"

typedef enum peal_ws_op_kind {
  PEAL_WS_OP_GROUPS, /* a message to all members of groups */
  PEAL_WS_OP_ONE,    /* a message to one */
  PEAL_WS_OP_CLOSE   /* one is closed */
} peal_ws_op_kind;

typedef struct peal_ws_op {
  uint8_t kind; /* peal_ws_op_kind */
  bool is_volatile;
  bool no_compress;
  const peal_slice *groups; /* NULL: all */
  size_t group_count;
  peal_ws_ref who; /* the one; of _GROUPS: who is left out */
  peal_message *message;
  uint64_t key;
  unsigned code;
  peal_slice reason;
} peal_ws_op;

/* The connection that is meant, if it is one of this worker; or NULL. */
peal_ws *peal_ws_op_find(const peal_ws_local *local, const peal_ws_ref *who);
/* Do it to those of this worker. Returns: what the one connection answered;
 * of _GROUPS: PEAL_OK. */
peal_err peal_ws_op_run(peal_ws_local *local, const peal_ws_op *op);
