/* SPDX-License-Identifier: MIT */
#include "engine/engine_client.h"

#include <string.h>

#include "engine/engine_impl.h"
#include "engine/engine_outgoing.h"
#include "engine/reason.h"
#include "engine/sid.h"

/* -- what the engine tells ------------------------------------------------- */

static bool on_open(peal_engine_conn *conn, void *user) {
  peal_engine_server *server = user;
  peal_engine_client *client = peal_engine_conn_user(conn);
  client->conn = conn;
  peal_list_push(
      &peal_engine_home_of(server, peal_engine_conn_worker(conn))->clients,
      &client->node);
  if (server->opts.on_open)
    server->opts.on_open(client, server->opts.user);
  return true;
}

static void on_message(peal_engine_conn *conn, bool binary, peal_slice data,
                       void *user) {
  peal_engine_server *server = user;
  peal_engine_home *home =
      peal_engine_home_of(server, peal_engine_conn_worker(conn));
  peal_engine_count(&home->messages_in, 1);
  peal_engine_count(&home->bytes_in, data.len);
  if (server->opts.on_message)
    server->opts.on_message(peal_engine_conn_user(conn), data, binary,
                            server->opts.user);
}

static void on_upgrade(peal_engine_conn *conn, void *user) {
  const peal_engine_server *server = user;
  if (server->opts.on_upgrade)
    server->opts.on_upgrade(peal_engine_conn_user(conn), server->opts.user);
}

static void on_drain(peal_engine_conn *conn, void *user) {
  const peal_engine_server *server = user;
  if (server->opts.on_drain)
    server->opts.on_drain(peal_engine_conn_user(conn), server->opts.user);
}

/* reference 1.2: what the server closes itself is "forced close". */
static peal_reason reason_of(peal_eio_reason reason, peal_err err) {
  peal_reason told = peal_reason_of(reason, err);
  return told == PEAL_REASON_FORCED_SERVER ? PEAL_REASON_FORCED_CLOSE : told;
}

static void on_close(peal_engine_conn *conn, peal_eio_reason reason,
                     peal_err err, void *user) {
  const peal_engine_server *server = user;
  peal_engine_client *client = peal_engine_conn_user(conn);
  if (server->opts.on_close)
    server->opts.on_close(client, reason_of(reason, err), err,
                          server->opts.user);
  peal_list_remove(&client->node);
  if (client->free_fn && client->user)
    client->free_fn(client->user);
  client->user = NULL;
}

static void on_nothing(peal_engine_conn *conn, void *user) {
  (void)conn;
  (void)user;
}

/* The engine closes every session with PEAL_ERR_CANCELLED. */
static void on_stop(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
}

const peal_engine_callbacks peal_engine_client_callbacks = {
    .user_bytes = sizeof(peal_engine_client),
    .on_open = on_open,
    .on_message = on_message,
    .on_upgrade = on_upgrade,
    .on_drain = on_drain,
    .on_deadline = on_nothing,
    .on_close = on_close,
    .on_flush = on_nothing,
    .on_stop = on_stop,
};

peal_engine_client *peal_engine_client_get(const peal_engine_server *server,
                                           const peal_worker *worker,
                                           const char *id) {
  peal_engine_conn *conn = peal_engine_conn_get(server->engine, worker, id);
  return conn ? peal_engine_conn_user(conn) : NULL;
}

/* -- for the application --------------------------------------------------- */

peal_err peal_engine_client_send(peal_engine_client *client, peal_slice data,
                                 bool binary) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_send or peal_engine_server_send");
  return peal_engine_client_send_with(client, data, binary, NULL);
}

peal_err peal_engine_client_send_with(peal_engine_client *client,
                                      peal_slice data, bool binary,
                                      const peal_engine_how *how) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_send or peal_engine_server_send");
  peal_engine_outgoing outgoing;
  if (!client)
    return PEAL_ERR_USAGE;
  peal_err err = peal_engine_outgoing_make(
      &outgoing, peal_engine_conn_owner(client->conn),
      peal_engine_conn_worker(client->conn), data, binary, how);
  if (err)
    return err;
  err = peal_engine_outgoing_put(&outgoing, client);
  peal_engine_outgoing_release(&outgoing);
  return err;
}

void peal_engine_client_close(peal_engine_client *client, bool discard) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_close");
  if (client)
    peal_engine_conn_close(client->conn, discard, PEAL_OK);
}

const char *peal_engine_client_id(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_conn_id(client->conn) : "";
}

peal_engine_server *peal_engine_client_server(
    const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_conn_owner(client->conn) : NULL;
}

peal_worker *peal_engine_client_worker(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_conn_worker(client->conn) : NULL;
}

const char *peal_engine_client_transport(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_conn_transport(client->conn) : "";
}

size_t peal_engine_client_queued_bytes(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_conn_queued_bytes(client->conn) : 0;
}

void peal_engine_client_set_queue(peal_engine_client *client, size_t max_bytes,
                                  peal_queue_policy policy) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  if (client)
    peal_engine_conn_set_queue(client->conn, max_bytes, policy);
}

void peal_engine_client_set_user(peal_engine_client *client, void *user,
                                 void (*free_fn)(void *)) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  if (!client)
    return;
  client->user = user;
  client->free_fn = free_fn;
}

void *peal_engine_client_user(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? client->user : NULL;
}

/* -- the request ----------------------------------------------------------- */

static peal_engine_handshake *handshake_of(const peal_engine_client *client) {
  return client ? peal_engine_conn_handshake(client->conn) : NULL;
}

peal_slice peal_engine_client_header(const peal_engine_client *client,
                                     const char *name) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client && name
             ? peal_engine_handshake_field(handshake_of(client), name)
             : (peal_slice){0};
}

peal_slice peal_engine_client_query(const peal_engine_client *client,
                                    const char *name) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client && name
             ? peal_engine_handshake_param(handshake_of(client), name)
             : (peal_slice){0};
}

size_t peal_engine_client_header_count(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_handshake_field_count(handshake_of(client)) : 0;
}

peal_slice peal_engine_client_header_at(const peal_engine_client *client,
                                        size_t index, peal_slice *value) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  peal_slice unused;
  value = value ? value : &unused;
  *value = (peal_slice){0};
  return client ? peal_engine_handshake_field_at(handshake_of(client), index,
                                                 value)
                : (peal_slice){0};
}

size_t peal_engine_client_query_count(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_handshake_param_count(handshake_of(client)) : 0;
}

peal_slice peal_engine_client_query_at(const peal_engine_client *client,
                                       size_t index, peal_slice *value) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  peal_slice unused;
  value = value ? value : &unused;
  *value = (peal_slice){0};
  return client ? peal_engine_handshake_param_at(handshake_of(client), index,
                                                 value)
                : (peal_slice){0};
}

peal_slice peal_engine_client_url(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_handshake_url(handshake_of(client))
                : (peal_slice){0};
}

peal_slice peal_engine_client_address(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_handshake_address(handshake_of(client))
                : (peal_slice){0};
}

int64_t peal_engine_client_since_ms(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  return client ? peal_engine_conn_handshake(client->conn)->time_ms : 0;
}

peal_engine_ref peal_engine_client_ref(const peal_engine_client *client) {
  PEAL_ON_CLIENT(client, "peal_engine_ref_post");
  peal_engine_ref ref = {0};
  if (!client)
    return ref;
  ref.server = peal_engine_client_server(client);
  memcpy(ref.id, peal_engine_conn_id(client->conn), PEAL_SID_LEN);
  return ref;
}
