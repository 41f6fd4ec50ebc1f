/* SPDX-License-Identifier: MIT */
#include "proto/sio_conn.h"

#include <assert.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define NEVER UINT64_MAX

struct peal_sio_conn {
  const peal_sio_conn_opts *opts;
  peal_account *account;
  peal_sio_links links;
  peal_sio_held *partial; /* its attachments are coming */

  /* A server waits for the first namespace, and only behind its acceptance can
   * anything be ready. */
  union {
    uint64_t connect_at;  /* !joined: when one must have been joined */
    peal_sio_held *ready; /* joined: a ring of packets to be told */
  };

  const char *input; /* lent */
  uint64_t input_at; /* ms */
  uint32_t input_len;
  uint32_t last_serial; /* of the links */
  uint32_t held_bytes;  /* of `partial`, `ready` and what links hold */
  int16_t err;          /* sticky peal_err */
  bool err_told : 1;
  bool joined : 1; /* a client from the beginning */
  bool has_input : 1;
  bool input_binary : 1;
  bool ready_told : 1; /* the oldest of `ready` is being used by the owner */
};

/* What an idle client costs here; see the budget in design.md 7. The namespace
 * "/" is in it. */
_Static_assert(sizeof(peal_sio_conn) <= 96, "peal_sio_conn has grown");

/* -- options ---------------------------------------------------------------- */

static const peal_mem *mem_of(const peal_sio_conn *conn) {
  return peal_mem_or_libc(conn->opts->mem);
}

static uint32_t or_default(uint32_t option, uint32_t usual) {
  return option ? option : usual;
}

static uint32_t max_attachments(const peal_sio_conn *conn) {
  return or_default(conn->opts->max_attachments, PEAL_LIMIT_SIO_ATTACHMENTS);
}

static uint32_t max_namespaces(const peal_sio_conn *conn) {
  return or_default(conn->opts->max_namespaces, PEAL_LIMIT_SIO_NAMESPACES);
}

static uint32_t max_held(const peal_sio_conn *conn) {
  size_t max = conn->opts->max_packet_bytes;
  if (max > UINT32_MAX)
    return UINT32_MAX;
  return or_default((uint32_t)max,
                    PEAL_LIMIT_PAYLOAD_BYTES * PEAL_LIMIT_SIO_PACKET_FACTOR);
}

static peal_sio_links_source source_of(const peal_sio_conn *conn) {
  return (peal_sio_links_source){
      .mem = mem_of(conn), .account = conn->account, .seed = conn->opts->seed};
}

/* -- packets that wait -------------------------------------------------------- */

static peal_sio_held *ready_of(const peal_sio_conn *conn) {
  return conn->joined ? conn->ready : NULL;
}

/* Every byte kept for a peer is charged before it is allocated. */
static peal_err charge(peal_sio_conn *conn, size_t bytes) {
  if (bytes > max_held(conn) || conn->held_bytes > max_held(conn) - bytes)
    return PEAL_ERR_LIMIT;
  peal_err err =
      conn->account ? peal_account_charge(conn->account, bytes) : PEAL_OK;
  if (!err)
    conn->held_bytes += (uint32_t)bytes;
  return err;
}

static void discharge(peal_sio_conn *conn, size_t bytes) {
  conn->held_bytes -= (uint32_t)bytes;
  if (conn->account)
    peal_account_release(conn->account, bytes);
}

static void drop(peal_sio_conn *conn, peal_sio_held *held) {
  if (!held)
    return;
  discharge(conn, peal_sio_held_bytes(held));
  peal_sio_held_free(mem_of(conn), held);
}

static void drop_ring(peal_sio_conn *conn, peal_sio_held **ring) {
  while (*ring)
    drop(conn, peal_sio_held_shift(ring));
}

static peal_err hold(peal_sio_conn *conn, peal_sio_held **out, peal_slice text,
                     uint32_t wanted) {
  size_t cost = peal_sio_held_cost(text.len, wanted);
  peal_err err = charge(conn, cost);
  if (err)
    return err;
  *out = peal_sio_held_new(mem_of(conn), text, wanted);
  if (*out)
    return PEAL_OK;
  discharge(conn, cost);
  return PEAL_ERR_NOMEM;
}

static peal_err hold_attachment(peal_sio_conn *conn, peal_sio_held *held,
                                peal_slice data) {
  peal_err err = charge(conn, data.len);
  if (err)
    return err;
  err = peal_sio_held_attach(mem_of(conn), held, data);
  if (err)
    discharge(conn, data.len);
  return err;
}

/* -- life ------------------------------------------------------------------------ */

peal_sio_conn *peal_sio_conn_new(const peal_sio_conn_opts *opts,
                                 peal_account *account, uint64_t now_ms) {
  peal_sio_conn *conn =
      peal_mem_zalloc(peal_mem_or_libc(opts->mem), sizeof *conn);
  if (!conn)
    return NULL;
  conn->opts = opts;
  conn->account = account;
  conn->joined = opts->client;
  if (!opts->client)
    conn->connect_at = now_ms + or_default(opts->connect_timeout_ms, 45000);
  return conn;
}

void peal_sio_conn_free(peal_sio_conn *conn) {
  if (!conn)
    return;
  peal_sio_links_source source = source_of(conn);
  peal_sio_link link = peal_sio_links_next(&conn->links, 0);
  for (; link; link = peal_sio_links_next(&conn->links, link))
    drop_ring(conn, &peal_sio_links_get(&conn->links, link)->held);
  if (conn->joined)
    drop_ring(conn, &conn->ready);
  drop(conn, conn->partial);
  peal_sio_links_deinit(&conn->links, &source);
  assert(!conn->held_bytes);
  peal_mem_free(mem_of(conn), conn);
}

/* A membership is over. What waits elsewhere finds that out by its handle. */
static void end_link(peal_sio_conn *conn, peal_sio_links_item *item,
                     bool we_left) {
  peal_sio_links_source source = source_of(conn);
  drop_ring(conn, &item->held);
  if (we_left && !conn->opts->client)
    peal_sio_links_leave(&conn->links, &source, item);
  else
    peal_sio_links_remove(&conn->links, &source, item);
}

/* The first error stays. */
static peal_err fail(peal_sio_conn *conn, peal_err err) {
  if (err && !conn->err)
    conn->err = (int16_t)err;
  return err;
}

static peal_err tell(peal_sio_conn *conn) {
  conn->err_told = conn->err != 0;
  return (peal_err)conn->err;
}

/* -- what is sent ------------------------------------------------------------------ */

static peal_err control(const peal_sio_conn *conn, peal_sio_type type,
                        peal_slice nsp, peal_val data, peal_message **out) {
  peal_buf buf;
  peal_buf_init(&buf, mem_of(conn), 0);
  peal_sio_packet_encode_control(&buf, type, nsp, data);
  peal_err err = buf.err;
  if (!err) {
    *out = peal_message_new(peal_buf_slice(&buf), NULL, 0, mem_of(conn));
    err = *out ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  peal_buf_deinit(&buf);
  return err;
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
  peal_err err = control(conn, PEAL_SIO_CONNECT_ERROR, event->packet.nsp,
                         peal_object(&message, 1), &event->message);
  if (!err)
    event->type = PEAL_SIO_CONN_SEND;
  return err;
}

/* What was sent behind such a request is nobody's mistake either. */
static void remember_refusal(peal_sio_conn *conn, peal_slice nsp) {
  peal_sio_links_source source = source_of(conn);
  peal_sio_links_item *item = NULL;
  if (!peal_sio_links_add(&conn->links, &source, nsp, &conn->last_serial,
                          &item))
    peal_sio_links_leave(&conn->links, &source, item);
}

static peal_err begin_link(peal_sio_conn *conn, peal_sio_conn_event *event) {
  peal_sio_links_source source = source_of(conn);
  peal_sio_links_item *item = NULL;
  peal_slice nsp = event->packet.nsp;
  if (nsp.len > PEAL_LIMIT_SIO_NSP_BYTES)
    return refuse_request(conn, event, "Invalid namespace");
  if (peal_sio_links_count(&conn->links) >= max_namespaces(conn)) {
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

static peal_err on_connect_request(peal_sio_conn *conn,
                                   peal_sio_conn_event *event) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item)
    return begin_link(conn, event);
  switch ((peal_sio_links_state)item->state) {
  case PEAL_SIO_LINKS_FREE:
  case PEAL_SIO_LINKS_LEFT: /* the peer knows that it is out */
    end_link(conn, item, false);
    return begin_link(conn, event);
  case PEAL_SIO_LINKS_ASKED:
    /* It gave up the first request and makes another (a client says nothing
     * when it gives up): the same input is read once more for that. */
    about(event, PEAL_SIO_CONN_DISCONNECT, item);
    end_link(conn, item, false);
    conn->has_input = true;
    return PEAL_OK;
  case PEAL_SIO_LINKS_ACCEPTED:
  case PEAL_SIO_LINKS_OPEN:
    break;
  }
  /* reference 3.4: CONNECT for a joined namespace closes. */
  return PEAL_ERR_SIO_STATE;
}

/* Packets that were held are told now, before all that comes. */
static void open_link(peal_sio_conn *conn, peal_sio_links_item *item) {
  item->state = PEAL_SIO_LINKS_OPEN;
  peal_sio_held_move(&conn->ready, &item->held);
}

static peal_err on_connect_reply(peal_sio_conn *conn,
                                 peal_sio_conn_event *event) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item) /* left before the answer came */
    return PEAL_OK;
  if (item->state != PEAL_SIO_LINKS_ASKED)
    return PEAL_ERR_SIO_STATE;
  if (event->packet.type == PEAL_SIO_CONNECT) {
    open_link(conn, item);
    about_link(event, PEAL_SIO_CONN_CONNECT, item);
    return PEAL_OK;
  }
  about(event, PEAL_SIO_CONN_CONNECT_ERROR, item);
  end_link(conn, item, false);
  return PEAL_OK;
}

static peal_err on_connect(peal_sio_conn *conn, peal_sio_conn_event *event) {
  return conn->opts->client ? on_connect_reply(conn, event)
                            : on_connect_request(conn, event);
}

static peal_err on_connect_error(peal_sio_conn *conn,
                                 peal_sio_conn_event *event) {
  return conn->opts->client ? on_connect_reply(conn, event)
                            : PEAL_ERR_SIO_STATE;
}

static bool is_left(const peal_sio_links_item *item) {
  return item && item->state == PEAL_SIO_LINKS_LEFT;
}

static peal_err on_disconnect(peal_sio_conn *conn, peal_sio_conn_event *event) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item)
    return conn->opts->client ? PEAL_OK : PEAL_ERR_SIO_STATE;
  if (!is_left(item)) /* otherwise two goodbyes have crossed */
    about(event, PEAL_SIO_CONN_DISCONNECT, item);
  end_link(conn, item, false);
  return PEAL_OK;
}

/* -- events and acknowledgements -------------------------------------------------------- */

/* A whole packet, attachments in place, for a namespace that is open. */
static void tell_packet(peal_sio_conn_event *event,
                        const peal_sio_links_item *item) {
  const peal_sio_packet *packet = &event->packet;
  bool is_ack =
      packet->type == PEAL_SIO_ACK || packet->type == PEAL_SIO_BINARY_ACK;
  if (!is_ack)
    about_link(event, PEAL_SIO_CONN_EVENT, item);
  else if (packet->has_id)
    about_link(event, PEAL_SIO_CONN_ACK, item);
}

static bool waits_for_attachments(const peal_sio_packet *packet) {
  bool is_binary = packet->type == PEAL_SIO_BINARY_EVENT ||
                   packet->type == PEAL_SIO_BINARY_ACK;
  return is_binary && packet->attachments > 0;
}

static peal_err begin_partial(peal_sio_conn *conn, peal_slice text,
                              uint32_t wanted, peal_sio_link link,
                              uint64_t now_ms) {
  peal_err err = hold(conn, &conn->partial, text, wanted);
  if (err)
    return err;
  conn->partial->link = link;
  conn->partial->attach_at = now_ms + or_default(conn->opts->attach_timeout_ms,
                                                 PEAL_LIMIT_SIO_ATTACH_MS);
  return PEAL_OK;
}

static peal_err hold_whole(peal_sio_conn *conn, peal_sio_links_item *item,
                           peal_slice text) {
  peal_sio_held *held = NULL;
  peal_err err = hold(conn, &held, text, 0);
  if (err)
    return err;
  held->link = peal_sio_links_handle(item);
  peal_sio_held_push(&item->held, held);
  return PEAL_OK;
}

static peal_err on_data(peal_sio_conn *conn, peal_sio_conn_event *event,
                        peal_slice text) {
  peal_sio_links_item *item =
      peal_sio_links_find(&conn->links, event->packet.nsp);
  if (!item && !conn->opts->client)
    return PEAL_ERR_SIO_STATE;
  if (is_left(item))
    item = NULL;
  if (waits_for_attachments(&event->packet))
    return begin_partial(conn, text, event->packet.attachments,
                         item ? peal_sio_links_handle(item) : 0,
                         conn->input_at);
  if (item && item->state != PEAL_SIO_LINKS_OPEN)
    return hold_whole(conn, item, text);
  if (item)
    tell_packet(event, item);
  return PEAL_OK;
}

static peal_err on_text(peal_sio_conn *conn, peal_slice text, peal_arena *arena,
                        peal_sio_conn_event *event) {
  if (conn->partial)
    return PEAL_ERR_SIO_ATTACHMENTS;
  peal_err err = peal_sio_packet_decode(&event->packet, text,
                                        max_attachments(conn), arena, NULL);
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
  return PEAL_ERR_SIO_PACKET;
}

static peal_err on_attachment(peal_sio_conn *conn, peal_slice data) {
  peal_sio_held *held = conn->partial;
  if (!held)
    return PEAL_ERR_SIO_ATTACHMENTS;
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, held->link);
  peal_err err = item ? hold_attachment(conn, held, data) : PEAL_OK;
  if (err || ++held->come < held->wanted)
    return err;
  conn->partial = NULL;
  if (!item) /* left since the header came */
    drop(conn, held);
  else
    peal_sio_held_push(
        item->state == PEAL_SIO_LINKS_OPEN ? &conn->ready : &item->held, held);
  return PEAL_OK;
}

/* -- what happened ------------------------------------------------------------------------ */

peal_err peal_sio_conn_feed(peal_sio_conn *conn, bool binary, peal_slice data,
                            uint64_t now_ms) {
  if (conn->err)
    return tell(conn);
  if (conn->has_input)
    return PEAL_ERR_USAGE;
  if (data.len > UINT32_MAX) {
    (void)fail(conn, PEAL_ERR_LIMIT);
    return tell(conn);
  }
  conn->input = data.ptr;
  conn->input_len = (uint32_t)data.len;
  conn->input_at = now_ms;
  conn->input_binary = binary;
  conn->has_input = true;
  return PEAL_OK;
}

static peal_err next_input(peal_sio_conn *conn, peal_arena *arena,
                           peal_sio_conn_event *event) {
  peal_slice data = {conn->input, conn->input_len};
  conn->has_input = false;
  return conn->input_binary ? on_attachment(conn, data)
                            : on_text(conn, data, arena, event);
}

static void drop_oldest_ready(peal_sio_conn *conn) {
  drop(conn, peal_sio_held_shift(&conn->ready));
}

/* Decode a packet that was kept, and tell it. It is dropped by the next call:
 * the event borrows its bytes. */
static peal_err next_ready(peal_sio_conn *conn, peal_arena *arena,
                           peal_sio_conn_event *event) {
  peal_sio_held *held = peal_sio_held_oldest(conn->ready);
  const peal_sio_links_item *item =
      peal_sio_links_get(&conn->links, held->link);
  if (!item) {
    drop_oldest_ready(conn);
    return PEAL_OK;
  }
  peal_sio_packet *packet = &event->packet;
  peal_err err = peal_sio_packet_decode(packet, peal_sio_held_text(held),
                                        max_attachments(conn), arena, NULL);
  if (!err && waits_for_attachments(packet))
    err = peal_sio_packet_attach(packet, held->attachments, held->kept, arena);
  if (err)
    return err;
  conn->ready_told = true;
  tell_packet(event, item);
  return PEAL_OK;
}

static void forget_told(peal_sio_conn *conn) {
  if (conn->ready_told)
    drop_oldest_ready(conn);
  conn->ready_told = false;
}

static bool next_error(peal_sio_conn *conn, peal_sio_conn_event *event) {
  if (conn->err_told)
    return false;
  *event =
      (peal_sio_conn_event){.type = PEAL_SIO_CONN_ERROR, .err = tell(conn)};
  return true;
}

bool peal_sio_conn_next(peal_sio_conn *conn, peal_arena *arena,
                        peal_sio_conn_event *event) {
  *event = (peal_sio_conn_event){0};
  forget_told(conn);
  while (event->type == PEAL_SIO_CONN_NONE && !conn->err) {
    forget_told(conn); /* an acknowledgement without id is told to nobody */
    if (ready_of(conn))
      (void)fail(conn, next_ready(conn, arena, event));
    else if (conn->has_input)
      (void)fail(conn, next_input(conn, arena, event));
    else
      return false;
  }
  return conn->err ? next_error(conn, event) : true;
}

/* -- joining and leaving ------------------------------------------------------------- */

static bool is_name(peal_slice nsp) {
  return nsp.len && nsp.ptr[0] == '/' && !memchr(nsp.ptr, ',', nsp.len);
}

static peal_err may_join(peal_sio_conn *conn, peal_slice nsp) {
  if (conn->err)
    return (peal_err)conn->err;
  if (!conn->opts->client || !is_name(nsp))
    return PEAL_ERR_USAGE;
  if (nsp.len > PEAL_LIMIT_SIO_NSP_BYTES)
    return PEAL_ERR_TOO_LONG;
  if (peal_sio_links_find(&conn->links, nsp))
    return PEAL_ERR_EXISTS;
  return peal_sio_links_count(&conn->links) < max_namespaces(conn)
             ? PEAL_OK
             : PEAL_ERR_LIMIT;
}

peal_err peal_sio_conn_join(peal_sio_conn *conn, peal_slice nsp, peal_val auth,
                            void *user, peal_sio_link *link,
                            peal_message **out) {
  peal_sio_links_source source = source_of(conn);
  peal_sio_links_item *item = NULL;
  *out = NULL;
  *link = 0;
  peal_err err = may_join(conn, nsp);
  if (!err)
    err = peal_sio_links_add(&conn->links, &source, nsp, &conn->last_serial,
                             &item);
  if (err)
    return err;
  err = control(conn, PEAL_SIO_CONNECT, nsp, auth, out);
  if (err) {
    end_link(conn, item, false);
    return err;
  }
  item->user = user;
  *link = peal_sio_links_handle(item);
  return PEAL_OK;
}

/* The item, if a verb of the server may be used on it in this state. */
static peal_err served(const peal_sio_conn *conn, peal_sio_link link,
                       peal_sio_links_state state, peal_sio_links_item **out) {
  *out = peal_sio_links_get(&conn->links, link);
  if (conn->err)
    return (peal_err)conn->err;
  if (!*out)
    return PEAL_ERR_CLOSED;
  return conn->opts->client || (*out)->state != state ? PEAL_ERR_USAGE
                                                      : PEAL_OK;
}

peal_err peal_sio_conn_accept(peal_sio_conn *conn, peal_sio_link link,
                              peal_val data, peal_message **out) {
  peal_sio_links_item *item;
  *out = NULL;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_ASKED, &item);
  if (!err)
    err = control(conn, PEAL_SIO_CONNECT, peal_sio_links_nsp(item), data, out);
  if (err)
    return err;
  item->state = PEAL_SIO_LINKS_ACCEPTED;
  if (!conn->joined)
    conn->ready = NULL; /* in the place of connect_at */
  conn->joined = true;
  return PEAL_OK;
}

peal_err peal_sio_conn_deliver(peal_sio_conn *conn, peal_sio_link link) {
  peal_sio_links_item *item;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_ACCEPTED, &item);
  if (!err)
    open_link(conn, item);
  return err;
}

/* The last word to a namespace, once. Without memory for it the connection has
 * to end: the peer would wait for ever. */
static peal_err last_word(peal_sio_conn *conn, peal_sio_links_item *item,
                          peal_sio_type type, peal_val data,
                          peal_message **out) {
  peal_err err = conn->err
                     ? (peal_err)conn->err
                     : control(conn, type, peal_sio_links_nsp(item), data, out);
  end_link(conn, item, true);
  return fail(conn, err);
}

peal_err peal_sio_conn_refuse(peal_sio_conn *conn, peal_sio_link link,
                              peal_val data, peal_message **out) {
  peal_sio_links_item *item;
  *out = NULL;
  peal_err err = served(conn, link, PEAL_SIO_LINKS_ASKED, &item);
  if (!err || (item && conn->err))
    err = last_word(conn, item, PEAL_SIO_CONNECT_ERROR, data, out);
  return err;
}

peal_err peal_sio_conn_part(peal_sio_conn *conn, peal_sio_link link,
                            peal_message **out) {
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  *out = NULL;
  if (!item)
    return conn->err ? (peal_err)conn->err : PEAL_ERR_CLOSED;
  return last_word(conn, item, PEAL_SIO_DISCONNECT, peal_undefined(), out);
}

/* -- time ---------------------------------------------------------------------------- */

static uint64_t connect_at(const peal_sio_conn *conn) {
  return conn->joined ? NEVER : conn->connect_at;
}

static uint64_t attach_at(const peal_sio_conn *conn) {
  return conn->partial ? conn->partial->attach_at : NEVER;
}

peal_err peal_sio_conn_tick(peal_sio_conn *conn, uint64_t now_ms) {
  if (now_ms >= connect_at(conn) || now_ms >= attach_at(conn))
    (void)fail(conn, PEAL_ERR_TIMEOUT);
  return tell(conn);
}

uint64_t peal_sio_conn_deadline(const peal_sio_conn *conn) {
  if (conn->err) /* dead: told once, there is nothing to wait for */
    return conn->err_told ? NEVER : 0;
  uint64_t connect = connect_at(conn), attach = attach_at(conn);
  return connect < attach ? connect : attach;
}

/* -- links --------------------------------------------------------------------------- */

peal_sio_link peal_sio_link_next(const peal_sio_conn *conn,
                                 peal_sio_link link) {
  return peal_sio_links_next(&conn->links, link);
}

peal_slice peal_sio_link_nsp(const peal_sio_conn *conn, peal_sio_link link) {
  const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  return item ? peal_sio_links_nsp(item) : (peal_slice){0};
}

bool peal_sio_link_is_connected(const peal_sio_conn *conn, peal_sio_link link) {
  const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  return item && item->state == PEAL_SIO_LINKS_OPEN;
}

void *peal_sio_link_user(const peal_sio_conn *conn, peal_sio_link link) {
  const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  return item ? item->user : NULL;
}

void peal_sio_link_set_user(peal_sio_conn *conn, peal_sio_link link,
                            void *user) {
  peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
  if (item)
    item->user = user;
}

/* -- check --------------------------------------------------------------------------- */

/* Adds what a ring costs; false if one in it belongs elsewhere. */
static bool check_ring(const peal_sio_held *ring, peal_sio_link link,
                       size_t *bytes) {
  const peal_sio_held *held = ring;
  if (!ring)
    return true;
  do {
    held = held->next;
    *bytes += peal_sio_held_bytes(held);
    if (held->come != held->wanted || (link && held->link != link))
      return false;
  } while (held != ring);
  return true;
}

static bool check_links(const peal_sio_conn *conn, size_t *bytes) {
  peal_sio_link link = peal_sio_link_next(conn, 0);
  for (; link; link = peal_sio_link_next(conn, link)) {
    const peal_sio_links_item *item = peal_sio_links_get(&conn->links, link);
    bool waits = item->state == PEAL_SIO_LINKS_ASKED ||
                 item->state == PEAL_SIO_LINKS_ACCEPTED;
    if ((item->held && !waits) || !check_ring(item->held, link, bytes))
      return false;
    if (!conn->joined && item->state != PEAL_SIO_LINKS_ASKED)
      return false;
  }
  return peal_sio_links_check(&conn->links) &&
         peal_sio_links_count(&conn->links) <= max_namespaces(conn);
}

bool peal_sio_conn_check(const peal_sio_conn *conn) {
  const peal_sio_held *partial = conn->partial;
  size_t bytes = partial ? peal_sio_held_bytes(partial) : 0;
  if (!check_ring(ready_of(conn), 0, &bytes) || !check_links(conn, &bytes))
    return false;
  if (conn->ready_told && !ready_of(conn))
    return false;
  if (partial && (partial->come > partial->wanted ||
                  (partial->come == partial->wanted && !conn->err)))
    return false;
  return bytes == conn->held_bytes && bytes <= max_held(conn);
}
