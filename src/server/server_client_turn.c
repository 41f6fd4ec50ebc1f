/* SPDX-License-Identifier: MIT */
#include "server/server_client_turn.h"

#include "server/acks.h"

void peal_server_client_turn_leave(peal_server_client *client) {
  peal_engine_conn_flush_later(client->conn);
}

void peal_server_client_turn_fail(peal_server_client *client, peal_err err) {
  if (!client->failure)
    client->failure = (int16_t)err;
  peal_server_client_turn_leave(client);
}

void peal_server_client_turn_read(peal_server_client *client) {
  if (client->is_reading)
    return;
  client->read_asked = true;
  peal_server_client_turn_leave(client);
}

uint64_t peal_server_client_turn_deadline(const peal_server_client *client) {
  uint64_t at = peal_sio_conn_deadline(&client->sio);
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    const peal_socket *socket = peal_sio_link_user(&client->sio, link);
    uint64_t ack_at = socket ? peal_acks_deadline(socket) : UINT64_MAX;
    if (ack_at < at)
      at = ack_at;
  }
  return at;
}

void peal_server_client_turn_rearm(peal_server_client *client) {
  if (!peal_engine_conn_is_closed(client->conn))
    peal_engine_conn_set_deadline(client->conn,
                                  peal_server_client_turn_deadline(client));
}
