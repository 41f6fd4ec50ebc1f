/* SPDX-License-Identifier: MIT */
#include "proto/sio_dial.h"

#include "proto/sio_conn.h"
#include "proto/sio_member.h"
#include "proto/sio_outbox.h"

#define USUAL_TIMEOUT_MS 20000u

static peal_sio_client_nsp *nsp_of(peal_list *node) {
  return PEAL_LIST_OF(node, peal_sio_client_nsp, at);
}

void peal_sio_dial_tidy(peal_sio_client *client) {
  if (client->has_conn && !client->is_lent &&
      client->stage != PEAL_SIO_CLIENT_ONLINE) {
    peal_sio_conn_deinit(&client->conn);
    client->has_conn = false;
  }
}

/* -- beginning ------------------------------------------------------------------- */

static void dial(peal_sio_client *client) {
  uint32_t ms = client->opts->timeout_ms;
  client->stage = PEAL_SIO_CLIENT_DIALLING;
  client->stage_at =
      peal_sio_client_state_at(client, ms ? ms : USUAL_TIMEOUT_MS);
  client->dial.number = client->backoff.attempts;
  peal_sio_client_state_tell(client, &client->dial);
}

static void attempt(peal_sio_client *client) {
  client->attempt.number = client->backoff.attempts;
  peal_sio_client_state_tell(client, &client->attempt);
  dial(client);
}

void peal_sio_dial_open(peal_sio_client *client) {
  if (client->stage == PEAL_SIO_CLIENT_WAITING)
    attempt(client);
  else if (client->stage == PEAL_SIO_CLIENT_IDLE)
    dial(client);
}

/* The handles of memberships stay unique from one connection to the next. */
static void begin_conn(peal_sio_client *client) {
  uint32_t serial = client->conn.last_serial;
  peal_sio_dial_tidy(client);
  peal_sio_conn_init(&client->conn, &client->opts->conn, client->account,
                     client->now_ms);
  client->conn.last_serial = serial;
  client->has_conn = true;
}

peal_err peal_sio_dial_opened(peal_sio_client *client) {
  if (client->stage != PEAL_SIO_CLIENT_DIALLING ||
      peal_list_is_linked(&client->dial.at))
    return PEAL_ERR_USAGE;
  begin_conn(client);
  client->stage = PEAL_SIO_CLIENT_ONLINE;
  client->was_online = true;
  client->again.number = client->backoff.attempts;
  peal_backoff_reset(&client->backoff);
  peal_sio_client_state_tell(client, &client->open);
  if (client->again.number)
    peal_sio_client_state_tell(client, &client->again);
  for (peal_list *at = client->nsps.next; at != &client->nsps; at = at->next)
    if (nsp_of(at)->wanted)
      peal_sio_member_ask(nsp_of(at));
  return PEAL_OK;
}

/* -- ending ---------------------------------------------------------------------- */

static void go_idle(peal_sio_client *client) {
  client->stage = PEAL_SIO_CLIENT_IDLE;
  client->was_online = false;
  peal_backoff_reset(&client->backoff);
}

static void tell_failed(peal_sio_client *client,
                        peal_sio_client_event_type type, uint32_t number) {
  client->wait.type = (uint8_t)type;
  client->wait.number = number;
  peal_sio_client_state_tell(client, &client->wait);
}

/* Wait for the next attempt, unless it was the last. */
static void reconnect(peal_sio_client *client) {
  const peal_sio_client_opts *opts = client->opts;
  uint32_t made = client->backoff.attempts, max = opts->reconnection_attempts;
  bool first_only = opts->no_first_retry && !client->was_online;
  if (opts->no_reconnection || first_only) {
    go_idle(client);
  } else if (max && made >= max) {
    tell_failed(client, PEAL_SIO_CLIENT_RECONNECT_FAILED, made);
    go_idle(client);
  } else {
    uint32_t roll = peal_sio_client_state_roll(client);
    client->wait.delay_ms = peal_backoff_next(&client->backoff, roll);
    client->stage = PEAL_SIO_CLIENT_WAITING;
    client->stage_at = client->now_ms + client->wait.delay_ms;
    tell_failed(client, PEAL_SIO_CLIENT_RECONNECT_WAIT,
                client->backoff.attempts);
  }
}

/* No connection could be made. */
static void fail(peal_sio_client *client, peal_err err) {
  uint32_t number = client->backoff.attempts;
  client->failed.type =
      number ? PEAL_SIO_CLIENT_RECONNECT_ERROR : PEAL_SIO_CLIENT_ERROR;
  client->failed.number = number;
  peal_sio_client_state_tell_err(client, &client->failed,
                                 PEAL_CLIENT_TRANSPORT_ERROR, err);
  for (peal_list *at = client->nsps.next; at != &client->nsps; at = at->next)
    if (nsp_of(at)->wanted)
      peal_sio_client_state_tell_err(client, &nsp_of(at)->connect_error,
                                     PEAL_CLIENT_TRANSPORT_ERROR, err);
  reconnect(client);
}

/* It has gone. */
static void lose(peal_sio_client *client, peal_client_reason reason,
                 peal_err err) {
  peal_sio_outbox_cut(client);
  for (peal_list *at = client->nsps.next; at != &client->nsps; at = at->next)
    peal_sio_member_end(nsp_of(at), reason, err);
  peal_sio_client_state_tell_err(client, &client->closed, reason, err);
  reconnect(client);
}

peal_err peal_sio_dial_closed(peal_sio_client *client,
                              peal_client_reason reason, peal_err err) {
  if (client->stage == PEAL_SIO_CLIENT_ONLINE)
    lose(client, reason, err);
  else if (client->stage == PEAL_SIO_CLIENT_DIALLING &&
           !peal_list_is_linked(&client->dial.at))
    fail(client, err ? err : PEAL_ERR_CLOSED);
  else
    return PEAL_ERR_USAGE;
  return PEAL_OK;
}

void peal_sio_dial_break(peal_sio_client *client, peal_client_reason reason,
                         peal_err err) {
  if (client->stage != PEAL_SIO_CLIENT_ONLINE)
    return;
  peal_sio_client_state_tell_err(client, &client->hangup, reason, err);
  lose(client, reason, err);
}

/* Nothing more comes of an attempt that is given up: a connection that the
 * owner knows is hung up. */
static void drop_dial(peal_sio_client *client, peal_err err) {
  if (peal_list_is_linked(&client->dial.at))
    peal_list_remove(&client->dial.at);
  else
    peal_sio_client_state_tell_err(client, &client->hangup,
                                   PEAL_CLIENT_TRANSPORT_ERROR, err);
}

static void hang_up(peal_sio_client *client) {
  switch ((peal_sio_client_stage)client->stage) {
  case PEAL_SIO_CLIENT_IDLE:
    return;
  case PEAL_SIO_CLIENT_DIALLING:
    drop_dial(client, PEAL_OK);
    break;
  case PEAL_SIO_CLIENT_ONLINE:
    peal_sio_client_state_tell_err(client, &client->hangup, PEAL_CLIENT_LEFT,
                                   PEAL_OK);
    peal_sio_client_state_tell_err(client, &client->closed, PEAL_CLIENT_LEFT,
                                   PEAL_OK);
    break;
  case PEAL_SIO_CLIENT_WAITING:
    break;
  }
  peal_list_remove(&client->wait.at);
  peal_list_remove(&client->attempt.at);
  go_idle(client);
}

void peal_sio_dial_close(peal_sio_client *client) {
  for (peal_list *at = client->nsps.next; at != &client->nsps; at = at->next) {
    nsp_of(at)->wanted = false;
    /* Without memory the server hears it by the end of the connection. */
    (void)peal_sio_member_leave(nsp_of(at), false);
  }
  hang_up(client);
}

bool peal_sio_dial_close_if_left(peal_sio_client *client) {
  for (peal_list *at = client->nsps.next; at != &client->nsps; at = at->next)
    if (nsp_of(at)->wanted)
      return false;
  peal_sio_dial_close(client);
  return true;
}

/* -- time -------------------------------------------------------------------------- */

void peal_sio_dial_tick(peal_sio_client *client) {
  bool due = client->now_ms >= client->stage_at;
  if (client->stage == PEAL_SIO_CLIENT_WAITING && due) {
    attempt(client);
  } else if (client->stage == PEAL_SIO_CLIENT_DIALLING && due) {
    drop_dial(client, PEAL_ERR_TIMEOUT);
    fail(client, PEAL_ERR_TIMEOUT);
  } else if (client->stage == PEAL_SIO_CLIENT_ONLINE) {
    peal_err err = peal_sio_conn_tick(&client->conn, client->now_ms);
    if (err)
      peal_sio_dial_break(client, PEAL_CLIENT_PARSE_ERROR, err);
  }
}
