/* SPDX-License-Identifier: MIT */
#include "cluster/emitter_send.h"

#include <stdio.h>
#include <string.h>

#include "cluster/emitter_opts.h"

enum {
  /* Commands on their way: enough to fill a connection, and few enough that a
   * break of it leaves little in doubt. */
  IN_FLIGHT = 256,
  WATCH_MS = 50
};

/* -- telling ---------------------------------------------------------------- */

static void tell(peal_emitter *emitter, peal_err err, const char *text) {
  peal_emitter_problem problem = {0};
  if (!emitter->opts.on_problem || emitter->is_over)
    return;
  (void)peal_emitter_opts_problem(&problem, err, text);
  emitter->opts.on_problem(emitter, &problem, emitter->opts.user);
}

/* It is off the queue, and over. */
static void settle(peal_emitter *emitter, peal_emitter_job *job, peal_err err,
                   bool is_unheard) {
  uv_mutex_lock(&emitter->lock);
  emitter->done++;
  emitter->waiting_bytes -= job->size;
  emitter->sent += !err;
  emitter->unheard += is_unheard;
  emitter->failed_count += err != PEAL_OK;
  if (err && !emitter->failed)
    emitter->failed = err;
  uv_cond_broadcast(&emitter->settled);
  uv_mutex_unlock(&emitter->lock);
  peal_emitter_job_free(job);
}

static peal_emitter_job *take_all(peal_emitter *emitter) {
  uv_mutex_lock(&emitter->lock);
  peal_emitter_job *first = emitter->first;
  emitter->first = emitter->last = NULL;
  uv_mutex_unlock(&emitter->lock);
  return first;
}

static void fail_all(peal_emitter *emitter, peal_err err) {
  peal_emitter_job *job = take_all(emitter);
  while (job) {
    peal_emitter_job *next = job->next;
    settle(emitter, job, err, false);
    job = next;
  }
}

static void set_away(peal_emitter *emitter, bool is_away) {
  uv_mutex_lock(&emitter->lock);
  emitter->is_away = is_away && emitter->opts.no_wait;
  uv_mutex_unlock(&emitter->lock);
}

/* -- sending ---------------------------------------------------------------- */

static void send_more(peal_emitter *emitter);

static void on_answer(peal_redis *redis, peal_err err,
                      const peal_redis_reply *reply, void *user) {
  peal_emitter_job *job = user;
  peal_emitter *emitter = job->emitter;
  int64_t heard = 0;
  bool is_unheard = !err && job->counts &&
                    peal_redis_reply_number(reply, &heard) && heard == 0;
  char text[PEAL_REDIS_TEXT];
  peal_slice said = err == PEAL_ERR_REFUSED ? peal_redis_reply_text(reply)
                                            : (peal_slice){NULL, 0};
  (void)snprintf(text, sizeof text, "%s%s%.*s", peal_err_message(err),
                 said.len ? ": " : "", PEAL_SFMT(said));
  (void)redis;
  emitter->in_flight--;
  settle(emitter, job, err, is_unheard);
  if (err)
    tell(emitter, err, text);
  if (!emitter->is_over)
    send_more(emitter);
}

static peal_emitter_job *take_one(peal_emitter *emitter) {
  uv_mutex_lock(&emitter->lock);
  peal_emitter_job *job = emitter->first;
  if (job)
    emitter->first = job->next;
  if (!emitter->first)
    emitter->last = NULL;
  uv_mutex_unlock(&emitter->lock);
  return job;
}

static void put_back(peal_emitter *emitter, peal_emitter_job *job) {
  uv_mutex_lock(&emitter->lock);
  job->next = emitter->first;
  emitter->first = job;
  if (!emitter->last)
    emitter->last = job;
  uv_mutex_unlock(&emitter->lock);
}

/* False: not now. */
static bool send_one(peal_emitter *emitter, peal_emitter_job *job) {
  peal_slice key = job->has_key ? job->argv[1] : (peal_slice){NULL, 0};
  peal_err err = peal_redis_command(emitter->redis, key, job->argv, job->argc,
                                    on_answer, job);
  if (!err) {
    emitter->in_flight++;
    return true;
  }
  /* Down again, or too much of it at once while something is on its way. */
  if (err == PEAL_ERR_CLOSED ||
      (err == PEAL_ERR_QUEUE_FULL && emitter->in_flight)) {
    put_back(emitter, job);
    return false;
  }
  settle(emitter, job, err, false);
  tell(emitter, err, peal_err_message(err));
  return true;
}

static void send_more(peal_emitter *emitter) {
  while (emitter->redis && !emitter->is_over &&
         emitter->in_flight < IN_FLIGHT && peal_redis_is_up(emitter->redis)) {
    peal_emitter_job *job = take_one(emitter);
    if (!job || !send_one(emitter, job))
      return;
  }
}

static void on_post(peal_worker *worker, void *user) {
  peal_emitter *emitter = user;
  (void)worker;
  uv_mutex_lock(&emitter->lock);
  emitter->is_posted = false;
  uv_mutex_unlock(&emitter->lock);
  send_more(emitter);
}

peal_err peal_emitter_send_job(peal_emitter *emitter, peal_emitter_job *job) {
  peal_err err = PEAL_OK;
  job->emitter = emitter;
  uv_mutex_lock(&emitter->lock);
  if (emitter->is_away)
    err = PEAL_ERR_CLOSED;
  else if (job->size > emitter->opts.queue_bytes - emitter->waiting_bytes)
    err = PEAL_ERR_QUEUE_FULL;
  else if (!emitter->is_posted)
    err = peal_worker_post(emitter->worker, on_post, emitter);
  if (!err) {
    emitter->is_posted = true;
    emitter->taken++;
    emitter->waiting_bytes += job->size;
    if (emitter->last)
      emitter->last->next = job;
    else
      emitter->first = job;
    emitter->last = job;
  }
  uv_mutex_unlock(&emitter->lock);
  if (err)
    peal_emitter_job_free(job);
  return err;
}

/* -- Redis ------------------------------------------------------------------ */

static void tell_away(peal_emitter *emitter, const char *words) {
  if (emitter->is_told)
    return;
  emitter->is_told = true;
  set_away(emitter, true);
  if (emitter->opts.no_wait)
    fail_all(emitter, PEAL_ERR_CLOSED);
  tell(emitter, PEAL_ERR_CLOSED, words);
}

static void on_state(peal_redis *redis, bool up, const char *words,
                     void *user) {
  peal_emitter *emitter = user;
  (void)redis;
  if (!up) {
    tell_away(emitter, words);
    return;
  }
  set_away(emitter, false);
  if (emitter->is_told)
    tell(emitter, PEAL_OK, words);
  emitter->is_told = false;
  send_more(emitter);
}

/* A first connection that fails changes no state, but its words. */
static void on_watch(peal_timer *timer, void *user) {
  peal_emitter *emitter = user;
  if (peal_redis_is_up(emitter->redis))
    peal_timer_stop(timer);
  else if (strcmp(peal_redis_words(emitter->redis), emitter->first_words) != 0)
    tell_away(emitter, peal_redis_words(emitter->redis));
}

static peal_err watch(peal_emitter *emitter, peal_worker *worker) {
  (void)snprintf(emitter->first_words, sizeof emitter->first_words, "%s",
                 peal_redis_words(emitter->redis));
  emitter->watch = peal_timer_new(worker, on_watch, emitter);
  peal_timer_start(emitter->watch, WATCH_MS, WATCH_MS);
  return emitter->watch ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void begun(peal_emitter *emitter, peal_err err) {
  uv_mutex_lock(&emitter->lock);
  emitter->has_begun = true;
  emitter->begin_err = err;
  uv_cond_broadcast(&emitter->settled);
  uv_mutex_unlock(&emitter->lock);
}

void peal_emitter_send_begin(peal_worker *worker, void *user) {
  peal_emitter *emitter = user;
  peal_client_tls tls = {.ca_file = emitter->opts.ca_file,
                         .insecure_no_verify = emitter->opts.tls_insecure};
  peal_redis_opts opts = {
      .url = emitter->opts.url,
      .name = "peal-emitter",
      .tls = tls.ca_file || tls.insecure_no_verify ? &tls : NULL,
      .sharded = emitter->opts.dialect == PEAL_EMITTER_SHARDED,
      .on_state = on_state,
      .user = emitter};
  peal_err err =
      peal_redis_new(&emitter->redis, worker, &opts, emitter->why.text);
  if (!err)
    err = watch(emitter, worker);
  emitter->why.err = err;
  begun(emitter, err);
}

void peal_emitter_send_end(peal_worker *worker, void *user) {
  peal_emitter *emitter = user;
  (void)worker;
  emitter->is_over = true;
  peal_timer_free(emitter->watch);
  emitter->watch = NULL;
  peal_redis_free(emitter->redis);
  emitter->redis = NULL;
  fail_all(emitter, PEAL_ERR_CLOSED);
}
