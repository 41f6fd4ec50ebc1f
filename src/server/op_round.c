/* SPDX-License-Identifier: MIT */
#include "server/op_round.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "net/worker_impl.h"
#include "proto/names.h"
#include "proto/op_copy.h"
#include "server/nsp.h"
#include "server/nsp_life.h"
#include "server/packet.h"
#include "server/recovery.h"

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
  peal_nsp *nsp = round->nsp;
  peal_server *server = nsp->server;
  peal_op_weight weight = round->weight;
  if (round->results)
    free_results(round->nsp, round->results, server->worker_count);
  peal_message_unref(round->op.message);
  peal_arena_deinit(&round->strings);
  peal_mem_free(server->mem, round);
  peal_op_load_remove(&server->load, weight);
  peal_nsp_life_release(nsp);
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
  peal_nsp_life_hold(nsp);
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

/* -- setting out ------------------------------------------------------------------------ */

static round_mail *mail_to(op_round *round, unsigned worker) {
  round->mails[worker] = (round_mail){.mail.fn = on_run, .round = round};
  return &round->mails[worker];
}

/* Our own part keeps the round alive until all mails are out. */
static void send_all(op_round *round, peal_worker *self, bool skip_self) {
  const peal_nsp *nsp = round->nsp;
  for (unsigned i = 0; i < nsp->server->worker_count; i++) {
    peal_worker *worker = peal_workers_get(nsp->server->workers, i);
    round_mail *mail = mail_to(round, i);
    if (worker != self)
      peal_worker_impl_send(worker, &mail->mail);
  }
  if (!self)
    return;
  if (!skip_self)
    run_here(round, self);
  has_run(round, self);
}

/* The same with recovery: in one order for all workers, our own part too. */
static void put_all(op_round *round, peal_worker *self, bool skip_self) {
  const peal_server *server = round->nsp->server;
  for (unsigned i = 0; i < server->worker_count; i++) {
    round_mail *mail = mail_to(round, i);
    if (!skip_self || peal_workers_get(server->workers, i) != self)
      peal_lanes_put(&server->recovery->lanes, i, &mail->mail);
  }
}

static void set_out_in_order(op_round *round, peal_worker *self,
                             bool skip_self) {
  peal_lanes *lanes = &round->nsp->server->recovery->lanes;
  peal_lanes_begin(lanes);
  put_all(round, self, skip_self);
  peal_lanes_end(lanes, self);
  if (self && skip_self)
    has_run(round, self);
}

peal_err peal_op_round_keep(peal_nsp *nsp, const peal_op *op,
                            const peal_worker *only, const char *also) {
  peal_recovery *recovery = nsp->server->recovery;
  op_round *round;
  peal_err err = round_new(&round, nsp, op, NULL);
  if (err)
    return err;
  uint64_t key = peal_packet_key(nsp, peal_names_key(&op->to));
  peal_lanes_begin(&recovery->lanes);
  peal_recovery_number(recovery, nsp, &round->op, key, also);
  if (only) {
    unsigned index = peal_worker_index(only);
    atomic_init(&round->waiting, 1);
    peal_lanes_put(&recovery->lanes, index, &mail_to(round, index)->mail);
  } else {
    put_all(round, NULL, false);
  }
  peal_lanes_end(&recovery->lanes, only ? only : peal_nsp_worker(nsp));
  return PEAL_OK;
}

/* What another node has emitted: it has no number of ours. */
static peal_err keep_copy(peal_nsp *nsp, const peal_op *op) {
  peal_op kept = *op;
  kept.has_offset = true;
  kept.message = peal_recovery_copy(nsp, op->message);
  if (!kept.message)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_op_round_keep(nsp, &kept, NULL, NULL);
  peal_message_unref(kept.message);
  return err;
}

/* With recovery, what others have handed in comes first. */
static bool is_alone(const peal_server *server, const peal_worker *self) {
  if (!self || server->worker_count != 1)
    return false;
  if (!server->recovery)
    return true;
  if (peal_lanes_are_running(&server->recovery->lanes, self))
    return false;
  peal_lanes_catch_up(&server->recovery->lanes, self);
  return true;
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
  if (op->kind == PEAL_OP_EMIT && peal_recovery_keeps(nsp->server, &op->to))
    return keep_copy(nsp, op);
  if (is_alone(nsp->server, self)) {
    run_alone(nsp, self, op, skip_self, asker);
    return PEAL_OK;
  }
  op_round *round;
  peal_err err = round_new(&round, nsp, op, asker);
  if (err)
    return err;
  if (nsp->server->recovery)
    set_out_in_order(round, self, skip_self);
  else
    send_all(round, self, skip_self);
  return PEAL_OK;
}
