/* SPDX-License-Identifier: MIT */
#pragma once
/* client_send: what the Socket.IO machine wants to say goes into the client's
 * queue: CONNECT, CONNECT_ERROR, DISCONNECT. */
#include "server/server_impl.h"

/* Queue a control packet (taken; NULL: nothing). */
void peal_client_send(peal_client *client, peal_message *message);
/* CONNECT_ERROR with `data`; the link is over. */
void peal_client_send_refusal(peal_client *client, peal_sio_link link,
                              peal_val data);
