/* SPDX-License-Identifier: MIT */
#include "cluster/emitter_job.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

peal_emitter_job *peal_emitter_job_new(const peal_slice *argv, size_t argc) {
  assert(argc <= PEAL_EMITTER_JOB_WORDS);
  size_t size = sizeof(peal_emitter_job);
  for (size_t i = 0; i < argc; i++)
    size += argv[i].len;
  peal_emitter_job *job = peal_mem_zalloc(peal_mem_libc(), size);
  if (!job)
    return NULL;
  job->size = size;
  job->argc = argc;
  char *at = job->bytes;
  for (size_t i = 0; i < argc; i++) {
    job->argv[i] = (peal_slice){at, argv[i].len};
    if (argv[i].len)
      memcpy(at, argv[i].ptr, argv[i].len);
    at += argv[i].len;
  }
  return job;
}

void peal_emitter_job_free(peal_emitter_job *job) {
  peal_mem_free(peal_mem_libc(), job);
}
