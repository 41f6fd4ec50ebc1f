/* SPDX-License-Identifier: MIT */
/* eio_input: what comes in for a session, packet by packet, and what it means:
 * _feed and _next of eio_session.h are here. */
#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/eio_hello.h"
#include "proto/eio_rules.h"
#include "proto/eio_session.h"
#include "proto/eio_step.h"
#include "proto/proto_limits.h"
#include "wire/eio3_packet.h"
#include "wire/eio3_payload.h"
#include "wire/eio_payload.h"
#include "wire/utf8.h"

/* What was lent. */
typedef enum input_kind { NONE, BODY, OCTETS, TEXT, BINARY } input_kind;

/* At the end of each verb, in builds with assertions. */
static void check(const peal_eio_session *session) {
#ifndef NDEBUG
  peal_eio_session_check(session);
#else
  (void)session;
#endif
}

/* -- packets on the current way --------------------------------------------- */

static void fail(peal_eio_session *session, peal_eio_reason reason,
                 peal_err err) {
  peal_eio_step_end(session, reason, err, PEAL_EIO_DUE_CLOSE);
}

static void unreadable(peal_eio_session *session, peal_err err) {
  fail(session,
       err == PEAL_ERR_NOMEM ? PEAL_EIO_TRANSPORT_ERROR : PEAL_EIO_PARSE_ERROR,
       err);
}

/* EIO4 heartbeat: the server sends ping, the client answers. EIO3: the other
 * way round. As in the references a server ends a session that has it wrong, a
 * client lets it pass. */
static bool is_wrong_way(peal_eio_session *session, bool is_ping) {
  if (peal_eio_rules_pings(session) != is_ping)
    return false;
  if (!peal_eio_rules_is_client(session))
    fail(session, PEAL_EIO_TRANSPORT_ERROR, PEAL_FAIL(PEAL_ERR_EIO_DIRECTION));
  return true;
}

static void on_ping(peal_eio_session *session, uint64_t now_ms) {
  if (is_wrong_way(session, true))
    return;
  session->due |= PEAL_EIO_DUE_PONG;
  session->got_ping = 1;
  peal_eio_heartbeat_start(&session->clock,
                           now_ms + (PEAL_ROLE_IS_EIO3(session)
                                         ? peal_eio_rules_ping_interval(session)
                                         : peal_eio_rules_patience(session)));
}

static void on_pong(peal_eio_session *session, uint64_t now_ms) {
  if (is_wrong_way(session, false))
    return;
  session->got_ping = peal_eio_rules_is_client(session);
  peal_eio_heartbeat_pong(&session->clock,
                          now_ms + peal_eio_rules_ping_interval(session));
}

static void learn(peal_eio_session *session, const peal_eio_hello *hello,
                  uint64_t now_ms) {
  struct peal_eio_session_peer *peer = session->hello.peer;
  memcpy(peer->sid, hello->sid.ptr, hello->sid.len);
  peer->max_payload = hello->max_payload;
  peer->interval_ms = hello->ping_interval_ms;
  peer->timeout_ms = hello->ping_timeout_ms;
  session->can_upgrade = hello->upgrade_websocket;
  session->state = PEAL_EIO_STATE_OPEN;
  session->opened = 1;
  peal_eio_heartbeat_start(&session->clock,
                           now_ms + (PEAL_ROLE_IS_EIO3(session)
                                         ? peer->interval_ms
                                         : peal_eio_rules_patience(session)));
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
    err = PEAL_FAIL(PEAL_ERR_NOMEM);
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
    fail(session, PEAL_EIO_PARSE_ERROR, PEAL_FAIL(PEAL_ERR_EIO_PACKET));
    return false;
  }
  switch ((peal_eio_type)packet->type) {
  case PEAL_EIO_OPEN:
    on_open(session, packet->data, arena, now_ms);
    return false;
  case PEAL_EIO_CLOSE:
    peal_eio_step_end(session, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK,
                      PEAL_EIO_DUE_NOOP);
    return false;
  case PEAL_EIO_PING:
    on_ping(session, now_ms);
    return false;
  case PEAL_EIO_PONG:
    on_pong(session, now_ms);
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

static peal_err probe_broken(peal_eio_session *session) {
  peal_eio_step_drop_probe(session);
  return PEAL_FAIL(PEAL_ERR_SIO_STATE);
}

static peal_err feed_probe(peal_eio_session *session, bool binary,
                           peal_slice text, uint64_t now_ms) {
  if (!session->probe)
    return PEAL_FAIL(PEAL_ERR_SIO_STATE);
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
    peal_eio_step_to_websocket(session);
    return PEAL_OK;
  case PEAL_EIO_PROBE_BROKEN:
    break;
  }
  return probe_broken(session);
}

/* -- what comes in ----------------------------------------------------------- */

/* EIO3 (engine.io-client): whatever comes shows that the server lives. */
static void hear(peal_eio_session *session, uint64_t now_ms) {
  if (peal_eio_rules_is_client(session) && session->hello.peer)
    peal_eio_heartbeat_spare(&session->clock,
                             now_ms + peal_eio_rules_patience(session));
}

static void lend(peal_eio_session *session, input_kind kind, peal_slice input,
                 uint64_t now_ms) {
  session->input = input;
  session->input_kind = kind & 7;
  if (PEAL_ROLE_IS_EIO3(session))
    hear(session, now_ms);
}

/* Those of version 3 that can be read; what cannot is seen when it comes to
 * that. */
static size_t count_behind_lengths(peal_slice body, bool octets) {
  size_t count = 0;
  peal_eio3_payload_item item;
  while (body.len && !peal_eio3_payload_next(&body, octets, &item))
    count++;
  return count;
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

static bool has_too_many(const peal_eio_session *session, input_kind kind,
                         peal_slice body) {
  if (body.len <= PEAL_LIMIT_EIO_PACKETS)
    return false;
  size_t count = PEAL_ROLE_IS_EIO3(session)
                     ? count_behind_lengths(body, kind == OCTETS)
                     : count_packets(body);
  return count > PEAL_LIMIT_EIO_PACKETS;
}

static peal_err feed_body(peal_eio_session *session, input_kind kind,
                          peal_slice body, uint64_t now_ms) {
  bool is_over = session->state >= PEAL_EIO_STATE_CLOSING;
  if (session->current != PEAL_EIO_POLLING)
    return is_over ? PEAL_ERR_CLOSED : PEAL_FAIL(PEAL_ERR_SIO_STATE);
  if (session->state == PEAL_EIO_STATE_CLOSED)
    return PEAL_ERR_CLOSED;
  if (has_too_many(session, kind, body))
    unreadable(session, PEAL_FAIL(PEAL_ERR_LIMIT));
  else
    lend(session, kind, body, now_ms);
  check(session);
  return is_over ? PEAL_ERR_CLOSED : PEAL_OK;
}

peal_err peal_eio_session_feed_payload(peal_eio_session *session,
                                       peal_slice body, uint64_t now_ms) {
  return feed_body(session, BODY, body, now_ms);
}

peal_err peal_eio_session_feed_octets(peal_eio_session *session,
                                      peal_slice body, uint64_t now_ms) {
  assert(PEAL_ROLE_IS_EIO3(session));
  return feed_body(session, OCTETS, body, now_ms);
}

peal_err peal_eio_session_feed_frame(peal_eio_session *session, bool binary,
                                     peal_slice data, uint64_t now_ms) {
  peal_err err = PEAL_OK;
  if (session->state == PEAL_EIO_STATE_CLOSED)
    return PEAL_ERR_CLOSED;
  if (PEAL_ROLE_HAS_POLLING && session->current == PEAL_EIO_POLLING) {
    err = feed_probe(session, binary, data, now_ms);
  } else {
    lend(session, binary ? BINARY : TEXT, data, now_ms);
    err = session->state == PEAL_EIO_STATE_CLOSING ? PEAL_ERR_CLOSED : PEAL_OK;
  }
  check(session);
  return err;
}

/* The next packet of what was lent. */
typedef struct taken {
  peal_slice data;
  bool binary;
  bool is_body; /* of version 4, whose text nobody has looked at */
  peal_err err;
} taken;

static void take_behind_length(peal_eio_session *session, taken *out) {
  peal_eio3_payload_item item;
  out->err = peal_eio3_payload_next(&session->input,
                                    session->input_kind == OCTETS, &item);
  out->data = item.data;
  out->binary = item.binary;
  if (out->err || !session->input.len)
    session->input_kind = NONE;
}

static void take_from_body(peal_eio_session *session, taken *out) {
  bool more = true;
  if (PEAL_ROLE_IS_EIO3(session)) {
    take_behind_length(session, out);
    return;
  }
  out->is_body = true;
  (void)peal_eio_payload_next(&session->input, &more, &out->data);
  if (!more)
    session->input_kind = NONE;
}

static void take(peal_eio_session *session, taken *out) {
  *out = (taken){0};
  if (PEAL_ROLE_HAS_POLLING && session->input_kind <= OCTETS) {
    take_from_body(session, out);
    return;
  }
  out->data = session->input;
  out->binary = session->input_kind == BINARY;
  session->input_kind = NONE;
}

/* Of what comes while we close, only the peer's own `1` matters. */
static void hear_close(peal_eio_session *session) {
  taken one;
  while (session->input_kind) {
    take(session, &one);
    if (!one.binary && one.data.len && one.data.ptr[0] == '1')
      peal_eio_step_end(session, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK,
                        PEAL_EIO_DUE_NOOP);
  }
}

static peal_err decode_eio3(peal_eio_packet *packet, const taken *one,
                            peal_arena *arena) {
  return one->binary ? peal_eio3_packet_decode_binary(packet, one->data)
                     : peal_eio3_packet_decode(packet, one->data, arena);
}

/* The text of a WebSocket has been checked by its machine: from here on all
 * text is valid. */
static peal_err decode(const peal_eio_session *session, peal_eio_packet *packet,
                       const taken *one, peal_arena *arena) {
  if (one->err)
    return one->err;
  if (PEAL_ROLE_IS_EIO3(session))
    return decode_eio3(packet, one, arena);
  if (!one->binary)
    return one->is_body && !peal_utf8_is_valid(one->data)
               ? PEAL_FAIL(PEAL_ERR_UTF8)
               : peal_eio_packet_decode(packet, one->data, arena);
  *packet = (peal_eio_packet){one->data, PEAL_EIO_MESSAGE, true};
  return PEAL_OK;
}

/* One packet of what was lent; true if it is a message. */
static bool read_packet(peal_eio_session *session, peal_arena *arena,
                        uint64_t now_ms, peal_eio_packet *packet) {
  bool is_body = session->input_kind <= OCTETS;
  taken one;
  take(session, &one);
  /* EIO3: `0:` is nothing. */
  if (PEAL_ROLE_IS_EIO3(session) && is_body && !one.err && !one.binary &&
      !one.data.len)
    return false;
  peal_err err = decode(session, packet, &one, arena);
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

/* A message as text on a WebSocket, and nothing else to be told before: what
 * comes as a rule, without the steps that the rest takes. */
static bool next_text(peal_eio_session *session, peal_eio_event *event) {
  peal_slice text = session->input;
  if (session->input_kind != TEXT || session->state != PEAL_EIO_STATE_OPEN ||
      session->opened || session->probed || session->upgraded || !text.len ||
      text.ptr[0] != '0' + PEAL_EIO_MESSAGE)
    return false;
  session->input_kind = NONE;
  event->data = (peal_slice){text.ptr + 1, text.len - 1};
  return told(event, PEAL_EIO_EVENT_MESSAGE);
}

bool peal_eio_session_next(peal_eio_session *session, peal_arena *arena,
                           uint64_t now_ms, peal_eio_event *event) {
  *event = (peal_eio_event){0};
  if (next_text(session, event))
    return true;
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
