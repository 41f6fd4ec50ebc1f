/* SPDX-License-Identifier: MIT */
#pragma once
/* client: one engine connection and the sockets on it: what the machine
 * proto/sio_conn tells becomes connect, event, acknowledgement, disconnect. */
#include "server/server_impl.h"

/* What the engine calls. */
extern const peal_engine_callbacks peal_client_engine_callbacks;

/* A socket of this client leaves, or the whole client closes, at the end of
 * the turn. */
void peal_client_leave_later(peal_client *client);
/* The client cannot be served correctly any more: it is closed at the end of
 * the turn. */
void peal_client_fail_later(peal_client *client, peal_err err);
/* The machine's or the acknowledgements' next time may have changed. */
void peal_client_rearm(peal_client *client);
/* Put a text message (taken) into the client's queue. */
void peal_client_send_text(peal_client *client, peal_bytes *text);
