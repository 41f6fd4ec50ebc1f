/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "cluster/emitter_encode.h"
#include "cluster/emitter_impl.h"
#include "cluster/emitter_opts.h"
#include "cluster/emitter_send.h"
#include "net/crypto.h"

/* -- life -------------------------------------------------------------------- */

static void release(peal_emitter *emitter) {
  peal_workers_free(emitter->workers);
  uv_cond_destroy(&emitter->settled);
  uv_mutex_destroy(&emitter->lock);
  peal_arena_deinit(&emitter->strings);
  peal_mem_free(peal_mem_libc(), emitter);
}

static void *on_thread(void *user) {
  peal_emitter *emitter = user;
  (void)peal_workers_run(emitter->workers);
  if (emitter->is_freed_inside) {
    pthread_detach(pthread_self());
    release(emitter);
  }
  return NULL;
}

/* Signals are for the program's own threads. */
static peal_err start(peal_emitter *emitter) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&emitter->thread, NULL, on_thread, emitter);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed ? PEAL_ERR_SYSTEM : PEAL_OK;
}

static peal_emitter *make(void) {
  peal_emitter *emitter = peal_mem_zalloc(peal_mem_libc(), sizeof *emitter);
  if (!emitter)
    return NULL;
  if (uv_mutex_init(&emitter->lock)) {
    peal_mem_free(peal_mem_libc(), emitter);
    return NULL;
  }
  if (uv_cond_init(&emitter->settled)) {
    uv_mutex_destroy(&emitter->lock);
    peal_mem_free(peal_mem_libc(), emitter);
    return NULL;
  }
  peal_arena_init(&emitter->strings, NULL, 1024, 0);
  return emitter;
}

/* A manager of Python has a name, 32 digits; emitters of Node have none. */
static peal_err name(peal_emitter *emitter) {
  unsigned char bytes[16];
  if (emitter->opts.dialect != PEAL_EMITTER_PYTHON)
    return PEAL_OK;
  peal_err err = peal_crypto_random(bytes, sizeof bytes);
  if (!err)
    peal_hex_put(emitter->host, bytes, sizeof bytes);
  return err;
}

static peal_err set_up(peal_emitter *emitter) {
  peal_err err = name(emitter);
  if (err)
    return err;
  // who is told of problems need not read of them as well
  peal_log_level level =
      emitter->opts.on_problem ? PEAL_LOG_OFF : PEAL_LOG_WARN;
  emitter->workers =
      peal_workers_new(&(peal_workers_opts){.log = {.level = level}});
  emitter->worker = peal_workers_get(emitter->workers, 0);
  if (!emitter->worker)
    return PEAL_ERR_NOMEM;
  err =
      peal_workers_on_start(emitter->workers, peal_emitter_send_begin, emitter);
  if (!err)
    err =
        peal_workers_on_stop(emitter->workers, peal_emitter_send_end, emitter);
  return err ? err : start(emitter);
}

static peal_err await_begin(peal_emitter *emitter) {
  uv_mutex_lock(&emitter->lock);
  while (!emitter->has_begun)
    uv_cond_wait(&emitter->settled, &emitter->lock);
  peal_err err = emitter->begin_err;
  uv_mutex_unlock(&emitter->lock);
  return err;
}

peal_err peal_emitter_new(peal_emitter **out, const peal_emitter_opts *opts,
                          peal_emitter_problem *why) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  peal_emitter *emitter = make();
  if (!emitter)
    return peal_emitter_opts_problem(why, PEAL_ERR_NOMEM,
                                     peal_err_message(PEAL_ERR_NOMEM));
  peal_err err =
      peal_emitter_opts_set(&emitter->opts, opts, &emitter->strings, why);
  if (err) {
    release(emitter);
    return err;
  }
  err = set_up(emitter);
  if (err) {
    release(emitter);
    return peal_emitter_opts_problem(why, err, peal_err_message(err));
  }
  err = await_begin(emitter);
  if (err) {
    const char *text = emitter->why.text;
    (void)peal_emitter_opts_problem(why, err,
                                    *text ? text : peal_err_message(err));
    peal_emitter_free(emitter);
    return err;
  }
  *out = emitter;
  return PEAL_OK;
}

static bool is_here(const peal_emitter *emitter) {
  return peal_worker_self() == emitter->worker;
}

void peal_emitter_free(peal_emitter *emitter) {
  if (!emitter || emitter->is_freed_inside)
    return;
  if (is_here(emitter)) {
    emitter->is_over = emitter->is_freed_inside = true;
    peal_workers_stop(emitter->workers, 0);
    return;
  }
  peal_workers_stop(emitter->workers, 0);
  pthread_join(emitter->thread, NULL);
  release(emitter);
}

/* -- waiting ----------------------------------------------------------------- */

/* Until nothing waits; under the lock. */
static peal_err await(peal_emitter *emitter, uint32_t timeout_ms) {
  uint64_t end = uv_hrtime() + (uint64_t)timeout_ms * 1000000;
  uint64_t target = emitter->taken;
  while (emitter->done < target) {
    uint64_t now = uv_hrtime();
    if (now >= end)
      return PEAL_ERR_TIMEOUT;
    (void)uv_cond_timedwait(&emitter->settled, &emitter->lock, end - now);
  }
  peal_err err = emitter->failed;
  emitter->failed = PEAL_OK;
  return err;
}

peal_err peal_emitter_flush(peal_emitter *emitter, uint32_t timeout_ms) {
  if (!emitter || is_here(emitter))
    return PEAL_ERR_USAGE;
  uv_mutex_lock(&emitter->lock);
  peal_err err = await(emitter, timeout_ms);
  uv_mutex_unlock(&emitter->lock);
  return err;
}

void peal_emitter_stats_get(peal_emitter *emitter, peal_emitter_stats *out) {
  *out = (peal_emitter_stats){0};
  if (!emitter)
    return;
  uv_mutex_lock(&emitter->lock);
  *out = (peal_emitter_stats){.sent = emitter->sent,
                              .failed = emitter->failed_count,
                              .unheard = emitter->unheard,
                              .waiting = emitter->taken - emitter->done,
                              .waiting_bytes = emitter->waiting_bytes};
  uv_mutex_unlock(&emitter->lock);
}
