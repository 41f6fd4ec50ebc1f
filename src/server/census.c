/* SPDX-License-Identifier: MIT */
/* census: how many sockets a peal_to names on all workers and all nodes, which
 * they are, and what can be told of them. */
#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/nsp.h"
#include "server/op_round.h"

typedef struct census {
  peal_op_asker near;
  peal_far_asker far;
  const peal_mem *mem;     /* its own */
  peal_members_fn members; /* one of the two */
  peal_fetched_fn fetched;
  void *user;
  peal_fetched sum;
  peal_doc **docs; /* arrays, as they came; while the others are waited for */
  size_t doc_count, doc_cap;
  peal_mail not_asked;
  unsigned waiting; /* halves */
} census;

/* -- telling ---------------------------------------------------------------------------- */

static void free_census(census *it) {
  for (size_t i = 0; i < it->doc_count; i++)
    peal_doc_free(it->docs[i]);
  peal_mem_free(it->mem, it->docs);
  peal_mem_free(it->mem, it);
}

/* What was not counted because memory was out is not told either. */
static void tell(const census *it, peal_args list) {
  peal_fetched sum = it->sum;
  sum.sockets = list;
  if (sum.err == PEAL_ERR_NOMEM) {
    sum.count = 0;
    sum.sockets = PEAL_NO_ARGS;
  }
  if (it->fetched)
    it->fetched(&sum, it->user);
  else
    it->members(sum.err, sum.count, sum.sockets, it->user);
}

static void fail(census *it, peal_err err) {
  if (!it->sum.err || err == PEAL_ERR_NOMEM)
    it->sum.err = err;
}

/* All items of all documents, in the turn arena. */
static peal_args join_docs(census *it, peal_arena *arena) {
  size_t total = 0, at = 0;
  for (size_t i = 0; i < it->doc_count; i++)
    total += peal_doc_val(it->docs[i]).len;
  peal_val *items = peal_arena_alloc(arena, total * sizeof *items + 1);
  if (!items) {
    fail(it, PEAL_ERR_NOMEM);
    return PEAL_NO_ARGS;
  }
  for (size_t i = 0; i < it->doc_count; i++) {
    peal_val list = peal_doc_val(it->docs[i]);
    for (size_t j = 0; j < list.len; j++)
      items[at++] = list.as.items[j];
  }
  return (peal_args){items, at};
}

static void finish(census *it, peal_worker *worker) {
  if (--it->waiting)
    return;
  tell(it, join_docs(it, &worker->turn));
  free_census(it);
}

/* -- keeping ---------------------------------------------------------------------------- */

/* Takes it; one that is no array counts as none. */
static void keep_doc(census *it, peal_doc *doc) {
  if (!doc)
    return;
  if (it->doc_count == it->doc_cap) {
    size_t cap = it->doc_cap ? it->doc_cap * 2 : 8;
    peal_doc **docs = peal_mem_resize(it->mem, it->docs, cap * sizeof *docs);
    if (!docs) {
      peal_doc_free(doc);
      fail(it, PEAL_ERR_NOMEM);
      return;
    }
    it->docs = docs;
    it->doc_cap = cap;
  }
  if (peal_val_is(peal_doc_val(doc), PEAL_ARRAY))
    it->docs[it->doc_count++] = doc;
  else
    peal_doc_free(doc);
}

/* The ids as strings in the turn arena; NULL ptr if memory is out. */
static peal_args list_ids(peal_arena *arena, const peal_op_result *result) {
  peal_val *ids = peal_arena_alloc(arena, result->count * sizeof *ids + 1);
  const char *at = result->ids;
  for (size_t i = 0; ids && i < result->count; i++, at += strlen(at) + 1)
    ids[i] = peal_str(at);
  return (peal_args){ids, ids ? result->count : 0};
}

static void keep_ids(census *it, peal_worker *worker,
                     const peal_op_result *result) {
  peal_args ids = list_ids(&worker->turn, result);
  peal_doc *doc =
      ids.items ? peal_doc_new(peal_array(ids.items, ids.count)) : NULL;
  if (doc)
    keep_doc(it, doc);
  else
    fail(it, PEAL_ERR_NOMEM);
}

/* -- this node ---------------------------------------------------------------------------- */

static void on_near(peal_op_asker *asker, peal_worker *worker,
                    peal_op_result *results, size_t count) {
  census *it = PEAL_LIST_OF(asker, census, near);
  for (size_t i = 0; i < count; i++) {
    it->sum.count += results[i].count;
    if (results[i].err)
      fail(it, results[i].err);
    if (results[i].ids)
      keep_ids(it, worker, &results[i]);
    keep_doc(it, results[i].doc);
    results[i].doc = NULL;
  }
  finish(it, worker);
}

/* -- the others ---------------------------------------------------------------------------- */

static void on_far(peal_far_asker *asker, peal_worker *home,
                   const peal_far *answer) {
  census *it = PEAL_LIST_OF(asker, census, far);
  it->sum.nodes = answer->nodes;
  it->sum.missing = answer->missing;
  it->sum.count += answer->count;
  if (answer->err)
    fail(it, answer->err);
  for (size_t i = 0; i < answer->doc_count; i++) {
    peal_val list = peal_doc_val(answer->docs[i]);
    it->sum.count += peal_val_is(list, PEAL_ARRAY) ? list.len : 0;
    keep_doc(it, answer->docs[i]);
    answer->docs[i] = NULL;
  }
  finish(it, home);
}

static peal_bus_kind question_of(unsigned kind) {
  return kind == PEAL_OP_FETCH     ? PEAL_BUS_FETCH
         : kind == PEAL_OP_MEMBERS ? PEAL_BUS_IDS
                                   : PEAL_BUS_COUNT;
}

/* They could not be asked: that is told where the other half is. */
static void on_not_asked(peal_worker *worker, peal_mail *mail) {
  census *it = PEAL_LIST_OF(mail, census, not_asked);
  fail(it, PEAL_ERR_NOMEM);
  finish(it, worker);
}

static void ask_others(census *it, peal_adapter *adapter, const peal_op *op) {
  peal_bus_msg question = {
      .kind = (uint8_t)question_of(op->kind), .nsp = op->nsp, .op = *op};
  if (!adapter->verbs->ask(adapter, &question, 0, &it->far))
    return;
  it->not_asked.fn = on_not_asked;
  peal_worker_impl_send(it->far.home, &it->not_asked);
}

/* -- asking ---------------------------------------------------------------------------- */

/* Both halves come to the same worker, so that they meet without a lock. The
 * others are asked behind this node's round, which may be refused. */
static peal_err run(census *it, peal_nsp *nsp, const peal_op *op) {
  peal_adapter *adapter = peal_adapter_for(nsp, &op->to);
  it->waiting = adapter ? 2 : 1;
  it->far = (peal_far_asker){.done = on_far, .home = peal_op_round_home(nsp)};
  peal_err err = peal_op_round_run(nsp, op, false, &it->near);
  if (!err && adapter)
    ask_others(it, adapter, op);
  return err;
}

static peal_err take(peal_nsp *nsp, peal_op_kind kind, const peal_to *to,
                     const census *like) {
  if (!peal_nsp_has_sockets(nsp) || (!like->members && !like->fetched))
    return PEAL_ERR_USAGE;
  const peal_mem *mem = nsp->server->mem;
  census *it = peal_mem_alloc(mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  *it = *like;
  it->near.done = on_near;
  it->mem = mem;
  peal_op op = {.kind = (uint8_t)kind,
                .nsp = {nsp->name, nsp->name_len},
                .to = to ? *to : (peal_to){0}};
  peal_err err = run(it, nsp, &op);
  if (err)
    peal_mem_free(mem, it);
  return err;
}

peal_err peal_nsp_count(peal_nsp *nsp, const peal_to *to, peal_members_fn fn,
                        void *user) {
  return take(nsp, PEAL_OP_COUNT, to, &(census){.members = fn, .user = user});
}

peal_err peal_nsp_members(peal_nsp *nsp, const peal_to *to, peal_members_fn fn,
                          void *user) {
  return take(nsp, PEAL_OP_MEMBERS, to, &(census){.members = fn, .user = user});
}

peal_err peal_nsp_fetch(peal_nsp *nsp, const peal_to *to, peal_fetched_fn fn,
                        void *user) {
  return take(nsp, PEAL_OP_FETCH, to, &(census){.fetched = fn, .user = user});
}

peal_err peal_nsp_fetch_ids(peal_nsp *nsp, const peal_to *to,
                            peal_fetched_fn fn, void *user) {
  return take(nsp, PEAL_OP_MEMBERS, to, &(census){.fetched = fn, .user = user});
}

peal_err peal_nsp_fetch_count(peal_nsp *nsp, const peal_to *to,
                              peal_fetched_fn fn, void *user) {
  return take(nsp, PEAL_OP_COUNT, to, &(census){.fetched = fn, .user = user});
}
