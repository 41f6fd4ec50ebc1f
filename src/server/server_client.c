/* SPDX-License-Identifier: MIT */
#include "server/server_client.h"

#include "engine/reason.h"
#include "net/worker_impl.h"
#include "server/acks.h"
#include "server/dispatch.h"
#include "server/event_error.h"
#include "server/middleware.h"
#include "server/nsp_ask.h"
#include "server/nsp_table.h"
#include "server/onlooker.h"
#include "server/server_client_send.h"
#include "server/server_client_turn.h"
#include "server/server_handover.h"
#include "server/server_limits.h"
#include "server/session.h"
#include "server/socket_end.h"
#include "server/tracing.h"

/* -- what the machine tells ------------------------------------------------------------ */

static void on_connect(peal_server *server, peal_server_client *client,
                       const peal_sio_conn_event *event) {
  const peal_sio_packet *packet = &event->packet;
  peal_nsp *nsp = peal_nsp_table_enter(server, packet->nsp);
  if (nsp)
    peal_middleware_begin(client, nsp, event->link, packet->data);
  else
    peal_nsp_ask_begin(client, server, event->link, packet->nsp, packet->data);
}

/* What it leaves in the middleware waits there for an answer, charged to
 * nobody. */
static peal_err on_disconnect(peal_server_client *client, peal_socket *socket) {
  if (!socket)
    return PEAL_OK;
  bool gives_up = !socket->is_member;
  peal_tracing_link(socket, PEAL_TRACE_IN, PEAL_TRACE_DISCONNECT);
  peal_socket_end(socket, PEAL_REASON_CLIENT_DISCONNECT, PEAL_OK);
  return gives_up && ++client->given_up > PEAL_LIMIT_SIO_GIVEN_UP
             ? PEAL_ERR_LIMIT
             : PEAL_OK;
}

static void on_event(peal_server *server, peal_server_client *client,
                     const peal_sio_conn_event *event) {
  peal_figures_add(
      &peal_server_local_of(server, peal_engine_conn_worker(client->conn))
           ->figures.events_in,
      1);
  peal_dispatch_event(event->user, event);
}

static void on_ack(const peal_sio_conn_event *event) {
  const peal_sio_packet *packet = &event->packet;
  if (peal_tracing_is_on(event->user))
    peal_tracing_ack(event->user,
                     (peal_args){packet->data.as.items, packet->data.len},
                     event->bytes);
  peal_acks_resolve(event->user, packet);
}

static peal_err act(peal_server *server, peal_server_client *client,
                    const peal_sio_conn_event *event) {
  switch ((peal_sio_conn_event_type)event->type) {
  case PEAL_SIO_CONN_CONNECT:
    on_connect(server, client, event);
    break;
  case PEAL_SIO_CONN_DISCONNECT:
    return on_disconnect(client, event->user);
  case PEAL_SIO_CONN_EVENT:
    on_event(server, client, event);
    break;
  case PEAL_SIO_CONN_ACK:
    on_ack(event);
    break;
  case PEAL_SIO_CONN_SEND:
    peal_server_client_send(client, event->message);
    break;
  case PEAL_SIO_CONN_ERROR:
    return event->err;
  case PEAL_SIO_CONN_NONE:
  case PEAL_SIO_CONN_CONNECT_ERROR: /* of the other role */
    break;
  }
  return PEAL_OK;
}

/* One loop: next, act. Returns PEAL_OK, or what was wrong: the client is to be
 * closed. */
static peal_err read_events(peal_server *server, peal_server_client *client) {
  peal_engine_conn *conn = client->conn;
  peal_arena *turn = &peal_engine_conn_worker(conn)->turn;
  peal_sio_conn_event event;
  peal_err err = PEAL_OK;
  if (client->is_reading) /* whoever does takes what there is to its end */
    return PEAL_OK;
  client->is_reading = true;
  peal_arena_mark mark = peal_arena_mark_get(turn);
  while (!err && peal_sio_conn_next(&client->sio, turn, &event)) {
    err = act(server, client, &event);
    peal_arena_mark_set(turn, mark);
    if (peal_engine_conn_is_closed(conn)) /* the client is gone */
      return PEAL_OK;
  }
  client->is_reading = false;
  return err;
}

/* -- leaving at the end of the turn --------------------------------------------------------- */

static void leave_links(peal_server_client *client, bool all) {
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    peal_message *text;
    bool leaves = socket && (socket->state == PEAL_SOCKET_LEAVING ||
                             (all && socket->state == PEAL_SOCKET_CONNECTED));
    if (!leaves)
      continue;
    /* Without memory for it the machine is dead, and its deadline says so. */
    peal_err err = peal_sio_conn_part(&client->sio, link, &text);
    (void)err;
    peal_tracing_link(socket, PEAL_TRACE_OUT, PEAL_TRACE_DISCONNECT);
    peal_server_client_send(client, text);
    peal_socket_end(socket, PEAL_REASON_SERVER_DISCONNECT, PEAL_OK);
  }
}

static void on_flush(peal_engine_conn *conn, void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  bool close = client->close_asked;
  if (client->read_asked) {
    client->read_asked = false;
    peal_err err = read_events(user, client);
    if (peal_engine_conn_is_closed(conn))
      return;
    if (err && !client->failure)
      client->failure = (int16_t)err;
  }
  if (client->failure) {
    peal_engine_conn_close(conn, true, (peal_err)client->failure);
  } else {
    leave_links(client, close);
    if (close)
      peal_engine_conn_close(conn, false, PEAL_OK);
    else
      peal_server_client_turn_rearm(client);
  }
}

/* -- time ------------------------------------------------------------------------------------- */

static void on_deadline(peal_engine_conn *conn, void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  uint64_t now_ms = peal_engine_conn_worker(conn)->now_ms;
  (void)user;
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (socket)
      peal_acks_expire(socket, now_ms);
  }
  peal_err err = peal_sio_conn_tick(&client->sio, now_ms);
  if (err)
    peal_engine_conn_close(conn, true, err);
  else
    peal_engine_conn_set_deadline(conn,
                                  peal_server_client_turn_deadline(client));
}

/* -- what the engine tells ---------------------------------------------------------------------- */

/* reference 3.6: "/" is connected without being asked for. What is wrong with it
 * ends the session, which begins first. */
static void connect_root(peal_server *server, peal_server_client *client) {
  peal_sio_conn_speak_sio2(&client->sio);
  peal_sio_conn_owe_root(&client->sio);
  peal_err err = read_events(server, client);
  if (err)
    peal_server_client_turn_fail(client, err);
}

static bool on_open(peal_engine_conn *conn, void *user) {
  peal_server *server = user;
  peal_worker *worker = peal_engine_conn_worker(conn);
  peal_server_client *client = peal_engine_conn_user(conn);
  client->conn = conn;
  peal_sio_conn_init(&client->sio, &peal_server_local_of(server, worker)->sio,
                     peal_engine_conn_account(conn), worker->now_ms);
  if (peal_engine_conn_is_eio3(conn))
    connect_root(server, client);
  peal_engine_conn_set_deadline(conn, peal_server_client_turn_deadline(client));
  return true;
}

/* What it sent is no packet. reference 1.7: the sockets' local event `error`. */
static void end_for(peal_server_client *client, peal_err err) {
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link && peal_err_class_of(err) == PEAL_CLASS_PEER;
       link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (socket && socket->state == PEAL_SOCKET_CONNECTED)
      (void)peal_event_error_tell(socket, NULL, err, peal_err_message(err));
  }
  peal_engine_conn_violation(client->conn, err);
}

static void on_message(peal_engine_conn *conn, bool binary, peal_slice data,
                       void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  peal_server *server = user;
  peal_worker *worker = peal_engine_conn_worker(conn);
  peal_figures *figures = &peal_server_local_of(server, worker)->figures;
  peal_figures_add(&figures->packets_in, 1);
  peal_figures_add(&figures->bytes_in, data.len);
  uint64_t before = peal_sio_conn_deadline(&client->sio);
  peal_err err = peal_sio_conn_feed(&client->sio, binary, data, worker->now_ms);
  if (!err)
    err = read_events(server, client);
  if (peal_engine_conn_is_closed(conn))
    return;
  if (err)
    end_for(client, err);
  else if (peal_sio_conn_deadline(&client->sio) != before)
    peal_engine_conn_set_deadline(conn,
                                  peal_server_client_turn_deadline(client));
}

static void tell_drained(peal_socket *socket) {
  const peal_hooks *hooks = &socket->local->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[PEAL_HOOK_DRAIN], age);
       hook; hook = peal_hook_live(hook->next, age))
    hook->fn.socket(socket, hook->user);
}

static void on_drain(peal_engine_conn *conn, void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  (void)user;
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (!socket || socket->state != PEAL_SOCKET_CONNECTED)
      continue;
    tell_drained(socket);
  }
}

static void on_upgrade(peal_engine_conn *conn, void *user) {
  const peal_server *server = user;
  peal_onlooker *onlooker = server->onlooker;
  if (!onlooker)
    return;
  peal_server_client *client = peal_engine_conn_user(conn);
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (socket && socket->is_member)
      onlooker->verbs->upgraded(onlooker, socket);
  }
}

static void on_close(peal_engine_conn *conn, peal_eio_reason reason,
                     peal_err err, void *user) {
  peal_server_client *client = peal_engine_conn_user(conn);
  peal_reason told = peal_reason_of(reason, err);
  const peal_server *server = user;
  peal_onlooker *onlooker = server->onlooker;
  if (onlooker)
    onlooker->verbs->ended(onlooker, peal_engine_conn_worker(conn), told);
  peal_sio_link link = peal_sio_link_next(&client->sio, 0);
  for (; link; link = peal_sio_link_next(&client->sio, link)) {
    peal_socket *socket = peal_sio_link_user(&client->sio, link);
    if (socket)
      peal_socket_end(socket, told, err);
  }
  peal_session_end(client, user);
  peal_sio_conn_deinit(&client->sio);
}

static void on_stop(peal_worker *worker, void *user) {
  /* The engine closes every session with PEAL_ERR_CANCELLED. */
  (void)worker;
  (void)user;
}

const peal_engine_callbacks peal_server_client_engine_callbacks = {
    .user_bytes = sizeof(peal_server_client),
    .on_open = on_open,
    .on_message = on_message,
    .on_upgrade = on_upgrade,
    .on_drain = on_drain,
    .on_deadline = on_deadline,
    .on_close = on_close,
    .on_flush = on_flush,
    .on_stop = on_stop,
    .on_look = peal_server_handover_on_look,
    .may_leave = peal_server_handover_may_leave,
    .on_leaving = peal_server_handover_on_leaving,
    .save = peal_server_handover_save,
    .on_left = peal_server_handover_on_left,
    .restore = peal_server_handover_restore,
    .on_arrived = peal_server_handover_on_arrived,
    .counted = peal_server_handover_counted,
    .count_on = peal_server_handover_count_on,
};
