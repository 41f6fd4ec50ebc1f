/* SPDX-License-Identifier: MIT */
#include "proto/eio_session.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "proto/eio_hello.h"
#include "wire/eio_payload.h"

#define CHECKED_ENTRIES 16u

typedef enum input_kind { NONE, BODY, TEXT, BINARY } input_kind;

/* What a client learned from the handshake. */
struct peal_eio_session_peer {
  size_t max_payload;
  uint32_t patience_ms; /* interval + timeout */
  char sid[PEAL_EIO_HELLO_SID_MAX + 1];
};

/* -- options ---------------------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t otherwise) {
  return value ? value : otherwise;
}

static uint32_t ping_interval(const peal_eio_session *session) {
  return or_default(session->opts->ping_interval_ms, 25000);
}

static uint32_t ping_timeout(const peal_eio_session *session) {
  return or_default(session->opts->ping_timeout_ms, 20000);
}

static size_t max_payload(const peal_eio_session *session) {
  return session->opts->max_payload_bytes ? session->opts->max_payload_bytes
                                          : PEAL_LIMIT_PAYLOAD_BYTES;
}

static size_t max_queue(const peal_eio_session *session) {
  if (session->max_queue_bytes)
    return session->max_queue_bytes;
  return session->opts->max_queue_bytes ? session->opts->max_queue_bytes
                                        : PEAL_LIMIT_QUEUE_BYTES;
}

static size_t max_queue_soft(const peal_eio_session *session) {
  return session->opts->max_queue_soft_bytes
             ? session->opts->max_queue_soft_bytes
             : PEAL_LIMIT_QUEUE_SOFT_BYTES;
}

static bool is_client(const peal_eio_session *session) {
  return session->opts->client;
}

/* -- life ------------------------------------------------------------------- */

static peal_message *open_message(const peal_eio_session *session) {
  peal_eio_hello hello = {.sid = {session->sid, PEAL_EIO_SID_LEN},
                          .ping_interval_ms = ping_interval(session),
                          .ping_timeout_ms = ping_timeout(session),
                          .max_payload = max_payload(session),
                          .upgrade_websocket =
                              session->current == PEAL_EIO_POLLING &&
                              !session->opts->no_upgrades};
  peal_buf buf;
  peal_buf_init(&buf, session->opts->mem, 0);
  peal_eio_hello_encode(&buf, &hello);
  peal_message *message = NULL;
  if (!buf.err)
    message =
        peal_message_new(peal_buf_slice(&buf), NULL, 0, session->opts->mem);
  peal_buf_deinit(&buf);
  return message;
}

static peal_err begin_server(peal_eio_session *session, const char *sid,
                             uint64_t now_ms) {
  assert(strlen(sid) == PEAL_EIO_SID_LEN);
  memcpy(session->sid, sid, PEAL_EIO_SID_LEN);
  session->hello.open = open_message(session);
  session->due = PEAL_EIO_DUE_OPEN;
  session->state = PEAL_EIO_STATE_OPEN;
  session->unconfirmed = session->opts->confirm_timeout_ms != 0 &&
                         session->current == PEAL_EIO_POLLING;
  peal_eio_heartbeat_start(&session->clock, now_ms + ping_interval(session));
  return session->hello.open ? PEAL_OK : PEAL_ERR_NOMEM;
}

peal_err peal_eio_session_init(peal_eio_session *session,
                               const peal_eio_session_opts *opts,
                               const char *sid, peal_eio_via via,
                               uint64_t now_ms) {
  *session = (peal_eio_session){.opts = opts, .current = via & 1};
  peal_eio_heartbeat_stop(&session->clock);
  return opts->client ? PEAL_OK : begin_server(session, sid, now_ms);
}

void peal_eio_session_deinit(peal_eio_session *session) {
  peal_eio_queue_clear(&session->queue);
  peal_eio_probe_free(session->probe);
  session->probe = NULL;
  if (is_client(session))
    peal_mem_free(peal_mem_or_libc(session->opts->mem), session->hello.peer);
  else
    peal_message_unref(session->hello.open);
  session->hello.open = NULL;
}

void peal_eio_session_check(const peal_eio_session *session) {
  bool client = is_client(session);
  bool is_still = peal_eio_heartbeat_deadline(&session->clock) == UINT64_MAX;
  uint8_t due = session->due;
  assert(session->state != PEAL_EIO_STATE_OPENING || client);
  assert(!session->probe ||
         (session->state == PEAL_EIO_STATE_OPEN ||
          (session->state == PEAL_EIO_STATE_CLOSING && !client)));
  assert(!session->probe || session->current == PEAL_EIO_POLLING);
  assert(!session->probed || session->probe);
  assert(is_still == (session->state == PEAL_EIO_STATE_OPENING ||
                      session->state == PEAL_EIO_STATE_CLOSED));
  assert(!session->closed || session->state >= PEAL_EIO_STATE_CLOSING);
  assert(session->state != PEAL_EIO_STATE_CLOSED ||
         (!peal_eio_queue_count(&session->queue) && !session->input_kind));
  assert(!(due & PEAL_EIO_DUE_OPEN) || session->hello.open);
  assert(!client || !(due & (PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_PING |
                             PEAL_EIO_DUE_NOOP | PEAL_EIO_DUE_PROBE_PONG)));
  assert(client || !(due & (PEAL_EIO_DUE_PONG | PEAL_EIO_DUE_UPGRADE |
                            PEAL_EIO_DUE_PROBE_PING)));
  assert(client || !(session->opened || session->probed));
  if (peal_eio_queue_count(&session->queue) <= CHECKED_ENTRIES)
    peal_eio_queue_check(&session->queue);
  (void)client, (void)is_still, (void)due;
}

/* At the end of each verb, in builds with assertions. */
static void check(const peal_eio_session *session) {
#ifndef NDEBUG
  peal_eio_session_check(session);
#else
  (void)session;
#endif
}

/* -- closing ---------------------------------------------------------------- */

static void drop_probe(peal_eio_session *session) {
  peal_eio_probe_free(session->probe);
  session->probe = NULL;
  session->probed = 0;
  session->due &= (uint8_t)~PEAL_EIO_DUE_PROBE;
}

static void tell_close(peal_eio_session *session, peal_eio_reason reason,
                       peal_err err) {
  session->closed = 1;
  session->reason = reason & 7;
  session->err = (int16_t)err;
  session->opened = 0;
  session->probed = 0;
}

/* The session ends without an orderly farewell. A waiting GET is released
 * with `last`: a close, or a no-op if the peer itself closed. */
static void die(peal_eio_session *session, peal_eio_reason reason, peal_err err,
                uint8_t last) {
  if (session->state < PEAL_EIO_STATE_CLOSING)
    tell_close(session, reason, err);
  session->state = PEAL_EIO_STATE_CLOSED;
  session->input_kind = NONE;
  session->unconfirmed = 0;
  peal_eio_heartbeat_stop(&session->clock);
  drop_probe(session);
  peal_eio_queue_clear(&session->queue);
  session->due = 0;
  if (session->poll_waits && session->current == PEAL_EIO_POLLING)
    session->due = last;
}

/* Nothing is left for a probe but its end. */
static void hurry_probe(peal_eio_session *session, uint64_t now_ms) {
  if (session->state == PEAL_EIO_STATE_CLOSING && session->probe &&
      !peal_eio_queue_count(&session->queue))
    peal_eio_probe_hurry(session->probe, now_ms);
}

/* What still has to be said when the session closes in order. A WebSocket is
 * closed by its own handshake; a client puts `1` behind its last messages. */
static void arm_farewell(peal_eio_session *session) {
  session->due &= PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_UPGRADE | PEAL_EIO_DUE_PROBE;
  session->farewell_armed =
      is_client(session) || !peal_eio_queue_count(&session->queue);
  if (session->current == PEAL_EIO_WEBSOCKET)
    return;
  session->due |= PEAL_EIO_DUE_CLOSE;
  /* reference 3.1: a waiting GET gets `1`, a later one `6` and `1`. */
  if (!is_client(session) && !(session->farewell_armed && session->poll_waits))
    session->due |= PEAL_EIO_DUE_NOOP;
}

/* A server's probe lives on: what waits goes over it if its `5` comes, for
 * then no GET will. */
static void begin_closing(peal_eio_session *session, bool discard, peal_err err,
                          uint64_t now_ms) {
  if (discard)
    peal_eio_queue_clear(&session->queue);
  if (is_client(session))
    drop_probe(session);
  tell_close(session, PEAL_EIO_FORCED_CLOSE, err);
  session->state = PEAL_EIO_STATE_CLOSING;
  session->unconfirmed = 0;
  peal_eio_heartbeat_start(
      &session->clock,
      now_ms + or_default(session->opts->close_timeout_ms, 30000));
  arm_farewell(session);
  hurry_probe(session, now_ms);
}

void peal_eio_session_close(peal_eio_session *session, bool discard,
                            peal_err err, uint64_t now_ms) {
  if (session->state >= PEAL_EIO_STATE_CLOSING)
    return;
  if (session->state ==
      PEAL_EIO_STATE_OPENING) /* nobody is there for a farewell */
    die(session, PEAL_EIO_FORCED_CLOSE, err, 0);
  else
    begin_closing(session, discard, err, now_ms);
  check(session);
}

void peal_eio_session_kill(peal_eio_session *session, peal_eio_reason reason,
                           peal_err err) {
  die(session, reason, err, PEAL_EIO_DUE_CLOSE);
  check(session);
}

/* -- packets on the current way --------------------------------------------- */

static void fail(peal_eio_session *session, peal_eio_reason reason,
                 peal_err err) {
  die(session, reason, err, PEAL_EIO_DUE_CLOSE);
}

static void unreadable(peal_eio_session *session, peal_err err) {
  fail(session,
       err == PEAL_ERR_NOMEM ? PEAL_EIO_TRANSPORT_ERROR : PEAL_EIO_PARSE_ERROR,
       err);
}

static void on_ping(peal_eio_session *session, uint64_t now_ms) {
  /* EIO4 heartbeat: the server sends ping, the client answers. */
  if (!is_client(session)) {
    fail(session, PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_EIO_DIRECTION);
    return;
  }
  session->due |= PEAL_EIO_DUE_PONG;
  peal_eio_heartbeat_start(&session->clock,
                           now_ms + session->hello.peer->patience_ms);
}

static void learn(peal_eio_session *session, const peal_eio_hello *hello,
                  uint64_t now_ms) {
  struct peal_eio_session_peer *peer = session->hello.peer;
  memcpy(peer->sid, hello->sid.ptr, hello->sid.len);
  peer->max_payload = hello->max_payload;
  peer->patience_ms = hello->ping_interval_ms + hello->ping_timeout_ms;
  session->can_upgrade = hello->upgrade_websocket;
  session->state = PEAL_EIO_STATE_OPEN;
  session->opened = 1;
  peal_eio_heartbeat_start(&session->clock, now_ms + peer->patience_ms);
}

static void on_open(peal_eio_session *session, peal_slice data,
                    peal_arena *arena, uint64_t now_ms) {
  if (session->state !=
      PEAL_EIO_STATE_OPENING) /* a second one, or from a client */
    return;
  peal_eio_hello hello;
  peal_err err = peal_eio_hello_decode(&hello, data, arena);
  if (!err)
    session->hello.peer = peal_mem_zalloc(peal_mem_or_libc(session->opts->mem),
                                          sizeof *session->hello.peer);
  if (!err && !session->hello.peer)
    err = PEAL_ERR_NOMEM;
  if (err)
    unreadable(session, err);
  else
    learn(session, &hello, now_ms);
}

/* EIO4 handshake: a server's first packet is `open`. */
static bool is_early(const peal_eio_session *session, uint8_t type) {
  return session->state == PEAL_EIO_STATE_OPENING && type != PEAL_EIO_OPEN &&
         type != PEAL_EIO_CLOSE && type != PEAL_EIO_NOOP;
}

/* Returns true if it is a message. */
static bool on_packet(peal_eio_session *session, const peal_eio_packet *packet,
                      peal_arena *arena, uint64_t now_ms) {
  if (is_early(session, packet->type)) {
    fail(session, PEAL_EIO_PARSE_ERROR, PEAL_ERR_EIO_PACKET);
    return false;
  }
  switch ((peal_eio_type)packet->type) {
  case PEAL_EIO_OPEN:
    on_open(session, packet->data, arena, now_ms);
    return false;
  case PEAL_EIO_CLOSE:
    die(session, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK, PEAL_EIO_DUE_NOOP);
    return false;
  case PEAL_EIO_PING:
    on_ping(session, now_ms);
    return false;
  case PEAL_EIO_PONG:
    if (!is_client(session))
      peal_eio_heartbeat_pong(&session->clock, now_ms + ping_interval(session));
    return false;
  case PEAL_EIO_MESSAGE:
    return true;
  case PEAL_EIO_UPGRADE:
  case PEAL_EIO_NOOP:
    return false; /* reference 3.2: ignored */
  }
  return false;
}

/* -- packets on a probe ------------------------------------------------------ */

static void become_websocket(peal_eio_session *session) {
  bool has_pong = session->due & PEAL_EIO_DUE_PROBE_PONG;
  drop_probe(session);
  session->current = PEAL_EIO_WEBSOCKET;
  session->poll_waits = 0;
  session->due &= (uint8_t)~PEAL_EIO_DUE_NOOP;
  if (session->state ==
      PEAL_EIO_STATE_CLOSING) /* closed by its own handshake now */
    session->due &= PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_UPGRADE;
  else
    session->upgraded = 1;
  if (has_pong)
    session->due |= PEAL_EIO_DUE_PROBE_PONG;
}

static peal_err probe_broken(peal_eio_session *session) {
  drop_probe(session);
  return PEAL_ERR_SIO_STATE;
}

static peal_err feed_probe(peal_eio_session *session, bool binary,
                           peal_slice text, uint64_t now_ms) {
  if (!session->probe)
    return PEAL_ERR_SIO_STATE;
  if (binary)
    return probe_broken(session);
  bool is_asked = !(session->due & PEAL_EIO_DUE_PROBE_PING);
  switch (peal_eio_probe_feed(session->probe, text, is_asked, now_ms)) {
  case PEAL_EIO_PROBE_ASKED:
    session->due |= PEAL_EIO_DUE_PROBE_PONG;
    return PEAL_OK;
  case PEAL_EIO_PROBE_ANSWERED:
    session->probed = 1;
    return PEAL_OK;
  case PEAL_EIO_PROBE_UPGRADE:
    become_websocket(session);
    return PEAL_OK;
  case PEAL_EIO_PROBE_BROKEN:
    break;
  }
  return probe_broken(session);
}

/* -- what comes in ----------------------------------------------------------- */

static void lend(peal_eio_session *session, input_kind kind, peal_slice input) {
  session->input = input;
  session->input_kind = kind & 3;
}

static size_t count_packets(peal_slice body) {
  size_t count = 1;
  const char *end = body.ptr + body.len;
  const char *at = body.ptr;
  while (at < end &&
         (at = memchr(at, PEAL_EIO_PAYLOAD_SEPARATOR, (size_t)(end - at)))) {
    count++;
    at++;
  }
  return count;
}

peal_err peal_eio_session_feed_payload(peal_eio_session *session,
                                       peal_slice body, uint64_t now_ms) {
  (void)now_ms;
  bool is_over = session->state >= PEAL_EIO_STATE_CLOSING;
  if (session->current != PEAL_EIO_POLLING)
    return is_over ? PEAL_ERR_CLOSED : PEAL_ERR_SIO_STATE;
  if (session->state == PEAL_EIO_STATE_CLOSED)
    return PEAL_ERR_CLOSED;
  if (body.len > PEAL_LIMIT_EIO_PACKETS &&
      count_packets(body) > PEAL_LIMIT_EIO_PACKETS)
    unreadable(session, PEAL_ERR_LIMIT);
  else
    lend(session, BODY, body);
  check(session);
  return is_over ? PEAL_ERR_CLOSED : PEAL_OK;
}

peal_err peal_eio_session_feed_frame(peal_eio_session *session, bool binary,
                                     peal_slice data, uint64_t now_ms) {
  peal_err err = PEAL_OK;
  if (session->state == PEAL_EIO_STATE_CLOSED)
    return PEAL_ERR_CLOSED;
  if (session->current == PEAL_EIO_POLLING) {
    err = feed_probe(session, binary, data, now_ms);
  } else {
    lend(session, binary ? BINARY : TEXT, data);
    err = session->state == PEAL_EIO_STATE_CLOSING ? PEAL_ERR_CLOSED : PEAL_OK;
  }
  check(session);
  return err;
}

/* The next packet's text of what was lent. */
static bool take_text(peal_eio_session *session, peal_slice *text) {
  bool more = true;
  if (session->input_kind != BODY) {
    *text = session->input;
    more = session->input_kind == TEXT;
    session->input_kind = NONE;
    return more;
  }
  (void)peal_eio_payload_next(&session->input, &more, text);
  if (!more)
    session->input_kind = NONE;
  return true;
}

/* Of what comes while we close, only the peer's own `1` matters. */
static void hear_close(peal_eio_session *session) {
  peal_slice text;
  while (session->input_kind && take_text(session, &text))
    if (text.len && text.ptr[0] == '1')
      die(session, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK, PEAL_EIO_DUE_NOOP);
}

/* One packet of what was lent; true if it is a message. */
static bool read_packet(peal_eio_session *session, peal_arena *arena,
                        uint64_t now_ms, peal_eio_packet *packet) {
  peal_slice text;
  if (!take_text(session, &text)) {
    *packet = (peal_eio_packet){text, PEAL_EIO_MESSAGE, true};
    return on_packet(session, packet, arena, now_ms);
  }
  peal_err err = peal_eio_packet_decode(packet, text, arena);
  if (!err)
    return on_packet(session, packet, arena, now_ms);
  unreadable(session, err);
  return false;
}

/* -- what has happened ------------------------------------------------------- */

static bool told(peal_eio_event *event, peal_eio_event_type type) {
  event->type = (uint8_t)type;
  return true;
}

/* What was found out before the next packet is looked at. */
static bool next_step(peal_eio_session *session, peal_eio_event *event) {
  if (session->opened) {
    session->opened = 0;
    return told(event, PEAL_EIO_EVENT_OPEN);
  }
  if (session->probed) {
    session->probed = 0;
    return told(event, PEAL_EIO_EVENT_PROBED);
  }
  if (session->upgraded) {
    session->upgraded = 0;
    return told(event, PEAL_EIO_EVENT_UPGRADED);
  }
  return false;
}

static bool is_drained(const peal_eio_session *session) {
  return session->drain && session->state == PEAL_EIO_STATE_OPEN &&
         !peal_eio_queue_count(&session->queue);
}

bool peal_eio_session_has_news(const peal_eio_session *session) {
  return session->closed || session->opened || session->probed ||
         session->upgraded || session->input_kind || is_drained(session);
}

static bool next_end(peal_eio_session *session, peal_eio_event *event) {
  if (session->closed) {
    session->closed = 0;
    event->reason = session->reason;
    event->err = (peal_err)session->err;
    return told(event, PEAL_EIO_EVENT_CLOSE);
  }
  if (!is_drained(session))
    return false;
  session->drain = 0;
  return told(event, PEAL_EIO_EVENT_DRAIN);
}

bool peal_eio_session_next(peal_eio_session *session, peal_arena *arena,
                           uint64_t now_ms, peal_eio_event *event) {
  *event = (peal_eio_event){0};
  if (next_step(session, event))
    return true;
  while (session->input_kind && session->state < PEAL_EIO_STATE_CLOSING) {
    peal_eio_packet packet;
    if (read_packet(session, arena, now_ms, &packet)) {
      event->binary = packet.binary;
      event->data = packet.data;
      return told(event, PEAL_EIO_EVENT_MESSAGE);
    }
    if (next_step(session, event))
      return true;
  }
  hear_close(session);
  check(session);
  return next_end(session, event);
}

/* -- ways -------------------------------------------------------------------- */

peal_err peal_eio_session_attach(peal_eio_session *session, uint64_t now_ms) {
  if (session->state != PEAL_EIO_STATE_OPEN || session->probe ||
      session->current == PEAL_EIO_WEBSOCKET ||
      (!is_client(session) && session->opts->no_upgrades))
    return PEAL_ERR_SIO_STATE;
  session->probe = peal_eio_probe_new(
      session->opts->mem, is_client(session),
      now_ms + or_default(session->opts->upgrade_timeout_ms, 10000));
  if (!session->probe)
    return PEAL_ERR_NOMEM;
  if (is_client(session))
    session->due |= PEAL_EIO_DUE_PROBE_PING;
  check(session);
  return PEAL_OK;
}

peal_err peal_eio_session_switch(peal_eio_session *session) {
  if (session->state != PEAL_EIO_STATE_OPEN || !is_client(session) ||
      !session->probe || !session->probe->is_answered)
    return PEAL_ERR_SIO_STATE;
  session->due |= PEAL_EIO_DUE_UPGRADE;
  become_websocket(session);
  check(session);
  return PEAL_OK;
}

void peal_eio_session_detach(peal_eio_session *session, peal_eio_via via,
                             peal_eio_reason reason, peal_err err) {
  if (via == (peal_eio_via)session->current) {
    session->poll_waits = 0;
    die(session, reason, err, 0);
  } else if (via == PEAL_EIO_WEBSOCKET) {
    drop_probe(session);
  }
  check(session);
}

void peal_eio_session_confirm(peal_eio_session *session) {
  session->unconfirmed = 0;
}

void peal_eio_session_spare(peal_eio_session *session, uint64_t seen_at_ms) {
  if (session->state == PEAL_EIO_STATE_OPEN)
    peal_eio_heartbeat_spare(&session->clock,
                             seen_at_ms + ping_timeout(session));
}

/* -- queueing ---------------------------------------------------------------- */

/* A message that takes the place of another one needs room for the difference
 * only: the newest picture is taken although the queue is full. */
static bool has_room(peal_eio_session *session, const peal_eio_item *item) {
  size_t max = max_queue(session);
  size_t cost = peal_eio_queue_cost(item);
  size_t others = peal_eio_queue_bytes(&session->queue);
  if (!others || (others <= max && cost <= max - others))
    return true;
  others -= peal_eio_queue_replaced(&session->queue, item->key);
  return !others || (others <= max && cost <= max - others);
}

peal_err peal_eio_session_send(peal_eio_session *session,
                               const peal_eio_item *item) {
  if (session->state >= PEAL_EIO_STATE_CLOSING)
    return PEAL_ERR_CLOSED;
  if (!has_room(session, item)) {
    session->drain = 1;
    return PEAL_ERR_QUEUE_FULL;
  }
  peal_err err = peal_eio_queue_add(&session->queue, item, session->opts->mem);
  if (!err && peal_eio_queue_bytes(&session->queue) > max_queue_soft(session))
    session->drain = 1;
  return err;
}

peal_err peal_eio_session_make_room(peal_eio_session *session,
                                    const peal_eio_item *item) {
  size_t max = max_queue(session);
  size_t cost = peal_eio_queue_cost(item);
  size_t firm = peal_eio_queue_firm_bytes(&session->queue);
  if (firm && (firm > max || cost > max - firm))
    return PEAL_ERR_QUEUE_FULL;
  while (!has_room(session, item))
    if (!peal_eio_queue_drop_oldest(&session->queue))
      return PEAL_ERR_QUEUE_FULL;
  check(session);
  return PEAL_OK;
}

/* -- ways ---------------------------------------------------------------------- */

void peal_eio_session_poll_waits(peal_eio_session *session, bool waits,
                                 uint64_t now_ms) {
  if (is_client(session))
    return;
  session->poll_waits = waits && session->current == PEAL_EIO_POLLING;
  if (!waits &&
      session->state == PEAL_EIO_STATE_CLOSED) /* nobody takes the last word */
    session->due = 0;
  if (waits && session->state == PEAL_EIO_STATE_CLOSING &&
      !peal_eio_queue_count(&session->queue))
    session->farewell_armed = 1;
  if (waits && session->probe)
    peal_eio_probe_get(session->probe, now_ms);
  check(session);
}

bool peal_eio_session_is_writable(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN &&
         (session->current == PEAL_EIO_WEBSOCKET || session->poll_waits ||
          is_client(session)) &&
         peal_eio_queue_bytes(&session->queue) <= max_queue_soft(session);
}

/* -- time -------------------------------------------------------------------- */

static uint64_t earliest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* Until it has used its id, a client of polling has less time. */
static uint64_t confirm_at(const peal_eio_session *session) {
  if (!session->unconfirmed || session->clock.is_pinged)
    return UINT64_MAX;
  return session->clock.at_ms - ping_interval(session) +
         session->opts->confirm_timeout_ms;
}

uint64_t peal_eio_session_deadline(const peal_eio_session *session) {
  uint64_t at = earliest(peal_eio_heartbeat_deadline(&session->clock),
                         confirm_at(session));
  return session->probe ? earliest(at, peal_eio_probe_deadline(session->probe))
                        : at;
}

static void tick_clock(peal_eio_session *session, uint64_t now_ms) {
  if (now_ms >= confirm_at(session)) {
    die(session, PEAL_EIO_PING_TIMEOUT, PEAL_ERR_TIMEOUT, PEAL_EIO_DUE_CLOSE);
    return;
  }
  if (now_ms < peal_eio_heartbeat_deadline(&session->clock))
    return;
  if (session->state == PEAL_EIO_STATE_CLOSING) {
    die(session, PEAL_EIO_FORCED_CLOSE, PEAL_ERR_TIMEOUT, PEAL_EIO_DUE_CLOSE);
    return;
  }
  if (!is_client(session) &&
      peal_eio_heartbeat_tick(&session->clock, now_ms, ping_timeout(session)) ==
          PEAL_EIO_HEARTBEAT_PING) {
    session->due |= PEAL_EIO_DUE_PING;
    return;
  }
  die(session, PEAL_EIO_PING_TIMEOUT, PEAL_ERR_TIMEOUT, PEAL_EIO_DUE_CLOSE);
}

static void tick_probe(peal_eio_session *session, uint64_t now_ms) {
  if (peal_eio_probe_is_late(session->probe, now_ms))
    drop_probe(session);
  else if (peal_eio_probe_tick(session->probe, session->poll_waits, now_ms))
    session->due |= PEAL_EIO_DUE_NOOP;
}

void peal_eio_session_tick(peal_eio_session *session, uint64_t now_ms) {
  if (session->probe)
    tick_probe(session, now_ms);
  tick_clock(session, now_ms);
  check(session);
}

/* -- getters ----------------------------------------------------------------- */

const char *peal_eio_session_sid(const peal_eio_session *session) {
  if (!is_client(session))
    return session->sid;
  return session->hello.peer ? session->hello.peer->sid : "";
}

bool peal_eio_session_can_upgrade(const peal_eio_session *session) {
  return session->can_upgrade;
}

size_t peal_eio_session_peer_max_payload(const peal_eio_session *session) {
  return session->hello.peer ? session->hello.peer->max_payload : 0;
}

peal_eio_via peal_eio_session_current(const peal_eio_session *session) {
  return (peal_eio_via)session->current;
}

bool peal_eio_session_is_open(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN;
}

bool peal_eio_session_is_pinged(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN && session->clock.is_pinged;
}

uint64_t peal_eio_session_pinged_at(const peal_eio_session *session) {
  return session->clock.at_ms - ping_timeout(session);
}

bool peal_eio_session_is_done(const peal_eio_session *session) {
  return session->state >= PEAL_EIO_STATE_CLOSING && !session->closed &&
         !session->due && !peal_eio_queue_count(&session->queue);
}

bool peal_eio_session_is_upgrading(const peal_eio_session *session) {
  return session->probe != NULL;
}

size_t peal_eio_session_queued_bytes(const peal_eio_session *session) {
  return peal_eio_queue_bytes(&session->queue);
}

void peal_eio_session_set_max_queue(peal_eio_session *session,
                                    size_t max_bytes) {
  session->max_queue_bytes =
      max_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)max_bytes;
}
