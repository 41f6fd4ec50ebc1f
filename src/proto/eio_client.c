/* SPDX-License-Identifier: MIT */
#include "proto/eio_client.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "base/text.h"
#include "proto/eio_client_way.h"
#include "proto/eio_hello.h"
#include "proto/proto_limits.h"
#include "proto/role.h"
#include "wire/eio3_payload.h"
#include "wire/eio_payload.h"

static bool is_opening(const peal_eio_client *client) {
  return client->session.state == PEAL_EIO_STATE_OPENING;
}

static bool is_open(const peal_eio_client *client) {
  return client->session.state == PEAL_EIO_STATE_OPEN;
}

static bool is_over(const peal_eio_client *client) {
  return client->session.state == PEAL_EIO_STATE_CLOSED;
}

static bool polls(const peal_eio_client *client) {
  return peal_eio_session_current(&client->session) == PEAL_EIO_POLLING;
}

static bool is_probing(const peal_eio_client *client) {
  return client->session.probe != NULL;
}

/* -- life -------------------------------------------------------------------- */

void peal_eio_client_init(peal_eio_client *client,
                          const peal_eio_client_opts *opts,
                          bool prefer_websocket, uint64_t now_ms) {
  *client = (peal_eio_client){.opts = opts};
  client->way = peal_eio_client_way_first(opts, prefer_websocket) & 1;
  /* A client's allocates nothing. */
  (void)!peal_eio_session_init(&client->session, &opts->session, NULL,
                               (peal_eio_via)client->way, now_ms);
  peal_eio_client_way_begin(client);
}

void peal_eio_client_deinit(peal_eio_client *client) {
  peal_mem_free(peal_mem_or_libc(client->opts->session.mem), client->text);
  client->text = NULL;
  peal_eio_session_deinit(&client->session);
}

void peal_eio_client_check(const peal_eio_client *client) {
  peal_eio_session_check(&client->session);
  assert(!client->resting || polls(client));
  assert(polls(client) || client->get == PEAL_EIO_CLIENT_REST ||
         is_opening(client));
  assert(client->get != PEAL_EIO_CLIENT_BUSY ||
         client->way == PEAL_EIO_POLLING);
  assert(client->ws < PEAL_EIO_CLIENT_WS_SHUT_DUE || !polls(client));
  assert(!client->has_hello || is_opening(client));
  assert(!client->closed || is_over(client));
  (void)client;
}

/* At the end of each verb, in builds with assertions. */
static void check(const peal_eio_client *client) {
#ifndef NDEBUG
  peal_eio_client_check(client);
#else
  (void)client;
#endif
}

/* -- the end ------------------------------------------------------------------ */

void peal_eio_client_kill(peal_eio_client *client, peal_eio_reason reason,
                          peal_err err, const char *text) {
  peal_eio_client_way_end(client, reason, err, text);
  check(client);
}

/* -- polling ------------------------------------------------------------------- */

/* EIO3: one with binary messages, as nobody has asked for base64. */
static bool is_octets(const peal_eio_client *client,
                      const peal_eio_client_answer *answer) {
  const peal_slice octets = PEAL_S("application/octet-stream");
  return PEAL_ROLE_IS_EIO3(&client->session) &&
         answer->type.len >= octets.len &&
         peal_text_eq_nocase((peal_slice){answer->type.ptr, octets.len},
                             octets);
}

/* A way that was left, a session that closes: nobody listens any more. */
static void feed_body(peal_eio_client *client, peal_slice body, bool octets,
                      uint64_t now_ms) {
  if (octets)
    (void)!peal_eio_session_feed_octets(&client->session, body, now_ms);
  else
    (void)!peal_eio_session_feed_payload(&client->session, body, now_ms);
}

static void take_body(peal_eio_client *client,
                      const peal_eio_client_answer *answer, uint64_t now_ms) {
  bool octets = is_octets(client, answer);
  if (is_opening(client)) {
    client->hello = answer->body;
    client->has_hello = 1;
    client->binary_hello = octets;
  } else {
    feed_body(client, answer->body, octets, now_ms);
  }
}

void peal_eio_client_got(peal_eio_client *client,
                         const peal_eio_client_answer *answer,
                         uint64_t now_ms) {
  char text[PEAL_EIO_CLIENT_TEXT];
  bool is_awaited =
      client->get == PEAL_EIO_CLIENT_BUSY && !is_over(client) && polls(client);
  client->get = PEAL_EIO_CLIENT_REST;
  if (!is_awaited)
    return;
  peal_err err = peal_eio_client_answer_check(
      answer,
      is_opening(client) ? PEAL_EIO_CLIENT_HANDSHAKE : PEAL_EIO_CLIENT_POLL,
      text);
  if (!err)
    take_body(client, answer, now_ms);
  else if (is_opening(client))
    peal_eio_client_way_failed(client, err, text);
  else if (is_open(client))
    peal_eio_client_way_end(client, PEAL_EIO_TRANSPORT_ERROR, err, text);
  check(client);
}

void peal_eio_client_posted(peal_eio_client *client,
                            const peal_eio_client_answer *answer,
                            uint64_t now_ms) {
  char text[PEAL_EIO_CLIENT_TEXT];
  (void)now_ms;
  bool is_awaited =
      client->post == PEAL_EIO_CLIENT_BUSY && !is_over(client) && polls(client);
  client->post = PEAL_EIO_CLIENT_REST;
  if (!is_awaited)
    return;
  peal_err err =
      peal_eio_client_answer_check(answer, PEAL_EIO_CLIENT_DATA, text);
  if (err)
    peal_eio_client_way_end(client, PEAL_EIO_TRANSPORT_ERROR, err, text);
  check(client);
}

/* Version 3 has its binary as base64 here: servers take both. */
static size_t packed_len(const peal_eio_client *client,
                         const peal_eio_packet *packet) {
  return PEAL_ROLE_IS_EIO3(&client->session) ? peal_eio3_payload_len(packet)
                                             : peal_eio_payload_len(packet);
}

static void pack(const peal_eio_client *client, peal_buf *body, size_t begin,
                 const peal_eio_packet *packet) {
  if (PEAL_ROLE_IS_EIO3(&client->session))
    peal_eio3_payload_add(body, false, packet);
  else
    peal_eio_payload_add(body, begin, packet);
}

peal_err peal_eio_client_fill(peal_eio_client *client, peal_buf *body,
                              uint64_t now_ms) {
  size_t begin = body->len, count = 0;
  size_t max = peal_eio_session_peer_max_payload(&client->session);
  peal_eio_out out;
  for (; count < PEAL_LIMIT_EIO_PACKETS; count++) {
    peal_eio_cursor cursor = {0};
    if (!peal_eio_out_peek(&client->session, PEAL_EIO_POLLING, &cursor, &out))
      break;
    peal_eio_packet packet = {
        .data = out.data, .type = out.type, .binary = out.binary};
    if (count && body->len - begin + packed_len(client, &packet) > max)
      break;
    pack(client, body, begin, &packet);
    if (body->err)
      return body->err;
    peal_eio_out_pop(&client->session, PEAL_EIO_POLLING, now_ms);
  }
  check(client);
  return body->err;
}

/* -- the WebSocket ------------------------------------------------------------- */

void peal_eio_client_ws_opened(peal_eio_client *client, uint64_t now_ms) {
  if (client->ws != PEAL_EIO_CLIENT_WS_DIALLING)
    return;
  client->ws = PEAL_EIO_CLIENT_WS_OPEN;
  /* As the way of the handshake it waits for that; else it is a probe. */
  if (!is_opening(client) &&
      peal_eio_session_attach(&client->session, now_ms)) {
    client->ws = PEAL_EIO_CLIENT_WS_NONE;
    client->drop_ws = 1;
  }
  check(client);
}

void peal_eio_client_ws_fed(peal_eio_client *client, bool binary,
                            peal_slice data, uint64_t now_ms) {
  if (client->ws < PEAL_EIO_CLIENT_WS_OPEN)
    return;
  if (is_opening(client)) {
    client->hello = data;
    client->has_hello = 1;
    client->binary_hello = binary;
  } else {
    /* A broken probe is seen by settle. */
    (void)!peal_eio_session_feed_frame(&client->session, binary, data, now_ms);
  }
  check(client);
}

/* As the reference: whatever closes it is "transport close", unless the peer
 * did something wrong. */
static peal_eio_reason reason_of(peal_err err) {
  peal_err_class kind = peal_err_class_of(err);
  return kind == PEAL_CLASS_PEER || kind == PEAL_CLASS_LIMIT ||
                 kind == PEAL_CLASS_MEMORY
             ? PEAL_EIO_TRANSPORT_ERROR
             : PEAL_EIO_TRANSPORT_CLOSE;
}

static void lose_ws(peal_eio_client *client,
                    const peal_eio_client_answer *answer) {
  char text[PEAL_EIO_CLIENT_TEXT];
  if (is_opening(client)) {
    /* One that stood and was closed in order is no answer either. */
    peal_eio_client_answer heard = *answer;
    if (!heard.err && !heard.status)
      heard.err = PEAL_ERR_CLOSED;
    peal_err err =
        peal_eio_client_answer_check(&heard, PEAL_EIO_CLIENT_UPGRADE, text);
    peal_eio_client_way_failed(client, err ? err : PEAL_ERR_CLOSED,
                               err ? text : NULL);
  } else if (polls(client)) {
    peal_eio_session_detach(&client->session, PEAL_EIO_WEBSOCKET,
                            PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
  } else {
    peal_eio_client_way_end(client, reason_of(answer->err), answer->err,
                            answer->text);
  }
}

void peal_eio_client_ws_closed(peal_eio_client *client,
                               const peal_eio_client_answer *answer,
                               uint64_t now_ms) {
  (void)now_ms;
  if (client->ws < PEAL_EIO_CLIENT_WS_DIALLING)
    return;
  client->ws = PEAL_EIO_CLIENT_WS_NONE;
  if (!is_over(client))
    lose_ws(client, answer);
  check(client);
}

/* -- the handshake --------------------------------------------------------------- */

/* The first packet of the answer, as text; empty if it is none. */
static peal_slice first_packet(const peal_eio_client *client) {
  peal_slice rest = client->hello, text = {0};
  bool more = true;
  if (client->way != PEAL_EIO_POLLING)
    return client->binary_hello ? text : rest;
  if (PEAL_ROLE_IS_EIO3(&client->session)) {
    peal_eio3_payload_item item;
    if (!peal_eio3_payload_next(&rest, client->binary_hello, &item) &&
        !item.binary)
      text = item.data;
  } else {
    (void)peal_eio_payload_next(&rest, &more, &text);
  }
  return text;
}

static peal_err read_hello(const peal_eio_client *client, peal_arena *arena) {
  peal_slice text = first_packet(client);
  peal_eio_hello hello;
  if (!text.len || text.ptr[0] != '0' + PEAL_EIO_OPEN)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  return peal_eio_hello_decode(&hello, (peal_slice){text.ptr + 1, text.len - 1},
                               arena);
}

/* What is none must not reach the session, which would end by it: there may be
 * another way. */
static void take_hello(peal_eio_client *client, peal_arena *arena,
                       uint64_t now_ms) {
  char text[PEAL_EIO_CLIENT_TEXT];
  peal_err err = read_hello(client, arena);
  client->has_hello = 0;
  if (err == PEAL_ERR_NOMEM) {
    peal_eio_client_way_end(client, PEAL_EIO_TRANSPORT_ERROR, err, NULL);
  } else if (err) {
    peal_eio_client_answer_explain(client->hello, text);
    peal_eio_client_way_failed(client, PEAL_FAIL(PEAL_ERR_ANSWER), text);
  } else if (client->way == PEAL_EIO_POLLING) {
    feed_body(client, client->hello, client->binary_hello, now_ms);
  } else {
    (void)!peal_eio_session_feed_frame(&client->session, false, client->hello,
                                       now_ms);
  }
}

static void begin_upgrade(peal_eio_client *client) {
  client->was_open = 1;
  if (polls(client) && !client->opts->no_upgrade &&
      client->opts->ways != PEAL_EIO_CLIENT_POLLING_ONLY &&
      peal_eio_session_can_upgrade(&client->session) &&
      client->ws == PEAL_EIO_CLIENT_WS_NONE && !client->second)
    client->ws = PEAL_EIO_CLIENT_WS_DIAL_DUE;
}

/* -- what follows from what has happened --------------------------------------- */

/* The probe was answered, and no request is under way: from here on it is the
 * WebSocket (reference: pause, upgrade packet, flush). */
static bool switch_over(peal_eio_client *client) {
  if (!client->resting || client->get == PEAL_EIO_CLIENT_BUSY ||
      client->post == PEAL_EIO_CLIENT_BUSY)
    return false;
  client->resting = 0;
  client->get = client->post = PEAL_EIO_CLIENT_REST;
  if (peal_eio_session_switch(&client->session))
    return false;
  client->drop_polling = 1;
  return true;
}

static void drop_failed_probe(peal_eio_client *client) {
  if (!polls(client) || is_opening(client) || is_probing(client))
    return;
  client->resting = 0;
  if (client->ws == PEAL_EIO_CLIENT_WS_OPEN) {
    client->ws = PEAL_EIO_CLIENT_WS_NONE;
    client->drop_ws = 1;
  }
}

static bool close_as_asked(peal_eio_client *client, uint64_t now_ms) {
  if (!client->closing || client->resting || !is_open(client))
    return false;
  if (client->ws == PEAL_EIO_CLIENT_WS_DIALLING ||
      client->ws == PEAL_EIO_CLIENT_WS_DIAL_DUE ||
      (client->ws == PEAL_EIO_CLIENT_WS_OPEN && polls(client))) {
    client->drop_ws = client->ws != PEAL_EIO_CLIENT_WS_DIAL_DUE;
    client->ws = PEAL_EIO_CLIENT_WS_NONE;
  }
  peal_eio_session_close(&client->session, client->discard, PEAL_OK, now_ms);
  return true;
}

static void ask_more(peal_eio_client *client) {
  if (!polls(client) || client->resting || is_opening(client))
    return;
  if (is_open(client) && client->get == PEAL_EIO_CLIENT_REST)
    client->get = PEAL_EIO_CLIENT_DUE;
  if (client->post == PEAL_EIO_CLIENT_REST &&
      peal_eio_out_wants(&client->session, PEAL_EIO_POLLING))
    client->post = PEAL_EIO_CLIENT_DUE;
}

/* All is said: polling is over, a WebSocket is closed by its own handshake. */
static void leave(peal_eio_client *client) {
  if (client->session.state != PEAL_EIO_STATE_CLOSING ||
      !peal_eio_session_is_done(&client->session))
    return;
  if (!polls(client) && client->ws == PEAL_EIO_CLIENT_WS_OPEN)
    client->ws = PEAL_EIO_CLIENT_WS_SHUT_DUE;
  else if (client->post == PEAL_EIO_CLIENT_REST &&
           client->ws < PEAL_EIO_CLIENT_WS_SHUT_DUE)
    peal_eio_session_kill(&client->session, PEAL_EIO_FORCED_CLOSE, PEAL_OK);
}

/* Returns true if the session has news by it. */
static bool settle(peal_eio_client *client, uint64_t now_ms) {
  if (is_over(client))
    return false;
  drop_failed_probe(client);
  if (switch_over(client) || close_as_asked(client, now_ms))
    return true;
  ask_more(client);
  leave(client);
  return false;
}

/* -- what is told ------------------------------------------------------------------ */

static bool tell(peal_eio_client_event *event, peal_eio_client_kind kind) {
  event->kind = (uint8_t)kind;
  return true;
}

static bool translate(peal_eio_client *client, const peal_eio_event *news,
                      peal_eio_client_event *event) {
  switch ((peal_eio_event_type)news->type) {
  case PEAL_EIO_EVENT_OPEN:
    begin_upgrade(client);
    return tell(event, PEAL_EIO_CLIENT_OPEN);
  case PEAL_EIO_EVENT_MESSAGE:
    event->binary = news->binary;
    event->data = news->data;
    return tell(event, PEAL_EIO_CLIENT_MESSAGE);
  case PEAL_EIO_EVENT_PROBED:
    client->resting = 1;
    return false;
  case PEAL_EIO_EVENT_UPGRADED:
    return tell(event, PEAL_EIO_CLIENT_UPGRADED);
  case PEAL_EIO_EVENT_DRAIN:
    return tell(event, PEAL_EIO_CLIENT_DRAIN);
  case PEAL_EIO_EVENT_CLOSE:
    client->ended = 1;
    client->resting = 0;
    client->reason = news->reason;
    client->err = (int16_t)news->err;
    return false;
  }
  return false;
}

static bool next_news(peal_eio_client *client, peal_arena *arena,
                      uint64_t now_ms, peal_eio_client_event *event) {
  peal_eio_event news;
  if (client->has_hello)
    take_hello(client, arena, now_ms);
  if (peal_eio_session_took_ping(&client->session))
    return tell(event, PEAL_EIO_CLIENT_PING);
  while (peal_eio_session_next(&client->session, arena, now_ms, &news))
    if (translate(client, &news, event))
      return true;
  return peal_eio_session_took_ping(&client->session) &&
         tell(event, PEAL_EIO_CLIENT_PING);
}

static bool next_request(peal_eio_client *client,
                         peal_eio_client_event *event) {
  if (client->get == PEAL_EIO_CLIENT_DUE) {
    client->get = PEAL_EIO_CLIENT_BUSY;
    return tell(event, PEAL_EIO_CLIENT_GET);
  }
  if (client->post == PEAL_EIO_CLIENT_DUE) {
    client->post = PEAL_EIO_CLIENT_BUSY;
    return tell(event, PEAL_EIO_CLIENT_POST);
  }
  return false;
}

static bool next_command(peal_eio_client *client,
                         peal_eio_client_event *event) {
  if (client->drop_ws) {
    client->drop_ws = 0;
    return tell(event, PEAL_EIO_CLIENT_DROP_WS);
  }
  if (client->drop_polling) {
    client->drop_polling = 0;
    return tell(event, PEAL_EIO_CLIENT_DROP_POLLING);
  }
  if (next_request(client, event))
    return true;
  if (client->ws == PEAL_EIO_CLIENT_WS_DIAL_DUE) {
    client->ws = PEAL_EIO_CLIENT_WS_DIALLING;
    return tell(event, PEAL_EIO_CLIENT_DIAL);
  }
  if (client->ws == PEAL_EIO_CLIENT_WS_SHUT_DUE) {
    client->ws = PEAL_EIO_CLIENT_WS_SHUTTING;
    return tell(event, PEAL_EIO_CLIENT_SHUT);
  }
  return false;
}

static const char *words_of(const peal_eio_client *client) {
  if (client->text)
    return client->text;
  switch ((peal_eio_reason)client->reason) {
  case PEAL_EIO_FORCED_CLOSE:
    return "";
  case PEAL_EIO_PING_TIMEOUT:
    return PEAL_ROLE_IS_EIO3(&client->session)
               ? "the server's pong did not come in time"
               : "the server's ping did not come in time";
  case PEAL_EIO_TRANSPORT_CLOSE:
    if (!client->err)
      return "the server has closed the connection";
    break;
  case PEAL_EIO_TRANSPORT_ERROR:
  case PEAL_EIO_PARSE_ERROR:
  case PEAL_EIO_SLOW_CONSUMER:
    break;
  }
  return peal_err_message((peal_err)client->err);
}

static bool next_end(peal_eio_client *client, peal_eio_client_event *event) {
  if (!client->ended || client->closed)
    return false;
  client->closed = 1;
  event->reason = client->reason;
  event->err = (peal_err)client->err;
  event->text = words_of(client);
  return tell(event, PEAL_EIO_CLIENT_CLOSED);
}

bool peal_eio_client_next(peal_eio_client *client, peal_arena *arena,
                          uint64_t now_ms, peal_eio_client_event *event) {
  bool found = false;
  *event = (peal_eio_client_event){0};
  do
    found = next_news(client, arena, now_ms, event);
  while (!found && settle(client, now_ms));
  if (!found)
    found =
        is_over(client) ? next_end(client, event) : next_command(client, event);
  check(client);
  return found;
}

/* -- from above, and time -------------------------------------------------------------- */

peal_err peal_eio_client_send(peal_eio_client *client,
                              const peal_eio_item *item) {
  return client->closing ? PEAL_ERR_CLOSED
                         : peal_eio_session_send(&client->session, item);
}

void peal_eio_client_close(peal_eio_client *client, bool discard,
                           uint64_t now_ms) {
  if (client->closing || client->session.state >= PEAL_EIO_STATE_CLOSING)
    return;
  client->closing = 1;
  client->discard = discard;
  if (is_opening(client)) {
    client->has_hello = 0;
    peal_eio_session_close(&client->session, discard, PEAL_OK, now_ms);
  }
  check(client);
}

uint64_t peal_eio_client_deadline(const peal_eio_client *client) {
  return peal_eio_session_deadline(&client->session);
}

void peal_eio_client_tick(peal_eio_client *client, uint64_t now_ms) {
  peal_eio_session_tick(&client->session, now_ms);
  if (is_over(client))
    client->resting = 0;
  check(client);
}

bool peal_eio_client_is_writable(const peal_eio_client *client) {
  return !client->resting && !client->closing &&
         (!polls(client) || client->post == PEAL_EIO_CLIENT_REST) &&
         peal_eio_session_is_writable(&client->session);
}

bool peal_eio_client_has_ping_expired(const peal_eio_client *client,
                                      uint64_t now_ms) {
  const peal_eio_heartbeat *clock = &client->session.clock;
  return is_open(client) && now_ms >= peal_eio_heartbeat_deadline(clock) &&
         (!PEAL_ROLE_IS_EIO3(&client->session) || clock->is_pinged);
}

bool peal_eio_client_is_open(const peal_eio_client *client) {
  return is_open(client);
}

peal_eio_via peal_eio_client_via(const peal_eio_client *client) {
  return peal_eio_session_current(&client->session);
}
