/* SPDX-License-Identifier: MIT */
/* server_emit: an event to the other nodes of a cluster, and their answers. */
#include "base/mem.h"
#include "base/val_impl.h"
#include "net/worker_impl.h"
#include "server/adapter.h"
#include "server/nsp.h"
#include "server/op_round.h"
#include "server/server_event.h"

typedef struct call {
  peal_far_asker base;
  peal_mail alone;     /* there are no other nodes */
  const peal_mem *mem; /* its own */
  peal_acks_fn fn;
  void *user;
} call;

/* -- the answers ------------------------------------------------------------------------ */

static void on_answered(peal_far_asker *asker, peal_worker *home,
                        const peal_far *answer) {
  call it = *PEAL_LIST_OF(asker, call, base);
  peal_mem_free(it.mem, PEAL_LIST_OF(asker, call, base));
  peal_val *items =
      peal_arena_alloc(&home->turn, answer->doc_count * sizeof(peal_val) + 1);
  for (size_t i = 0; items && i < answer->doc_count; i++)
    items[i] = peal_val_at(peal_doc_val(answer->docs[i]), 0);
  peal_acks acks = {.err = items ? answer->err : PEAL_ERR_NOMEM,
                    .expected = answer->nodes == PEAL_MISSING_UNKNOWN
                                    ? answer->doc_count
                                    : answer->nodes,
                    .missing = answer->missing,
                    .responses = {items, items ? answer->doc_count : 0}};
  it.fn(&acks, it.user);
}

static void on_alone(peal_worker *worker, peal_mail *mail) {
  call *it = PEAL_LIST_OF(mail, call, alone);
  on_answered(&it->base, worker, &(peal_far){0});
}

/* -- asking ----------------------------------------------------------------------------- */

/* Name and arguments as one list. NULL: memory is out. */
static peal_val *list(peal_val few[], size_t few_count, peal_slice event,
                      peal_args args) {
  peal_val *items =
      args.count < few_count
          ? few
          : peal_mem_alloc(peal_mem_libc(), (args.count + 1) * sizeof *items);
  if (!items)
    return NULL;
  items[0] = peal_str_slice(event);
  for (size_t i = 0; i < args.count; i++)
    items[i + 1] = args.items[i];
  return items;
}

static peal_err ask(peal_nsp *nsp, peal_slice event, peal_args args,
                    uint32_t timeout_ms, peal_far_asker *asker) {
  enum { FEW = 16 };

  peal_val few[FEW];
  peal_adapter *adapter = nsp->server->adapter;
  peal_val *items = list(few, FEW, event, args);
  if (!items)
    return PEAL_ERR_NOMEM;
  peal_bus_msg question = {.kind = PEAL_BUS_CALL,
                           .nsp = {nsp->name, nsp->name_len},
                           .args = {items, args.count + 1}};
  peal_err err = adapter->verbs->ask(adapter, &question, timeout_ms, asker);
  if (items != few)
    peal_mem_free(peal_mem_libc(), items);
  return err;
}

static peal_err check(const peal_nsp *nsp, const char *event, peal_args args) {
  size_t binaries = 0;
  if (!peal_nsp_has_sockets(nsp) || !event)
    return PEAL_ERR_USAGE;
  if (peal_server_event_is_reserved(peal_slice_of(event)))
    return PEAL_ERR_RESERVED;
  return peal_val_impl_binaries(peal_array(args.items, args.count), &binaries)
             ? PEAL_OK
             : PEAL_ERR_DEPTH;
}

peal_err peal_nsp_server_emit(peal_nsp *nsp, const char *event,
                              peal_args args) {
  peal_err err = check(nsp, event, args);
  if (err || !nsp->server->adapter)
    return err;
  return ask(nsp, peal_slice_of(event), args, 0, NULL);
}

peal_err peal_nsp_server_emit_ack(peal_nsp *nsp, const char *event,
                                  peal_args args, uint32_t timeout_ms,
                                  peal_acks_fn fn, void *user) {
  peal_err err = fn ? check(nsp, event, args) : PEAL_ERR_USAGE;
  if (err)
    return err;
  const peal_mem *mem = nsp->server->mem;
  call *it = peal_mem_alloc(mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  *it = (call){.base = {.done = on_answered, .home = peal_op_round_home(nsp)},
               .alone.fn = on_alone,
               .mem = mem,
               .fn = fn,
               .user = user};
  if (!nsp->server->adapter) {
    peal_worker_impl_send(it->base.home, &it->alone);
    return PEAL_OK;
  }
  err = ask(nsp, peal_slice_of(event), args, timeout_ms, &it->base);
  if (err)
    peal_mem_free(mem, it);
  return err;
}
