/* SPDX-License-Identifier: MIT */
/* fuzz_sio_client: a list of what a program, the network and a server do to one
 * client. The first byte: its options; then pairs of what and how, and for a
 * message its length and bytes.
 *
 * The invariants are looked at after every step, each acknowledgement is told
 * once, there is one connection at a time, and all that is charged is given
 * back. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sio_client.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NSPS 3u
#define MAX_ASKED 4096u

static const char *const names[NSPS] = {"/", "/a", "/b"};

static void must(bool holds) {
  if (!holds)
    abort();
}

typedef struct player {
  peal_sio_client *client; /* in a block of its own; NULL: freed */
  peal_sio_client_opts opts;
  peal_account account;
  peal_arena arena;
  peal_sio_client_nsp *nsps[NSPS];
  uint64_t now;
  bool has_connection, is_open;
  uint8_t habits;
  uint32_t ask[NSPS];
  peal_sio_client_nsp *from; /* of the last event */
  peal_sio_link link;
  uint64_t id;
  uint8_t told[MAX_ASKED];
  unsigned asked;
} player;

/* What comes is read byte for byte; 0 behind its end. */
typedef struct script {
  const uint8_t *data;
  size_t len;
} script;

static uint8_t next_byte(script *s) {
  if (!s->len)
    return 0;
  s->len--;
  return *s->data++;
}

static void end_client(player *p) {
  peal_sio_client_deinit(p->client);
  free(p->client);
  p->client = NULL;
}

static void check(const player *p) {
  must(!p->client || peal_sio_client_check(p->client));
}

/* -- verbs ------------------------------------------------------------------------ */

static void never(peal_client_nsp *nsp, peal_err err, peal_args args,
                  void *user) {
  (void)nsp;
  (void)err;
  (void)args;
  (void)user;
  abort();
}

static void emit(player *p, uint8_t how) {
  peal_val args[2] = {peal_str("x"), peal_binary(PEAL_S("abc"))};
  peal_sio_client_emit e = {.event = PEAL_S("e"),
                            .args = {args, how & 1 ? 2 : 1},
                            .is_volatile = how & 2,
                            .no_retry = how & 4,
                            .timeout_ms = how & 8 ? 50 : 0,
                            .flow = (uint8_t)(how >> 6 == 3 ? 0 : how >> 6),
                            .user = &p->told[p->asked]};
  bool asks = how & 16 && p->asked < MAX_ASKED;
  e.fn = asks ? never : NULL;
  peal_err err = peal_sio_client_send(p->nsps[how % NSPS], &e, p->now);
  must(!err || err == PEAL_ERR_QUEUE_FULL || err == PEAL_ERR_LIMIT ||
       err == PEAL_ERR_CLOSED);
  p->asked += asks && !err;
}

static void ack(player *p) {
  peal_err err =
      p->from ? peal_sio_client_ack(p->from, p->link, p->id, PEAL_NO_ARGS)
              : PEAL_ERR_CLOSED;
  must(!err || err == PEAL_ERR_CLOSED || err == PEAL_ERR_LIMIT);
}

static void answer(player *p, unsigned nsp) {
  peal_pair pair = {.key = "token", .value = peal_int(1)};
  peal_err err = peal_sio_client_auth(p->nsps[nsp], p->ask[nsp],
                                      peal_object(&pair, 1), p->now);
  must(!err || err == PEAL_ERR_CLOSED || err == PEAL_ERR_NOMEM ||
       err == PEAL_ERR_LIMIT);
}

static void verb(player *p, uint8_t what) {
  peal_sio_client_nsp *nsp = p->nsps[(what >> 4) % NSPS];
  switch (what % 8) {
  case 0:
  case 1:
    must(peal_sio_client_connect(nsp, p->now) != PEAL_ERR_USAGE);
    break;
  case 2:
    peal_sio_client_leave(nsp, p->now);
    break;
  case 3:
    emit(p, what);
    break;
  case 4:
    ack(p);
    break;
  case 5:
    answer(p, (what >> 4) % NSPS);
    break;
  case 6:
    if (what >> 4 < 4)
      peal_sio_client_close(p->client, p->now);
    else
      must(peal_sio_client_open(p->client, p->now) != PEAL_ERR_USAGE);
    break;
  case 7:
    if (what == 0xff)
      peal_sio_client_end(p->client);
    else if (what == 0xf7)
      end_client(p);
    break;
  }
  check(p);
}

/* -- what is said ------------------------------------------------------------------- */

static unsigned index_of(const player *p, const peal_sio_client_nsp *nsp) {
  unsigned i = 0;
  while (p->nsps[i] != nsp)
    i++;
  return i;
}

static void on_event(player *p, const peal_sio_client_event *event) {
  switch ((peal_sio_client_event_type)event->type) {
  case PEAL_SIO_CLIENT_SEND:
    must(p->is_open);
    peal_message_unref(event->message);
    break;
  case PEAL_SIO_CLIENT_DIAL:
    must(!p->has_connection);
    p->has_connection = true;
    break;
  case PEAL_SIO_CLIENT_HANGUP:
    must(p->has_connection);
    p->has_connection = p->is_open = false;
    break;
  case PEAL_SIO_CLIENT_ASK_AUTH:
    p->ask[index_of(p, event->nsp)] = event->ask;
    if (!(p->habits & 1))
      answer(p, index_of(p, event->nsp));
    break;
  case PEAL_SIO_CLIENT_CONNECT:
    must(peal_sio_client_nsp_sid(event->nsp).len > 0);
    break;
  case PEAL_SIO_CLIENT_EVENT:
    must(peal_sio_client_nsp_is_connected(event->nsp));
    must(peal_val_is(event->packet.data, PEAL_ARRAY));
    p->from = event->nsp;
    p->link = event->link;
    p->id = event->packet.id;
    break;
  case PEAL_SIO_CLIENT_ACK:
    must(++*(uint8_t *)event->user == 1);
    break;
  case PEAL_SIO_CLIENT_CONNECT_ERROR:
  case PEAL_SIO_CLIENT_DISCONNECT:
    must(!peal_sio_client_nsp_is_connected(event->nsp));
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
    abort();
  }
}

/* Every event of one kind is followed by the verb of the habit. */
static void run(player *p, uint8_t inside) {
  peal_sio_client_event event;
  while (p->client && peal_sio_client_next(p->client, &p->arena, &event)) {
    check(p);
    on_event(p, &event);
    check(p);
    if (inside && inside % 17 == event.type) {
      verb(p, inside);
      inside = 0;
    }
    peal_arena_reset(&p->arena);
  }
}

/* -- the network ---------------------------------------------------------------------- */

static void feed(player *p, script *s, bool binary, uint8_t inside) {
  size_t len = next_byte(s);
  if (len > s->len)
    len = s->len;
  char *copy = malloc(len + 1); /* so that a read behind it is seen */
  must(copy != NULL);
  memcpy(copy, s->data, len);
  s->data += len;
  s->len -= len;
  peal_slice text = {copy, len};
  if (binary || peal_utf8_is_valid(text)) {
    peal_err err = peal_sio_client_feed(p->client, binary, text, p->now);
    must(!err || (err == PEAL_ERR_USAGE && !p->is_open));
  }
  run(p, inside);
  free(copy);
}

static void lose(player *p) {
  peal_err err = peal_sio_client_closed(p->client, PEAL_CLIENT_TRANSPORT_CLOSE,
                                        PEAL_ERR_IO, p->now);
  must(!err == p->has_connection);
  p->has_connection = p->is_open = false;
}

static void open_up(player *p) {
  peal_err err = peal_sio_client_opened(p->client, p->now);
  must(!err == (p->has_connection && !p->is_open));
  p->is_open |= !err;
}

static void step(player *p, script *s) {
  uint8_t what = next_byte(s), how = next_byte(s);
  switch (what % 8) {
  case 0:
  case 1:
    feed(p, s, false, how);
    return;
  case 2:
    feed(p, s, true, how);
    return;
  case 3:
    open_up(p);
    break;
  case 4:
    lose(p);
    break;
  case 5:
    p->now += how * 10u;
    peal_sio_client_tick(p->client, p->now);
    break;
  case 6:
  case 7:
    verb(p, how);
    break;
  }
  check(p);
  run(p, what >> 3);
}

/* -- life --------------------------------------------------------------------------- */

static void begin(player *p, uint8_t habits) {
  p->habits = habits;
  p->opts =
      (peal_sio_client_opts){.conn = {.client = true, .max_packet_bytes = 4096},
                             .retries = habits & 2 ? 2 : 0,
                             .ack_timeout_ms = habits & 4 ? 100 : 0,
                             .drop_oldest = habits & 8,
                             .max_buffer_events = habits & 16 ? 3 : 0,
                             .max_buffer_bytes = 20000,
                             .no_reconnection = habits & 32,
                             .no_first_retry = habits & 64,
                             .reconnection_attempts = habits & 128 ? 2 : 0};
  p->account.max = 100000;
  p->client = malloc(sizeof *p->client);
  must(p->client != NULL);
  peal_arena_init(&p->arena, NULL, 0, 0);
  peal_sio_client_init(p->client, &p->opts, &p->account, habits, p->now);
  for (unsigned i = 0; i < NSPS; i++) {
    p->nsps[i] = peal_sio_client_of(p->client, peal_slice_of(names[i]));
    must(p->nsps[i] != NULL);
  }
}

static void end(player *p) {
  if (p->client) {
    peal_sio_client_end(p->client);
    run(p, 0);
  }
  if (p->client) {
    for (unsigned i = 0; i < p->asked; i++)
      must(p->told[i] == 1);
    end_client(p);
  }
  peal_arena_deinit(&p->arena);
  must(p->account.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static player p;
  script s = {data, len};
  p = (player){.now = 1000};
  begin(&p, next_byte(&s));
  while (s.len && p.client)
    step(&p, &s);
  end(&p);
  return 0;
}
