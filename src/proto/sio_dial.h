/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_dial: a client's connection: when it is made, made again, and given up.
 * In the flow: a part of proto/sio_client. The picture stands there. */
#include "proto/sio_client_state.h"

/* Connect; at once if it waits to do so again. */
void peal_sio_dial_open(peal_sio_client *client);
/* Leave all namespaces and hang up. */
void peal_sio_dial_close(peal_sio_client *client);
/* A namespace is not wanted any more: if it was the last, so is the
 * connection. Returns whether that is so. */
bool peal_sio_dial_close_if_left(peal_sio_client *client);

/* Returns: PEAL_OK; PEAL_ERR_USAGE: nobody was asked to connect. */
peal_err peal_sio_dial_opened(peal_sio_client *client);
peal_err peal_sio_dial_closed(peal_sio_client *client,
                              peal_client_reason reason, peal_err err);
/* Hang up for what is wrong with it, as if it had gone. */
void peal_sio_dial_break(peal_sio_client *client, peal_client_reason reason,
                         peal_err err);
void peal_sio_dial_tick(peal_sio_client *client);
/* What a connection that is gone has left. */
void peal_sio_dial_tidy(peal_sio_client *client);
