/* SPDX-License-Identifier: MIT */
#include "server/client.h"

#include "base/mem.h"
#include "server/acks.h"
#include "server/event.h"
#include "server/nsp.h"
#include "server/socket.h"

#define NEVER UINT64_MAX

/* -- what the machine tells ------------------------------------------------------------ */

void peal_client_send_text(peal_client *client, peal_bytes *text) {
  peal_eio_item item = {.keep = true};
  item.message = peal_message_new(peal_bytes_slice(text), NULL, 0,
                                  client->conn->worker->mem);
  peal_err err = item.message ? peal_engine_conn_send(client->conn, &item)
                              : PEAL_ERR_NOMEM;
  peal_message_unref(item.message);
  /* Without its CONNECT or DISCONNECT a client would wait for ever. */
  if (err && err != PEAL_ERR_CLOSED)
    peal_client_fail_later(client, err);
  peal_bytes_unref(text);
}

static void on_send(peal_sio_conn *sio, peal_bytes *text, void *user) {
  (void)sio;
  peal_client_send_text(user, text);
}

static void on_connect(peal_sio_conn *sio, peal_sio_link *link, peal_val auth,
                       void *user) {
  peal_client *client = user;
  peal_nsp *nsp = peal_nsp_find(client->server, peal_sio_link_nsp(link));
  if (nsp) {
    peal_socket_begin(client, nsp, link, auth);
    return;
  }
  peal_pair message = {.key = "message",
                       .value = peal_str("Invalid namespace")};
  peal_sio_conn_refuse(sio, link, peal_object(&message, 1));
}

static void on_disconnect(peal_sio_conn *sio, peal_sio_link *link, void *user) {
  peal_socket *socket = peal_sio_link_user(link);
  (void)sio;
  (void)user;
  if (socket)
    peal_socket_end(socket, PEAL_REASON_CLIENT_DISCONNECT, PEAL_OK);
}

static void on_event(peal_sio_conn *sio, peal_sio_link *link,
                     const peal_sio_packet *packet, void *user) {
  peal_client *client = user;
  (void)sio;
  peal_figure_add(&peal_server_local_of(client->server, client->conn->worker)
                       ->figures.events_in,
                  1);
  peal_event_dispatch(peal_sio_link_user(link), packet);
}

static void on_ack(peal_sio_conn *sio, peal_sio_link *link,
                   const peal_sio_packet *packet, void *user) {
  (void)sio;
  (void)user;
  peal_acks_resolve(peal_sio_link_user(link), packet);
}

static const peal_sio_conn_callbacks sio_callbacks = {
    .on_send = on_send,
    .on_connect = on_connect,
    .on_disconnect = on_disconnect,
    .on_event = on_event,
    .on_ack = on_ack,
};

/* -- leaving at the end of the turn --------------------------------------------------------- */

static peal_sio_link *first_leaving(const peal_client *client, bool all) {
  peal_sio_link *link = peal_sio_conn_next(client->sio, NULL);
  for (; link; link = peal_sio_conn_next(client->sio, link)) {
    const peal_socket *socket = peal_sio_link_user(link);
    if (socket->state == PEAL_SOCKET_LEAVING ||
        (all && socket->state == PEAL_SOCKET_CONNECTED))
      break;
  }
  return link;
}

/* From the beginning each time: a disconnect handler may refuse a socket that
 * waits in the middleware, and then its link is gone. */
static void leave_links(peal_client *client, bool all) {
  peal_sio_link *link;
  while ((link = first_leaving(client, all))) {
    peal_socket *socket = peal_sio_link_user(link);
    peal_sio_conn_leave(client->sio, link);
    peal_socket_end(socket, PEAL_REASON_SERVER_DISCONNECT, PEAL_OK);
  }
}

static void on_flush(peal_engine_conn *conn, void *user) {
  peal_client *client = conn->user;
  (void)user;
  bool close = client->close_asked;
  if (client->failure) {
    peal_engine_conn_close(conn, true, (peal_err)client->failure);
  } else {
    leave_links(client, close);
    if (close)
      peal_engine_conn_close(conn, false, PEAL_OK);
    else
      peal_client_rearm(client);
  }
}

void peal_client_leave_later(peal_client *client) {
  peal_engine_conn_flush_later(client->conn);
}

void peal_client_fail_later(peal_client *client, peal_err err) {
  if (!client->failure)
    client->failure = (int16_t)err;
  peal_client_leave_later(client);
}

/* -- time ------------------------------------------------------------------------------------- */

static uint64_t next_deadline(const peal_client *client) {
  uint64_t at = peal_sio_conn_deadline(client->sio);
  for (const peal_sio_link *link = peal_sio_conn_next(client->sio, NULL); link;
       link = peal_sio_conn_next(client->sio, link)) {
    const peal_socket *socket = peal_sio_link_user(link);
    uint64_t ack_at = socket ? peal_acks_deadline(socket) : NEVER;
    if (ack_at < at)
      at = ack_at;
  }
  return at;
}

void peal_client_rearm(peal_client *client) {
  if (!client->conn->told_close)
    peal_engine_conn_set_deadline(client->conn, next_deadline(client));
}

static void on_deadline(peal_engine_conn *conn, void *user) {
  peal_client *client = conn->user;
  uint64_t now_ms = conn->worker->now_ms;
  (void)user;
  for (peal_sio_link *link = peal_sio_conn_next(client->sio, NULL); link;
       link = peal_sio_conn_next(client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(link);
    if (socket)
      peal_acks_expire(socket, now_ms);
  }
  peal_err err = peal_sio_conn_tick(client->sio, now_ms);
  if (err)
    peal_engine_conn_close(conn, true, err);
  else
    peal_engine_conn_set_deadline(conn, next_deadline(client));
}

/* -- what the engine tells ---------------------------------------------------------------------- */

static bool on_open(peal_engine_conn *conn, void *user) {
  peal_server *server = user;
  peal_worker *worker = conn->worker;
  peal_client *client = peal_mem_zalloc(worker->mem, sizeof *client);
  if (!client)
    return false;
  client->server = server;
  client->conn = conn;
  client->sio = peal_sio_conn_new(&peal_server_local_of(server, worker)->sio,
                                  &sio_callbacks, client, worker->now_ms);
  if (!client->sio) {
    peal_mem_free(worker->mem, client);
    return false;
  }
  conn->user = client;
  peal_engine_conn_set_deadline(conn, peal_sio_conn_deadline(client->sio));
  return true;
}

static void on_message(peal_engine_conn *conn, bool binary, peal_slice data,
                       void *user) {
  peal_client *client = conn->user;
  peal_server *server = user;
  peal_worker *worker = conn->worker;
  peal_figure_add(&peal_server_local_of(server, worker)->figures.bytes_in,
                  data.len);
  uint64_t before = peal_sio_conn_deadline(client->sio);
  peal_err err = peal_sio_conn_feed(client->sio, binary, data, &worker->turn,
                                    worker->now_ms);
  if (err)
    peal_engine_conn_violation(conn, err);
  else if (peal_sio_conn_deadline(client->sio) != before)
    peal_engine_conn_set_deadline(conn, next_deadline(client));
}

static void on_drain(peal_engine_conn *conn, void *user) {
  peal_client *client = conn->user;
  (void)user;
  peal_sio_link *link = peal_sio_conn_next(client->sio, NULL);
  for (; link; link = peal_sio_conn_next(client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(link);
    if (!socket || socket->state != PEAL_SOCKET_CONNECTED)
      continue;
    for (const peal_hook *hook = socket->nsp->drain; hook; hook = hook->next)
      hook->fn.socket(socket, hook->user);
  }
}

/* A wrong Socket.IO packet is "forced close" in the reference; "parse error"
 * is for Engine.IO packets. */
static peal_reason reason_of(peal_eio_reason reason, peal_err err) {
  switch (reason) {
  case PEAL_EIO_TRANSPORT_CLOSE:
    return PEAL_REASON_TRANSPORT_CLOSE;
  case PEAL_EIO_TRANSPORT_ERROR:
    return PEAL_REASON_TRANSPORT_ERROR;
  case PEAL_EIO_PARSE_ERROR:
    return PEAL_REASON_PARSE_ERROR;
  case PEAL_EIO_PING_TIMEOUT:
    return PEAL_REASON_PING_TIMEOUT;
  case PEAL_EIO_SLOW_CONSUMER:
    return PEAL_REASON_SLOW_CONSUMER;
  case PEAL_EIO_FORCED_CLOSE:
    break;
  }
  if (err == PEAL_ERR_CANCELLED)
    return PEAL_REASON_SHUTDOWN;
  if (err == PEAL_ERR_QUEUE_FULL)
    return PEAL_REASON_SLOW_CONSUMER;
  return err ? PEAL_REASON_FORCED_CLOSE : PEAL_REASON_FORCED_SERVER;
}

static void on_close(peal_engine_conn *conn, peal_eio_reason reason,
                     peal_err err, void *user) {
  peal_client *client = conn->user;
  peal_reason told = reason_of(reason, err);
  (void)user;
  peal_sio_link *link = peal_sio_conn_next(client->sio, NULL);
  for (; link; link = peal_sio_conn_next(client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(link);
    if (socket)
      peal_socket_end(socket, told, err);
  }
  peal_sio_conn_free(client->sio);
  peal_mem_free(conn->worker->mem, client);
  conn->user = NULL;
}

static void on_stop(peal_worker *worker, void *user) {
  /* The engine closes every session with PEAL_ERR_CANCELLED. */
  (void)worker;
  (void)user;
}

const peal_engine_callbacks peal_client_engine_callbacks = {
    .on_open = on_open,
    .on_message = on_message,
    .on_drain = on_drain,
    .on_deadline = on_deadline,
    .on_close = on_close,
    .on_flush = on_flush,
    .on_stop = on_stop,
};
