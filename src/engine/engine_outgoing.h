/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_outgoing: a message of a raw server, from what its caller gave to what
 * a queue takes.
 * In the flow: engine_client, engine_op -> [engine_outgoing] -> engine_conn. */
#include "engine/engine_server_impl.h"

typedef struct peal_engine_outgoing {
  peal_eio_item item; /* its message is referenced once by this */
  bool is_volatile;
} peal_engine_outgoing;

/* Checked and copied. `worker`: it stays there; NULL: it crosses. `how` may be
 * NULL.
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_UTF8, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_outgoing_make(
    peal_engine_outgoing *out, const peal_engine_server *server,
    const peal_worker *worker, peal_slice data, bool binary,
    const peal_engine_how *how);
void peal_engine_outgoing_release(peal_engine_outgoing *outgoing);
/* Queue it. Returns: as peal_engine_client_send. */
PEAL_MUST_CHECK peal_err peal_engine_outgoing_put(
    const peal_engine_outgoing *outgoing, peal_engine_client *client);
/* To all clients of the worker, which is the calling one. */
void peal_engine_outgoing_put_all(const peal_engine_outgoing *outgoing,
                                  peal_engine_server *server,
                                  const peal_worker *worker);
