/* SPDX-License-Identifier: MIT */
#pragma once
/* packet: values to a message for queues: encoded once, shared by all
 * receivers (station 9 of docs/flow.md). */
#include "proto/op.h"
#include "server/server_impl.h"

/* An event. `worker` NULL or `crosses`: the bytes may leave the worker (they
 * come from libc), otherwise they are the worker's own. `id` NULL: no
 * acknowledgement is asked for.
 * Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT (more
 * than UINT16_MAX attachments), PEAL_ERR_NOMEM, what the parser says. */
PEAL_MUST_CHECK peal_err peal_packet_event(peal_eio_item *out, peal_nsp *nsp,
                                           peal_worker *worker, bool crosses,
                                           peal_slice event, peal_args args,
                                           const uint64_t *id);
/* An event with a place for the offset of recovery (peal_recovery_number). It
 * may leave the worker. Returns: as peal_packet_event; PEAL_ERR_OPTION: the
 * parser hides the place. */
PEAL_MUST_CHECK peal_err peal_packet_kept(peal_eio_item *out, peal_nsp *nsp,
                                          peal_worker *worker, peal_slice event,
                                          peal_args args);
/* A copy of an operation's packet for one receiver: with an id. Returns:
 * PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_packet_with_id(peal_eio_item *out, peal_nsp *nsp,
                                             peal_worker *worker,
                                             const peal_op *op, uint64_t id);
/* An acknowledgement to this socket. */
PEAL_MUST_CHECK peal_err peal_packet_ack(peal_eio_item *out,
                                         peal_socket *socket, uint64_t id,
                                         peal_args args);
/* Give the message's references back. */
void peal_packet_release(peal_eio_item *item);
/* The conflation key of a name in a namespace; 0 for a NULL ptr. */
uint64_t peal_packet_key(const peal_nsp *nsp, peal_slice name);
