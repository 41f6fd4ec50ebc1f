/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_client_way: by which way a client's handshake is made, what comes next if
 * that fails, and the end if nothing does.
 * In the flow: used by proto/eio_client. */
#include "proto/eio_client_types.h"

/* `prefer_websocket`: if it is allowed. */
peal_eio_via peal_eio_client_way_first(const peal_eio_client_opts *opts,
                                       bool prefer_websocket);
/* The handshake by client->way is due. */
void peal_eio_client_way_begin(peal_eio_client *client);
/* It has failed, for the reason `text` (copied; may be NULL): the next way, or
 * the end. */
void peal_eio_client_way_failed(peal_eio_client *client, peal_err err,
                                const char *text);
/* The connection ends; the words of what ends it first are kept. */
void peal_eio_client_way_end(peal_eio_client *client, peal_eio_reason reason,
                             peal_err err, const char *text);
