/* SPDX-License-Identifier: MIT */
#pragma once
/* op_load: the operations of a server that are under way between its workers:
 * counted, charged and bounded, so that who asks faster than a worker can
 * follow is told, and does not fill the memory. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"

typedef struct peal_op_load {
  peal_account_server *account; /* borrowed */
  atomic_size_t count;          /* operations */
  atomic_size_t bytes;          /* of them and of their messages */
  _Atomic uint64_t refused;     /* in all: there were too many */
} peal_op_load;

/* What one takes. */
typedef struct peal_op_weight {
  size_t own;     /* bytes to be charged */
  size_t message; /* bytes that its message has been charged */
} peal_op_weight;

void peal_op_load_init(peal_op_load *load, peal_account_server *account);
/* Before it is allocated. One that is too large is taken if it is the only one.
 * Returns: PEAL_OK; PEAL_ERR_QUEUE_FULL: there are too many; PEAL_ERR_NOMEM.
 * Thread: any. */
PEAL_MUST_CHECK peal_err peal_op_load_add(peal_op_load *load,
                                          peal_op_weight weight);
/* After it was freed. Thread: any. */
void peal_op_load_remove(peal_op_load *load, peal_op_weight weight);
