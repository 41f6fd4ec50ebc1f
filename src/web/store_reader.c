/* SPDX-License-Identifier: MIT */
/* store_reader: a thread that reads: one job at a time, beside the writer. */
#include <pthread.h>

#include "net/system.h"
#include "web/store_impl.h"

static peal_store_job *take(peal_store *store) {
  uv_mutex_lock(&store->lock);
  while (!store->reads.count && !store->closing)
    uv_cond_wait(&store->reads.more, &store->lock);
  peal_store_job *job = peal_store_job_shift(&store->reads);
  if (job)
    store->stats.reads++;
  uv_mutex_unlock(&store->lock);
  return job;
}

void peal_store_reader_main(void *arg) {
  peal_store_reader *reader = arg;
  peal_store_job *job;
  peal_system_name_thread("peal-read");
  while ((job = take(reader->store)) != NULL) {
    (void)peal_store_conn_run(&reader->conn, job, &job->stmts[0]);
    peal_store_job_finish(job);
  }
}
