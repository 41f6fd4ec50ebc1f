/* SPDX-License-Identifier: MIT */
/* worker_build: values in the memory of the worker's turn. */
#include "base/build.h"
#include "net/worker_impl.h"

peal_build *peal_worker_build(peal_worker *worker) {
  bool here = worker && peal_worker_self() == worker;
  return peal_build_in(here ? &worker->turn : NULL, PEAL_ERR_USAGE);
}
