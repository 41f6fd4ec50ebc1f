/* SPDX-License-Identifier: MIT */
/* joined: a client and a server, each an eio_session with a sio_conn on it,
 * over a wire played here: GET and POST with one in flight of each kind, and a
 * WebSocket that may come up in the middle of the traffic. Time, delays and
 * sizes come from a seeded dice, so that a failing seed can be replayed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/eio_out.h"
#include "proto/eio_session.h"
#include "proto/sio_conn.h"
#include "torture.h"
#include "wire/eio_payload.h"

#define SID "abcdefghij0123456789"
#define EVENTS 60u
#define FRAMES 256u
#define NEVER UINT64_MAX

typedef struct world world;

typedef struct peer {
  world *world;
  struct peer *other;
  peal_eio_session_opts eio_opts;
  peal_sio_conn_opts sio_opts;
  peal_eio_session *eio; /* NULL: memory was out at its beginning */
  peal_eio_session room;
  peal_sio_conn sio;
  peal_sio_link link;
  peal_arena arena;
  bool client, joined, closed;
  peal_eio_reason reason;
  unsigned sent, got, acks;
  bool broken; /* the machine above said no */
} peer;

/* A frame on its way. */
typedef struct flight {
  uint64_t at;
  peal_bytes *bytes;
  bool binary;
} flight;

typedef struct pipe {
  flight frames[FRAMES];
  unsigned head, count;
} pipe;

typedef struct body {
  bool busy;    /* somewhere between the two */
  bool arrived; /* at the server (a GET waits there) */
  bool answered;
  uint64_t at; /* of the next arrival */
  peal_buf data;
} body;

struct world {
  peer client, server;
  uint64_t now, dice;
  body get, post;
  pipe up, down; /* WebSocket: to the server, to the client */
  bool ws_open, ws_wanted, ws_started, resting;
  uint64_t ws_at;    /* when the WebSocket has come up */
  bool is_lossy;     /* memory may run out: lost messages are no failure */
  unsigned upgrades; /* 2: both have switched */
  unsigned lost;     /* probes */
};

static unsigned roll(world *w, unsigned sides) {
  w->dice = w->dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(w->dice >> 33) % sides;
}

/* -- above: numbered events, each acknowledged -------------------------------------- */

static bool wants_group(unsigned number) {
  return number % 5 == 3;
}

static bool has_id(unsigned number) {
  return number % 3 == 0;
}

static void queue(peer *p, peal_buf *text, size_t attachments) {
  const peal_slice attached[2] = {PEAL_S("attached"), PEAL_S("attached")};
  peal_eio_item item = {0};
  peal_err err = text->err;
  if (!err)
    item.message = peal_message_new(peal_buf_slice(text), attached, attachments,
                                    p->eio_opts.mem);
  if (!err && !item.message)
    err = PEAL_ERR_NOMEM;
  if (!err)
    err = peal_eio_session_send(p->eio, &item);
  peal_message_unref(item.message);
  peal_buf_deinit(text);
  assert_true(!err || err == PEAL_ERR_NOMEM || err == PEAL_ERR_CLOSED);
  if (err == PEAL_ERR_NOMEM) /* as an owner must: nothing is skipped */
    peal_eio_session_kill(p->eio, PEAL_EIO_TRANSPORT_ERROR, err);
}

static void emit(peer *p) {
  peal_buf text;
  size_t attachments = 0;
  uint64_t id = p->sent;
  peal_val args[3] = {peal_int(p->sent), peal_undefined(), peal_undefined()};
  size_t count = 1;
  while (wants_group(p->sent) && count < 3)
    args[count++] = peal_binary(PEAL_S("attached"));
  peal_buf_init(&text, NULL, 0);
  peal_sio_packet_encode_event(&text, PEAL_S("/"), PEAL_S("n"),
                               (peal_args){args, count},
                               has_id(p->sent) ? &id : NULL, &attachments);
  p->sent++;
  queue(p, &text, attachments);
}

static void on_event(peer *p, const peal_sio_packet *packet) {
  int64_t number = peal_val_int(peal_val_at(packet->data, 1), -1);
  if (!p->world->is_lossy)
    assert_int_equal(number, p->got);
  assert_true(number >= p->got && number < p->other->sent);
  p->got = (unsigned)number + 1;
  assert_int_equal(packet->data.len, wants_group((unsigned)number) ? 4 : 2);
  for (size_t i = 2; i < packet->data.len; i++)
    assert_true(peal_slice_is(peal_val_binary(peal_val_at(packet->data, i)),
                              "attached"));
  assert_int_equal(packet->has_id, has_id((unsigned)number));
  if (!packet->has_id)
    return;
  peal_buf text;
  size_t attachments;
  peal_buf_init(&text, NULL, 0);
  peal_sio_packet_encode_ack(&text, PEAL_S("/"), packet->id, PEAL_NO_ARGS,
                             &attachments);
  queue(p, &text, 0);
}

static void on_ack(peer *p, const peal_sio_packet *packet) {
  if (!p->world->is_lossy)
    assert_int_equal(packet->id, p->acks * 3);
  p->acks++;
}

/* What the machine wants to be sent; NULL: nothing. */
static void send_control(peer *p, peal_message *message) {
  if (!message)
    return;
  peal_eio_item item = {.message = message};
  peal_err err = peal_eio_session_send(p->eio, &item);
  if (err == PEAL_ERR_NOMEM)
    peal_eio_session_kill(p->eio, PEAL_EIO_TRANSPORT_ERROR, err);
  peal_message_unref(message);
}

static peal_err act(peer *p, const peal_sio_conn_event *event) {
  switch ((peal_sio_conn_event_type)event->type) {
  case PEAL_SIO_CONN_CONNECT:
    p->link = event->link;
    p->joined = p->client; /* a server's answer may take its time */
    break;
  case PEAL_SIO_CONN_EVENT:
    assert_true(event->link == p->link);
    on_event(p, &event->packet);
    break;
  case PEAL_SIO_CONN_ACK:
    on_ack(p, &event->packet);
    break;
  case PEAL_SIO_CONN_SEND: /* refused for want of memory */
    assert_true(p->world->is_lossy);
    send_control(p, event->message);
    break;
  case PEAL_SIO_CONN_ERROR:
    return event->err;
  case PEAL_SIO_CONN_NONE:
  case PEAL_SIO_CONN_CONNECT_ERROR:
  case PEAL_SIO_CONN_DISCONNECT:
    if (!p->world->is_lossy)
      fail_msg("nobody leaves here");
    break;
  }
  return PEAL_OK;
}

/* The arena is reset by whoever reads the wire. */
static peal_err read_all(peer *p) {
  peal_sio_conn_event event;
  peal_err err = PEAL_OK;
  while (!err && peal_sio_conn_next(&p->sio, &p->arena, &event))
    err = act(p, &event);
  return err;
}

/* -- between: the session -------------------------------------------------------------- */

static void violation(peer *p, peal_err err) {
  if (!err)
    return;
  assert_true(p->world->is_lossy);
  peal_eio_session_close(p->eio, true, err, p->world->now);
}

static void on_open(peer *p) {
  peal_message *out;
  peal_err err = peal_sio_conn_join(&p->sio, PEAL_S("/"), peal_undefined(),
                                    NULL, &p->link, &out);
  send_control(p, out);
  if (err)
    violation(p, err);
  else if (roll(p->world, 2)) /* pipelined behind its CONNECT */
    emit(p);
}

static void on_message(peer *p, const peal_eio_event *event) {
  peal_err err =
      peal_sio_conn_feed(&p->sio, event->binary, event->data, p->world->now);
  violation(p, err ? err : read_all(p));
}

static void on_eio_event(peer *p, const peal_eio_event *event) {
  assert_false(p->closed);
  switch ((peal_eio_event_type)event->type) {
  case PEAL_EIO_EVENT_OPEN:
    on_open(p);
    break;
  case PEAL_EIO_EVENT_MESSAGE:
    on_message(p, event);
    break;
  case PEAL_EIO_EVENT_PROBED:
    p->world->resting = true;
    break;
  case PEAL_EIO_EVENT_UPGRADED:
    p->world->upgrades++;
    break;
  case PEAL_EIO_EVENT_DRAIN:
    break;
  case PEAL_EIO_EVENT_CLOSE:
    p->closed = true;
    p->reason = (peal_eio_reason)event->reason;
    break;
  }
}

/* After any verb: what has happened. */
static void settle(peer *p) {
  peal_eio_event event;
  while (peal_eio_session_next(p->eio, &p->arena, p->world->now, &event))
    on_eio_event(p, &event);
  peal_arena_reset(&p->arena);
}

/* -- below: the wire ----------------------------------------------------------------- */

/* What waits on polling, as a body; at most `most` packets. */
static bool fill_body(peer *p, peal_buf *into, unsigned most) {
  peal_eio_out out;
  peal_buf_init(into, NULL, 0);
  for (;;) {
    peal_eio_cursor cursor = {0};
    if (!most-- || !peal_eio_out_peek(p->eio, PEAL_EIO_POLLING, &cursor, &out))
      break;
    peal_eio_packet packet = {
        .data = out.data, .type = out.type, .binary = out.binary};
    peal_eio_payload_add(into, 0, &packet);
    peal_eio_out_pop(p->eio, PEAL_EIO_POLLING, p->world->now);
  }
  assert_int_equal(into->err, PEAL_OK);
  return into->len > 0;
}

static void feed_body(peer *p, const peal_buf *data) {
  peal_err err = peal_eio_session_feed_payload(p->eio, peal_buf_slice(data),
                                               p->world->now);
  settle(p);
  assert_true(!err || p->closed || p->world->is_lossy);
}

static void later(world *w, body *b) {
  b->at = w->now + 1 + roll(w, 40);
}

static void play_post(world *w) {
  body *b = &w->post;
  bool polls = peal_eio_session_current(w->client.eio) == PEAL_EIO_POLLING &&
               !w->resting;
  if (!b->busy) {
    if (polls && peal_eio_session_sid(w->client.eio)[0] &&
        fill_body(&w->client, &b->data, 1 + roll(w, 8))) {
      b->busy = true;
      b->arrived = false;
      later(w, b);
    }
    return;
  }
  if (w->now < b->at)
    return;
  if (b->arrived) { /* the `ok` is back */
    b->busy = false;
    return;
  }
  feed_body(&w->server, &b->data);
  peal_buf_deinit(&b->data);
  b->arrived = true;
  later(w, b);
}

static void play_get(world *w) {
  body *b = &w->get;
  bool polls = peal_eio_session_current(w->client.eio) == PEAL_EIO_POLLING &&
               !w->resting;
  if (!b->busy) {
    if (polls && !w->client.closed) {
      *b = (body){.busy = true};
      later(w, b);
    }
    return;
  }
  if (w->now < b->at)
    return;
  if (!b->arrived) {
    b->arrived = true;
    peal_eio_session_poll_waits(w->server.eio, true, w->now);
  }
  if (!b->answered) {
    if (!fill_body(&w->server, &b->data, UINT32_MAX)) {
      if (peal_eio_session_is_done(w->server.eio)) {
        w->client.broken = true; /* 400: session unknown */
        b->busy = false;
        peal_eio_session_detach(w->client.eio, PEAL_EIO_POLLING,
                                PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_CLOSED);
      }
      return;
    }
    peal_eio_session_poll_waits(w->server.eio, false, w->now);
    b->answered = true;
    later(w, b);
    return;
  }
  b->busy = false;
  feed_body(&w->client, &b->data);
  peal_buf_deinit(&b->data);
}

static void push(world *w, peer *p, pipe *to) {
  peal_eio_out out;
  for (;;) {
    peal_eio_cursor cursor = {0};
    if (to->count == FRAMES || !roll(w, 6) ||
        !peal_eio_out_peek(p->eio, PEAL_EIO_WEBSOCKET, &cursor, &out))
      break;
    peal_slice data = out.data;
    char text[2048];
    assert_true(data.len + 1 < sizeof text);
    size_t head = out.binary ? 0 : 1;
    text[0] = (char)('0' + out.type);
    if (data.len)
      memcpy(text + head, data.ptr, data.len);
    flight *f = &to->frames[(to->head + to->count++) % FRAMES];
    uint64_t last =
        to->count > 1 ? to->frames[(to->head + to->count - 2) % FRAMES].at : 0;
    f->bytes = peal_bytes_new((peal_slice){text, data.len + head});
    assert_non_null(f->bytes);
    f->binary = out.binary;
    f->at = w->now + 1 + roll(w, 30);
    f->at = f->at < last ? last : f->at; /* a stream keeps its order */
    peal_eio_out_pop(p->eio, PEAL_EIO_WEBSOCKET, w->now);
  }
}

static void pull(world *w, peer *p, pipe *from) {
  while (from->count && from->frames[from->head].at <= w->now) {
    flight *f = &from->frames[from->head];
    from->head = (from->head + 1) % FRAMES;
    from->count--;
    peal_err err = peal_eio_session_feed_frame(
        p->eio, f->binary, peal_bytes_slice(f->bytes), w->now);
    settle(p);
    assert_true(!err || p->closed || w->is_lossy || err == PEAL_ERR_SIO_STATE);
    peal_bytes_unref(f->bytes);
  }
}

static void drop(pipe *p) {
  for (; p->count; p->count--, p->head = (p->head + 1) % FRAMES)
    peal_bytes_unref(p->frames[p->head].bytes);
}

/* The probe breaks: both stay on polling, another may begin. */
static void lose_probe(world *w) {
  for (int i = 0; i < 2; i++)
    peal_eio_session_detach(i ? w->client.eio : w->server.eio,
                            PEAL_EIO_WEBSOCKET, PEAL_EIO_TRANSPORT_ERROR,
                            PEAL_ERR_IO);
  drop(&w->up);
  drop(&w->down);
  w->ws_open = w->ws_started = w->resting = false;
  w->lost++;
}

static void play_ws(world *w) {
  bool open = peal_eio_session_is_open(w->client.eio);
  if (!open) /* who closes meanwhile says it on polling */
    w->resting = false;
  if (w->ws_wanted && open && !w->ws_started && !roll(w, 20)) {
    w->ws_started = true;
    w->ws_at = w->now + roll(w, 60);
  }
  if (w->ws_started && !w->ws_open && w->now >= w->ws_at) {
    if (peal_eio_session_attach(w->server.eio, w->now) == PEAL_OK &&
        peal_eio_session_attach(w->client.eio, w->now) == PEAL_OK)
      w->ws_open = true;
    else
      w->ws_wanted = w->ws_started = false; /* one of them closed meanwhile */
  }
  if (!w->ws_open)
    return;
  if (w->lost < 3 && !roll(w, 30) &&
      peal_eio_session_current(w->client.eio) == PEAL_EIO_POLLING) {
    lose_probe(w);
    return;
  }
  push(w, &w->client, &w->up);
  push(w, &w->server, &w->down);
  pull(w, &w->server, &w->up);
  pull(w, &w->client, &w->down);
  /* Polling has come to rest: GET and POST are back. */
  if (w->resting && !w->get.busy && !w->post.busy &&
      peal_eio_session_switch(w->client.eio) == PEAL_OK)
    w->resting = false;
  /* A WebSocket ends with its session. */
  for (int i = 0; i < 2; i++) {
    peer *p = i ? &w->client : &w->server;
    pipe *out = i ? &w->up : &w->down;
    if (p->closed && peal_eio_session_is_done(p->eio) && !out->count)
      peal_eio_session_detach(p->other->eio, PEAL_EIO_WEBSOCKET,
                              PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
  }
}

static void answer_connect(world *w) {
  peer *p = &w->server;
  if (!p->link || p->joined || p->closed || roll(w, 10))
    return;
  peal_message *out;
  peal_err err = peal_sio_conn_accept(&p->sio, p->link, peal_undefined(), &out);
  send_control(p, out);
  p->joined = true;
  if (!err)
    err = peal_sio_conn_deliver(&p->sio, p->link);
  if (!err)
    err = read_all(p);
  violation(p, err);
}

static void step(world *w) {
  for (int i = 0; i < 2; i++) {
    peer *p = i ? &w->client : &w->server;
    if (p->joined && !p->closed && p->sent < EVENTS && !roll(w, 4))
      emit(p);
    if (peal_eio_session_deadline(p->eio) <= w->now)
      peal_eio_session_tick(p->eio, w->now);
    settle(p);
    if (!p->closed && peal_sio_conn_deadline(&p->sio) <= w->now)
      violation(p, peal_sio_conn_tick(&p->sio, w->now));
  }
  answer_connect(w);
  play_post(w);
  play_get(w);
  play_ws(w);
  settle(&w->client);
  settle(&w->server);
}

static bool all_arrived(const world *w) {
  for (int i = 0; i < 2; i++) {
    const peer *p = i ? &w->client : &w->server;
    if (p->sent < EVENTS || p->got < EVENTS || p->acks < EVENTS / 3)
      return false;
  }
  return true;
}

/* -- playing ------------------------------------------------------------------------- */

static bool begin(world *w, uint64_t seed, peal_eio_via via,
                  const peal_mem *mem) {
  w->dice = seed * 0x9e3779b97f4a7c15u;
  w->now = 1000;
  w->ws_wanted = via == PEAL_EIO_POLLING && seed % 3 != 0;
  w->ws_open = via == PEAL_EIO_WEBSOCKET;
  bool ok = true;
  for (int i = 0; i < 2; i++) {
    peer *p = i ? &w->client : &w->server;
    p->world = w;
    p->client = i == 1;
    p->other = i ? &w->server : &w->client;
    /* Heartbeats shorter than the traffic, so that they mix. */
    p->eio_opts = (peal_eio_session_opts){.client = p->client,
                                          .ping_interval_ms = 150,
                                          .ping_timeout_ms = 2000,
                                          .mem = mem};
    p->sio_opts = (peal_sio_conn_opts){.client = p->client, .mem = mem};
    peal_arena_init(&p->arena, mem, 0, 0);
    peal_sio_conn_init(&p->sio, &p->sio_opts, NULL, w->now);
    if (!peal_eio_session_init(&p->room, &p->eio_opts, i ? NULL : SID, via,
                               w->now))
      p->eio = &p->room;
    ok = ok && p->eio;
  }
  return ok;
}

static void end(world *w) {
  for (int i = 0; i < 2; i++) {
    peer *p = i ? &w->client : &w->server;
    peal_sio_conn_deinit(&p->sio);
    if (p->eio)
      peal_eio_session_deinit(p->eio);
    peal_arena_deinit(&p->arena);
  }
  if (w->get.busy)
    peal_buf_deinit(&w->get.data);
  if (w->post.busy)
    peal_buf_deinit(&w->post.data);
  drop(&w->up);
  drop(&w->down);
}

static void run(world *w, bool (*until)(const world *), uint64_t most_ms) {
  for (uint64_t stop = w->now + most_ms; w->now < stop && !until(w); w->now++)
    step(w);
}

static bool is_over(const world *w) {
  return peal_eio_session_is_done(w->client.eio) &&
         peal_eio_session_is_done(w->server.eio);
}

/* Everything arrives once and in order, and both ends learn of the close. */
/* Returns true if they upgraded meanwhile. */
static bool talk(uint64_t seed, peal_eio_via via) {
  world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  assert_true(begin(w, seed, via, NULL));
  run(w, all_arrived, 60000);
  if (!all_arrived(w))
    fail_msg("seed %u: client %u sent, %u got, %u acked, server %u, %u, %u",
             (unsigned)seed, w->client.sent, w->client.got, w->client.acks,
             w->server.sent, w->server.got, w->server.acks);
  assert_false(w->client.closed || w->server.closed);
  if (w->ws_wanted && w->ws_open)
    run(w, is_over, 500); /* the rest of an upgrade that came late */
  peer *first = roll(w, 2) ? &w->client : &w->server;
  if (!first->closed)
    peal_eio_session_close(first->eio, roll(w, 2), PEAL_OK, w->now);
  settle(first);
  run(w, is_over, 40000);
  assert_true(is_over(w));
  assert_true(w->client.closed && w->server.closed);
  assert_int_equal(first->reason, PEAL_EIO_FORCED_CLOSE);
  assert_int_equal(first->other->reason, PEAL_EIO_TRANSPORT_CLOSE);
  assert_int_equal(w->client.got, EVENTS);
  assert_int_equal(w->server.got, EVENTS);
  bool upgraded = w->upgrades == 2;
  end(w);
  free(w);
  return upgraded;
}

static void nothing_is_lost_doubled_or_reordered_over_polling_and_upgrade(
    void **state) {
  (void)state;
  unsigned upgraded = 0;
  for (uint64_t seed = 1; seed <= 300; seed++)
    upgraded += talk(seed, PEAL_EIO_POLLING);
  assert_true(upgraded >= 150); /* or the dice have a bias */
}

static void nothing_is_lost_doubled_or_reordered_over_a_websocket(
    void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; seed++)
    (void)talk(seed, PEAL_EIO_WEBSOCKET);
}

/* Closed by one in the middle of everything: what it said before is heard. */
static void a_close_in_the_middle_loses_nothing_said_before(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 150; seed++) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_true(
        begin(w, seed, seed % 4 ? PEAL_EIO_POLLING : PEAL_EIO_WEBSOCKET, NULL));
    for (uint64_t stop = w->now + 100 + roll(w, 1500); w->now < stop; w->now++)
      step(w);
    assert_false(w->client.closed || w->server.closed);
    peer *first = roll(w, 2) ? &w->client : &w->server;
    peal_eio_session_close(first->eio, false, PEAL_OK, w->now);
    settle(first);
    run(w, is_over, 40000);
    assert_true(is_over(w));
    assert_true(first->other->closed);
    if (first->other->joined)
      assert_int_equal(first->other->got, first->sent);
    end(w);
    free(w);
  }
}

/* One allocation fails somewhere: the two come to a clean end, nothing leaks,
 * and what arrives before it is in order. */
static void a_failing_allocation_is_a_clean_close(void **state) {
  (void)state;
  for (size_t fail_at = 1; fail_at <= 400; fail_at++) {
    torture memory;
    torture_init(&memory, fail_at);
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->is_lossy = true;
    if (begin(w, fail_at, fail_at % 4 ? PEAL_EIO_POLLING : PEAL_EIO_WEBSOCKET,
              &memory.mem)) {
      run(w, all_arrived, 5000);
      bool quiet = !w->client.closed && !w->server.closed;
      assert_true(!quiet || all_arrived(w));
      peal_eio_session_close(w->client.eio, false, PEAL_OK, w->now);
      peal_eio_session_close(w->server.eio, false, PEAL_OK, w->now);
      settle(&w->client);
      settle(&w->server);
      run(w, is_over, 40000);
      assert_true(is_over(w));
      assert_true(w->client.closed && w->server.closed);
    }
    end(w);
    free(w);
    assert_int_equal(memory.live, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(
          nothing_is_lost_doubled_or_reordered_over_polling_and_upgrade),
      cmocka_unit_test(nothing_is_lost_doubled_or_reordered_over_a_websocket),
      cmocka_unit_test(a_close_in_the_middle_loses_nothing_said_before),
      cmocka_unit_test(a_failing_allocation_is_a_clean_close),
  };
  return cmocka_run_group_tests_name("joined", tests, NULL, NULL);
}
