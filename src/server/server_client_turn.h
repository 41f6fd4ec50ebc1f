/* SPDX-License-Identifier: MIT */
#pragma once
/* server_client_turn: what is to happen to a client at the end of the turn, and when
 * it is to be looked at next. server_client.c does it. */
#include "server/server_impl.h"

/* A socket of this client leaves, or the whole client closes, at the end of
 * the turn. */
void peal_server_client_turn_leave(peal_server_client *client);
/* The client cannot be served correctly any more: it is closed at the end of
 * the turn. */
void peal_server_client_turn_fail(peal_server_client *client, peal_err err);
/* What the machine held for a namespace can be told now. Inside the loop that
 * reads it that loop goes on; otherwise it begins at the end of the turn. */
void peal_server_client_turn_read(peal_server_client *client);
/* When the machine or an acknowledgement is due next. */
uint64_t peal_server_client_turn_deadline(const peal_server_client *client);
/* That may have changed. */
void peal_server_client_turn_rearm(peal_server_client *client);
