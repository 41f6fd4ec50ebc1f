/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_out: one packet of a client on its way out: made, charged, found by its
 * acknowledgement's id, told of its end, freed.
 * In the flow: a part of proto/sio_client. */
#include "proto/sio_client_state.h"

/* A record for a packet, without its message. Charged.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_out_new(peal_sio_out **out,
                                          peal_sio_client_nsp *nsp);
/* It leaves whatever it is in. */
void peal_sio_out_free(peal_sio_out *out);
/* Give it its message (taken), charged.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM (and it has none). */
PEAL_MUST_CHECK peal_err peal_sio_out_set(peal_sio_out *out,
                                          peal_message *message);
/* Give it an event or an acknowledgement, encoded; with out->id if it has one.
 * Returns: PEAL_OK, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM, what the
 * parser says. */
PEAL_MUST_CHECK peal_err peal_sio_out_encode_event(peal_sio_out *out,
                                                   peal_slice event,
                                                   peal_args args);
PEAL_MUST_CHECK peal_err peal_sio_out_encode_ack(peal_sio_out *out, uint64_t id,
                                                 peal_args args);
/* The message, for the queue of a connection: taken; of an event that may have
 * to be sent again one more reference. */
peal_message *peal_sio_out_give(peal_sio_out *out);

/* The record that stands in a list. */
peal_sio_out *peal_sio_out_of(peal_list *node);
/* Its time is up in `timeout_ms`; nothing if that is 0 or it runs already. */
void peal_sio_out_arm(peal_sio_out *out);
/* The table of ids, empty. */
void peal_sio_out_ids_init(peal_sio_client *client);
void peal_sio_out_ids_deinit(peal_sio_client *client);
/* Can be found by its id from now on, once. */
void peal_sio_out_remember(peal_sio_out *out);
/* NULL: there is none. */
peal_sio_out *peal_sio_out_find(const peal_sio_client_nsp *nsp, uint64_t id);
/* Found no more, and its time does not run. */
void peal_sio_out_forget(peal_sio_out *out);
/* It is over: who waits for its acknowledgement is told `err`, then (or if there
 * is nobody) it is freed. */
void peal_sio_out_end(peal_sio_out *out, peal_err err);

/* Out of the lists that it waits in. */
void peal_sio_out_leave(peal_sio_out *out);
/* Counts what waits for a connection or for its turn. */
void peal_sio_out_count(peal_sio_out *out);
void peal_sio_out_uncount(peal_sio_out *out);
