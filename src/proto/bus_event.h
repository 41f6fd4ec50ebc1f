/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_event: the event of EMIT and ASK: between the form that a dialect has and
 * the message of an operation, a packet of Socket.IO with its attachments. Only
 * what a server may say to its clients becomes one: an event with a name that is
 * not reserved. */
#include "proto/bus.h"

/* Of msgpack: an array of event and arguments. Makes op->message, for op->nsp.
 * Returns: PEAL_OK; PEAL_ERR_SIO_PAYLOAD (no event), PEAL_ERR_SIO_RESERVED,
 * PEAL_ERR_SIO_TOO_MANY (binaries), what is wrong with it, PEAL_ERR_NOMEM.
 * Thread: pure. */
PEAL_MUST_CHECK peal_err peal_bus_event_of_msgpack(peal_op *op, peal_slice data,
                                                   peal_arena *arena);
/* Of values: event and arguments. The same. */
PEAL_MUST_CHECK peal_err peal_bus_event_of_values(peal_op *op, peal_args data,
                                                  peal_arena *arena);

/* Does the message have binaries? */
bool peal_bus_event_has_binary(const peal_op *op);
/* Its event and arguments as values, in the arena. */
PEAL_MUST_CHECK peal_err peal_bus_event_values(peal_args *out,
                                               const peal_op *op,
                                               peal_arena *arena);
/* Its event and arguments as JSON text, borrowed, placeholders in the place of
 * binaries. Empty: it is no message of ours. */
peal_slice peal_bus_event_json(const peal_op *op);
