/* SPDX-License-Identifier: MIT */
#include "proto/eio_session.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "wire/eio_payload.h"
#include "wire/json.h"

#define NEVER UINT64_MAX
#define SID_LEN 20u
/* A server may use ids of its own; ours have 20 characters. */
#define SID_MAX 64u
#define NOOP_MS 100u

typedef enum session_state {
  OPENING, /* client: the handshake has not come */
  OPEN,
  CLOSING, /* on_close was told, the queue still leaves */
  CLOSED
} session_state;

/* Control packets that wait to be sent. */
enum {
  DUE_OPEN = 1,
  DUE_PING = 2,
  DUE_PONG = 4,
  DUE_NOOP = 8,
  DUE_CLOSE = 16,
  DUE_PROBE_PING = 32, /* on the probe */
  DUE_PROBE_PONG = 64, /* on the probe */
  DUE_UPGRADE = 128,
  DUE_PROBE = DUE_PROBE_PING | DUE_PROBE_PONG
};

struct peal_eio_session {
  const peal_eio_session_opts *opts;
  const peal_eio_session_callbacks *callbacks;
  void *user;
  peal_eio_queue queue; /* its allocator is the session's */

  union {
    peal_message *open; /* server: the handshake's text until it is sent */

    struct {
      uint32_t max_payload;
      uint32_t patience_ms; /* interval + timeout */
    } peer;                 /* client: of the handshake */
  } hello;

  uint64_t heartbeat_at; /* next ping, or the pong's (ping's) limit */
  uint64_t limit_at;     /* of the probe, or of an orderly close */
  uint64_t noop_at;
  size_t max_queue_bytes;
  uint8_t state;
  uint8_t current; /* peal_eio_via */
  uint8_t due;
  uint8_t policy;
  uint8_t depth;     /* calls on the stack: free waits for them */
  bool ping_out : 1; /* server: a pong is awaited */
  bool probing : 1, probed : 1;
  bool can_upgrade : 1; /* client: of the handshake */
  bool poll_waits : 1, writable : 1;
  bool close_armed : 1; /* the close packet may leave */
  bool drain_due : 1;
  bool freed : 1;
  char sid[]; /* terminated; room for SID_LEN, or SID_MAX (client) */
};

/* What an idle client costs here; see the budget in design.md 7. */
_Static_assert(offsetof(peal_eio_session, sid) + SID_LEN + 1 <= 136,
               "peal_eio_session has grown");

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

static uint32_t upgrade_timeout(const peal_eio_session *session) {
  return or_default(session->opts->upgrade_timeout_ms, 10000);
}

static uint32_t close_timeout(const peal_eio_session *session) {
  return or_default(session->opts->close_timeout_ms, 30000);
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

/* -- life ----------------------------------------------------------------------- */

/* The key order is the reference's (EIO4 handshake). */
static peal_message *handshake_text(const peal_eio_session *session) {
  peal_buf buf;
  peal_buf_init(&buf, session->queue.mem, 0);
  peal_buf_add_str(&buf, "{\"sid\":\"");
  peal_buf_add_str(&buf, session->sid);
  peal_buf_add_str(&buf, "\",\"upgrades\":[");
  if (session->current == PEAL_EIO_POLLING && !session->opts->no_upgrades)
    peal_buf_add_str(&buf, "\"websocket\"");
  peal_buf_add_str(&buf, "],\"pingInterval\":");
  peal_buf_add_u64(&buf, ping_interval(session));
  peal_buf_add_str(&buf, ",\"pingTimeout\":");
  peal_buf_add_u64(&buf, ping_timeout(session));
  peal_buf_add_str(&buf, ",\"maxPayload\":");
  peal_buf_add_u64(&buf, max_payload(session));
  peal_buf_add_char(&buf, '}');
  peal_message *message = NULL;
  if (!buf.err)
    message =
        peal_message_new(peal_buf_slice(&buf), NULL, 0, session->queue.mem);
  peal_buf_deinit(&buf);
  return message;
}

static bool begin_server(peal_eio_session *session, const char *sid,
                         uint64_t now_ms) {
  assert(strlen(sid) == SID_LEN);
  memcpy(session->sid, sid, SID_LEN);
  session->hello.open = handshake_text(session);
  session->due = DUE_OPEN;
  session->state = OPEN;
  session->heartbeat_at = now_ms + ping_interval(session);
  return session->hello.open != NULL;
}

peal_eio_session *peal_eio_session_new(
    const peal_eio_session_opts *opts,
    const peal_eio_session_callbacks *callbacks, void *user, const char *sid,
    peal_eio_via via, uint64_t now_ms) {
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  size_t sid_room = (opts->client ? SID_MAX : SID_LEN) + 1;
  peal_eio_session *session =
      peal_mem_zalloc(mem, offsetof(peal_eio_session, sid) + sid_room);
  if (!session)
    return NULL;
  session->opts = opts;
  session->callbacks = callbacks;
  session->user = user;
  session->current = (uint8_t)via;
  session->policy = (uint8_t)opts->policy;
  session->heartbeat_at = NEVER;
  session->limit_at = NEVER;
  session->noop_at = NEVER;
  peal_eio_queue_init(&session->queue, mem);
  if (!opts->client && !begin_server(session, sid, now_ms)) {
    peal_eio_session_free(session);
    return NULL;
  }
  return session;
}

static void release(peal_eio_session *session) {
  peal_eio_queue_clear(&session->queue);
  if (!session->opts->client)
    peal_message_unref(session->hello.open);
  peal_mem_free(session->queue.mem, session);
}

static void stop_clocks(peal_eio_session *session) {
  session->heartbeat_at = NEVER;
  session->limit_at = NEVER;
  session->noop_at = NEVER;
  session->probing = false;
  session->probed = false;
}

/* A session that was freed in its own callback is deaf and mute until the
 * outermost call returns. */
void peal_eio_session_free(peal_eio_session *session) {
  if (!session)
    return;
  session->freed = true;
  session->state = CLOSED;
  session->due = 0;
  session->drain_due = false;
  stop_clocks(session);
  if (!session->depth)
    release(session);
}

/* What holds between two calls. */
static void check(const peal_eio_session *session) {
  bool client = session->opts->client;
  (void)client; /* without assertions */
  assert(session->state != OPENING || client);
  assert(!session->probed || session->probing);
  assert(!session->probing ||
         (session->state == OPEN && session->current == PEAL_EIO_POLLING));
  assert(session->noop_at == NEVER || (session->probed && !client));
  assert((session->limit_at != NEVER) ==
         (session->probing || session->state == CLOSING));
  assert((session->heartbeat_at != NEVER) == (session->state == OPEN));
  assert(session->state != CLOSED || session->freed || !session->queue.count);
  assert(!(session->due & DUE_OPEN) || session->hello.open);
  assert(!client ||
         !(session->due & (DUE_OPEN | DUE_PING | DUE_NOOP | DUE_PROBE_PONG)));
  assert(client || !(session->due & (DUE_PONG | DUE_UPGRADE | DUE_PROBE_PING)));
  assert((session->queue.count == 0) == (session->queue.bytes == 0));
  assert((session->queue.cap == 0) == (session->queue.ring == NULL));
}

static void enter(peal_eio_session *session) {
  session->depth++;
}

static void leave(peal_eio_session *session) {
  if (--session->depth)
    return;
  check(session);
  if (session->freed)
    release(session);
}

/* -- closing -------------------------------------------------------------------- */

/* The session ends without an orderly farewell. A waiting GET is released
 * with `last`: a close, or a no-op if the peer itself closed. */
static void die(peal_eio_session *session, peal_eio_reason reason, peal_err err,
                uint8_t last) {
  bool told = session->state >= CLOSING;
  session->state = CLOSED;
  stop_clocks(session);
  peal_eio_queue_clear(&session->queue);
  session->due = 0;
  if (session->poll_waits && session->current == PEAL_EIO_POLLING)
    session->due = last;
  if (told)
    return;
  session->callbacks->on_close(session, reason, err, session->user);
}

/* What still has to be said when the session closes in order. A WebSocket is
 * closed by its own handshake; a client puts `1` behind its last messages. */
static void arm_farewell(peal_eio_session *session) {
  /* What waits on a WebSocket is understood only behind its `5`. */
  session->due &= DUE_OPEN | DUE_UPGRADE;
  session->close_armed = session->opts->client || !session->queue.count;
  if (session->current == PEAL_EIO_WEBSOCKET)
    return;
  session->due |= DUE_CLOSE;
  /* reference 3.1: a waiting GET gets `1`, a later one `6` and `1`. */
  if (!session->opts->client && !(session->close_armed && session->poll_waits))
    session->due |= DUE_NOOP;
}

void peal_eio_session_close(peal_eio_session *session, bool discard,
                            peal_err err, uint64_t now_ms) {
  if (session->state >= CLOSING)
    return;
  enter(session);
  if (session->state == OPENING) {
    /* Nobody is there to whom a farewell could be said. */
    die(session, PEAL_EIO_FORCED_CLOSE, err, 0);
    leave(session);
    return;
  }
  if (discard)
    peal_eio_queue_clear(&session->queue);
  session->state = CLOSING;
  stop_clocks(session);
  session->limit_at = now_ms + close_timeout(session);
  arm_farewell(session);
  session->callbacks->on_close(session, PEAL_EIO_FORCED_CLOSE, err,
                               session->user);
  leave(session);
}

void peal_eio_session_kill(peal_eio_session *session, peal_eio_reason reason,
                           peal_err err, uint64_t now_ms) {
  (void)now_ms;
  enter(session);
  die(session, reason, err, DUE_CLOSE);
  leave(session);
}

/* -- what comes in: packets on the current way ------------------------------------- */

static peal_err fail(peal_eio_session *session, peal_eio_reason reason,
                     peal_err err) {
  die(session, reason, err, DUE_CLOSE);
  return err;
}

static peal_err on_ping(peal_eio_session *session, peal_slice data,
                        uint64_t now_ms) {
  (void)data;
  /* EIO4 heartbeat: the server sends ping, the client answers. */
  if (!session->opts->client)
    return fail(session, PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_EIO_DIRECTION);
  session->due |= DUE_PONG;
  session->heartbeat_at = now_ms + session->hello.peer.patience_ms;
  return PEAL_OK;
}

static peal_err on_pong(peal_eio_session *session, uint64_t now_ms) {
  /* A pong that nobody asked for changes nothing. */
  if (session->opts->client || !session->ping_out)
    return PEAL_OK;
  session->ping_out = false;
  session->heartbeat_at = now_ms + ping_interval(session);
  return PEAL_OK;
}

/* It goes into the client's requests: nothing that would have to be escaped. */
static bool is_sid(peal_slice sid) {
  if (!sid.len || sid.len > SID_MAX)
    return false;
  for (size_t i = 0; i < sid.len; i++)
    if (sid.ptr[i] <= ' ' || sid.ptr[i] > '~')
      return false;
  return true;
}

static bool offers_websocket(peal_val upgrades) {
  for (uint32_t i = 0; peal_val_is(upgrades, PEAL_ARRAY) && i < upgrades.len;
       i++)
    if (peal_slice_is(peal_val_str(peal_val_at(upgrades, i)), "websocket"))
      return true;
  return false;
}

static uint32_t handshake_u32(peal_val value, uint32_t otherwise) {
  int64_t number = peal_val_int(value, otherwise);
  return number > 0 && number < UINT32_MAX / 4 ? (uint32_t)number : otherwise;
}

static peal_err on_open(peal_eio_session *session, peal_slice data,
                        peal_arena *arena, uint64_t now_ms) {
  if (!session->opts->client || session->state != OPENING)
    return PEAL_OK;
  peal_val value;
  peal_err err = peal_json_decode(&value, data, arena, NULL);
  if (err == PEAL_ERR_NOMEM)
    return fail(session, PEAL_EIO_TRANSPORT_ERROR, err);
  peal_slice sid = peal_val_str(peal_val_get(value, "sid"));
  if (err || !is_sid(sid))
    return fail(session, PEAL_EIO_PARSE_ERROR, PEAL_ERR_EIO_PACKET);
  memcpy(session->sid, sid.ptr, sid.len);
  session->hello.peer.patience_ms =
      handshake_u32(peal_val_get(value, "pingInterval"), 25000) +
      handshake_u32(peal_val_get(value, "pingTimeout"), 20000);
  session->heartbeat_at = now_ms + session->hello.peer.patience_ms;
  session->can_upgrade = offers_websocket(peal_val_get(value, "upgrades"));
  session->hello.peer.max_payload = handshake_u32(
      peal_val_get(value, "maxPayload"), PEAL_LIMIT_PAYLOAD_BYTES);
  session->state = OPEN;
  if (session->callbacks->on_open)
    session->callbacks->on_open(session, session->user);
  return PEAL_OK;
}

static peal_err on_packet(peal_eio_session *session,
                          const peal_eio_packet *packet, peal_arena *arena,
                          uint64_t now_ms) {
  /* EIO4 handshake: a server's first packet is `open`. */
  if (session->state == OPENING && packet->type != PEAL_EIO_OPEN &&
      packet->type != PEAL_EIO_CLOSE && packet->type != PEAL_EIO_NOOP)
    return fail(session, PEAL_EIO_PARSE_ERROR, PEAL_ERR_EIO_PACKET);
  switch ((peal_eio_type)packet->type) {
  case PEAL_EIO_OPEN:
    return on_open(session, packet->data, arena, now_ms);
  case PEAL_EIO_CLOSE:
    die(session, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK, DUE_NOOP);
    return PEAL_OK;
  case PEAL_EIO_PING:
    return on_ping(session, packet->data, now_ms);
  case PEAL_EIO_PONG:
    return on_pong(session, now_ms);
  case PEAL_EIO_MESSAGE:
    if (session->state == OPEN)
      session->callbacks->on_message(session, packet->binary, packet->data,
                                     session->user);
    return PEAL_OK;
  case PEAL_EIO_UPGRADE:
  case PEAL_EIO_NOOP:
    return PEAL_OK; /* reference 3.2: ignored */
  }
  return PEAL_OK;
}

/* -- what comes in: the probe ------------------------------------------------------ */

static peal_err probe_broken(peal_eio_session *session) {
  session->probing = false;
  session->probed = false;
  session->limit_at = NEVER;
  session->noop_at = NEVER;
  session->due &= (uint8_t)~DUE_PROBE;
  return PEAL_ERR_SIO_STATE;
}

static void become_websocket(peal_eio_session *session) {
  session->current = PEAL_EIO_WEBSOCKET;
  session->probing = false;
  session->probed = false;
  session->limit_at = NEVER;
  session->noop_at = NEVER;
  session->poll_waits = false;
  session->due &= (uint8_t)~DUE_NOOP;
  session->writable = true;
  if (session->callbacks->on_upgrade)
    session->callbacks->on_upgrade(session, session->user);
}

static peal_err on_probe(peal_eio_session *session,
                         const peal_eio_packet *packet, uint64_t now_ms) {
  bool is_probe = peal_slice_is(packet->data, "probe");
  if (session->opts->client) {
    if (packet->type != PEAL_EIO_PONG || !is_probe || session->probed ||
        session->due & DUE_PROBE_PING)
      return probe_broken(session);
    session->probed = true;
    if (session->callbacks->on_probed)
      session->callbacks->on_probed(session, session->user);
    return PEAL_OK;
  }
  if (packet->type == PEAL_EIO_PING && is_probe) {
    session->due |= DUE_PROBE_PONG;
    session->probed = true;
    session->noop_at = now_ms + NOOP_MS;
    return PEAL_OK;
  }
  /* reference 3.3: `5` is accepted without a probe, too. */
  if (packet->type != PEAL_EIO_UPGRADE)
    return probe_broken(session);
  become_websocket(session);
  return PEAL_OK;
}

/* -- what comes in ------------------------------------------------------------------ */

static peal_err unreadable(peal_eio_session *session, peal_err err) {
  return fail(session,
              err == PEAL_ERR_NOMEM ? PEAL_EIO_TRANSPORT_ERROR
                                    : PEAL_EIO_PARSE_ERROR,
              err);
}

/* Of what comes while we close, only the peer's own `1` matters. */
static peal_err feed_closing(peal_eio_session *session, peal_slice body) {
  bool more = session->state == CLOSING;
  peal_slice text;
  while (peal_eio_payload_next(&body, &more, &text)) {
    if (text.len && text.ptr[0] == '1') {
      enter(session);
      die(session, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK, DUE_NOOP);
      leave(session);
      break;
    }
  }
  return PEAL_ERR_CLOSED;
}

static peal_err feed_packets(peal_eio_session *session, peal_slice body,
                             peal_arena *arena, uint64_t now_ms) {
  bool more = true;
  peal_slice text;
  size_t count = 0;
  while (peal_eio_payload_next(&body, &more, &text)) {
    peal_eio_packet packet;
    peal_err err = peal_eio_packet_decode(&packet, text, arena);
    if (!err && ++count > PEAL_LIMIT_EIO_PACKETS)
      err = PEAL_ERR_LIMIT;
    if (err)
      return unreadable(session, err);
    err = on_packet(session, &packet, arena, now_ms);
    if (err)
      return err;
    if (session->state >= CLOSING)
      return PEAL_OK;
  }
  return PEAL_OK;
}

peal_err peal_eio_session_feed_payload(peal_eio_session *session,
                                       peal_slice body, peal_arena *arena,
                                       uint64_t now_ms) {
  if (session->current != PEAL_EIO_POLLING)
    return session->state >= CLOSING ? PEAL_ERR_CLOSED : PEAL_ERR_SIO_STATE;
  if (session->state >= CLOSING)
    return feed_closing(session, body);
  enter(session);
  peal_err err = feed_packets(session, body, arena, now_ms);
  leave(session);
  return err;
}

static peal_err feed_one(peal_eio_session *session, bool binary,
                         peal_slice data, peal_arena *arena, uint64_t now_ms) {
  peal_eio_packet packet = {
      .data = data, .type = PEAL_EIO_MESSAGE, .binary = true};
  bool is_probe = session->current == PEAL_EIO_POLLING;
  if (!binary) {
    peal_err err = peal_eio_packet_decode(&packet, data, arena);
    if (err && is_probe)
      return probe_broken(session);
    if (err)
      return unreadable(session, err);
  }
  if (!is_probe)
    return on_packet(session, &packet, arena, now_ms);
  if (!session->probing)
    return PEAL_ERR_SIO_STATE;
  return on_probe(session, &packet, now_ms);
}

peal_err peal_eio_session_feed_frame(peal_eio_session *session, bool binary,
                                     peal_slice data, peal_arena *arena,
                                     uint64_t now_ms) {
  if (session->state >= CLOSING)
    return binary ? PEAL_ERR_CLOSED : feed_closing(session, data);
  enter(session);
  peal_err err = feed_one(session, binary, data, arena, now_ms);
  leave(session);
  return err;
}

/* -- ways --------------------------------------------------------------------------- */

peal_err peal_eio_session_attach(peal_eio_session *session, uint64_t now_ms) {
  if (session->state != OPEN || session->probing ||
      session->current == PEAL_EIO_WEBSOCKET ||
      (!session->opts->client && session->opts->no_upgrades))
    return PEAL_ERR_SIO_STATE;
  session->probing = true;
  session->limit_at = now_ms + upgrade_timeout(session);
  if (session->opts->client)
    session->due |= DUE_PROBE_PING;
  check(session);
  return PEAL_OK;
}

peal_err peal_eio_session_switch(peal_eio_session *session, uint64_t now_ms) {
  (void)now_ms;
  if (!session->opts->client || !session->probed || session->state != OPEN)
    return PEAL_ERR_SIO_STATE;
  enter(session);
  session->due |= DUE_UPGRADE;
  become_websocket(session);
  leave(session);
  return PEAL_OK;
}

void peal_eio_session_detach(peal_eio_session *session, peal_eio_via via,
                             peal_eio_reason reason, peal_err err,
                             uint64_t now_ms) {
  (void)now_ms;
  if (via != (peal_eio_via)session->current) {
    if (session->probing && via == PEAL_EIO_WEBSOCKET)
      (void)probe_broken(session);
    return;
  }
  enter(session);
  session->poll_waits = false;
  die(session, reason, err, 0);
  leave(session);
}

/* -- what goes out -------------------------------------------------------------------- */

/* A message that takes the place of another one needs room for the difference
 * only: the newest picture is taken although the queue is full. */
static peal_err drop_oldest(peal_eio_session *session, size_t room,
                            uint64_t key) {
  size_t replaced = peal_eio_queue_replaced(&session->queue, key);
  while (session->queue.bytes - replaced > room) {
    if (!peal_eio_queue_drop_oldest(&session->queue))
      return PEAL_ERR_QUEUE_FULL;
    if (replaced) /* it may have been the oldest */
      replaced = peal_eio_queue_replaced(&session->queue, key);
  }
  return PEAL_OK;
}

static peal_err make_room(peal_eio_session *session,
                          const peal_eio_item *item) {
  size_t max = max_queue(session);
  size_t cost = peal_eio_queue_cost(item);
  size_t queued = session->queue.bytes;
  if (cost <= max &&
      (queued <= max - cost ||
       queued - peal_eio_queue_replaced(&session->queue, item->key) <=
           max - cost))
    return PEAL_OK;
  /* An empty queue does not become empty again. */
  session->drain_due = session->drain_due || session->queue.count;
  if (session->policy == PEAL_EIO_POLICY_DROP_OLDEST && cost <= max)
    return drop_oldest(session, max - cost, item->key);
  if (session->policy == PEAL_EIO_POLICY_CLOSE) {
    enter(session);
    die(session, PEAL_EIO_SLOW_CONSUMER, PEAL_ERR_QUEUE_FULL, DUE_CLOSE);
    leave(session);
  }
  return PEAL_ERR_QUEUE_FULL;
}

peal_err peal_eio_session_send(peal_eio_session *session,
                               const peal_eio_item *item, uint64_t now_ms) {
  (void)now_ms;
  if (session->state >= CLOSING)
    return PEAL_ERR_CLOSED;
  peal_err err = make_room(session, item);
  if (err)
    return err;
  err = peal_eio_queue_add(&session->queue, item);
  if (!err && session->queue.bytes > max_queue_soft(session))
    session->drain_due = true;
  return err;
}

/* First on a WebSocket, also if its `5` came in the same breath. */
static bool next_on_probe(const peal_eio_session *session, peal_eio_out *out) {
  if (!(session->due & DUE_PROBE))
    return false;
  out->type = session->due & DUE_PROBE_PING ? PEAL_EIO_PING : PEAL_EIO_PONG;
  out->data = PEAL_S("probe");
  return true;
}

static bool next_message(const peal_eio_session *session, peal_eio_out *out) {
  if (!peal_eio_queue_peek(&session->queue, &out->message, &out->part,
                           &out->no_compress))
    return false;
  out->type = PEAL_EIO_MESSAGE;
  out->data = peal_message_part(out->message, out->part);
  out->binary = peal_message_is_binary(out->message, out->part);
  return true;
}

/* The bit of the control packet that goes next, before messages. */
static uint8_t first_due(const peal_eio_session *session) {
  static const uint8_t order[] = {DUE_OPEN, DUE_UPGRADE, DUE_PONG, DUE_PING};
  for (size_t i = 0; i < sizeof order; i++)
    if (session->due & order[i])
      return order[i];
  return 0;
}

/* Behind the messages: a no-op that releases a GET, the farewell. */
static uint8_t last_due(const peal_eio_session *session) {
  if (session->state == CLOSING && !session->close_armed)
    return 0;
  if (session->due & DUE_NOOP)
    return DUE_NOOP;
  return session->due & DUE_CLOSE;
}

static uint8_t type_of_due(uint8_t bit) {
  switch (bit) {
  case DUE_OPEN:
    return PEAL_EIO_OPEN;
  case DUE_UPGRADE:
    return PEAL_EIO_UPGRADE;
  case DUE_PING:
    return PEAL_EIO_PING;
  case DUE_PONG:
    return PEAL_EIO_PONG;
  case DUE_NOOP:
    return PEAL_EIO_NOOP;
  default:
    return PEAL_EIO_CLOSE;
  }
}

bool peal_eio_session_next(peal_eio_session *session, peal_eio_via via,
                           peal_eio_out *out) {
  *out = (peal_eio_out){0};
  if (via == PEAL_EIO_WEBSOCKET && next_on_probe(session, out))
    return true;
  /* EIO4: nothing is said before the handshake has come. */
  if (via != (peal_eio_via)session->current || session->state == OPENING)
    return false;
  uint8_t bit = first_due(session);
  if (!bit && next_message(session, out))
    return true;
  if (!bit)
    bit = last_due(session);
  if (!bit)
    return false;
  out->type = type_of_due(bit);
  if (bit == DUE_OPEN) {
    out->message = session->hello.open;
    out->data = peal_message_part(out->message, 0);
  }
  return true;
}

static void tell_drain(peal_eio_session *session) {
  if (!session->drain_due || session->queue.count || session->state != OPEN)
    return;
  session->drain_due = false;
  if (!session->callbacks->on_drain)
    return;
  enter(session);
  session->callbacks->on_drain(session, session->user);
  leave(session);
}

void peal_eio_session_pop(peal_eio_session *session, peal_eio_via via,
                          uint64_t now_ms) {
  (void)now_ms;
  if (via == PEAL_EIO_WEBSOCKET && session->due & DUE_PROBE) {
    session->due &= (uint8_t)~DUE_PROBE;
    return;
  }
  if (via != (peal_eio_via)session->current || session->state == OPENING)
    return;
  uint8_t bit = first_due(session);
  if (!bit && session->queue.count) {
    peal_eio_queue_pop(&session->queue);
    tell_drain(session);
    return;
  }
  if (!bit)
    bit = last_due(session);
  session->due &= (uint8_t)~bit;
  if (bit != DUE_OPEN)
    return;
  peal_message_unref(session->hello.open);
  session->hello.open = NULL;
}

void peal_eio_session_poll_waits(peal_eio_session *session, bool waits,
                                 uint64_t now_ms) {
  if (session->opts->client)
    return;
  session->poll_waits = waits;
  if (session->current == PEAL_EIO_POLLING)
    session->writable = waits;
  if (!waits) {
    /* Nobody is left who would take the last word. */
    if (session->state == CLOSED)
      session->due = 0;
    return;
  }
  if (session->state == CLOSING && !session->queue.count)
    session->close_armed = true;
  /* Every 100 ms of an upgrade; a GET that comes later in that time is
   * released at the next tick (reference 3.3). */
  if (session->probed && session->noop_at == NEVER)
    session->noop_at = now_ms + NOOP_MS;
  check(session);
}

void peal_eio_session_set_writable(peal_eio_session *session, bool writable) {
  session->writable = writable;
}

bool peal_eio_session_is_writable(const peal_eio_session *session) {
  return session->state == OPEN && session->writable &&
         session->queue.bytes <= max_queue_soft(session);
}

/* -- time ------------------------------------------------------------------------------ */

static uint64_t earliest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

uint64_t peal_eio_session_deadline(const peal_eio_session *session) {
  return earliest(session->heartbeat_at,
                  earliest(session->limit_at, session->noop_at));
}

static void tick_heartbeat(peal_eio_session *session, uint64_t now_ms) {
  if (session->opts->client || session->ping_out) {
    die(session, PEAL_EIO_PING_TIMEOUT, PEAL_ERR_TIMEOUT, DUE_CLOSE);
    return;
  }
  session->ping_out = true;
  session->due |= DUE_PING;
  session->heartbeat_at = now_ms + ping_timeout(session);
}

static void tick_noop(peal_eio_session *session, uint64_t now_ms) {
  session->noop_at = NEVER;
  if (!session->probed)
    return;
  if (session->poll_waits)
    session->due |= DUE_NOOP;
  else
    session->noop_at = now_ms + NOOP_MS;
}

void peal_eio_session_tick(peal_eio_session *session, uint64_t now_ms) {
  enter(session);
  if (now_ms >= session->heartbeat_at)
    tick_heartbeat(session, now_ms);
  if (now_ms >= session->limit_at && session->probing)
    (void)probe_broken(session);
  if (now_ms >= session->noop_at)
    tick_noop(session, now_ms);
  if (now_ms >= session->limit_at && session->state == CLOSING)
    die(session, PEAL_EIO_FORCED_CLOSE, PEAL_ERR_TIMEOUT, DUE_CLOSE);
  leave(session);
}

/* -- getters ------------------------------------------------------------------------- */

const char *peal_eio_session_sid(const peal_eio_session *session) {
  return session->sid;
}

bool peal_eio_session_can_upgrade(const peal_eio_session *session) {
  return session->can_upgrade;
}

size_t peal_eio_session_peer_max_payload(const peal_eio_session *session) {
  return session->hello.peer.max_payload;
}

peal_eio_via peal_eio_session_current(const peal_eio_session *session) {
  return (peal_eio_via)session->current;
}

bool peal_eio_session_is_open(const peal_eio_session *session) {
  return session->state == OPEN;
}

bool peal_eio_session_is_done(const peal_eio_session *session) {
  return session->state >= CLOSING && !session->queue.count && !session->due;
}

bool peal_eio_session_is_upgrading(const peal_eio_session *session) {
  return session->probing;
}

size_t peal_eio_session_queued_bytes(const peal_eio_session *session) {
  return session->queue.bytes;
}

void peal_eio_session_set_queue(peal_eio_session *session, size_t max_bytes,
                                peal_eio_policy policy) {
  session->max_queue_bytes = max_bytes;
  session->policy = (uint8_t)(max_bytes ? policy : session->opts->policy);
}
