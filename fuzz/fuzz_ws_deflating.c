/* SPDX-License-Identifier: MIT */
/* fuzz_ws_deflating: what a peer sends on a WebSocket that deflates, on terms
 * that the first byte chooses; however it is cut, the same is told, nothing is
 * longer than it may be, and nothing stays charged. Then the same bytes as one
 * message: they come back as they were. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/deflater.h"
#include "proto/ws_conn.h"
#include "wire/utf8.h"

#define MAX_BYTES 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

/* Of a worker, only what a deflater looks at. */
static peal_worker worker;
static peal_deflater deflater;

static uint32_t next_key(void *user) {
  (void)user;
  return 0x9e3779b9u;
}

static peal_deflate_terms terms_of(unsigned dice) {
  return (peal_deflate_terms){.on = true,
                              .server_takeover = (dice & 2u) != 0,
                              .client_takeover = (dice & 4u) != 0,
                              .server_bits = dice & 8u ? 9 : 15,
                              .client_bits = dice & 16u ? 9 : 15};
}

/* What was told, as a number that depends on order and content. */
typedef struct listener {
  uint64_t value;
  const char *awaited; /* NULL: anything */
  size_t len;
  unsigned messages;
} listener;

static void mix(listener *l, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    l->value = (l->value ^ bytes[i]) * 1099511628211u;
}

static void hear_events(peal_ws_conn *conn, listener *l) {
  peal_ws_event event;
  while (peal_ws_conn_next(conn, &event)) {
    must(peal_ws_conn_check(conn));
    uint64_t parts[] = {event.type, event.opcode, event.code,
                        (uint64_t)(int64_t)event.err, event.data.len};
    mix(l, parts, sizeof parts);
    mix(l, event.data.ptr, event.data.len);
    if (event.type != PEAL_WS_EVENT_MESSAGE)
      continue;
    must(l->awaited || event.data.len <= MAX_BYTES);
    must(event.opcode == PEAL_WS_BINARY || peal_utf8_is_valid(event.data));
    must(!l->awaited || (event.data.len == l->len &&
                         !memcmp(event.data.ptr, l->awaited, l->len)));
    l->messages++;
  }
}

static void feed(peal_ws_conn *conn, const uint8_t *data, size_t len,
                 size_t step, listener *l) {
  for (size_t pos = 0; pos < len; pos += step) {
    size_t piece = len - pos < step ? len - pos : step;
    char *copy = malloc(piece); /* its own block: a sanitizer sees its end */
    must(copy != NULL);
    memcpy(copy, data + pos, piece);
    peal_ws_conn_feed(conn, copy, piece, 0);
    hear_events(conn, l);
    free(copy);
  }
}

static peal_ws_conn *open_conn(const peal_ws_conn_opts *opts, unsigned dice,
                               peal_account *account) {
  const peal_deflate_terms terms = terms_of(dice);
  peal_ws_conn *conn = peal_ws_conn_new(opts, account, (peal_slice){NULL, 0});
  must(conn != NULL);
  peal_ws_conn_agree(conn, &terms);
  return conn;
}

static uint64_t listen_to(const uint8_t *data, size_t len, unsigned dice,
                          size_t step) {
  const peal_ws_conn_opts opts = {.client = dice & 1u,
                                  .max_message_bytes = MAX_BYTES,
                                  .deflate = &deflater.verbs,
                                  .mask = next_key};
  listener l = {.value = 14695981039346656037u};
  peal_account account = {0};
  peal_ws_conn *conn = open_conn(&opts, dice, &account);
  feed(conn, data, len, step, &l);
  peal_ws_conn_free(conn);
  must(account.used == 0);
  return l.value;
}

/* All that one has to say goes to the other. */
static void carry(peal_ws_conn *from, peal_ws_conn *to, listener *l) {
  static char scratch[4096];
  peal_iovs iovs;
  for (;;) {
    peal_iovs_init(&iovs, scratch, sizeof scratch);
    peal_ws_conn_pull(from, &iovs);
    if (!iovs.bytes)
      return;
    size_t first = iovs.items[0].len;
    feed(to, (const uint8_t *)iovs.items[0].ptr, first, first, l);
    must(peal_ws_conn_sent(from, first) == 0);
  }
}

static void there_and_back(const uint8_t *data, size_t len, unsigned dice) {
  const peal_ws_conn_opts opts[2] = {
      {.deflate = &deflater.verbs},
      {.client = true, .deflate = &deflater.verbs, .mask = next_key}};
  listener l = {.awaited = (const char *)data, .len = len};
  peal_account accounts[2] = {{0}, {0}};
  peal_ws_conn *ends[2];
  for (unsigned i = 0; i < 2; i++)
    ends[i] = open_conn(&opts[i], dice, &accounts[i]);
  for (unsigned i = 0; i < 6; i++) {
    peal_slice body = {l.awaited, len};
    must(!peal_ws_conn_send(ends[i % 2], PEAL_WS_BINARY, 0, body));
    carry(ends[i % 2], ends[1 - i % 2], &l);
    must(l.messages == i + 1);
  }
  for (unsigned i = 0; i < 2; i++) {
    peal_ws_conn_free(ends[i]);
    must(accounts[i].used == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const uint8_t nothing[1];
  if (!len)
    return 0;
  if (!worker.mem) {
    const peal_deflate_opts opts = {.on = true, .threshold_bytes = 1};
    worker.mem = peal_mem_libc();
    peal_deflater_init(&deflater, &worker, &opts);
  }
  unsigned dice = data[0];
  const uint8_t *rest = len > 1 ? data + 1 : nothing;
  uint64_t whole = listen_to(rest, len - 1, dice, SIZE_MAX / 2);
  must(listen_to(rest, len - 1, dice, 1) == whole);
  must(listen_to(rest, len - 1, dice, 7) == whole);
  there_and_back(rest, len - 1, dice);
  return 0;
}
