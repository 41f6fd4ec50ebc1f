/* SPDX-License-Identifier: MIT */
/* fuzz_sio_conn: two games, chosen by the first byte.
 *
 * script: the rest is a list of what owner and peer do to one machine.
 * late: the rest is what a client sends; a server that accepts later must tell
 * each namespace the same as one that accepts at once.
 *
 * The invariants are looked at after every step, and all that is charged is
 * given back. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "proto/sio_conn.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NEVER UINT64_MAX

static void must(bool holds) {
  if (!holds)
    abort();
}

typedef struct player {
  peal_sio_conn *conn;
  peal_sio_conn_opts opts;
  peal_account account;
  peal_arena arena;
  uint64_t now, digest;
  bool freed, late;
  uint8_t habits;
} player;

/* In a block of its own, so that a use behind it is seen. */
static void free_conn(player *p) {
  peal_sio_conn_deinit(p->conn);
  free(p->conn);
}

/* -- what is told --------------------------------------------------------------- */

static uint64_t mix(uint64_t digest, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    digest = (digest ^ bytes[i]) * 1099511628211u;
  return digest;
}

static uint64_t mix_val(uint64_t digest, peal_val value, unsigned depth) {
  must(depth <= PEAL_LIMIT_JSON_DEPTH);
  digest = mix(digest, &value.type, 1);
  digest = mix(digest, &value.len, sizeof value.len);
  if (peal_val_is(value, PEAL_STRING) || peal_val_is(value, PEAL_BINARY))
    return mix(digest, value.as.bytes, value.len);
  if (peal_val_is(value, PEAL_INT))
    return mix(digest, &value.as.integer, sizeof value.as.integer);
  if (peal_val_is(value, PEAL_ARRAY))
    for (uint32_t i = 0; i < value.len; i++)
      digest = mix_val(digest, value.as.items[i], depth + 1);
  if (peal_val_is(value, PEAL_OBJECT))
    for (uint32_t i = 0; i < value.len; i++)
      digest = mix_val(digest, value.as.pairs[i].value, depth + 1);
  return digest;
}

/* What one namespace was told: its digest is its user pointer. */
static void tell(player *p, peal_sio_link link, uint64_t more) {
  uint64_t digest = (uint64_t)(uintptr_t)peal_sio_link_user(p->conn, link);
  digest = mix(digest, &more, sizeof more);
  peal_sio_link_set_user(p->conn, link, (void *)(uintptr_t)digest);
}

/* Namespaces may end in another order. */
static void end_link(player *p, const void *user) {
  p->digest += (uint64_t)(uintptr_t)user;
}

static void check(const player *p) {
  must(p->freed || peal_sio_conn_check(p->conn));
}

/* What a verb wants to be sent; Socket.IO 2 says nothing to join "/". */
static void sent(player *p, peal_err err, peal_message *message) {
  must(!err == !!message || (!err && p->opts.sio2));
  must(!message || peal_message_part(message, 0).len > 0);
  peal_message_unref(message);
  check(p);
}

static void accept_link(player *p, peal_sio_link link) {
  peal_message *out;
  peal_err err = peal_sio_conn_accept(p->conn, link, peal_undefined(), &out);
  sent(p, err, out);
  if (!err)
    must(!peal_sio_conn_deliver(p->conn, link));
  check(p);
}

static void refuse(player *p, peal_sio_link link) {
  peal_message *out;
  peal_err err = peal_sio_conn_refuse(p->conn, link, peal_undefined(), &out);
  sent(p, err, out);
}

static void part(player *p, peal_sio_link link) {
  peal_message *out;
  peal_err err = peal_sio_conn_part(p->conn, link, &out);
  sent(p, err, out);
}

static void join(player *p, peal_slice nsp) {
  peal_message *out;
  peal_sio_link link;
  peal_err err =
      peal_sio_conn_join(p->conn, nsp, peal_undefined(), NULL, &link, &out);
  sent(p, err, out);
}

static void react(player *p, const peal_sio_conn_event *event, unsigned bit) {
  if (p->late || !(p->habits & bit))
    return;
  switch (p->habits >> 6) {
  case 0:
    free_conn(p);
    p->freed = true;
    break;
  case 1:
    part(p, event->link);
    break;
  case 2:
    if (p->opts.client)
      join(p, event->packet.nsp);
    else
      accept_link(p, event->link);
    break;
  default:
    refuse(p, event->link);
  }
}

static void on_packet(player *p, const peal_sio_conn_event *event) {
  must(peal_sio_link_is_connected(p->conn, event->link));
  must(peal_val_is(event->packet.data, PEAL_ARRAY));
  uint64_t digest = mix(3, &event->packet.type, 1);
  digest = mix(digest, &event->packet.id, sizeof event->packet.id);
  tell(p, event->link, mix_val(digest, event->packet.data, 0));
}

static peal_err on_event(player *p, const peal_sio_conn_event *event) {
  switch ((peal_sio_conn_event_type)event->type) {
  case PEAL_SIO_CONN_NONE:
    must(false);
    break;
  case PEAL_SIO_CONN_CONNECT:
    must(peal_sio_link_is_connected(p->conn, event->link) == p->opts.client);
    tell(p, event->link, mix_val(1, event->packet.data, 0));
    react(p, event, 1);
    break;
  case PEAL_SIO_CONN_CONNECT_ERROR:
    must(p->opts.client && mix_val(2, event->packet.data, 0) != 0);
    react(p, event, 2);
    break;
  case PEAL_SIO_CONN_DISCONNECT:
    end_link(p, event->user);
    react(p, event, 4);
    break;
  case PEAL_SIO_CONN_EVENT:
    must(event->packet.data.len > 0);
    on_packet(p, event);
    react(p, event, 8);
    break;
  case PEAL_SIO_CONN_ACK:
    must(event->packet.has_id);
    on_packet(p, event);
    react(p, event, 16);
    break;
  case PEAL_SIO_CONN_SEND:
    sent(p, PEAL_OK, event->message);
    break;
  case PEAL_SIO_CONN_ERROR:
    must(event->err != PEAL_OK);
    return event->err;
  }
  return PEAL_OK;
}

/* Everything there is to tell; what an event borrows is gone behind it. */
static peal_err read_all(player *p) {
  peal_sio_conn_event event;
  peal_err err = PEAL_OK;
  while (!p->freed && peal_sio_conn_next(p->conn, &p->arena, &event)) {
    must(!err); /* an error is the last */
    check(p);
    err = on_event(p, &event);
    peal_arena_reset(&p->arena);
    check(p);
  }
  return err;
}

static void begin(player *p, uint8_t first) {
  *p = (player){.now = 1000};
  p->opts = (peal_sio_conn_opts){
      .client = first & 1,
      .sio2 = (first & 17) == 17,
      .max_packet_bytes = first & 2 ? 500 : 0,
      .max_namespaces = first & 4 ? 2 : 0,
  };
  p->account.max = first & 8 ? 2000 : 0;
  peal_arena_init(&p->arena, NULL, 0, 1u << 22);
  p->conn = malloc(sizeof *p->conn);
  must(p->conn != NULL);
  peal_sio_conn_init(p->conn, &p->opts, &p->account, p->now);
  if ((first & 17) == 16) {
    peal_sio_conn_speak_sio2(p->conn);
    peal_sio_conn_owe_root(p->conn);
  }
}

static peal_err feed(player *p, bool binary, const void *data, size_t len) {
  /* The machines below let no other text pass. */
  if (!binary && !peal_utf8_is_valid((peal_slice){data, len}))
    return PEAL_OK;
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  if (len)
    memcpy(copy, data, len);
  peal_err err =
      peal_sio_conn_feed(p->conn, binary, (peal_slice){copy, len}, p->now);
  if (!err)
    err = read_all(p);
  free(copy);
  return err;
}

static void end(player *p) {
  if (!p->freed)
    free_conn(p);
  peal_arena_deinit(&p->arena);
  must(p->account.used == 0);
}

/* -- script ------------------------------------------------------------------------ */

static const char *const words[] = {
    "0",
    "0/a",
    "1",
    "1/a,",
    "2[\"e\"]",
    "2/a,7[\"e\"]",
    "31[]",
    "3/a,1[2]",
    "4{}",
    "4/a,{}",
    "52-[\"e\",{\"_placeholder\":true,\"num\":1}]",
    "51-/a,[\"e\",{\"_placeholder\":true,\"num\":0}]",
    "61-2[]",
    "0/b",
    "2/b,[1]",
    "50-[\"e\"]"};

/* Perhaps none. */
static peal_sio_link some_link(const player *p, unsigned index) {
  peal_sio_link link = peal_sio_link_next(p->conn, 0);
  while (link && index--)
    link = peal_sio_link_next(p->conn, link);
  return link;
}

static size_t act(player *p, const uint8_t *data, size_t len) {
  uint8_t op = data[0];
  unsigned much = op >> 4;
  peal_sio_link link = some_link(p, much & 3);
  switch (op & 7) {
  case 0:
  case 1:
    (void)!feed(p, false, words[much], strlen(words[much]));
    return 1;
  case 2:
  case 3: {
    size_t most = len - 1 < much + 1 ? len - 1 : much + 1;
    (void)!feed(p, op & 1, data + 1, most);
    return 1 + most;
  }
  case 4:
    if (p->opts.client)
      join(p, much & 1 ? PEAL_S("/") : PEAL_S("/a"));
    else
      accept_link(p, link);
    (void)!read_all(p);
    return 1;
  case 5:
    if (much & 8)
      (void)!peal_sio_conn_deliver(p->conn, link);
    else if (much & 4)
      (void)!peal_sio_conn_pause(p->conn, link);
    else
      refuse(p, link);
    (void)!read_all(p);
    return 1;
  case 6:
    part(p, link);
    return 1;
  default:
    p->now += much * 1500;
    (void)!peal_sio_conn_tick(p->conn, p->now);
    must(peal_sio_conn_deadline(p->conn) > p->now);
    return 1;
  }
}

static void play(uint8_t first, const uint8_t *data, size_t len) {
  player p;
  begin(&p, first);
  if (len) {
    p.habits = data[0];
    data++;
    len--;
  }
  while (len && !p.freed) {
    size_t used = act(&p, data, len);
    data += used;
    len -= used;
  }
  end(&p);
}

/* -- late --------------------------------------------------------------------------- */

static peal_err accept_all(player *p) {
  peal_sio_link link = peal_sio_link_next(p->conn, 0);
  for (; link; link = peal_sio_link_next(p->conn, link))
    if (!peal_sio_link_is_connected(p->conn, link))
      accept_link(p, link);
  return read_all(p);
}

/* Messages lie between line ends; one that begins with '!' is binary. Accepts
 * whenever `patience` messages have come; a goodbye waits for nobody, nor does
 * another CONNECT: before the answer it would be welcome. */
static peal_err hear(uint8_t first, const uint8_t *data, size_t len,
                     unsigned patience, uint64_t *digest) {
  player p;
  begin(&p, first & 4);
  p.late = true;
  peal_err err = PEAL_OK;
  unsigned count = 0;
  while (len && !err) {
    const uint8_t *line_end = memchr(data, '\n', len);
    size_t line = line_end ? (size_t)(line_end - data) : len;
    bool binary = line && data[0] == '!';
    if (line && (data[0] == '1' || data[0] == '0'))
      err = accept_all(&p);
    if (!err)
      err = feed(&p, binary, data + binary, line - binary);
    if (!err && ++count % patience == 0)
      err = accept_all(&p);
    line += line < len;
    data += line;
    len -= line;
  }
  if (!err)
    err = accept_all(&p);
  peal_sio_link link = peal_sio_link_next(p.conn, 0);
  for (; link; link = peal_sio_link_next(p.conn, link))
    end_link(&p, peal_sio_link_user(p.conn, link));
  *digest = p.digest;
  end(&p);
  return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 1 || len > 4096)
    return 0;
  if (data[0] & 0x80u) {
    play(data[0], data + 1, len - 1);
    return 0;
  }
  uint64_t at_once, late;
  peal_err err = hear(data[0], data + 1, len - 1, 1, &at_once);
  peal_err later =
      hear(data[0], data + 1, len - 1, 2 + (data[0] >> 3 & 7), &late);
  must(!err == !later);
  must(err || at_once == late);
  return 0;
}
