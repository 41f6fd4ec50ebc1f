/* SPDX-License-Identifier: MIT */
#pragma once
/* emit: an event to one socket, with or without an acknowledgement. */
#include "proto/op.h"
#include "server/server_impl.h"

/* As peal_emit_ack, with the packet of an operation (ASK). */
PEAL_MUST_CHECK peal_err peal_emit_ask(peal_socket *socket, const peal_op *op,
                                       peal_ack_fn fn, void *user);
