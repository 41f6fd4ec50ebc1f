/* SPDX-License-Identifier: MIT */
/* census: how many sockets a peal_to names on all workers, and which. */
#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/nsp.h"
#include "server/op_round.h"

typedef struct census {
  peal_op_asker base;
  const peal_mem *mem; /* its own */
  peal_members_fn fn;
  void *user;
} census;

/* The ids as strings in the turn arena; NULL if memory is out. */
static peal_val *list_ids(peal_arena *arena, const peal_op_result *results,
                          size_t count, size_t total) {
  peal_val *ids = peal_arena_alloc(arena, total * sizeof *ids);
  size_t at = 0;
  for (size_t i = 0; ids && i < count; i++)
    for (size_t j = 0; results[i].ids && j < results[i].count; j++)
      ids[at++] = peal_str(results[i].ids + j * PEAL_OP_ID_BYTES);
  return ids;
}

static void on_counted(peal_op_asker *asker, peal_worker *worker,
                       const peal_op_result *results, size_t count) {
  census it = *(census *)asker;
  size_t total = 0, listed = 0;
  peal_err err = PEAL_OK;
  peal_mem_free(it.mem, asker);
  for (size_t i = 0; i < count; i++) {
    total += results[i].count;
    listed += results[i].ids ? results[i].count : 0;
    err = results[i].err ? results[i].err : err;
  }
  peal_val *ids =
      listed && !err ? list_ids(&worker->turn, results, count, listed) : NULL;
  if (listed && !ids)
    err = PEAL_ERR_NOMEM;
  it.fn(err, err ? 0 : total, (peal_args){ids, ids ? listed : 0}, it.user);
}

static peal_err take(peal_nsp *nsp, peal_op_kind kind, const peal_to *to,
                     peal_members_fn fn, void *user) {
  if (!nsp || !fn)
    return PEAL_ERR_USAGE;
  const peal_mem *mem = nsp->server->mem;
  census *it = peal_mem_alloc(mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  *it = (census){.base.done = on_counted, .mem = mem, .fn = fn, .user = user};
  peal_op op = {.kind = (uint8_t)kind,
                .nsp = {nsp->name, nsp->name_len},
                .to = to ? *to : (peal_to){0}};
  peal_err err = peal_op_round_run(nsp, &op, false, &it->base);
  if (err)
    peal_mem_free(mem, it);
  return err;
}

peal_err peal_nsp_count(peal_nsp *nsp, const peal_to *to, peal_members_fn fn,
                        void *user) {
  return take(nsp, PEAL_OP_COUNT, to, fn, user);
}

peal_err peal_nsp_members(peal_nsp *nsp, const peal_to *to, peal_members_fn fn,
                          void *user) {
  return take(nsp, PEAL_OP_MEMBERS, to, fn, user);
}
