/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_outbox: where a client's packets wait, and how they go on from there.
 * In the flow: a part of proto/sio_client.
 *
 *   no connection  --> buffer --+
 *   with `retries` --> retries -+-> in_flight --+
 *   else           -------------+---------------+-> sends -> _next
 *                                                     |
 *                    told <-- ack, time, end -- awaited (if it has an id) */
#include "proto/sio_out.h"

/* One event of the program's; encoded.
 * Returns: as peal_sio_client_send. */
PEAL_MUST_CHECK peal_err peal_sio_outbox_emit(peal_sio_client_nsp *nsp,
                                              const peal_sio_client_emit *emit);
/* Send it in the membership that there is. */
void peal_sio_outbox_send(peal_sio_out *out);
/* Fill a SEND with the oldest of them; false if there is none. */
bool peal_sio_outbox_next(peal_sio_client *client,
                          peal_sio_client_event *event);
/* The namespace has been joined: what waits leaves, the buffer first. */
void peal_sio_outbox_flush(peal_sio_client_nsp *nsp);
/* An ACK has come. Returns whether somebody is to be told (event->fn). */
bool peal_sio_outbox_acked(peal_sio_client_nsp *nsp,
                           const peal_sio_packet *packet,
                           peal_sio_client_event *event);
/* The membership is over: what was sent in it is not acknowledged any more. */
void peal_sio_outbox_part(peal_sio_client_nsp *nsp);
/* The connection is gone, and what was to be sent on it. */
void peal_sio_outbox_cut(peal_sio_client *client);
/* All that waits is over. */
void peal_sio_outbox_end(peal_sio_client_nsp *nsp);
/* Those whose time is up. */
void peal_sio_outbox_tick(peal_sio_client *client);
