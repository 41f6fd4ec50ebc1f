/* SPDX-License-Identifier: MIT */
/* emit_ack: a broadcast that gathers acknowledgements from all workers. */
#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/nsp.h"
#include "server/op_round.h"
#include "server/packet.h"

#define DEFAULT_TIMEOUT_MS 10000u

typedef struct round_asker {
  peal_op_asker base;
  const peal_mem *mem; /* its own */
} round_asker;

/* Of the other nodes. */
typedef struct far_asker {
  peal_far_asker base;
  peal_mail not_asked;
  peal_gather *gather;
  const peal_mem *mem; /* its own */
} far_asker;

static void on_far(peal_far_asker *asker, peal_worker *home,
                   const peal_far *answer) {
  far_asker *own = PEAL_LIST_OF(asker, far_asker, base);
  peal_gather *gather = own->gather;
  (void)home;
  peal_mem_free(own->mem, own);
  peal_gather_far(gather, answer);
}

static void on_not_asked(peal_worker *worker, peal_mail *mail) {
  far_asker *own = PEAL_LIST_OF(mail, far_asker, not_asked);
  on_far(&own->base, worker, &(peal_far){.err = PEAL_ERR_NOMEM});
}

static far_asker *far_new(peal_nsp *nsp, peal_gather *gather) {
  far_asker *own = peal_mem_zalloc(nsp->server->mem, sizeof *own);
  if (!own)
    return NULL;
  *own = (far_asker){.base = {.done = on_far, .home = peal_op_round_home(nsp)},
                     .not_asked.fn = on_not_asked,
                     .gather = gather,
                     .mem = nsp->server->mem};
  peal_gather_expect_far(gather);
  return own;
}

/* Behind this node's round. */
static void ask_far(peal_adapter *adapter, const peal_op *op, far_asker *own) {
  peal_bus_msg question = {.kind = PEAL_BUS_ASK, .nsp = op->nsp, .op = *op};
  if (adapter->verbs->ask(adapter, &question, op->timeout_ms, &own->base))
    peal_worker_impl_send(own->base.home, &own->not_asked);
}

static void on_asked(peal_op_asker *asker, peal_worker *worker,
                     peal_op_result *results, size_t count) {
  size_t expected = 0;
  peal_err err = PEAL_OK;
  round_asker *own = (round_asker *)asker;
  peal_gather *gather = asker->gather;
  (void)worker;
  for (size_t i = 0; i < count; i++) {
    expected += results[i].count;
    err = results[i].err ? results[i].err : err;
  }
  peal_mem_free(own->mem, own);
  peal_gather_begin(gather, expected, err);
}

/* Here, then elsewhere. On errors nobody is told. */
static peal_err ask_everywhere(peal_nsp *nsp, const peal_op *op,
                               round_asker *asker) {
  peal_adapter *adapter = peal_adapter_for(nsp, &op->to);
  far_asker *far = adapter ? far_new(nsp, asker->base.gather) : NULL;
  if (adapter && !far)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_op_round_run(nsp, op, false, &asker->base);
  if (far && err) {
    peal_gather_drop(far->gather);
    peal_mem_free(far->mem, far);
  } else if (far) {
    ask_far(adapter, op, far);
  }
  return err;
}

static peal_err ask_all(peal_nsp *nsp, const peal_op *op, peal_acks_fn fn,
                        void *user) {
  const peal_mem *mem = nsp->server->mem;
  round_asker *asker = peal_mem_alloc(mem, sizeof *asker);
  if (!asker)
    return PEAL_ERR_NOMEM;
  peal_gather *gather = peal_gather_new(nsp, peal_op_round_home(nsp), fn, user);
  *asker =
      (round_asker){.base = {.done = on_asked, .gather = gather}, .mem = mem};
  peal_err err = gather ? ask_everywhere(nsp, op, asker) : PEAL_ERR_NOMEM;
  if (!err)
    return PEAL_OK;
  if (gather)
    peal_gather_drop(gather);
  peal_mem_free(mem, asker);
  return err;
}

peal_err peal_nsp_emit_ack_n(peal_nsp *nsp, const peal_to *to, peal_slice event,
                             peal_args args, uint32_t timeout_ms,
                             peal_acks_fn fn, void *user) {
  if (!peal_nsp_has_sockets(nsp) || !fn || !event.ptr)
    return PEAL_ERR_USAGE;
  peal_eio_item item;
  peal_err err = peal_packet_event(&item, nsp, peal_nsp_worker(nsp), true,
                                   event, args, NULL);
  if (err)
    return err;
  peal_op op = {.kind = PEAL_OP_ASK,
                .timeout_ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS,
                .nsp = {nsp->name, nsp->name_len},
                .to = to ? *to : (peal_to){0},
                .message = item.message};
  err = ask_all(nsp, &op, fn, user);
  peal_packet_release(&item);
  return err;
}

peal_err peal_nsp_emit_ack(peal_nsp *nsp, const peal_to *to, const char *event,
                           peal_args args, uint32_t timeout_ms, peal_acks_fn fn,
                           void *user) {
  return peal_nsp_emit_ack_n(nsp, to, peal_slice_of(event), args, timeout_ms,
                             fn, user);
}
