/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_people_hashes: work that takes much time and memory, a few at a time on
 * the pool, the rest in a queue with a ceiling, of which one address has half
 * at most. Addresses take turns: who asks for one is not behind all that
 * another asks for. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <peal/kit_small.h>
#include <peal/worker.h>

typedef struct peal_kit_people_hashes peal_kit_people_hashes;

/* Embedded in what it works for. */
typedef struct peal_kit_people_job {
  void (*work)(struct peal_kit_people_job *job); /* on the pool */
  /* On its worker, once. PEAL_ERR_CANCELLED: the work was not done. At the very
   * end of a run it may be called on another thread. */
  void (*done)(struct peal_kit_people_job *job, peal_err err);
  /* In place of that when its worker has ended, and what waited for it there;
   * on any thread. NULL: `done` comes. */
  void (*drop)(struct peal_kit_people_job *job);
  char network[PEAL_KIT_ADDRESS_BYTES]; /* who asked; empty: the program */

  peal_kit_people_hashes *home;
  peal_worker *worker;
  struct peal_kit_people_job *next;
  uint64_t turn; /* of its address */
} peal_kit_people_job;

struct peal_kit_people_hashes {
  pthread_mutex_t lock; /* of what is below */
  unsigned running, waiting, max_running, max_waiting;
  peal_kit_people_job *active; /* that run, in any order */
  peal_kit_people_job *first;  /* that wait, by their turns */
  uint64_t turn;               /* of the last that began */
};

void peal_kit_people_hashes_init(peal_kit_people_hashes *all,
                                 unsigned max_running, unsigned max_waiting);
void peal_kit_people_hashes_deinit(peal_kit_people_hashes *all);
/* Do it now or later; `done` comes on this worker, never inside this call.
 * Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM: `done` does not
 * come. */
PEAL_MUST_CHECK peal_err peal_kit_people_hashes_add(peal_kit_people_hashes *all,
                                                    peal_worker *worker,
                                                    peal_kit_people_job *job);
