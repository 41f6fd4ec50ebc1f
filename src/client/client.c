/* SPDX-License-Identifier: MIT */
/* client: the life of a client: made, run by one of four, stopped, freed. */
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "client/client_core.h"
#include "net/hooks.h"
#include "net/run.h"
#include "net/tls_client.h"

/* Of the options: as a rule one block holds them. */
#define STRINGS_BLOCK_BYTES 256u

/* -- making ---------------------------------------------------------------- */

static bool open_lock(peal_client *client) {
  if (uv_mutex_init(&client->lock))
    return false;
  if (!uv_cond_init(&client->run_changed))
    return true;
  uv_mutex_destroy(&client->lock);
  return false;
}

static peal_err set_tls(peal_client *client, const peal_client_setup *setup,
                        peal_client_problem *why) {
  peal_tls_problem problem = {{0}};
  if (!setup->is_tls && !peal_client_opts_has_https_proxy(setup))
    return PEAL_OK;
  peal_err err = peal_tls_client_new(&client->tls, &setup->opts.tls, &problem);
  return err ? peal_client_opts_problem(why, err, "%s",
                                        problem.text[0] ? problem.text
                                                        : peal_err_message(err))
             : PEAL_OK;
}

static peal_err set_workers(peal_client *client, const peal_client_opts *opts) {
  client->worker = opts->worker;
  if (client->worker) {
    client->workers = peal_worker_group(client->worker);
    return PEAL_OK;
  }
  client->workers = peal_workers_new(
      &(peal_workers_opts){.log = opts->log, .mem = opts->mem});
  if (!client->workers)
    return PEAL_ERR_NOMEM;
  client->owns_workers = true;
  client->worker = peal_workers_get(client->workers, 0);
  return PEAL_OK;
}

/* All that there are were left before it began. */
static bool has_none_wanted(const peal_client *client) {
  const peal_client_nsp *nsp = client->nsps;
  while (nsp && nsp->was_left)
    nsp = nsp->next;
  return client->nsps && !nsp;
}

static void on_begin(peal_worker *worker, void *user) {
  peal_client *client = user;
  (void)worker;
  if (client->phase == PEAL_CLIENT_SET_UP && !has_none_wanted(client) &&
      !client->no_auto_connect)
    (void)peal_client_core_open(client);
  peal_client_impl_unref(client);
}

static peal_err begin_later(peal_client *client) {
  peal_client_impl_ref(client);
  peal_err err = peal_worker_post(client->worker, on_begin, client);
  if (err)
    peal_client_impl_unref(client);
  return err;
}

static void note_run(peal_client *client, peal_client_run_state state) {
  uv_mutex_lock(&client->lock);
  client->run_state = (uint8_t)state;
  uv_cond_broadcast(&client->run_changed);
  uv_mutex_unlock(&client->lock);
}

static void await_run(peal_client *client, peal_client_run_state state) {
  uv_mutex_lock(&client->lock);
  while (client->run_state < (uint8_t)state)
    uv_cond_wait(&client->run_changed, &client->lock);
  uv_mutex_unlock(&client->lock);
}

/* Behind all that was posted before the run. */
static void on_start(peal_worker *worker, void *user) {
  peal_client *client = user;
  (void)worker;
  if (begin_later(client) && !client->no_auto_connect)
    (void)peal_client_core_open(client);
  note_run(client, PEAL_CLIENT_RUNS);
}

static void on_stop(peal_worker *worker, void *user) {
  (void)worker;
  peal_client_core_stop(user);
}

static peal_err set_hooks(peal_client *client) {
  peal_err err = peal_hooks_on_stop(client->worker, on_stop, client);
  if (err)
    return err;
  /* On a worker that runs it begins in a later turn: who makes it there has
   * this one for its handlers. */
  return peal_run_has_begun(client->workers)
             ? begin_later(client)
             : peal_hooks_on_start(client->worker, on_start, client);
}

static peal_err set_up(peal_client *client, const peal_client_opts *opts,
                       peal_client_problem *why) {
  peal_client_setup setup;
  peal_arena_init(&client->strings, client->mem, STRINGS_BLOCK_BYTES, 0);
  peal_err err = peal_client_opts_read(&setup, opts, &client->strings, why);
  if (!err)
    err = set_tls(client, &setup, why);
  if (err)
    return err;
  err = set_workers(client, opts);
  if (!err) {
    peal_client_core_init(client, &setup);
    err = set_hooks(client);
  }
  return err ? peal_client_opts_problem(why, err, "%s", peal_err_message(err))
             : PEAL_OK;
}

static void free_rest(peal_client *client) {
  if (client->workers)
    peal_hooks_forget(client->workers, client);
  if (client->owns_workers)
    peal_workers_free(client->workers);
  peal_client_impl_unref(client);
}

peal_err peal_client_new(peal_client **out, const peal_client_opts *opts,
                         peal_client_problem *why) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  if (!opts)
    return peal_client_opts_problem(why, PEAL_ERR_USAGE, "no options");
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_client *client = peal_mem_zalloc(mem, sizeof *client);
  if (!client || !open_lock(client)) {
    peal_mem_free(mem, client);
    return peal_client_opts_problem(why, PEAL_ERR_NOMEM, "%s",
                                    peal_err_message(PEAL_ERR_NOMEM));
  }
  client->mem = mem;
  atomic_init(&client->refs, 1);
  atomic_init(&client->transport, "");
  peal_err err = set_up(client, opts, why);
  if (!err) {
    *out = client;
    return PEAL_OK;
  }
  if (client->worker)
    peal_client_core_free(client);
  free_rest(client);
  return err;
}

peal_workers *peal_client_workers(peal_client *client) {
  return client ? client->workers : NULL;
}

/* -- running --------------------------------------------------------------- */

/* Once, and by one thread. */
static bool take_run(peal_client *client) {
  return client && client->owns_workers &&
         !peal_run_has_begun(client->workers) &&
         !atomic_exchange(&client->runs_alone, true);
}

static int run(peal_client *client) {
  int code = peal_workers_run(client->workers);
  note_run(client, PEAL_CLIENT_HAS_RUN);
  return code || !atomic_load(&client->was_connected) ||
                 atomic_load(&client->has_given_up)
             ? 1
             : 0;
}

int peal_client_run(peal_client *client) {
  if (!take_run(client))
    return 1;
  peal_workers_stop_on_signals(client->workers, PEAL_LIMIT_CLIENT_STOP_MS);
  peal_client_impl_ref(client);
  int code = run(client);
  peal_client_impl_unref(client);
  return code;
}

static void *on_thread(void *user) {
  peal_client *client = user;
  (void)run(client);
  peal_client_impl_unref(client);
  return NULL;
}

/* Signals are for the program's own threads. */
static int create_thread(peal_client *client) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&client->thread, NULL, on_thread, client);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

peal_err peal_client_start(peal_client *client) {
  if (!take_run(client))
    return PEAL_ERR_USAGE;
  atomic_store(&client->has_thread, true);
  peal_client_impl_ref(client); /* the thread's */
  peal_client_impl_ref(client); /* ours: it may be freed there at once */
  if (create_thread(client)) {
    atomic_store(&client->has_thread, false);
    atomic_store(&client->runs_alone, false);
    peal_client_impl_unref(client);
    peal_client_impl_unref(client);
    return PEAL_ERR_SYSTEM;
  }
  await_run(client, PEAL_CLIENT_RUNS);
  peal_client_impl_unref(client);
  return PEAL_OK;
}

static peal_err stop(peal_client_op *op, bool is_here) {
  (void)is_here;
  peal_client_core_stop(op->client);
  return PEAL_OK;
}

void peal_client_stop(peal_client *client) {
  if (!client || atomic_exchange(&client->is_stopped, true))
    return;
  if (client->owns_workers)
    peal_workers_stop(client->workers, PEAL_LIMIT_CLIENT_STOP_MS);
  else
    (void)peal_client_op_do(&(peal_client_op){.client = client, .run = stop});
}

/* -- freeing --------------------------------------------------------------- */

static void on_ended(void *user) {
  free_rest(user);
}

/* In one of its own callbacks: its workers go when the turn and the run have
 * come to their end. */
static void free_inside(peal_client *client) {
  peal_client_core_free(client);
  if (!client->owns_workers) {
    free_rest(client);
    return;
  }
  if (atomic_load(&client->has_thread))
    pthread_detach(pthread_self());
  client->workers->on_ended_user = client;
  client->workers->on_ended = on_ended;
  peal_workers_stop(client->workers, 0);
}

static void end_run(peal_client *client) {
  bool runs_alone = atomic_load(&client->runs_alone);
  if (runs_alone && !atomic_load(&client->is_stopped))
    peal_workers_stop(client->workers, 0);
  if (atomic_load(&client->has_thread))
    pthread_join(client->thread, NULL);
  else if (runs_alone)
    await_run(client, PEAL_CLIENT_HAS_RUN);
  else
    peal_run_end(client->workers);
}

void peal_client_free(peal_client *client) {
  if (!client)
    return;
  if (peal_client_impl_is_here(client)) {
    if (!client->is_freed)
      free_inside(client);
    return;
  }
  if (client->owns_workers)
    end_run(client);
  PEAL_ON_CLIENT(client, "peal_worker_post to free it there");
  peal_client_core_free(client);
  free_rest(client);
}
