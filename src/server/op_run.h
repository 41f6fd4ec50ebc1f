/* SPDX-License-Identifier: MIT */
#pragma once
/* op_run: what a worker does with an operation: the one place. */
#include "proto/op.h"
#include "server/gather.h"
#include "server/server_impl.h"

/* What one worker answers. */
typedef struct peal_op_result {
  size_t count;  /* sockets concerned */
  char *ids;     /* MEMBERS: `count` ids, terminated, one behind the other, from
                    the server's memory; or NULL */
  peal_doc *doc; /* FETCH: an array of objects, ROOMS: of texts; or NULL */
  peal_err err;  /* PEAL_ERR_NOMEM: not all of it was done */
} peal_op_result;

/* `gather` takes the answers of ASK; otherwise NULL. */
void peal_op_run(peal_nsp *nsp, peal_worker *worker, const peal_op *op,
                 peal_gather *gather, peal_op_result *result);
