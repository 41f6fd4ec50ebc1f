/* SPDX-License-Identifier: MIT */
#pragma once
/* emitter_job: one command to Redis that waits: PUBLISH, SPUBLISH or XADD, with
 * its words in one piece of memory. */
#include <peal/base.h>

#include "base/buf.h"

#define PEAL_EMITTER_JOB_WORDS 16u

typedef struct peal_emitter_job {
  struct peal_emitter_job *next;
  struct peal_emitter *emitter;
  size_t size;  /* of all of it: what it is counted with */
  bool has_key; /* the second word chooses the server of a Redis Cluster */
  bool counts;  /* the answer is how many have heard it */
  size_t argc;
  peal_slice argv[PEAL_EMITTER_JOB_WORDS];
  char bytes[];
} peal_emitter_job;

/* The words are copied. NULL if memory is out. */
PEAL_MUST_CHECK peal_emitter_job *peal_emitter_job_new(const peal_slice *argv,
                                                       size_t argc);
void peal_emitter_job_free(peal_emitter_job *job);
