/* SPDX-License-Identifier: MIT */
#pragma once
/* server_client_send: what the Socket.IO machine wants to say goes into the client's
 * queue: CONNECT, CONNECT_ERROR, DISCONNECT. */
#include "server/server_impl.h"

/* Queue a control packet (taken; NULL: nothing). */
void peal_server_client_send(peal_server_client *client, peal_message *message);
/* CONNECT_ERROR with `data`; the link is over. */
void peal_server_client_send_refusal(peal_server_client *client,
                                     peal_sio_link link, peal_val data);
