/* SPDX-License-Identifier: MIT */
/* engine_ref: a client of a raw server by its id, from any thread. The id names
 * the worker and is never used again, so nothing has to be kept for it. */
#include <string.h>

#include "engine/engine_client.h"
#include "engine/engine_op.h"
#include "engine/sid.h"

/* NULL: no worker can have it. An only worker is not named. */
static peal_worker *home_of(const peal_engine_ref *ref) {
  if (!ref || !ref->server ||
      memchr(ref->id, 0, sizeof ref->id) != ref->id + PEAL_SID_LEN)
    return NULL;
  unsigned count = ref->server->worker_count;
  int index = count > 1 ? peal_sid_worker(peal_slice_of(ref->id), count) : 0;
  return index < 0 ? NULL
                   : peal_workers_get(ref->server->workers, (unsigned)index);
}

peal_engine_client *peal_engine_ref_client(const peal_engine_ref *ref) {
  peal_worker *home = home_of(ref);
  return home && home == peal_worker_self()
             ? peal_engine_client_get(ref->server, home, ref->id)
             : NULL;
}

/* At once on its own worker, in the next turn of that from elsewhere. */
static peal_err run(const peal_engine_ref *ref, peal_engine_op *op) {
  peal_worker *home = home_of(ref);
  if (!home)
    return PEAL_ERR_USAGE;
  memcpy(op->id, ref->id, sizeof op->id);
  return home == peal_worker_self()
             ? peal_engine_op_run(ref->server, home, op)
             : peal_engine_op_post(ref->server, op, home->index,
                                   home->index + 1, NULL);
}

peal_err peal_engine_ref_send(const peal_engine_ref *ref, peal_slice data,
                              bool binary, const peal_engine_how *how) {
  peal_engine_op op = {.kind = PEAL_ENGINE_OP_SEND};
  peal_worker *home = home_of(ref);
  if (!home)
    return PEAL_ERR_USAGE;
  bool is_here = home == peal_worker_self();
  peal_err err = peal_engine_outgoing_make(
      &op.outgoing, ref->server, is_here ? home : NULL, data, binary, how);
  if (err)
    return err;
  err = run(ref, &op);
  if (err || is_here) /* otherwise it was taken */
    peal_engine_outgoing_release(&op.outgoing);
  return err;
}

peal_err peal_engine_ref_close(const peal_engine_ref *ref, bool discard) {
  return run(
      ref, &(peal_engine_op){.kind = PEAL_ENGINE_OP_CLOSE, .discard = discard});
}

peal_err peal_engine_ref_post(const peal_engine_ref *ref,
                              peal_engine_post_fn fn, void *user) {
  if (!fn)
    return PEAL_ERR_USAGE;
  return run(ref, &(peal_engine_op){
                      .kind = PEAL_ENGINE_OP_POST, .fn = fn, .user = user});
}
