/* SPDX-License-Identifier: MIT */
#include "server/op_round.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "net/worker_impl.h"
#include "proto/op_copy.h"
#include "server/nsp.h"

typedef struct op_round op_round;

/* To one worker, and from the last one home. */
typedef struct round_mail {
  peal_mail mail;
  op_round *round;
} round_mail;

/* Freed with the last worker, or when the home worker has been told. */
struct op_round {
  atomic_uint waiting; /* workers that have not run yet */
  peal_nsp *nsp;
  peal_worker *home;
  peal_op_asker *asker;
  peal_op_weight weight; /* in the server's load */
  peal_arena strings;    /* of op */
  peal_op op;
  peal_op_result *results; /* one per worker */
  round_mail mails[];      /* one per worker */
};

peal_worker *peal_op_round_home(const peal_nsp *nsp) {
  peal_worker *self = peal_nsp_worker(nsp);
  return self ? self : peal_workers_get(nsp->server->workers, 0);
}

/* -- memory --------------------------------------------------------------------------- */

static void free_results(const peal_nsp *nsp, peal_op_result *results,
                         size_t count) {
  for (size_t i = 0; i < count; i++) {
    peal_mem_free(nsp->server->mem, results[i].ids);
    peal_doc_free(results[i].doc);
  }
}

/* The strings' first block. */
#define STRINGS_BYTES 512u

static size_t block_bytes(size_t workers) {
  return sizeof(op_round) + workers * sizeof(round_mail);
}

static peal_op_weight weight_of(const peal_op *op, size_t workers) {
  size_t own = block_bytes(workers) + STRINGS_BYTES +
               workers * sizeof(peal_op_result) + peal_op_copy_bytes(op);
  return (peal_op_weight){
      .own = own, .message = op->message ? peal_message_len(op->message) : 0};
}

static void round_free(op_round *round) {
  peal_server *server = round->nsp->server;
  peal_op_weight weight = round->weight;
  if (round->results)
    free_results(round->nsp, round->results, server->worker_count);
  peal_message_unref(round->op.message);
  peal_arena_deinit(&round->strings);
  peal_mem_free(server->mem, round);
  peal_op_load_remove(&server->load, weight);
}

static op_round *round_alloc(peal_nsp *nsp, const peal_op *op,
                             peal_op_asker *asker, peal_op_weight weight) {
  size_t count = nsp->server->worker_count;
  const peal_mem *mem = nsp->server->mem;
  op_round *round = peal_mem_zalloc(mem, block_bytes(count));
  if (!round) {
    peal_op_load_remove(&nsp->server->load, weight);
    return NULL;
  }
  atomic_init(&round->waiting, (unsigned)count);
  round->nsp = nsp;
  round->home = peal_op_round_home(nsp);
  round->asker = asker;
  round->weight = weight;
  peal_arena_init(&round->strings, mem, STRINGS_BYTES, 0);
  round->results =
      peal_arena_alloc(&round->strings, count * sizeof(peal_op_result));
  if (round->results)
    memset(round->results, 0, count * sizeof(peal_op_result));
  if (round->results && !peal_op_copy(&round->op, op, &round->strings))
    return round;
  round_free(round);
  return NULL;
}

static void log_refused(const peal_nsp *nsp) {
  peal_logger_write(
      nsp->server->log, PEAL_LOG_WARN, "server",
      (peal_slice){nsp->name, nsp->name_len}, (peal_slice){0},
      "some workers are behind: %zu operations wait for them, "
      "one more was refused",
      atomic_load_explicit(&nsp->server->load.count, memory_order_relaxed));
}

/* It is charged before it is allocated. */
static peal_err round_new(op_round **out, peal_nsp *nsp, const peal_op *op,
                          peal_op_asker *asker) {
  peal_op_weight weight = weight_of(op, nsp->server->worker_count);
  peal_err err = peal_op_load_add(&nsp->server->load, weight);
  if (err == PEAL_ERR_QUEUE_FULL)
    log_refused(nsp);
  if (err)
    return err;
  *out = round_alloc(nsp, op, asker, weight);
  return *out ? PEAL_OK : PEAL_ERR_NOMEM;
}

/* -- the round -------------------------------------------------------------------------- */

static void finish(op_round *round) {
  if (round->asker)
    round->asker->done(round->asker, round->home, round->results,
                       round->nsp->server->worker_count);
  round_free(round);
}

static void on_home(peal_worker *worker, peal_mail *mail) {
  (void)worker;
  finish(((round_mail *)mail)->round);
}

/* One worker has run; the last one calls home. Its own mail has been used. */
static void has_run(op_round *round, const peal_worker *worker) {
  if (atomic_fetch_sub_explicit(&round->waiting, 1, memory_order_acq_rel) != 1)
    return;
  if (!round->asker || worker == round->home) {
    finish(round);
    return;
  }
  round_mail *mail = &round->mails[peal_worker_index(worker)];
  mail->mail = (peal_mail){.fn = on_home};
  peal_worker_impl_send(round->home, &mail->mail);
}

static void run_here(op_round *round, peal_worker *worker) {
  peal_op_run(round->nsp, worker, &round->op,
              round->asker ? round->asker->gather : NULL,
              &round->results[peal_worker_index(worker)]);
}

static void on_run(peal_worker *worker, peal_mail *mail) {
  op_round *round = ((round_mail *)mail)->round;
  run_here(round, worker);
  has_run(round, worker);
}

static void run_alone(peal_nsp *nsp, peal_worker *self, const peal_op *op,
                      bool skip_self, peal_op_asker *asker) {
  peal_op_result result = {0};
  if (!skip_self)
    peal_op_run(nsp, self, op, asker ? asker->gather : NULL, &result);
  if (asker)
    asker->done(asker, self, &result, 1);
  free_results(nsp, &result, 1);
}

peal_err peal_op_round_run(peal_nsp *nsp, const peal_op *op, bool skip_self,
                           peal_op_asker *asker) {
  peal_worker *self = peal_nsp_worker(nsp);
  if (!PEAL_RESERVED_IS_KNOWN(&op->to))
    return PEAL_ERR_OPTION;
  if (self && nsp->server->worker_count == 1) {
    run_alone(nsp, self, op, skip_self, asker);
    return PEAL_OK;
  }
  op_round *round;
  peal_err err = round_new(&round, nsp, op, asker);
  if (err)
    return err;
  /* Our own part keeps the round alive until all mails are out. */
  for (unsigned i = 0; i < nsp->server->worker_count; i++) {
    peal_worker *worker = peal_workers_get(nsp->server->workers, i);
    round->mails[i] = (round_mail){.mail.fn = on_run, .round = round};
    if (worker != self)
      peal_worker_impl_send(worker, &round->mails[i].mail);
  }
  if (!self)
    return PEAL_OK;
  if (!skip_self)
    run_here(round, self);
  has_run(round, self);
  return PEAL_OK;
}
