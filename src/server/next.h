/* SPDX-License-Identifier: MIT */
#pragma once
/* next: the question that one function of the middleware was asked about one
 * candidate. Each call has its own: a function that answers twice cannot
 * answer for the one behind it. */
#include "base/ticket_pool.h"
#include "server/candidate.h"

/* At the beginning of a function that takes one (net/on_worker). */
#define PEAL_ON_NEXT(next, instead)                                            \
  PEAL_ON_WORKER(                                                              \
      (next) && (next)->candidate ? (next)->candidate->worker : NULL, instead)

struct peal_next {
  peal_ticket ticket;
  peal_candidate *candidate; /* NULL: answered */
};

/* Becomes the candidate's open question. NULL if memory is out. */
PEAL_MUST_CHECK peal_next *peal_next_open(peal_candidate *candidate);
/* Its candidate, the first time; NULL afterwards. */
peal_candidate *peal_next_answer(peal_next *next);
