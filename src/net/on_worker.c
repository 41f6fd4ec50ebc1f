/* SPDX-License-Identifier: MIT */
#include "net/on_worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/worker.h"

bool peal_on_worker_is(const peal_worker *worker) {
  return !worker || worker == peal_worker_self() ||
         !atomic_load_explicit(&worker->has_runner, memory_order_relaxed);
}

void peal_on_worker_check(const peal_worker *worker, const char *function,
                          const char *instead) {
  if (peal_on_worker_is(worker))
    return;
  fprintf(stderr,
          "peal: %s was called on another thread than its worker's; use %s\n",
          function, instead);
  abort();
}
