/* SPDX-License-Identifier: MIT */
#include "server/accept.h"

#include "server/acks.h"
#include "server/members.h"
#include "server/onlooker.h"
#include "server/rooms.h"
#include "server/server_client_send.h"
#include "server/server_client_turn.h"
#include "server/slow_handler.h"
#include "server/socket_recovery.h"
#include "server/tracing.h"
#include "server/wildcard.h"

/* -- refusing ------------------------------------------------------------------------ */

/* As `a || b` of JavaScript chooses. */
static bool is_something(peal_val data) {
  if (peal_val_is(data, PEAL_UNDEFINED) || peal_val_is(data, PEAL_NULL))
    return false;
  if (peal_val_is(data, PEAL_BOOL))
    return peal_val_bool(data, false);
  if (peal_val_is(data, PEAL_STRING))
    return data.len > 0;
  return !peal_val_is_number(data) || peal_val_double(data, 0) != 0;
}

peal_val peal_accept_refusal(const peal_server_client *client,
                             const char *message, peal_val data,
                             peal_pair pairs[2]) {
  /* reference 3.6: one of the two, and nothing around it. */
  if (peal_sio_conn_is_sio2(&client->sio))
    return is_something(data) ? data : peal_str(message);
  pairs[0] = (peal_pair){.key = "message", .value = peal_str(message)};
  pairs[1] = (peal_pair){.key = "data", .value = data};
  return peal_object(pairs, peal_val_is(data, PEAL_UNDEFINED) ? 1 : 2);
}

peal_val peal_accept_words(const char *message, peal_pair *pair) {
  *pair = (peal_pair){.key = "message", .value = peal_str(message)};
  return peal_object(pair, 1);
}

void peal_accept_refuse(peal_candidate *candidate, peal_val data) {
  peal_socket *socket = candidate->socket;
  peal_server_client *client = socket->client;
  socket->state = PEAL_SOCKET_GONE;
  peal_tracing_link(socket, PEAL_TRACE_OUT, PEAL_TRACE_CONNECT_ERROR);
  peal_rooms_leave_all(socket);
  peal_members_remove(socket);
  peal_acks_close(socket);
  peal_server_client_send_refusal(client, candidate->link, data);
  peal_candidate_bury(candidate);
}

/* With what a connect handler said, or with the error that it returned. */
static void refuse_for(peal_candidate *candidate, peal_err err) {
  peal_pair pairs[2];
  peal_val data =
      candidate->refusal
          ? peal_doc_val(candidate->refusal)
          : peal_accept_refusal(candidate->socket->client,
                                peal_err_message(err), peal_undefined(), pairs);
  peal_accept_refuse(candidate, data);
}

peal_err peal_refuse(peal_socket *socket, const char *message, peal_val data) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  peal_pair pairs[2];
  if (!socket || socket->state != PEAL_SOCKET_ACCEPTING)
    return PEAL_ERR_USAGE;
  peal_candidate *candidate = socket->extra->candidate;
  peal_doc_free(candidate->refusal);
  candidate->refusal = peal_doc_new(peal_accept_refusal(
      socket->client, message ? message : "refused", data, pairs));
  return candidate->refusal ? PEAL_ERR_USAGE : PEAL_ERR_NOMEM;
}

/* -- accepting ----------------------------------------------------------------------- */

static peal_err call_connect_handlers(peal_socket *socket,
                                      const peal_candidate *candidate) {
  const peal_hooks *hooks =
      &peal_wildcard_local(socket->local, PEAL_HOOK_CONNECT)->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[PEAL_HOOK_CONNECT], age);
       hook; hook = peal_hook_live(hook->next, age)) {
    peal_err err = hook->fn.connect(socket, hook->user);
    if (!err && candidate->refusal)
      err = PEAL_ERR_USAGE; /* peal_refuse without returning its result */
    if (err)
      return err;
  }
  return PEAL_OK;
}

static peal_err run_connect_handlers(peal_socket *socket,
                                     const peal_candidate *candidate) {
  peal_slow_handler_begin(socket);
  peal_err err = call_connect_handlers(socket, candidate);
  peal_slow_handler_end(socket, PEAL_S("connect"));
  return err;
}

/* The client has got this far: into its queue, also before its CONNECT. */
static peal_err send_now(peal_socket *socket, const peal_eio_item *item) {
  peal_figures *figures = peal_figures_of(socket);
  peal_err err = peal_engine_conn_send(socket->client->conn, item);
  if (!err) {
    peal_figures_add(&figures->events_out, 1);
    peal_figures_add(&figures->bytes_out, peal_message_len(item->message));
  }
  if (!err && peal_tracing_is_on(socket))
    peal_tracing_out(socket, item);
  return err;
}

/* reference 1.8: what was missed goes out before CONNECT. False: not all of it
 * could; then the connection ends without one, and may be made again. */
static bool send_missed(peal_socket *socket, const peal_socket_missed *missed) {
  peal_err err = PEAL_OK;
  for (size_t i = 0; !err && i < missed->count; i++)
    err = send_now(
        socket, &(peal_eio_item){.message = missed->items[i].message,
                                 .key = missed->items[i].key,
                                 .no_compress = missed->items[i].no_compress});
  if (err && err != PEAL_ERR_CLOSED)
    peal_server_client_turn_fail(socket->client, err);
  return !err;
}

static peal_val connect_data(const peal_socket *socket, peal_pair pairs[2]) {
  const peal_socket_recovery *own = peal_socket_recovery_of(socket);
  pairs[0] = (peal_pair){.key = "sid", .value = peal_str(socket->id)};
  if (own)
    pairs[1] = (peal_pair){.key = "pid", .value = peal_str(own->pid)};
  return peal_object(pairs, own ? 2 : 1);
}

/* A member from now on; CONNECT goes out. */
static peal_err enter(peal_socket *socket, peal_candidate *candidate,
                      peal_socket_missed *missed) {
  peal_pair pairs[2];
  peal_message *text = NULL;
  peal_err err = peal_socket_recovery_finish(candidate, missed);
  if (!err)
    err = peal_members_add(socket);
  if (err)
    return err;
  bool has_all = send_missed(socket, missed);
  err = peal_sio_conn_accept(&socket->client->sio, candidate->link,
                             connect_data(socket, pairs), &text);
  peal_tracing_link(socket, PEAL_TRACE_OUT, PEAL_TRACE_CONNECT);
  if (has_all)
    peal_server_client_send(socket->client, text);
  else
    peal_message_unref(text);
  if (!err && socket->state == PEAL_SOCKET_ACCEPTING)
    socket->state = PEAL_SOCKET_CONNECTED;
  return err;
}

/* What was emitted before CONNECT: its emit was told that it would be sent. */
static void send_held(peal_socket *socket, peal_candidate *candidate,
                      const peal_socket_missed *missed) {
  peal_server_client *client = socket->client;
  peal_account *account = peal_engine_conn_account(client->conn);
  peal_eio_item item;
  while (peal_hold_take(&candidate->hold, &item, account,
                        socket->local->worker->mem)) {
    peal_err err = peal_socket_recovery_has(missed, item.message)
                       ? PEAL_OK
                       : send_now(socket, &item);
    peal_message_unref(item.message);
    if (err && err != PEAL_ERR_CLOSED)
      peal_server_client_turn_fail(client, err);
    if (err)
      break;
  }
}

static peal_err run_handlers_and_enter(peal_socket *socket,
                                       peal_candidate *candidate,
                                       peal_socket_missed *missed) {
  socket->state = PEAL_SOCKET_ACCEPTING;
  peal_rooms_enter_own(socket);
  peal_err err = peal_socket_recovery_begin(candidate);
  if (!err)
    err = run_connect_handlers(socket, candidate);
  return err ? err : enter(socket, candidate, missed);
}

void peal_accept_run(peal_candidate *candidate) {
  peal_socket *socket = candidate->socket;
  peal_server_client *client = socket->client;
  peal_sio_link link = candidate->link;
  peal_socket_missed missed = {0};
  peal_err err = run_handlers_and_enter(socket, candidate, &missed);
  if (err) {
    peal_socket_recovery_release(&missed);
    refuse_for(candidate, err);
    return;
  }
  peal_figures_add(&peal_figures_of(socket)->sockets, 1);
  peal_onlooker *onlooker = socket->local->nsp->server->onlooker;
  if (onlooker)
    onlooker->verbs->came(onlooker, socket);
  peal_socket_recovery_live(socket);
  send_held(socket, candidate, &missed);
  peal_socket_recovery_release(&missed);
  peal_candidate_release(candidate);
  err = peal_sio_conn_deliver(&client->sio, link);
  /* Not at once: the middleware may have been answered by a handler of this
   * very client. */
  if (err)
    peal_server_client_turn_fail(client, err);
  else
    peal_server_client_turn_read(client);
}
