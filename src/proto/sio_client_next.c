/* SPDX-License-Identifier: MIT */
/* sio_client_next: what a client has to say next, and what the packets that
 * have come mean for it. */
#include "proto/sio_client.h"
#include "proto/sio_conn.h"
#include "proto/sio_dial.h"
#include "proto/sio_member.h"
#include "proto/sio_outbox.h"

/* -- news -------------------------------------------------------------------------- */

static void fill(peal_sio_client_event *event, peal_sio_client_news *news) {
  event->type = news->type;
  event->reason = news->reason;
  event->err = (peal_err)news->err;
  event->nsp = news->nsp;
  event->attempt = news->number;
  event->ask = news->number;
  event->count = news->number;
  event->delay_ms = news->delay_ms;
}

static void fill_ack(peal_sio_client_event *event, peal_sio_out *out) {
  event->fn = out->fn;
  event->user = out->user;
  peal_sio_out_free(out);
}

static bool next_news(peal_sio_client *client, peal_sio_client_event *event) {
  peal_list *node = peal_list_shift(&client->news);
  if (!node)
    return false;
  peal_sio_client_news *news = PEAL_LIST_OF(node, peal_sio_client_news, at);
  fill(event, news);
  if (news == &client->dropped)
    news->number = 0;
  else if (news->type == PEAL_SIO_CLIENT_CONNECT)
    news->nsp->told = true;
  else if (news->type == PEAL_SIO_CLIENT_ACK)
    fill_ack(event, peal_sio_out_of(node));
  return true;
}

/* -- packets ------------------------------------------------------------------------- */

/* In words, as nothing else says it: the numbers of these versions differ from
 * those of the protocols. */
static const char *const IS_V2 =
    "the server answered without a session id: it speaks Socket.IO 2, which "
    "the option eio3 is for";

/* The answer for one that is not wanted any more. */
static void on_late_answer(peal_sio_client_nsp *nsp, bool joined) {
  if (peal_sio_member_answered(nsp, joined))
    peal_sio_dial_break(nsp->client, PEAL_CLIENT_TRANSPORT_ERROR,
                        PEAL_ERR_NOMEM);
}

static peal_client_reason reason_of(peal_err err) {
  return peal_err_class_of(err) == PEAL_CLASS_MEMORY
             ? PEAL_CLIENT_TRANSPORT_ERROR
             : PEAL_CLIENT_PARSE_ERROR;
}

static void on_connect(peal_sio_client_nsp *nsp, const peal_sio_packet *packet,
                       peal_sio_client_event *event) {
  peal_sio_client *client = nsp->client;
  if (nsp->phase == PEAL_SIO_CLIENT_LEAVING) {
    on_late_answer(nsp, true);
    return;
  }
  peal_err err = peal_sio_member_joined(nsp, packet->data);
  if (err == PEAL_ERR_SIO_PAYLOAD) {
    event->type = PEAL_SIO_CLIENT_CONNECT_ERROR;
    event->err = err;
    event->nsp = nsp;
    event->text = IS_V2;
    nsp->wanted = false;
    on_late_answer(nsp, true);
    (void)peal_sio_dial_close_if_left(client);
  } else if (err) {
    peal_sio_dial_break(client, reason_of(err), err);
  }
}

static void on_refused(peal_sio_client_nsp *nsp, const peal_sio_packet *packet,
                       peal_sio_client_event *event) {
  if (nsp->phase == PEAL_SIO_CLIENT_LEAVING) {
    on_late_answer(nsp, false);
    return;
  }
  event->type = PEAL_SIO_CLIENT_CONNECT_ERROR;
  event->nsp = nsp;
  event->packet = *packet;
  nsp->wanted = false;
  peal_sio_member_end(nsp, PEAL_CLIENT_LEFT, PEAL_OK);
  (void)peal_sio_dial_close_if_left(nsp->client);
}

static void on_disconnect(peal_sio_client_nsp *nsp) {
  nsp->wanted = false;
  peal_sio_member_forget(nsp);
  peal_sio_member_end(nsp, PEAL_CLIENT_SERVER_LEFT, PEAL_OK);
  (void)peal_sio_dial_close_if_left(nsp->client);
}

static void on_event(peal_sio_client_nsp *nsp, const peal_sio_conn_event *from,
                     peal_sio_client_event *event) {
  event->type = PEAL_SIO_CLIENT_EVENT;
  event->nsp = nsp;
  event->link = from->link;
  event->packet = from->packet;
  peal_sio_member_note(nsp, &from->packet);
}

/* event->type stays NONE if there is nothing to be told of it. */
static void on_conn_event(peal_sio_client *client,
                          const peal_sio_conn_event *from,
                          peal_sio_client_event *event) {
  peal_sio_client_nsp *nsp = from->user;
  switch ((peal_sio_conn_event_type)from->type) {
  case PEAL_SIO_CONN_CONNECT:
    on_connect(nsp, &from->packet, event);
    break;
  case PEAL_SIO_CONN_CONNECT_ERROR:
    on_refused(nsp, &from->packet, event);
    break;
  case PEAL_SIO_CONN_DISCONNECT:
    on_disconnect(nsp);
    break;
  case PEAL_SIO_CONN_EVENT:
    on_event(nsp, from, event);
    break;
  case PEAL_SIO_CONN_ACK:
    if (!peal_sio_outbox_acked(nsp, &from->packet, event))
      event->type = PEAL_SIO_CLIENT_NONE;
    break;
  case PEAL_SIO_CONN_ERROR:
    peal_sio_dial_break(client, reason_of(from->err), from->err);
    break;
  case PEAL_SIO_CONN_NONE:
  case PEAL_SIO_CONN_SEND: /* a server's */
    break;
  }
}

/* Returns false if no packet is left. What makes no event leaves nothing in the
 * arena. */
static bool next_packet(peal_sio_client *client, peal_arena *arena,
                        peal_sio_client_event *event) {
  peal_sio_conn_event from;
  peal_arena_mark mark = peal_arena_mark_get(arena);
  if (client->stage != PEAL_SIO_CLIENT_ONLINE)
    return false;
  if (peal_sio_conn_next(&client->conn, arena, &from)) {
    on_conn_event(client, &from, event);
    if (event->type == PEAL_SIO_CLIENT_NONE)
      peal_arena_mark_set(arena, mark);
    return true;
  }
  if (!client->opening)
    return false;
  peal_sio_member_finish(client->opening); /* all that was held has been told */
  return true;
}

bool peal_sio_client_next(peal_sio_client *client, peal_arena *arena,
                          peal_sio_client_event *event) {
  peal_sio_dial_tidy(client);
  *event = (peal_sio_client_event){0};
  do {
    if (peal_sio_outbox_next(client, event) || next_news(client, event))
      return true;
  } while (next_packet(client, arena, event) &&
           event->type == PEAL_SIO_CLIENT_NONE);
  return event->type != PEAL_SIO_CLIENT_NONE;
}
