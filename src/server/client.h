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
/* Put what the machine wants to be sent (taken; NULL: nothing) into the
 * client's queue. */
void peal_client_send_control(peal_client *client, peal_message *message);
/* CONNECT_ERROR with `data`; the link is over. */
void peal_client_refuse(peal_client *client, peal_sio_link link, peal_val data);
/* Act on everything that the machine has to tell. Returns: PEAL_OK, or what
 * was wrong: the client is to be closed. */
PEAL_MUST_CHECK peal_err peal_client_read(peal_client *client);
