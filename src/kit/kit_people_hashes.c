/* SPDX-License-Identifier: MIT */
#include "kit/kit_people_hashes.h"

#include <string.h>

void peal_kit_people_hashes_init(peal_kit_people_hashes *all,
                                 unsigned max_running, unsigned max_waiting) {
  *all = (peal_kit_people_hashes){.max_running = max_running,
                                  .max_waiting = max_waiting};
  pthread_mutex_init(&all->lock, NULL);
}

void peal_kit_people_hashes_deinit(peal_kit_people_hashes *all) {
  pthread_mutex_destroy(&all->lock);
}

/* ---- the queue; the lock is held --------------------------------------------- */

static unsigned count_of(const peal_kit_people_job *list, const char *network) {
  unsigned count = 0;
  for (; list != NULL; list = list->next)
    count += strcmp(list->network, network) == 0 ? 1 : 0;
  return count;
}

static bool has_room(const peal_kit_people_hashes *all,
                     const peal_kit_people_job *job) {
  if (all->running < all->max_running)
    return true;
  if (all->waiting >= all->max_waiting)
    return false;
  unsigned own =
      count_of(all->active, job->network) + count_of(all->first, job->network);
  return job->network[0] == '\0' || 2 * own < all->max_waiting;
}

static void activate(peal_kit_people_hashes *all, peal_kit_people_job *job) {
  job->next = all->active;
  all->active = job;
  all->running++;
}

static peal_kit_people_job *take_waiting(peal_kit_people_hashes *all) {
  peal_kit_people_job *job = all->first;
  if (job == NULL || all->running >= all->max_running)
    return NULL;
  all->first = job->next;
  all->turn = job->turn;
  all->waiting--;
  activate(all, job);
  return job;
}

/* As many turns later as others of its address wait. */
static void put_waiting(peal_kit_people_hashes *all, peal_kit_people_job *job) {
  peal_kit_people_job **at = &all->first;
  job->turn = all->turn + count_of(all->first, job->network);
  while (*at != NULL && (*at)->turn <= job->turn)
    at = &(*at)->next;
  job->next = *at;
  *at = job;
  all->waiting++;
}

static void take_out(peal_kit_people_hashes *all, peal_kit_people_job *job) {
  peal_kit_people_job **at = &all->active;
  while (*at != job)
    at = &(*at)->next;
  *at = job->next;
  all->running--;
}

/* ---- running ------------------------------------------------------------------- */

static peal_err start(peal_kit_people_job *job);

static void work(void *user) {
  peal_kit_people_job *job = user;
  job->work(job);
}

static void fail(peal_worker *worker, void *user) {
  peal_kit_people_job *job = user;
  (void)worker;
  job->done(job, PEAL_ERR_CANCELLED);
}

/* One that cannot begin is told so where it belongs. False: there is no memory
 * for that either. */
static bool cancel(peal_kit_people_job *job) {
  peal_err err = peal_worker_post(job->worker, fail, job);
  if (err == PEAL_ERR_CLOSED && job->drop != NULL)
    job->drop(job);
  else if (err == PEAL_ERR_CLOSED)
    fail(NULL, job);
  return err == PEAL_OK || err == PEAL_ERR_CLOSED;
}

/* The next that is added, or ends, takes it along. */
static void put_back(peal_kit_people_hashes *all, peal_kit_people_job *job) {
  pthread_mutex_lock(&all->lock);
  job->next = all->first;
  all->first = job;
  all->waiting++;
  pthread_mutex_unlock(&all->lock);
}

/* Those behind it get its place. */
static void pass_on(peal_kit_people_hashes *all, peal_kit_people_job *gone) {
  for (;;) {
    pthread_mutex_lock(&all->lock);
    if (gone != NULL)
      take_out(all, gone);
    peal_kit_people_job *job = take_waiting(all);
    pthread_mutex_unlock(&all->lock);
    if (job == NULL || start(job) == PEAL_OK)
      return;
    pthread_mutex_lock(&all->lock);
    take_out(all, job);
    pthread_mutex_unlock(&all->lock);
    gone = NULL;
    if (!cancel(job)) {
      put_back(all, job);
      return;
    }
  }
}

static void done(peal_worker *worker, peal_err err, void *user) {
  peal_kit_people_job *job = user;
  (void)worker;
  pass_on(job->home, job);
  job->done(job, err);
}

static peal_err start(peal_kit_people_job *job) {
  return peal_task_run(job->worker, work, done, job);
}

peal_err peal_kit_people_hashes_add(peal_kit_people_hashes *all,
                                    peal_worker *worker,
                                    peal_kit_people_job *job) {
  job->home = all;
  job->worker = worker;
  pthread_mutex_lock(&all->lock);
  bool fits = has_room(all, job), now = all->running < all->max_running;
  if (fits && now)
    activate(all, job);
  else if (fits)
    put_waiting(all, job);
  pthread_mutex_unlock(&all->lock);
  if (!fits)
    return PEAL_ERR_QUEUE_FULL;
  peal_err err = now ? start(job) : PEAL_OK;
  if (err != PEAL_OK)
    pass_on(all, job);
  return err;
}
