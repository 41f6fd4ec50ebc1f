/* SPDX-License-Identifier: MIT */
#include "server/server_client_send.h"

#include "server/server_client_turn.h"

static void count(const peal_server_client *client,
                  const peal_message *message) {
  const peal_server *server = peal_engine_conn_owner(client->conn);
  peal_figures *figures =
      &server->locals[peal_worker_index(peal_engine_conn_worker(client->conn))]
           .figures;
  peal_figures_add(&figures->controls_out, 1);
  peal_figures_add(&figures->control_bytes_out, peal_message_len(message));
}

void peal_server_client_send(peal_server_client *client,
                             peal_message *message) {
  if (!message)
    return;
  peal_eio_item item = {.message = message, .keep = true};
  peal_err err = peal_engine_conn_send(client->conn, &item);
  if (!err)
    count(client, message);
  /* Without its CONNECT or DISCONNECT a client would wait for ever. */
  if (err && err != PEAL_ERR_CLOSED)
    peal_server_client_turn_fail(client, err);
  peal_message_unref(message);
}

void peal_server_client_send_refusal(peal_server_client *client,
                                     peal_sio_link link, peal_val data) {
  peal_message *text;
  peal_err err = peal_sio_conn_refuse(&client->sio, link, data, &text);
  peal_server_client_send(client, text);
  if (err) /* the machine may be dead: its deadline says so */
    peal_server_client_turn_rearm(client);
}
