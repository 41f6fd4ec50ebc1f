/* SPDX-License-Identifier: MIT */
#pragma once
/* away_send: messages of a worker to the bus, and its entries. */
#include "engine/away_impl.h"

/* Encode and send; `msg` gets its sender. `done` NULL: nobody waits for it.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED (the bus is away), PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM: `done` does not come. */
PEAL_MUST_CHECK peal_err peal_away_send(peal_away *away, peal_eio_away *msg,
                                        uint64_t number,
                                        void (*done)(peal_away_post *post));
/* What its post has as `load`. */
size_t peal_away_send_load(const peal_eio_away *msg);
/* What `done` does last. */
void peal_away_send_end(peal_away_post *post);
/* Tell the home of an entry that the client, or its request, is gone. */
void peal_away_send_close(const peal_away_entry *entry, const char *reason);
/* Tell `node` the same of a session that is not known here. */
void peal_away_send_close_to(peal_away *away, peal_slice node, peal_slice sid,
                             const char *reason);
