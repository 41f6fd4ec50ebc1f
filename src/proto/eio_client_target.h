/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_client_target: the target of an Engine.IO client's request: path and
 * query (EIO4: EIO, transport, sid, and `t`, which tells caches that no two
 * polls are alike).
 * In the flow: client/client_engine -> [eio_client_target] -> proto/http_ask. */
#include "base/buf.h"
#include "proto/eio_types.h"

typedef struct peal_eio_client_target {
  peal_slice path;  /* with its first slash, as it is to be sent */
  peal_slice query; /* of the owner's, encoded, without `?`; may be empty */
  peal_slice sid;   /* empty: none yet */
  peal_eio_via via;
  bool eio3;      /* version 3, not 4 */
  bool has_stamp; /* polling: */
  uint64_t stamp; /* dice */
} peal_eio_client_target;

/* Append it. Thread: pure. */
void peal_eio_client_target_write(peal_buf *out,
                                  const peal_eio_client_target *target);
