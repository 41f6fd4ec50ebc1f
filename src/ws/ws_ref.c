/* SPDX-License-Identifier: MIT */
/* ws_ref: a connection as a value that outlives it. */
#include "base/reserved.h"
#include "ws/ws_round.h"
#include "ws/ws_send.h"

peal_ws_ref peal_ws_ref_of(const peal_ws *ws) {
  PEAL_ON_WS(ws, "a reference that its worker has made");
  if (!ws)
    return (peal_ws_ref){0};
  return (peal_ws_ref){.endpoint = ws->local->endpoint,
                       .serial = ws->serial,
                       .worker = peal_worker_index(ws->local->worker),
                       .slot = ws->slot};
}

peal_ws *peal_ws_ref_get(peal_ws_ref ref) {
  const peal_ws_local *here =
      ref.endpoint ? peal_ws_local_here(ref.endpoint) : NULL;
  return here ? peal_ws_op_find(here, &ref) : NULL;
}

static bool is_one(const peal_ws_ref *ref) {
  return ref->endpoint && ref->worker < ref->endpoint->worker_count;
}

peal_err peal_ws_ref_send(peal_ws_ref ref, const peal_ws_how *how,
                          peal_slice data) {
  static const peal_ws_how as_text;
  if (!is_one(&ref) || (data.len && !data.ptr))
    return PEAL_ERR_USAGE;
  if (!how)
    how = &as_text;
  if (!PEAL_RESERVED_IS_KNOWN(how))
    return PEAL_ERR_OPTION;
  peal_ws_op op = {.kind = PEAL_WS_OP_ONE,
                   .is_volatile = how->is_volatile,
                   .no_compress = how->no_compress,
                   .who = ref,
                   .key = peal_ws_send_key(ref.endpoint, how->conflate)};
  return peal_ws_round_run(ref.endpoint, &op, data, how->is_binary);
}

peal_err peal_ws_ref_close(peal_ws_ref ref, unsigned code, peal_slice reason) {
  if (!is_one(&ref) || (reason.len && !reason.ptr))
    return PEAL_ERR_USAGE;
  peal_ws_op op = {
      .kind = PEAL_WS_OP_CLOSE, .who = ref, .code = code, .reason = reason};
  return peal_ws_round_run(ref.endpoint, &op, (peal_slice){0}, false);
}
