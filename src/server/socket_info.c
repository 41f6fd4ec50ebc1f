/* SPDX-License-Identifier: MIT */
/* socket_info: what can be asked about a socket: its id, its queue, the request
 * that its session began with. */
#include "engine/engine_handshake.h"
#include "net/worker_impl.h"
#include "server/socket_name.h"

const char *peal_socket_id(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return socket ? peal_socket_name(socket) : "";
}

peal_nsp *peal_socket_nsp(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return socket ? socket->local->nsp : NULL;
}

peal_worker *peal_socket_worker(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return socket ? socket->local->worker : NULL;
}

peal_build *peal_socket_build(peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return peal_worker_build(peal_socket_worker(socket));
}

bool peal_socket_is_connected(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return socket && socket->state == PEAL_SOCKET_CONNECTED;
}

/* -- the connection ------------------------------------------------------------------ */

static peal_engine_conn *conn_of(const peal_socket *socket) {
  return socket && socket->client ? socket->client->conn : NULL;
}

const char *peal_socket_transport(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_conn *conn = conn_of(socket);
  return conn ? peal_engine_conn_transport(conn) : "";
}

size_t peal_socket_queued_bytes(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_conn *conn = conn_of(socket);
  return conn ? peal_engine_conn_queued_bytes(conn) : 0;
}

void peal_socket_set_queue(peal_socket *socket, size_t max_bytes,
                           peal_queue_policy policy) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  peal_engine_conn *conn = conn_of(socket);
  if (conn)
    peal_engine_conn_set_queue(conn, max_bytes, policy);
}

/* -- the handshake ------------------------------------------------------------------- */

static peal_engine_handshake *handshake_of(const peal_socket *socket) {
  const peal_engine_conn *conn = conn_of(socket);
  return conn ? peal_engine_conn_handshake(conn) : NULL;
}

peal_slice peal_socket_header(const peal_socket *socket, const char *name) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake && name ? peal_engine_handshake_field(handshake, name)
                           : (peal_slice){0};
}

peal_slice peal_socket_query(const peal_socket *socket, const char *name) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  peal_engine_handshake *handshake = handshake_of(socket);
  return handshake && name ? peal_engine_handshake_param(handshake, name)
                           : (peal_slice){0};
}

size_t peal_socket_header_count(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_field_count(handshake) : 0;
}

peal_slice peal_socket_header_at(const peal_socket *socket, size_t index,
                                 peal_slice *value) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  peal_slice unused;
  const peal_engine_handshake *handshake = handshake_of(socket);
  value = value ? value : &unused;
  *value = (peal_slice){0};
  return handshake ? peal_engine_handshake_field_at(handshake, index, value)
                   : (peal_slice){0};
}

size_t peal_socket_query_count(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_param_count(handshake) : 0;
}

peal_slice peal_socket_query_at(const peal_socket *socket, size_t index,
                                peal_slice *value) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  peal_slice unused;
  peal_engine_handshake *handshake = handshake_of(socket);
  value = value ? value : &unused;
  *value = (peal_slice){0};
  return handshake ? peal_engine_handshake_param_at(handshake, index, value)
                   : (peal_slice){0};
}

peal_slice peal_socket_url(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_url(handshake) : (peal_slice){0};
}

peal_slice peal_socket_address(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? peal_engine_handshake_address(handshake) : (peal_slice){0};
}

int64_t peal_socket_since_ms(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  const peal_engine_handshake *handshake = handshake_of(socket);
  return handshake ? handshake->time_ms : 0;
}
