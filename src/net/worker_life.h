/* SPDX-License-Identifier: MIT */
#pragma once
/* worker_life: makes a worker with its loop and handles, and unmakes it. */
#include "net/group.h"

/* NULL if memory or descriptors are out. */
PEAL_MUST_CHECK peal_worker *peal_worker_life_new(peal_workers *group,
                                                  unsigned index);
/* When its loop has been closed. */
void peal_worker_life_free(peal_worker *worker);
