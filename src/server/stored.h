/* SPDX-License-Identifier: MIT */
#pragma once
/* stored: who wants to know when an event is stored: told once, by mail, on the
 * worker where that was asked. */
#include <peal/server.h>

#include "net/worker_impl.h"

/* Bytes of an offset of a store, the terminator included. */
#define PEAL_STORED_OFFSET 44u

typedef struct peal_stored {
  peal_mail mail;
  peal_list node; /* the adapter's, until it is told */
  const peal_mem *mem;
  peal_worker *home;
  uint64_t number; /* the adapter's */
  peal_stored_fn fn;
  void *user;
  peal_err err;
  size_t len;
  char offset[PEAL_STORED_OFFSET];
} peal_stored;

/* NULL if memory is out. */
PEAL_MUST_CHECK peal_stored *peal_stored_new(const peal_mem *mem,
                                             peal_worker *home,
                                             peal_stored_fn fn, void *user);
/* Tell it, and free it there. Thread: any. */
void peal_stored_tell(peal_stored *stored, peal_err err, peal_slice offset);
/* Nobody is told. */
void peal_stored_free(peal_stored *stored);
