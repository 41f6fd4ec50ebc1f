/* SPDX-License-Identifier: MIT */
/* fuzz_ws_conn: two games, chosen by the first byte.
 *
 * stream: the rest is what a peer sends to either role; however it is cut, the
 * same must be told above and answered below.
 * joined: the rest is a script for a client and a server over a slow wire;
 * all that is sent before a close arrives, in order, and nothing else. The
 * server's messages wait in a queue of its owner, as in the engine. */
#include <stdlib.h>
#include <string.h>

#include "proto/proto_limits.h"
#include "proto/ws_conn.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

static uint32_t next_key(void *user) {
  (void)user;
  return 0x9e3779b9u;
}

/* -- stream ------------------------------------------------------------------- */

/* What was told, as a number that depends on order and content. */
typedef struct listener {
  uint64_t value;
  unsigned closes;
  size_t max;
} listener;

static void mix(listener *l, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    l->value = (l->value ^ bytes[i]) * 1099511628211u;
}

static void mix_number(listener *l, uint64_t number) {
  mix(l, &number, sizeof(number));
}

static void hear_message(listener *l, const peal_ws_event *event) {
  peal_slice data = event->data;
  must(!l->closes && data.len <= l->max);
  must(event->opcode == PEAL_WS_TEXT || event->opcode == PEAL_WS_BINARY);
  must(event->opcode == PEAL_WS_BINARY || peal_utf8_is_valid(data));
  mix_number(l, event->opcode);
  mix_number(l, data.len);
  mix(l, data.ptr, data.len);
}

static void hear_close(listener *l, const peal_ws_event *event) {
  must(!l->closes && peal_utf8_is_valid(event->data));
  must(!event->err || event->code == 1006);
  l->closes++;
  mix_number(l, (uint64_t)(int64_t)event->err);
  mix_number(l, event->code);
  mix(l, event->data.ptr, event->data.len);
}

static void hear_events(peal_ws_conn *conn, listener *l) {
  peal_ws_event event;
  while (peal_ws_conn_next(conn, &event)) {
    must(peal_ws_conn_check(conn));
    if (event.type == PEAL_WS_EVENT_MESSAGE) {
      must(!peal_ws_conn_is_done(conn));
      hear_message(l, &event);
    } else {
      hear_close(l, &event);
    }
  }
  must(peal_ws_conn_check(conn));
}

/* Pull all there is, into the digest. */
static void hear_output(peal_ws_conn *conn, listener *l) {
  static char scratch[4096];
  peal_iovs iovs;
  for (;;) {
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    peal_ws_conn_pull(conn, &iovs);
    if (!iovs.bytes)
      break;
    for (size_t i = 0; i < iovs.count; i++)
      mix(l, iovs.items[i].ptr, iovs.items[i].len);
    must(peal_ws_conn_sent(conn, iovs.bytes) == 0);
  }
  must(peal_ws_conn_queued(conn) == 0);
}

static uint64_t listen_to(const uint8_t *data, size_t len, unsigned first,
                          size_t step) {
  listener l = {.value = 14695981039346656037u,
                .max = first & 2u ? 100 : PEAL_LIMIT_PAYLOAD_BYTES};
  peal_ws_conn_opts opts = {
      .client = first & 1u, .max_message_bytes = l.max, .mask = next_key};
  peal_account account = {0};
  peal_ws_conn *conn = peal_ws_conn_new(&opts, &account, (peal_slice){NULL, 0});
  must(conn != NULL);
  for (size_t pos = 0; pos < len; pos += step) {
    size_t piece = len - pos < step ? len - pos : step;
    char *copy = malloc(piece); /* its own block: a sanitizer sees its end */
    must(copy != NULL);
    memcpy(copy, data + pos, piece);
    peal_ws_conn_feed(conn, copy, piece, 0);
    hear_events(conn, &l);
    free(copy);
  }
  hear_output(conn, &l);
  must(peal_ws_conn_is_done(conn) == (l.closes == 1));
  peal_ws_conn_free(conn);
  must(account.used == 0);
  return l.value;
}

/* -- joined ------------------------------------------------------------------- */

#define SCRIPT_MAX 600u

typedef struct peer {
  peal_ws_conn *conn;
  struct peer *other;
  bool is_server;
  unsigned sent, got, closes;
  peal_message *queue[SCRIPT_MAX]; /* a server's: left of them have left */
  unsigned left;
  char wire[1 << 13]; /* to the other peer */
  size_t wire_len;
} peer;

static size_t numbered_len(unsigned number) {
  return number % 11 == 10 ? 700 : number * 37 % 200;
}

static void get_numbered(peer *p, const peal_ws_event *event) {
  must(event->opcode == PEAL_WS_BINARY && !p->closes);
  must(p->got < p->other->sent && event->data.len == numbered_len(p->got));
  for (size_t i = 0; i < event->data.len; i++)
    must((uint8_t)event->data.ptr[i] == (uint8_t)(p->got + i));
  p->got++;
}

static void get_close(peer *p, const peal_ws_event *event) {
  must(!p->closes && (!event->err || event->err == PEAL_ERR_TIMEOUT));
  must(event->err || event->code == 3000 || event->code == 1005);
  must(event->data.len <= 123);
  p->closes++;
}

static void get_events(peer *p) {
  peal_ws_event event;
  while (peal_ws_conn_next(p->conn, &event)) {
    if (event.type == PEAL_WS_EVENT_MESSAGE)
      get_numbered(p, &event);
    else
      get_close(p, &event);
  }
  must(peal_ws_conn_check(p->conn));
}

static void send_numbered(peer *p) {
  char data[1024];
  size_t len = numbered_len(p->sent);
  for (size_t i = 0; i < len; i++)
    data[i] = (char)(p->sent + i);
  peal_slice body = {data, len};
  if (p->is_server) {
    p->queue[p->sent] = peal_message_new_binary(body, NULL);
    must(p->queue[p->sent] != NULL);
    p->sent++;
    return;
  }
  peal_err err = peal_ws_conn_send(p->conn, PEAL_WS_BINARY, 0, body);
  must(!err || err == PEAL_ERR_CLOSED);
  p->sent += err ? 0 : 1;
}

static void pull_queue(peer *p, peal_iovs *iovs) {
  for (unsigned i = p->left; p->is_server && i < p->sent; i++)
    if (!peal_ws_conn_pull_message(p->conn, iovs, PEAL_WS_BINARY, 0,
                                   peal_message_part(p->queue[i], 0)))
      return;
}

/* `len` bytes of the queue have left. */
static void pop_queue(peer *p, size_t len) {
  while (len > 0) {
    peal_message *message = p->queue[p->left];
    size_t whole =
        peal_ws_conn_message_len(p->conn, 0, peal_message_len(message));
    if (len < whole) {
      must(!peal_ws_conn_keep(p->conn, PEAL_WS_BINARY, 0, message,
                              peal_message_part(message, 0), len));
      len = whole;
    }
    len -= whole;
    peal_message_unref(message);
    p->left++;
  }
}

static void drop_queue(peer *p) {
  while (p->sent > p->left && p->is_server)
    peal_message_unref(p->queue[--p->sent]);
}

static void write_wire(peer *p, size_t most) {
  char scratch[512];
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  peal_ws_conn_pull(p->conn, &iovs);
  pull_queue(p, &iovs);
  size_t room = sizeof(p->wire) - p->wire_len;
  size_t sent = 0;
  most = most < room ? most : room;
  for (size_t i = 0; i < iovs.count && sent < most; i++) {
    size_t len = iovs.items[i].len;
    len = len < most - sent ? len : most - sent;
    memcpy(p->wire + p->wire_len, iovs.items[i].ptr, len);
    p->wire_len += len;
    sent += len;
  }
  pop_queue(p, peal_ws_conn_sent(p->conn, sent));
  must(peal_ws_conn_check(p->conn));
}

static void read_wire(peer *p, size_t most) {
  size_t len = most < p->wire_len ? most : p->wire_len;
  char *piece = malloc(len ? len : 1);
  must(piece != NULL);
  memcpy(piece, p->wire, len);
  p->wire_len -= len;
  memmove(p->wire, p->wire + len, p->wire_len);
  peal_ws_conn_feed(p->other->conn, piece, len, 0);
  get_events(p->other);
  free(piece);
}

/* Behind a close frame nothing goes: what waits is dropped. */
static void close_with(peer *p, unsigned code, peal_slice reason) {
  drop_queue(p);
  peal_ws_conn_close(p->conn, code, reason, 0);
}

/* One step of the script: bit 7 says who, bits 4-6 what, the rest how much. */
static void act(peer *p, uint8_t step) {
  size_t much = step & 15u;
  switch (step >> 4 & 7u) {
  case 0:
  case 1:
    send_numbered(p);
    break;
  case 2: {
    char payload[16] = {0};
    peal_err err = peal_ws_conn_ping(p->conn, (peal_slice){payload, much});
    must(!err || err == PEAL_ERR_CLOSED);
    break;
  }
  case 3:
  case 4:
    write_wire(p, much == 15 ? SIZE_MAX : much * much);
    break;
  case 5:
  case 6:
    read_wire(p, much == 15 ? SIZE_MAX : much * much);
    break;
  default:
    if (much == 1)
      close_with(p, 3000, PEAL_S("script"));
    else if (much == 2)
      close_with(p, 0, PEAL_S(""));
    else if (much == 0) {
      peal_ws_conn_tick(p->conn, 5000);
      get_events(p);
    }
  }
}

static void play(const uint8_t *script, size_t len) {
  static const peal_ws_conn_opts opts[] = {{.client = false},
                                           {.client = true, .mask = next_key}};
  peer *peers = calloc(2, sizeof(*peers));
  must(peers != NULL);
  for (int i = 0; i < 2; i++) {
    peers[i].other = &peers[1 - i];
    peers[i].is_server = i == 0;
    peers[i].conn = peal_ws_conn_new(&opts[i], NULL, (peal_slice){NULL, 0});
    must(peers[i].conn != NULL);
  }
  for (size_t i = 0; i < len; i++)
    act(&peers[script[i] >> 7], script[i]);
  bool quiet = !peers[0].closes && !peers[1].closes;
  for (int idle = 0; idle < 4; idle++) {
    peer *p = &peers[idle % 2];
    write_wire(p, SIZE_MAX);
    if (p->wire_len)
      idle = 0;
    read_wire(p, SIZE_MAX);
  }
  for (int i = 0; i < 2; i++) {
    peer *p = &peers[i];
    /* Whoever was not closed before the end got all. */
    must(!quiet || p->closes || p->got == p->other->sent);
    must(p->closes || peal_ws_conn_queued(p->conn) == 0);
    drop_queue(p);
    peal_ws_conn_free(p->conn);
  }
  free(peers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 1)
    return 0;
  unsigned first = data[0];
  data++;
  len--;
  if (first & 0x80u) {
    play(data, len < SCRIPT_MAX ? len : SCRIPT_MAX);
    return 0;
  }
  uint64_t whole = listen_to(data, len, first, len ? len : 1);
  must(listen_to(data, len, first, 2 + (first >> 2)) == whole);
  if (len < 4096)
    must(listen_to(data, len, first, 1) == whole);
  return 0;
}
