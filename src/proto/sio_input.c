/* SPDX-License-Identifier: MIT */
#include "proto/sio_input.h"

#include "base/err_site.h"
#include "proto/proto_limits.h"
#include "proto/sio2.h"
#include "proto/sio_form.h"
#include "proto/sio_state.h"
#include "wire/sio_check.h"

static bool is_root(peal_slice nsp) {
  return nsp.len == 1; /* nothing else begins with a slash and ends there */
}

/* -- CONNECT and its answers ---------------------------------------------------------- */

static void about(peal_sio_conn_event *event, peal_sio_conn_event_type type,
                  const peal_sio_links_item *item) {
  event->type = (uint8_t)type;
  event->user = item->user;
}

static void about_link(peal_sio_conn_event *event,
                       peal_sio_conn_event_type type,
                       const peal_sio_links_item *item) {
  about(event, type, item);
  event->link = peal_sio_links_handle(item);
}

/* One request too many costs that request, not the session. */
static peal_err refuse_request(const peal_sio_conn *conn,
                               peal_sio_conn_event *event, const char *why) {
  peal_pair message = {.key = "message", .value = peal_str(why)};
  peal_err err =
      peal_sio_state_control(conn, PEAL_SIO_CONNECT_ERROR, event->packet.nsp,
                             peal_object(&message, 1), &event->message);
  if (!err)
    event->type = PEAL_SIO_CONN_SEND;
  return err;
}

/* What was sent behind such a request is nobody's mistake either. */
static void remember_refusal(peal_sio_conn *conn, peal_slice nsp) {
  peal_sio_links_source source = peal_sio_state_source(conn);
  peal_sio_links_item *item = NULL;
  if (!peal_sio_links_add(&conn->links, &source, nsp, &conn->last_serial,
                          &item))
    peal_sio_links_leave(&conn->links, &source, item);
}

static peal_err begin_link(peal_sio_conn *conn, peal_sio_conn_event *event) {
  peal_sio_links_source source = peal_sio_state_source(conn);
  peal_sio_links_item *item = NULL;
  peal_slice nsp = event->packet.nsp;
  if (nsp.len > PEAL_LIMIT_SIO_NSP_BYTES || !peal_sio_check_nsp(nsp))
    return refuse_request(conn, event, "Invalid namespace");
  if (peal_sio_links_count(&conn->links) >=
      peal_sio_state_max_namespaces(conn)) {
    remember_refusal(conn, nsp);
    return refuse_request(conn, event, "Too many namespaces");
  }
  peal_err err =
      peal_sio_links_add(&conn->links, &source, nsp, &conn->last_serial, &item);
  if (err)
    return refuse_request(conn, event, peal_err_message(err));
  about_link(event, PEAL_SIO_CONN_CONNECT, item);
  return PEAL_OK;
}

/* A client of Socket.IO 2 that asks for "/" as one of protocol 5 does has it,
 * or gets it (the reference closes). */
static bool comes_unasked(const peal_sio_conn *conn,
                          const peal_sio_conn_event *event,
                          const peal_sio_links_item *item) {
  return PEAL_ROLE_IS_SIO2(conn) && is_root(event->packet.nsp) &&
         item->state != PEAL_SIO_LINKS_LEFT;
}

static peal_err on_connect_request(peal_sio_conn *conn,
                                   peal_sio_conn_event *event) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item)
    return begin_link(conn, event);
  if (comes_unasked(conn, event, item))
    return PEAL_OK;
  switch ((peal_sio_links_state)item->state) {
  case PEAL_SIO_LINKS_FREE:
  case PEAL_SIO_LINKS_LEFT: /* the peer knows that it is out */
    peal_sio_state_end_link(conn, item, false);
    return begin_link(conn, event);
  case PEAL_SIO_LINKS_ASKED:
    /* It gave up the first request and makes another (a client says nothing
     * when it gives up): the same input is read once more for that. */
    about(event, PEAL_SIO_CONN_DISCONNECT, item);
    peal_sio_state_end_link(conn, item, false);
    conn->has_input = true;
    return PEAL_OK;
  case PEAL_SIO_LINKS_ACCEPTED:
  case PEAL_SIO_LINKS_OPEN:
  case PEAL_SIO_LINKS_PAUSED:
    break;
  }
  /* reference 3.4: CONNECT for a joined namespace closes. */
  return PEAL_FAIL(PEAL_ERR_SIO_STATE);
}

static peal_err on_connect_reply(peal_sio_conn *conn,
                                 peal_sio_conn_event *event) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item) { /* left before the answer came, or "/" came by itself */
    if (PEAL_ROLE_IS_SIO2(conn) && is_root(event->packet.nsp) &&
        event->packet.type == PEAL_SIO_CONNECT)
      conn->root_up = true;
    return PEAL_OK;
  }
  if (item->state != PEAL_SIO_LINKS_ASKED)
    return PEAL_ROLE_IS_SIO2(conn) ? PEAL_OK : PEAL_FAIL(PEAL_ERR_SIO_STATE);
  if (event->packet.type == PEAL_SIO_CONNECT) {
    peal_sio_state_open_link(conn, item);
    about_link(event, PEAL_SIO_CONN_CONNECT, item);
    return PEAL_OK;
  }
  about(event, PEAL_SIO_CONN_CONNECT_ERROR, item);
  peal_sio_state_end_link(conn, item, false);
  return PEAL_OK;
}

static peal_err on_connect(peal_sio_conn *conn, peal_sio_conn_event *event) {
  return PEAL_ROLE_IS_CLIENT(conn->opts) ? on_connect_reply(conn, event)
                                         : on_connect_request(conn, event);
}

static peal_err on_connect_error(peal_sio_conn *conn,
                                 peal_sio_conn_event *event) {
  return PEAL_ROLE_IS_CLIENT(conn->opts) ? on_connect_reply(conn, event)
                                         : PEAL_FAIL(PEAL_ERR_SIO_STATE);
}

static bool is_left(const peal_sio_links_item *item) {
  return item && item->state == PEAL_SIO_LINKS_LEFT;
}

static peal_err on_disconnect(peal_sio_conn *conn, peal_sio_conn_event *event) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item) {
    if (PEAL_ROLE_IS_SIO2(conn) && is_root(event->packet.nsp))
      conn->root_gone = true;
    return PEAL_ROLE_IS_CLIENT(conn->opts) ? PEAL_OK
                                           : PEAL_FAIL(PEAL_ERR_SIO_STATE);
  }
  if (PEAL_ROLE_IS_CLIENT(conn->opts) && item->state == PEAL_SIO_LINKS_ASKED) {
    /* A server refuses by CONNECT_ERROR: this ends the membership before, which
     * we have left as well, and what is held belongs to that. */
    peal_sio_state_drop_ring(conn, &item->held);
    return PEAL_OK;
  }
  if (!is_left(item)) /* otherwise two goodbyes have crossed */
    about(event, PEAL_SIO_CONN_DISCONNECT, item);
  peal_sio_state_end_link(conn, item, false);
  return PEAL_OK;
}

/* -- events and acknowledgements -------------------------------------------------------- */

static bool is_ack(const peal_sio_packet *packet) {
  return packet->type == PEAL_SIO_ACK || packet->type == PEAL_SIO_BINARY_ACK;
}

/* Is such a packet told when it comes? Who is busy with an event, which no
 * client is, may wait for an acknowledgement. */
static bool is_open_for(const peal_sio_conn *conn,
                        const peal_sio_links_item *item, bool ack) {
  return item->state == PEAL_SIO_LINKS_OPEN ||
         (!PEAL_ROLE_IS_CLIENT(conn->opts) &&
          item->state == PEAL_SIO_LINKS_PAUSED && ack);
}

/* A whole packet, attachments in place, for a namespace that is open. */
static void tell_packet(peal_sio_conn_event *event,
                        const peal_sio_links_item *item, size_t bytes) {
  const peal_sio_packet *packet = &event->packet;
  event->bytes = bytes;
  if (!is_ack(packet))
    about_link(event, PEAL_SIO_CONN_EVENT, item);
  else if (packet->has_id)
    about_link(event, PEAL_SIO_CONN_ACK, item);
}

static peal_err begin_partial(peal_sio_conn *conn, peal_slice text,
                              uint32_t wanted, peal_sio_link link, bool ack,
                              uint64_t now_ms) {
  peal_err err = peal_sio_state_hold(conn, &conn->partial, text, wanted);
  if (err)
    return err;
  conn->partial->link = link;
  if (!PEAL_ROLE_IS_CLIENT(conn->opts))
    conn->partial->is_ack = ack;
  if (PEAL_ROLE_PARSER(conn->opts))
    conn->partial->is_binary = conn->input_binary;
  conn->partial->attach_at =
      now_ms + peal_sio_state_or(conn->opts->attach_timeout_ms,
                                 PEAL_LIMIT_SIO_ATTACH_MS);
  return PEAL_OK;
}

static peal_err hold_whole(peal_sio_conn *conn, peal_sio_links_item *item,
                           peal_slice text, bool ack) {
  peal_sio_held *held = NULL;
  peal_err err = peal_sio_state_hold(conn, &held, text, 0);
  if (err)
    return err;
  held->link = peal_sio_links_handle(item);
  if (!PEAL_ROLE_IS_CLIENT(conn->opts))
    held->is_ack = ack;
  if (PEAL_ROLE_PARSER(conn->opts))
    held->is_binary = conn->input_binary;
  peal_sio_held_push(&item->held, held);
  return PEAL_OK;
}

static peal_err on_data(peal_sio_conn *conn, peal_sio_conn_event *event,
                        peal_slice text) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item && !PEAL_ROLE_IS_CLIENT(conn->opts))
    return PEAL_FAIL(PEAL_ERR_SIO_STATE);
  if (is_left(item))
    item = NULL;
  if (event->packet.attachments)
    return begin_partial(conn, text, event->packet.attachments,
                         item ? peal_sio_links_handle(item) : 0,
                         is_ack(&event->packet), conn->input_at);
  if (item && !is_open_for(conn, item, is_ack(&event->packet)))
    return hold_whole(conn, item, text, is_ack(&event->packet));
  if (item)
    tell_packet(event, item, text.len);
  return PEAL_OK;
}

/* A message that stands alone, or in front of its attachments. */
static peal_err decode(const peal_sio_conn *conn, peal_slice data,
                       peal_arena *arena, peal_sio_packet *packet) {
  const peal_parser *parser = PEAL_ROLE_PARSER(conn->opts);
  uint32_t max = peal_sio_state_max_attachments(conn);
  if (!parser)
    return peal_sio_packet_decode_utf8(packet, data, max, arena, NULL);
  const peal_parser_in in = {.data = data, .binary = conn->input_binary};
  return peal_sio_form_decode(packet, parser, &in, max, arena);
}

static peal_err on_first(peal_sio_conn *conn, peal_slice text,
                         peal_arena *arena, peal_sio_conn_event *event) {
  if (conn->partial)
    return PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS);
  peal_err err = decode(conn, text, arena, &event->packet);
  if (!err && PEAL_ROLE_IS_SIO2(conn) && !PEAL_ROLE_IS_CLIENT(conn->opts))
    err = peal_sio2_take_query(&event->packet, arena);
  if (err)
    return err;
  switch ((peal_sio_type)event->packet.type) {
  case PEAL_SIO_CONNECT:
    return on_connect(conn, event);
  case PEAL_SIO_CONNECT_ERROR:
    return on_connect_error(conn, event);
  case PEAL_SIO_DISCONNECT:
    return on_disconnect(conn, event);
  case PEAL_SIO_EVENT:
  case PEAL_SIO_ACK:
  case PEAL_SIO_BINARY_EVENT:
  case PEAL_SIO_BINARY_ACK:
    return on_data(conn, event, text);
  }
  return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
}

/* The last one makes the packet whole; told at once, it need not be copied. */
static peal_err on_attachment(peal_sio_conn *conn, peal_slice data) {
  peal_sio_held *held = conn->partial;
  if (!held)
    return PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS);
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, held->link);
  bool open = item && is_open_for(conn, item, held->is_ack);
  bool whole = held->come + 1 == held->wanted;
  peal_err err =
      item ? peal_sio_state_attach(conn, held, data, open && whole) : PEAL_OK;
  if (err)
    return err;
  held->come++;
  if (!whole)
    return PEAL_OK;
  conn->partial = NULL;
  if (item)
    peal_sio_held_push(open ? &conn->ready : &item->held, held);
  else /* left since the header came */
    peal_sio_state_drop(conn, held);
  return PEAL_OK;
}

static peal_err next_input(peal_sio_conn *conn, peal_arena *arena,
                           peal_sio_conn_event *event) {
  peal_slice data = {conn->input, conn->input_len};
  conn->has_input = false;
  /* Binaries alone follow the first message; the default parser has no other
   * than these. */
  bool follows =
      conn->input_binary && (conn->partial || !PEAL_ROLE_PARSER(conn->opts));
  return follows ? on_attachment(conn, data)
                 : on_first(conn, data, arena, event);
}

static void drop_oldest_ready(peal_sio_conn *conn) {
  peal_sio_state_drop(conn, peal_sio_held_shift(&conn->ready));
}

static peal_err decode_text(const peal_sio_conn *conn,
                            const peal_sio_held *held, peal_arena *arena,
                            peal_sio_packet *packet) {
  peal_err err = peal_sio_packet_decode_utf8(
      packet, peal_sio_held_text(held), peal_sio_state_max_attachments(conn),
      arena, NULL);
  return !err && packet->attachments
             ? peal_sio_packet_attach(packet, held->attachments, held->kept,
                                      arena)
             : err;
}

/* A parser may say otherwise the second time: of what is asked of it now only
 * an event or an acknowledgement can come. */
static peal_err decode_held(const peal_sio_conn *conn,
                            const peal_sio_held *held, peal_arena *arena,
                            peal_sio_packet *packet) {
  const peal_parser *parser = PEAL_ROLE_PARSER(conn->opts);
  if (!parser)
    return decode_text(conn, held, arena, packet);
  const peal_parser_in in = {.data = peal_sio_held_text(held),
                             .binary = held->is_binary,
                             .attachments = held->attachments,
                             .attachment_count = held->kept};
  peal_err err = peal_sio_form_decode(
      packet, parser, &in, peal_sio_state_max_attachments(conn), arena);
  bool right = packet->type == PEAL_SIO_EVENT || packet->type == PEAL_SIO_ACK;
  if (!err && (!right || packet->attachments))
    err = PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  return err;
}

/* Decode a packet that was kept, and tell it. It is dropped by the next call:
 * the event borrows its bytes. */
static peal_err next_ready(peal_sio_conn *conn, peal_arena *arena,
                           peal_sio_conn_event *event) {
  peal_sio_held *held = peal_sio_held_oldest(conn->ready);
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, held->link);
  if (!item) {
    drop_oldest_ready(conn);
    return PEAL_OK;
  }
  if (!PEAL_ROLE_IS_CLIENT(conn->opts) &&
      !is_open_for(conn, item, held->is_ack)) { /* paused by one before it */
    peal_sio_held_push(&item->held, peal_sio_held_shift(&conn->ready));
    return PEAL_OK;
  }
  peal_err err = decode_held(conn, held, arena, &event->packet);
  if (err)
    return err;
  conn->ready_told = true;
  tell_packet(event, item, peal_sio_held_payload(held));
  return PEAL_OK;
}

static void forget_told(peal_sio_conn *conn) {
  if (conn->ready_told)
    drop_oldest_ready(conn);
  conn->ready_told = false;
}

/* As if its CONNECT had come. */
static peal_err connect_root(peal_sio_conn *conn, peal_sio_conn_event *event) {
  conn->root_owed = false;
  event->packet = (peal_sio_packet){
      .type = PEAL_SIO_CONNECT, .nsp = PEAL_S("/"), .data = peal_undefined()};
  return on_connect(conn, event);
}

peal_err peal_sio_input_next(peal_sio_conn *conn, peal_arena *arena,
                             peal_sio_conn_event *event, bool *more) {
  forget_told(conn);
  *more = true;
  if (peal_sio_state_ready(conn))
    return next_ready(conn, arena, event);
  if (PEAL_ROLE_IS_SIO2(conn) && conn->root_owed)
    return connect_root(conn, event);
  if (conn->has_input)
    return next_input(conn, arena, event);
  *more = false;
  return PEAL_OK;
}
