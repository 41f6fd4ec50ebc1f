/* SPDX-License-Identifier: MIT */
/* sio_client_model: a client's machine joined to a server's in memory: the
 * program's verbs, the network's fates and the server's whims in random order,
 * between events and inside of them. What has to hold whatever happens:
 *
 *   each acknowledgement is told exactly once
 *   what the server gets is in order, and it never has reason to complain
 *   what waits is sent in the end, unless it was told otherwise
 *   what is told of a namespace belongs to the membership that is wanted, in
 *   order and without gaps; CONNECT and DISCONNECT alternate
 *   one connection at a time; nothing is left in memory */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/sio_client.h"
#include "proto/sio_conn.h"
#include "torture.h"

#define NSPS 3u
#define MAX_EMITS 600u
#define MAX_WIRE 4096u
#define MAX_JOINS 4096u
#define MAX_PENDING 64u
#define STEPS 250u

static const char *const names[NSPS] = {"/", "/a", "/b"};

typedef struct emitted {
  unsigned nsp, sent, told, came;
  peal_err err;
  bool retry, is_volatile, ack;
} emitted;

/* One CONNECT that was asked for, named by its number. */
typedef struct join {
  unsigned nsp, connection;
  peal_sio_link link;            /* the server's; 0: none (any more) */
  unsigned to_client, at_client; /* events, numbered */
} join;

typedef struct wire {
  peal_message *all[MAX_WIRE];
  size_t first, end;
} wire;

typedef struct later {
  unsigned nsp, join;
  uint32_t ask;
  uint64_t id;
  peal_sio_link link;
} later;

typedef enum net { NONE, DIALLING, OPEN } net;

typedef struct world {
  torture memory;
  peal_account account;
  peal_arena arena, server_arena;
  peal_sio_client_opts opts;
  peal_sio_conn_opts server_opts;
  peal_sio_client client;
  peal_sio_conn server;
  peal_sio_client_nsp *nsp[NSPS];
  uint64_t now;
  net net;
  bool kind; /* the network and the server are at their best */
  bool poor; /* the client's memory fails now and then */
  wire up, down;
  emitted emits[MAX_EMITS];
  unsigned emit_count;
  join joins[MAX_JOINS];
  unsigned join_count;
  unsigned connection;
  bool wanted[NSPS];
  unsigned floor[NSPS]; /* the next join when it was last left */
  bool connected[NSPS];
  unsigned last_plain[NSPS], last_retry[NSPS];
  later asks[MAX_PENDING], replies[MAX_PENDING], accepts[MAX_PENDING];
  unsigned ask_count, reply_count, accept_count;
  unsigned depth; /* verbs inside of events */
} world;

static world w;

/* Of all lives: that it is not an idle game. */
static struct totals {
  unsigned opened, connects, disconnects, refused, events, sent, resent;
  unsigned acked, timed_out, closed, dropped;
} totals;

static unsigned lives_short_of_memory;

/* -- dice --------------------------------------------------------------------------- */

static uint64_t dice;

static unsigned roll(unsigned sides) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(dice >> 33) % sides;
}

static bool chance(unsigned percent) {
  return roll(100) < percent;
}

static void step(void) {
  assert_true(peal_sio_client_check(&w.client));
}

/* -- the wire --------------------------------------------------------------------- */

static void push(wire *to, peal_message *message) {
  assert_true(to->end < MAX_WIRE);
  to->all[to->end++] = message;
}

static peal_message *shift(wire *from) {
  return from->first < from->end ? from->all[from->first++] : NULL;
}

static void clear(wire *old) {
  for (peal_message *message; (message = shift(old));)
    peal_message_unref(message);
  old->first = old->end = 0;
}

static void end_net(void) {
  if (w.net == OPEN)
    peal_sio_conn_deinit(&w.server);
  clear(&w.up);
  clear(&w.down);
  w.accept_count = 0;
  for (unsigned i = 0; i < w.join_count; i++)
    w.joins[i].link = 0;
  w.net = NONE;
}

/* -- the server ---------------------------------------------------------------------- */

static join *join_of(void *user) {
  return user;
}

static void server_event(join *to, bool wants_ack) {
  peal_val args[2] = {peal_int(to - w.joins), peal_int(to->to_client)};
  uint64_t id = (uint64_t)(to - w.joins) << 16 | to->to_client;
  peal_buf text;
  size_t attachments;
  peal_buf_init(&text, NULL, 0);
  peal_sio_packet_encode_event(&text, peal_slice_of(names[to->nsp]),
                               PEAL_S("s"), (peal_args){args, 2},
                               wants_ack ? &id : NULL, &attachments);
  to->to_client++;
  push(&w.down, peal_message_new(peal_buf_slice(&text), NULL, 0, NULL));
  peal_buf_deinit(&text);
}

static void answer(const later *pending, bool refuse) {
  peal_message *out = NULL;
  join *to = &w.joins[pending->join];
  if (refuse) {
    assert_int_equal(peal_sio_conn_refuse(&w.server, pending->link,
                                          peal_object(NULL, 0), &out),
                     PEAL_OK);
    to->link = 0;
  } else {
    peal_pair data[2] = {{.key = "sid", .value = peal_str("x")},
                         {.key = "pid", .value = peal_str("p")}};
    for (unsigned early = roll(3); early; early--)
      server_event(to, false); /* as those of a recovery are */
    assert_int_equal(peal_sio_conn_accept(&w.server, pending->link,
                                          peal_object(data, 1 + roll(2)), &out),
                     PEAL_OK);
  }
  push(&w.down, out);
  if (!refuse) /* what was held for it is told by _next */
    assert_int_equal(peal_sio_conn_deliver(&w.server, pending->link), PEAL_OK);
}

static void on_server_connect(const peal_sio_conn_event *event) {
  int64_t number = peal_val_int(peal_val_get(event->packet.data, "n"), -1);
  assert_in_range(number, 0, w.join_count - 1);
  join *to = &w.joins[number];
  assert_true(peal_slice_is(event->packet.nsp, names[to->nsp]));
  to->link = event->link;
  peal_sio_link_set_user(&w.server, event->link, to);
  later pending = {.join = (unsigned)number, .link = event->link};
  if (w.kind || chance(60) || w.accept_count == MAX_PENDING)
    answer(&pending, !w.kind && chance(15));
  else
    w.accepts[w.accept_count++] = pending;
}

/* Each arrives in order; of those that are sent again each repeats the last. */
static void arrived(emitted *e, unsigned number) {
  unsigned *last = e->retry ? w.last_retry : w.last_plain;
  if (!e->retry)
    assert_int_equal(e->came, 0);
  e->came++;
  if (e->is_volatile)
    return;
  if (e->retry)
    assert_true(number + 1 >= last[e->nsp]);
  else
    assert_true(number + 1 > last[e->nsp]);
  last[e->nsp] = number + 1;
}

static void acknowledge(const peal_sio_packet *packet) {
  peal_buf text;
  size_t attachments;
  peal_val number = packet->data.as.items[1];
  peal_buf_init(&text, NULL, 0);
  peal_sio_packet_encode_ack(&text, packet->nsp, packet->id,
                             (peal_args){&number, 1}, &attachments);
  push(&w.down, peal_message_new(peal_buf_slice(&text), NULL, 0, NULL));
  peal_buf_deinit(&text);
}

static void on_server_event(const peal_sio_conn_event *event) {
  int64_t number = peal_val_int(peal_val_at(event->packet.data, 1), -1);
  assert_in_range(number, 0, w.emit_count - 1);
  emitted *e = &w.emits[number];
  assert_true(peal_slice_is(event->packet.nsp, names[e->nsp]));
  assert_true(e->sent > 0);
  arrived(e, (unsigned)number);
  assert_int_equal(event->packet.has_id, e->ack || e->retry);
  if (event->packet.has_id && (w.kind || chance(70)))
    acknowledge(&event->packet);
  if (event->packet.has_id && chance(5))
    acknowledge(&event->packet); /* twice */
}

/* What it acknowledges was asked in this membership, or crossed its begin. */
static void on_server_ack(const peal_sio_conn_event *event) {
  const join *to = join_of(event->user);
  const join *from = &w.joins[event->packet.id >> 16];
  assert_true(from == to || from->nsp == to->nsp);
  assert_int_equal(from->connection, to->connection);
  assert_true((event->packet.id & 0xffff) < from->to_client);
}

static void on_server(const peal_sio_conn_event *event) {
  switch ((peal_sio_conn_event_type)event->type) {
  case PEAL_SIO_CONN_CONNECT:
    on_server_connect(event);
    break;
  case PEAL_SIO_CONN_DISCONNECT:
    join_of(event->user)->link = 0;
    for (unsigned i = 0; i < w.accept_count; i++) /* it is not waited for */
      assert_ptr_not_equal(&w.joins[w.accepts[i].join], event->user);
    break;
  case PEAL_SIO_CONN_EVENT:
    on_server_event(event);
    break;
  case PEAL_SIO_CONN_ACK:
    on_server_ack(event);
    break;
  case PEAL_SIO_CONN_NONE:
  case PEAL_SIO_CONN_CONNECT_ERROR:
  case PEAL_SIO_CONN_SEND:
  case PEAL_SIO_CONN_ERROR:
    fail_msg("the server complains: %s", peal_err_name(event->err));
    break;
  }
}

static void server_reads(void) {
  peal_sio_conn_event event;
  while (peal_sio_conn_next(&w.server, &w.server_arena, &event)) {
    on_server(&event);
    peal_arena_reset(&w.server_arena);
  }
}

static bool deliver_up(void) {
  peal_message *message = w.net == OPEN ? shift(&w.up) : NULL;
  if (!message)
    return false;
  for (size_t i = 0; i < peal_message_count(message); i++) {
    assert_int_equal(peal_sio_conn_feed(&w.server,
                                        peal_message_is_binary(message, i),
                                        peal_message_part(message, i), w.now),
                     PEAL_OK);
    server_reads();
  }
  peal_message_unref(message);
  return true;
}

static void server_whim(void) {
  join *to = w.join_count ? &w.joins[roll(w.join_count)] : NULL;
  if (w.accept_count && chance(50)) {
    later pending = w.accepts[--w.accept_count];
    answer(&pending, chance(20));
    server_reads();
  } else if (to && peal_sio_link_is_connected(&w.server, to->link)) {
    peal_message *out;
    if (chance(90)) {
      server_event(to, chance(30));
      return;
    }
    assert_int_equal(peal_sio_conn_part(&w.server, to->link, &out), PEAL_OK);
    to->link = 0;
    push(&w.down, out);
  }
}

/* -- the program --------------------------------------------------------------------- */

static void never(peal_client_nsp *nsp, peal_err err, peal_args args,
                  void *user) {
  (void)nsp;
  (void)err;
  (void)args;
  (void)user;
  abort();
}

static bool out_of_memory(peal_err err) {
  return w.poor && err == PEAL_ERR_NOMEM;
}

static void emit(unsigned nsp) {
  if (w.emit_count == MAX_EMITS)
    return;
  emitted *e = &w.emits[w.emit_count];
  peal_val args[2] = {peal_int(w.emit_count), peal_binary(PEAL_S("abc"))};
  peal_sio_client_emit how = {.event = PEAL_S("e"),
                              .args = {args, chance(90) ? 1 : 2},
                              .is_volatile = chance(15),
                              .no_retry = chance(20),
                              .flow = (uint8_t)(chance(90) ? 0 : roll(3)),
                              .timeout_ms = chance(80) ? 0 : 1 + roll(500),
                              .user = e};
  *e = (emitted){.nsp = nsp,
                 .is_volatile = how.is_volatile,
                 .retry = w.opts.retries && !how.is_volatile && !how.no_retry,
                 .ack = w.opts.drop_oldest || chance(50)};
  how.fn = e->ack ? never : NULL;
  peal_err err = peal_sio_client_send(w.nsp[nsp], &how, w.now);
  if (!err)
    w.emit_count++;
  else
    assert_true(err == PEAL_ERR_QUEUE_FULL || out_of_memory(err));
}

static void give(const later *ask) {
  peal_pair number = {.key = "n", .value = peal_int(w.join_count)};
  assert_true(w.join_count < MAX_JOINS);
  w.joins[w.join_count] = (join){.nsp = ask->nsp, .connection = w.connection};
  peal_err err = peal_sio_client_auth(w.nsp[ask->nsp], ask->ask,
                                      peal_object(&number, 1), w.now);
  if (!err)
    w.join_count++;
  else
    assert_true(err == PEAL_ERR_CLOSED || out_of_memory(err));
}

static void reply(void) {
  later r = w.replies[--w.reply_count];
  peal_err err = peal_sio_client_ack(w.nsp[r.nsp], r.link, r.id, PEAL_NO_ARGS);
  assert_true(!err || err == PEAL_ERR_CLOSED || out_of_memory(err));
}

static void connect_nsp(unsigned nsp) {
  w.wanted[nsp] = true;
  assert_int_equal(peal_sio_client_connect(w.nsp[nsp], w.now), PEAL_OK);
}

static void leave(unsigned nsp) {
  w.floor[nsp] = w.join_count;
  w.wanted[nsp] = false;
  peal_sio_client_leave(w.nsp[nsp], w.now);
}

static void close_client(void) {
  for (unsigned i = 0; i < NSPS; i++) {
    w.floor[i] = w.join_count;
    w.wanted[i] = false;
  }
  peal_sio_client_close(&w.client, w.now);
}

static void verb(void) {
  unsigned nsp = roll(NSPS), what = roll(100);
  if (what < 55)
    emit(nsp);
  else if (what < 72)
    connect_nsp(nsp);
  else if (what < 80)
    leave(nsp);
  else if (what < 82)
    close_client();
  else if (what < 85)
    assert_int_equal(peal_sio_client_open(&w.client, w.now), PEAL_OK);
  else if (what < 92 && w.ask_count)
    give(&w.asks[--w.ask_count]);
  else if (w.reply_count)
    reply();
  step();
}

/* -- what the machine says ------------------------------------------------------------- */

static unsigned index_of(const peal_sio_client_nsp *nsp) {
  for (unsigned i = 0; i < NSPS; i++)
    if (w.nsp[i] == nsp)
      return i;
  fail();
  return 0;
}

static void on_send(const peal_sio_client_event *event) {
  peal_sio_packet packet;
  assert_int_equal(w.net, OPEN);
  assert_int_equal(peal_sio_packet_decode(&packet,
                                          peal_message_part(event->message, 0),
                                          10, &w.server_arena, NULL),
                   PEAL_OK);
  if (packet.type == PEAL_SIO_EVENT || packet.type == PEAL_SIO_BINARY_EVENT) {
    emitted *e = &w.emits[peal_val_int(peal_val_at(packet.data, 1), 0)];
    totals.sent++;
    totals.resent += e->sent > 0;
    e->sent++;
    assert_true(e->sent <= (e->retry ? w.opts.retries + 1 : 1));
    assert_true(!e->told); /* what is over is not sent any more */
  }
  peal_arena_reset(&w.server_arena);
  push(&w.up, event->message);
}

static void on_told_event(const peal_sio_client_event *event) {
  unsigned nsp = index_of(event->nsp);
  int64_t number = peal_val_int(peal_val_at(event->packet.data, 1), -1);
  int64_t nth = peal_val_int(peal_val_at(event->packet.data, 2), -1);
  assert_in_range(number, 0, w.join_count - 1);
  join *from = &w.joins[number];
  assert_int_equal(from->nsp, nsp);
  assert_int_equal(from->connection, w.connection);
  assert_true(w.wanted[nsp]);
  /* Of a membership that was left, what crosses the DISCONNECT and the next
   * CONNECT on the same connection cannot be told from what is held for that:
   * there the order has to do. */
  assert_in_range(nth, from->at_client, from->to_client - 1);
  if (number >= w.floor[nsp])
    assert_int_equal(nth, from->at_client);
  from->at_client = (unsigned)nth + 1;
  totals.events++;
  if (event->packet.has_id && w.reply_count < MAX_PENDING)
    w.replies[w.reply_count++] =
        (later){.nsp = nsp, .id = event->packet.id, .link = event->link};
}

static void on_ack(const peal_sio_client_event *event) {
  emitted *e = event->user;
  assert_ptr_equal(w.nsp[e->nsp], event->nsp);
  assert_true(e->ack);
  assert_int_equal(e->told, 0);
  e->told++;
  e->err = event->err;
  totals.acked += !event->err;
  totals.timed_out += event->err == PEAL_ERR_TIMEOUT;
  totals.closed += event->err == PEAL_ERR_CLOSED;
  totals.dropped += event->err == PEAL_ERR_QUEUE_FULL;
  if (!event->err) {
    assert_true(e->came > 0);
    assert_int_equal(peal_val_int(peal_val_at(event->packet.data, 0), -1),
                     e - w.emits);
  }
}

static void on_ask(const peal_sio_client_event *event) {
  later ask = {.nsp = index_of(event->nsp), .ask = event->ask};
  if (w.kind || chance(75) || w.ask_count == MAX_PENDING)
    give(&ask);
  else
    w.asks[w.ask_count++] = ask;
}

static void on_connected(unsigned nsp, bool connected) {
  assert_int_not_equal(w.connected[nsp], connected);
  w.connected[nsp] = connected;
  *(connected ? &totals.connects : &totals.disconnects) += 1;
}

static void on_client(const peal_sio_client_event *event) {
  switch ((peal_sio_client_event_type)event->type) {
  case PEAL_SIO_CLIENT_SEND:
    on_send(event);
    break;
  case PEAL_SIO_CLIENT_DIAL:
    assert_int_equal(w.net, NONE);
    w.net = DIALLING;
    break;
  case PEAL_SIO_CLIENT_HANGUP:
    assert_int_not_equal(w.net, NONE);
    while (chance(95) && deliver_up())
      ;
    end_net();
    break;
  case PEAL_SIO_CLIENT_ASK_AUTH:
    on_ask(event);
    break;
  case PEAL_SIO_CLIENT_CONNECT:
    on_connected(index_of(event->nsp), true);
    break;
  case PEAL_SIO_CLIENT_DISCONNECT:
    on_connected(index_of(event->nsp), false);
    break;
  case PEAL_SIO_CLIENT_EVENT:
    on_told_event(event);
    break;
  case PEAL_SIO_CLIENT_ACK:
    on_ack(event);
    break;
  case PEAL_SIO_CLIENT_CONNECT_ERROR:
    assert_false(w.connected[index_of(event->nsp)]);
    totals.refused += !event->err;
    break;
  case PEAL_SIO_CLIENT_OPEN:
  case PEAL_SIO_CLIENT_ERROR:
  case PEAL_SIO_CLIENT_CLOSED:
  case PEAL_SIO_CLIENT_RECONNECT_WAIT:
  case PEAL_SIO_CLIENT_RECONNECT_ATTEMPT:
  case PEAL_SIO_CLIENT_RECONNECT_ERROR:
  case PEAL_SIO_CLIENT_RECONNECT_FAILED:
  case PEAL_SIO_CLIENT_RECONNECTED:
  case PEAL_SIO_CLIENT_DROPPED:
    break;
  case PEAL_SIO_CLIENT_NONE:
    fail();
  }
}

static void run(void) {
  peal_sio_client_event event;
  while (peal_sio_client_next(&w.client, &w.arena, &event)) {
    step();
    on_client(&event);
    step();
    if (!w.kind && chance(12))
      verb();
    peal_arena_reset(&w.arena);
  }
}

/* -- the network ------------------------------------------------------------------------ */

static bool deliver_down(void) {
  peal_message *message = w.net == OPEN ? shift(&w.down) : NULL;
  if (!message)
    return false;
  assert_int_equal(peal_sio_client_feed(&w.client, false,
                                        peal_message_part(message, 0), w.now),
                   PEAL_OK);
  run();
  peal_message_unref(message);
  return true;
}

static void open_net(void) {
  peal_sio_conn_init(&w.server, &w.server_opts, NULL, w.now);
  w.net = OPEN;
  w.connection++;
  totals.opened++;
  assert_int_equal(peal_sio_client_opened(&w.client, w.now), PEAL_OK);
}

static void cut(void) {
  end_net();
  assert_int_equal(peal_sio_client_closed(&w.client,
                                          PEAL_CLIENT_TRANSPORT_CLOSE,
                                          PEAL_ERR_IO, w.now),
                   PEAL_OK);
}

static void fate(void) {
  run(); /* its owner has heard what it said */
  if (w.net == DIALLING && chance(40))
    open_net();
  else if (w.net == DIALLING && chance(30))
    cut();
  else if (w.net == OPEN && chance(3))
    cut();
  else if (w.net == OPEN && chance(40))
    (void)deliver_up();
  else if (w.net == OPEN && chance(60))
    (void)deliver_down();
  else if (w.net == OPEN)
    server_whim();
}

static void wait_for(uint64_t most_ms) {
  uint64_t at = peal_sio_client_deadline(&w.client);
  w.now += most_ms;
  if (w.now > at)
    w.now = at;
  peal_sio_client_tick(&w.client, w.now);
}

/* -- lives --------------------------------------------------------------------------------- */

static void begin(uint64_t seed, bool poor) {
  memset(&w, 0, sizeof w);
  w.poor = poor;
  dice = seed * 2654435761u + 1;
  torture_init(&w.memory, 0);
  w.now = 1000;
  w.opts =
      (peal_sio_client_opts){.conn = {.client = true, .mem = &w.memory.mem},
                             .no_reconnection = chance(10),
                             .no_first_retry = chance(10),
                             .reconnection_attempts = chance(20) ? 2 : 0,
                             .ack_timeout_ms = chance(50) ? 300 : 0,
                             .retries = chance(50) ? 1 + roll(3) : 0,
                             .max_buffer_events = chance(40) ? 1 + roll(10) : 0,
                             .drop_oldest = chance(50),
                             .timeout_ms = 4000};
  w.server_opts = (peal_sio_conn_opts){.connect_timeout_ms = UINT32_MAX};
  peal_arena_init(&w.arena, &w.memory.mem, 0, 0);
  peal_arena_init(&w.server_arena, NULL, 0, 0);
  peal_sio_client_init(&w.client, &w.opts, &w.account, (uint32_t)seed, w.now);
  for (unsigned i = 0; i < NSPS; i++) {
    w.nsp[i] = peal_sio_client_of(&w.client, peal_slice_of(names[i]));
    assert_non_null(w.nsp[i]);
  }
}

static void end(void) {
  end_net();
  peal_sio_client_deinit(&w.client);
  peal_arena_deinit(&w.arena);
  peal_arena_deinit(&w.server_arena);
  assert_int_equal(w.account.used, 0);
  assert_int_equal(w.memory.live, 0);
  lives_short_of_memory += w.memory.failed;
}

static void anything(void) {
  unsigned what = roll(10);
  w.memory.fail_at = w.poor ? w.memory.calls + 1 + roll(30) : 0;
  if (what < 4)
    verb();
  else if (what < 9)
    fate();
  else
    wait_for(roll(400));
  step();
  if (chance(80)) /* an owner may use several verbs before it asks */
    run();
}

static bool is_quiet(void) {
  for (unsigned i = 0; i < NSPS; i++)
    if (!w.connected[i])
      return false;
  return peal_sio_client_buffered_bytes(&w.client) == 0 &&
         w.up.first == w.up.end && w.down.first == w.down.end;
}

/* The network heals, and the server is kind: what waits goes out. */
static void heal(void) {
  w.memory.fail_at = 0;
  run();
  w.kind = true;
  if (w.net != NONE) /* whoever left questions unanswered is gone */
    cut();
  run();
  for (unsigned i = 0; !is_quiet(); i++) {
    assert_true(i < 3000);
    for (unsigned nsp = 0; nsp < NSPS; nsp++)
      connect_nsp(nsp);
    run();
    if (w.net == DIALLING)
      open_net();
    run();
    while (deliver_up() || deliver_down())
      ;
    if (w.net == NONE)
      wait_for(10000);
    run();
  }
}

static void nothing_that_waited_is_lost(void) {
  for (unsigned i = 0; i < w.emit_count; i++) {
    const emitted *e = &w.emits[i];
    if (e->is_volatile || e->sent)
      continue;
    assert_true(e->ack && e->told);
    assert_true(e->err == PEAL_ERR_TIMEOUT || e->err == PEAL_ERR_QUEUE_FULL);
  }
}

static void each_is_told_once(void) {
  for (unsigned i = 0; i < w.emit_count; i++)
    assert_int_equal(w.emits[i].told, w.emits[i].ack);
}

static void live(uint64_t seed, bool poor) {
  begin(seed, poor);
  for (unsigned i = 0; i < STEPS; i++)
    anything();
  if (seed % 4 == 3) { /* in the middle of it */
    end();
    return;
  }
  heal();
  nothing_that_waited_is_lost();
  peal_sio_client_end(&w.client);
  run();
  each_is_told_once();
  end();
}

static uint64_t seeds(void) {
  const char *wanted = getenv("SIO_CLIENT_SEEDS");
  return wanted ? strtoull(wanted, NULL, 10) : 2000;
}

static void any_order_of_calls_and_fates_keeps_what_is_promised(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < seeds(); seed++)
    live(seed, false);
  const unsigned *each = (const unsigned *)&totals;
  for (size_t i = 0; i < sizeof totals / sizeof *each; i++)
    assert_true(each[i] > seeds() / 4);
}

static void memory_that_fails_now_and_then_changes_nothing_of_it(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < seeds(); seed++)
    live(seed, true);
  assert_true(lives_short_of_memory > seeds() / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order_of_calls_and_fates_keeps_what_is_promised),
      cmocka_unit_test(memory_that_fails_now_and_then_changes_nothing_of_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
