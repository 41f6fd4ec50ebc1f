/* SPDX-License-Identifier: MIT */
/* fuzz_sio_conn: two games, chosen by the first byte.
 *
 * script: the rest is a list of what owner and peer do to one machine.
 * late: the rest is what a client sends; a server that accepts later must tell
 * each namespace the same as one that accepts at once. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "proto/sio_conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NEVER UINT64_MAX

static void must(bool holds) {
  if (!holds)
    abort();
}

typedef struct player {
  peal_sio_conn *conn;
  peal_sio_conn_opts opts;
  peal_arena arena;
  uint64_t now, digest;
  bool freed, late;
  uint8_t habits;
} player;

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
static void tell(peal_sio_link *link, uint64_t more) {
  uint64_t digest = (uint64_t)(uintptr_t)peal_sio_link_user(link);
  digest = mix(digest, &more, sizeof more);
  peal_sio_link_set_user(link, (void *)(uintptr_t)digest);
}

/* Namespaces may end in another order. */
static void end_link(player *p, peal_sio_link *link) {
  p->digest += (uint64_t)(uintptr_t)peal_sio_link_user(link);
}

static void accept_link(player *p, peal_sio_link *link) {
  peal_err err = peal_sio_conn_accept(p->conn, link, peal_undefined());
  if (!err && !p->freed)
    (void)!peal_sio_conn_deliver(p->conn, link, &p->arena);
}

static void react(player *p, peal_sio_link *link, unsigned bit) {
  if (p->late || !(p->habits & bit))
    return;
  switch (p->habits >> 6) {
  case 0:
    peal_sio_conn_free(p->conn);
    p->freed = true;
    break;
  case 1:
    peal_sio_conn_leave(p->conn, link);
    break;
  case 2:
    if (p->opts.client)
      (void)!peal_sio_conn_join(p->conn, peal_sio_link_nsp(link),
                                peal_undefined(), NULL);
    else if (bit == 1)
      accept_link(p, link);
    break;
  default:
    if (bit == 1 && !p->opts.client)
      peal_sio_conn_refuse(p->conn, link, peal_undefined());
  }
}

static void on_send(peal_sio_conn *conn, peal_bytes *text, void *user) {
  player *p = user;
  (void)conn;
  must(!p->freed && peal_bytes_slice(text).len > 0);
  peal_bytes_unref(text);
}

static void on_connect(peal_sio_conn *conn, peal_sio_link *link, peal_val auth,
                       void *user) {
  player *p = user;
  (void)conn;
  must(!p->freed && peal_sio_link_is_connected(link) == p->opts.client);
  tell(link, mix_val(1, auth, 0));
  react(p, link, 1);
}

static void on_connect_error(peal_sio_conn *conn, peal_sio_link *link,
                             peal_val data, void *user) {
  player *p = user;
  (void)conn;
  must(!p->freed && p->opts.client);
  tell(link, mix_val(2, data, 0));
  react(p, link, 2);
}

static void on_disconnect(peal_sio_conn *conn, peal_sio_link *link,
                          void *user) {
  player *p = user;
  (void)conn;
  must(!p->freed);
  end_link(p, link);
  react(p, link, 4);
}

static void on_packet(player *p, peal_sio_link *link,
                      const peal_sio_packet *packet) {
  must(!p->freed && peal_sio_link_is_connected(link));
  must(peal_val_is(packet->data, PEAL_ARRAY));
  uint64_t digest = mix(3, &packet->type, 1);
  digest = mix(digest, &packet->id, sizeof packet->id);
  tell(link, mix_val(digest, packet->data, 0));
}

static void on_event(peal_sio_conn *conn, peal_sio_link *link,
                     const peal_sio_packet *packet, void *user) {
  (void)conn;
  on_packet(user, link, packet);
  must(packet->data.len > 0);
  react(user, link, 8);
}

static void on_ack(peal_sio_conn *conn, peal_sio_link *link,
                   const peal_sio_packet *packet, void *user) {
  (void)conn;
  must(packet->has_id);
  on_packet(user, link, packet);
  react(user, link, 16);
}

static const peal_sio_conn_callbacks callbacks = {
    on_send, on_connect, on_connect_error, on_disconnect, on_event, on_ack};

static void begin(player *p, uint8_t first) {
  *p = (player){.now = 1000};
  p->opts = (peal_sio_conn_opts){
      .client = first & 1,
      .max_packet_bytes = first & 2 ? 500 : 0,
      .max_namespaces = first & 4 ? 2 : 0,
  };
  peal_arena_init(&p->arena, NULL, 0, 1u << 22);
  p->conn = peal_sio_conn_new(&p->opts, &callbacks, p, p->now);
  must(p->conn != NULL);
}

static peal_err feed(player *p, bool binary, const void *data, size_t len) {
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  if (len)
    memcpy(copy, data, len);
  peal_err err = peal_sio_conn_feed(p->conn, binary, (peal_slice){copy, len},
                                    &p->arena, p->now);
  free(copy);
  peal_arena_reset(&p->arena);
  return err;
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

static peal_sio_link *some_link(const player *p, unsigned index) {
  peal_sio_link *link = peal_sio_conn_next(p->conn, NULL);
  while (link && index--)
    link = peal_sio_conn_next(p->conn, link);
  return link;
}

static size_t act(player *p, const uint8_t *data, size_t len) {
  uint8_t op = data[0];
  unsigned much = op >> 4;
  peal_sio_link *link = some_link(p, much & 3);
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
      (void)!peal_sio_conn_join(p->conn, much & 1 ? PEAL_S("/") : PEAL_S("/a"),
                                peal_undefined(), NULL);
    else if (link && !peal_sio_link_is_connected(link))
      accept_link(p, link);
    return 1;
  case 5:
    if (link && !p->opts.client && !peal_sio_link_is_connected(link))
      peal_sio_conn_refuse(p->conn, link, peal_undefined());
    return 1;
  case 6:
    if (link)
      peal_sio_conn_leave(p->conn, link);
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
  if (!p.freed)
    peal_sio_conn_free(p.conn);
  peal_arena_deinit(&p.arena);
}

/* -- late --------------------------------------------------------------------------- */

static void accept_all(player *p) {
  peal_sio_link *link = peal_sio_conn_next(p->conn, NULL);
  for (; link; link = peal_sio_conn_next(p->conn, link))
    if (!peal_sio_link_is_connected(link))
      accept_link(p, link);
}

/* Messages lie between line ends; one that begins with '!' is binary. Accepts
 * whenever `patience` messages have come; a goodbye waits for nobody. */
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
    if (line && data[0] == '1')
      accept_all(&p);
    err = feed(&p, binary, data + binary, line - binary);
    if (!err && ++count % patience == 0)
      accept_all(&p);
    line += line < len;
    data += line;
    len -= line;
  }
  if (!err)
    accept_all(&p);
  if (!err)
    err = peal_sio_conn_tick(p.conn, p.now);
  peal_sio_link *link = peal_sio_conn_next(p.conn, NULL);
  for (; link; link = peal_sio_conn_next(p.conn, link))
    end_link(&p, link);
  *digest = p.digest;
  peal_sio_conn_free(p.conn);
  peal_arena_deinit(&p.arena);
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
