/* SPDX-License-Identifier: MIT */
#include "server/node_query.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/gather.h"
#include "server/nsp_life.h"
#include "server/nsp_table.h"
#include "server/op_round.h"
#include "server/server_event.h"

/* Of clients, for another node: without a word of it, and at most. */
#define DEFAULT_ASK_MS 10000u
#define MAX_ASK_MS 60000u

typedef struct query {
  peal_op_asker base;
  peal_nsp *nsp;
  uint64_t number;
  uint8_t kind; /* of the answer: peal_bus_kind */
} query;

/* -- answering ------------------------------------------------------------------------- */

static void say(const query *it, size_t count, peal_args args) {
  peal_adapter *adapter = it->nsp->server->adapter;
  if (adapter)
    adapter->verbs->answer(
        adapter, it->number,
        &(peal_bus_msg){.kind = it->kind, .count = count, .args = args});
}

static void free_query(query *it) {
  peal_mem_free(it->nsp->server->mem, it);
}

static size_t items_of(const peal_op_result *result) {
  return result->doc   ? peal_doc_val(result->doc).len
         : result->ids ? result->count
                       : 0;
}

static void put_items(peal_val *out, const peal_op_result *result) {
  if (result->doc) {
    peal_val list = peal_doc_val(result->doc);
    if (list.len)
      memcpy(out, list.as.items, list.len * sizeof *out);
    return;
  }
  const char *at = result->ids;
  for (size_t i = 0; at && i < result->count; i++, at += strlen(at) + 1)
    out[i] = peal_str(at);
}

/* A failed part is left out: the asker learns that from nobody, and its memory
 * is the other node's worry. */
static void on_done(peal_op_asker *asker, peal_worker *worker,
                    peal_op_result *results, size_t count) {
  query *it = PEAL_LIST_OF(asker, query, base);
  size_t total = 0, sockets = 0, at = 0;
  for (size_t i = 0; i < count; i++) {
    sockets += results[i].count;
    total += items_of(&results[i]);
  }
  peal_val *items = peal_arena_alloc(&worker->turn, total * sizeof *items + 1);
  for (size_t i = 0; items && i < count; i++) {
    put_items(items + at, &results[i]);
    at += items_of(&results[i]);
  }
  if (items)
    say(it, sockets, (peal_args){items, at});
  free_query(it);
}

/* -- running --------------------------------------------------------------------------- */

static void on_asked(peal_op_asker *asker, peal_worker *worker,
                     peal_op_result *results, size_t count) {
  query *it = PEAL_LIST_OF(asker, query, base);
  size_t asked = 0;
  (void)worker;
  for (size_t i = 0; i < count; i++)
    asked += results[i].count;
  peal_gather_begin(asker->gather, asked, PEAL_OK);
  free_query(it);
}

/* What each question is here, and what its answer is called. */
static const struct {
  uint8_t question, op, answer;
} kinds[] = {{PEAL_BUS_FETCH, PEAL_OP_FETCH, PEAL_BUS_FETCHED},
             {PEAL_BUS_IDS, PEAL_OP_MEMBERS, PEAL_BUS_IDS_ARE},
             {PEAL_BUS_ROOMS, PEAL_OP_ROOMS, PEAL_BUS_ROOMS_ARE},
             {PEAL_BUS_COUNT, PEAL_OP_COUNT, PEAL_BUS_COUNTED},
             {PEAL_BUS_ASK, PEAL_OP_ASK, PEAL_BUS_ASKED}};

static bool set_kind(query *it, peal_op *op, uint8_t question) {
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (kinds[i].question == question) {
      op->kind = kinds[i].op;
      it->kind = kinds[i].answer;
      return true;
    }
  return false;
}

static peal_err run(query *it, peal_op *op) {
  if (op->kind == PEAL_OP_ASK) {
    it->base.done = on_asked;
    it->base.gather =
        peal_gather_for_node(it->nsp, peal_op_round_home(it->nsp), it->number);
    if (!it->base.gather)
      return PEAL_ERR_NOMEM;
  }
  return peal_op_round_run(it->nsp, op, false, &it->base);
}

static peal_err run_in(peal_nsp *nsp, const peal_bus_msg *question,
                       uint64_t number) {
  if (question->kind == PEAL_BUS_CALL) {
    peal_server_event_run(nsp, question->args, question->request.len > 0,
                          number);
    return PEAL_OK;
  }
  query *it = peal_mem_alloc(nsp->server->mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  *it = (query){.base.done = on_done, .nsp = nsp, .number = number};
  peal_op op = question->op;
  op.nsp = question->nsp;
  if (!op.timeout_ms || op.timeout_ms > MAX_ASK_MS)
    op.timeout_ms = op.timeout_ms ? MAX_ASK_MS : DEFAULT_ASK_MS;
  peal_err err =
      set_kind(it, &op, question->kind) ? run(it, &op) : PEAL_ERR_USAGE;
  if (!err)
    return PEAL_OK;
  if (it->base.gather)
    peal_gather_drop(it->base.gather);
  free_query(it);
  return err;
}

peal_err peal_node_query_run(peal_server *server, const peal_bus_msg *question,
                             uint64_t number) {
  peal_nsp *nsp = peal_nsp_table_named(server, question->nsp);
  if (!nsp)
    return PEAL_ERR_USAGE;
  peal_err err = run_in(nsp, question, number);
  peal_nsp_life_release(nsp);
  return err;
}
