/* SPDX-License-Identifier: MIT */
#pragma once
/* emit: an event to one socket, with or without an acknowledgement. */
#include "proto/op.h"
#include "server/server_impl.h"

/* Encode and queue; watchers are told. `to` may be NULL, `id` too: it asks for no
 * acknowledgement. Returns: as peal_emit. */
PEAL_MUST_CHECK peal_err peal_emit_plain(peal_socket *socket, const peal_to *to,
                                         peal_slice event, peal_args args,
                                         const uint64_t *id);
/* Tell those who watch what goes out to this socket. */
void peal_emit_tell(peal_socket *socket, bool is_volatile, peal_slice event,
                    peal_args args);
/* As peal_emit_ack, with the packet of an operation (ASK). */
PEAL_MUST_CHECK peal_err peal_emit_ask(peal_socket *socket, const peal_op *op,
                                       peal_ack_fn fn, void *user);
