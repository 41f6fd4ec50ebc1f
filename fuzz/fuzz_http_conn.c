/* SPDX-License-Identifier: MIT */
/* fuzz_http_conn: two games for both roles, chosen by the first byte.
 *
 * stream: the rest is what a peer sends; however it is cut, the same must be
 * told above and answered below.
 * verbs: the rest is a script of calls in any order with pieces of input
 * between them; what always holds must hold, and CLOSE comes once and last. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/http_ask.h"
#include "proto/http_conn.h"
#include "proto/http_reply.h"
#include "proto/http_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

enum { CLIENT = 1, VERBS = 2, WANTS = 4, TO_HEAD = 8, ENDS = 16 };

typedef struct player {
  peal_http_conn conn;
  uint64_t value; /* what was told, depends on order and content */
  uint64_t out;   /* what was answered */
  unsigned flags, closes;
  bool in_exchange, begun;
} player;

static void mix(uint64_t *value, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    *value = (*value ^ bytes[i]) * 1099511628211u;
}

static void mix_number(player *p, uint64_t number) {
  mix(&p->value, &number, sizeof(number));
}

static void ask(player *p, uint64_t now_ms) {
  const peal_http_ask request = {.method = p->flags & TO_HEAD ? PEAL_S("HEAD")
                                                              : PEAL_S("GET"),
                                 .target = PEAL_S("/"),
                                 .host = PEAL_S("h")};
  peal_err err = peal_http_ask_with(&p->conn, &request, now_ms);
  must(err != PEAL_ERR_NOMEM);
}

static void answer(player *p, unsigned status, uint64_t now_ms) {
  const peal_http_reply reply = {
      .status = status, .length = 2, .body = PEAL_S("ok"), .whole = true};
  peal_err err = peal_http_reply_with(&p->conn, &reply, now_ms);
  must(err != PEAL_ERR_NOMEM);
  p->begun = p->begun || err == PEAL_OK;
}

/* -- what is told ------------------------------------------------------------ */

static void hear_body(player *p, const peal_http_conn_event *event) {
  must(p->in_exchange && (event->data.len || event->last));
  mix(&p->value, event->data.ptr, event->data.len);
  if (event->last)
    mix_number(p, 0xe0d);
}

static void hear(player *p, const peal_http_conn_event *event) {
  must(!p->closes);
  if (event->kind != PEAL_HTTP_CONN_BODY) {
    mix_number(p, event->kind);
    mix_number(p, (uint64_t)event->err);
  }
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    must(event->data.len > 0);
    must(p->flags & CLIENT || !p->in_exchange);
    p->in_exchange = true;
    p->begun = false;
    mix(&p->value, event->data.ptr, event->data.len);
    break;
  case PEAL_HTTP_CONN_BODY:
    hear_body(p, event);
    break;
  case PEAL_HTTP_CONN_LOST:
    must(p->in_exchange);
    break;
  case PEAL_HTTP_CONN_OVER:
    must(p->in_exchange);
    p->in_exchange = false;
    break;
  case PEAL_HTTP_CONN_BAD:
    must(p->flags & CLIENT || !p->in_exchange);
    break;
  case PEAL_HTTP_CONN_CLOSE:
    p->closes++;
    break;
  }
}

/* -- stream ------------------------------------------------------------------ */

static void act(player *p, const peal_http_conn_event *event) {
  hear(p, event);
  if (p->flags & CLIENT)
    return;
  if (event->kind == PEAL_HTTP_CONN_HEAD) {
    if (p->flags & WANTS && event->head.framing != PEAL_HTTP1_NO_BODY)
      peal_http_conn_want(&p->conn, true, 0);
    else
      answer(p, 200, 0);
  } else if (event->kind == PEAL_HTTP_CONN_LOST) {
    answer(p, 400, 0);
  } else if (event->kind == PEAL_HTTP_CONN_BODY && event->last) {
    answer(p, 200, 0);
  }
}

static void run(player *p) {
  peal_http_conn_event event;
  while (peal_http_conn_next(&p->conn, &event)) {
    act(p, &event);
    peal_http_conn_check(&p->conn);
  }
  peal_http_conn_check(&p->conn);
}

static size_t pull(player *p, size_t max) {
  static char scratch[4096];
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  peal_http_conn_pull(&p->conn, &iovs);
  if (!iovs.count)
    return 0;
  size_t len = iovs.items[0].len < max ? iovs.items[0].len : max;
  mix(&p->out, iovs.items[0].ptr, len);
  return len;
}

static void drain(player *p) {
  size_t len;
  while ((len = pull(p, SIZE_MAX)) > 0) {
    peal_http_conn_sent(&p->conn, len, 0);
    run(p);
  }
}

static void feed(player *p, const uint8_t *data, size_t len) {
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  memcpy(copy, data, len);
  peal_http_conn_feed(&p->conn, (peal_slice){copy, len}, 0);
  run(p);
  drain(p);
  free(copy);
}

static void play(player *p, unsigned flags, const uint8_t *data, size_t len,
                 size_t step) {
  static const peal_http_conn_opts opts[2] = {{.client = false},
                                              {.client = true}};
  memset(p, 0, sizeof(*p));
  p->flags = flags;
  peal_http_conn_init(&p->conn, &opts[flags & CLIENT], 0);
  if (flags & CLIENT)
    ask(p, 0);
  drain(p);
  for (size_t at = 0; at < len; at += step)
    feed(p, data + at, len - at < step ? len - at : step);
  if (flags & ENDS) {
    peal_http_conn_end(&p->conn, 0);
    run(p);
    drain(p);
  }
  must(p->closes <= 1);
  peal_http_conn_deinit(&p->conn);
}

static void play_stream(unsigned flags, const uint8_t *data, size_t len) {
  player whole, cut;
  play(&whole, flags, data, len, len ? len : 1);
  static const size_t steps[] = {1, 7, 100};
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
    play(&cut, flags, data, len, steps[i]);
    must(cut.value == whole.value && cut.out == whole.out);
    must(cut.closes == whole.closes);
  }
}

/* -- verbs ------------------------------------------------------------------- */

typedef struct script {
  const uint8_t *data;
  size_t len, pos;
} script;

static unsigned take(script *s) {
  return s->pos < s->len ? s->data[s->pos++] : 0;
}

static void begin_stream(player *p, bool is_chunked, uint64_t now) {
  const peal_http_reply reply = {.status = 200,
                                 .length = is_chunked ? UINT64_MAX : 9};
  must(peal_http_reply_with(&p->conn, &reply, now) != PEAL_ERR_NOMEM);
}

/* _feed comes only when _next has nothing more to say. */
static void feed_some(player *p, script *s, uint64_t now, char *lent) {
  peal_http_conn_event event;
  while (peal_http_conn_next(&p->conn, &event))
    hear(p, &event);
  size_t len = take(s);
  if (len > s->len - s->pos)
    len = s->len - s->pos;
  memcpy(lent, s->data + s->pos, len);
  s->pos += len;
  peal_http_conn_feed(&p->conn, (peal_slice){lent, len}, now);
}

static void do_verb(player *p, script *s, uint64_t *now, char *lent) {
  peal_http_conn_event event;
  size_t len;
  unsigned verb = take(s);
  switch (verb % 16) {
  case 0:
  case 1:
    feed_some(p, s, *now, lent);
    break;
  case 2:
    ask(p, *now);
    break;
  case 3:
    answer(p, verb & 16 ? 200 : 204, *now);
    break;
  case 4:
    begin_stream(p, verb & 16, *now);
    break;
  case 5:
    must(peal_http_write_copy(&p->conn, (peal_slice){"abcdefgh", verb / 32},
                              *now) != PEAL_ERR_NOMEM);
    break;
  case 6:
    must(peal_http_write_end(&p->conn, *now) != PEAL_ERR_NOMEM);
    break;
  case 7:
    len = pull(p, 1 + take(s));
    if (len)
      peal_http_conn_sent(&p->conn, len, *now);
    break;
  case 8:
    peal_http_conn_want(&p->conn, verb & 16, *now);
    break;
  case 9:
    *now += take(s) * 100u;
    peal_http_conn_tick(&p->conn, *now);
    break;
  case 10:
    must(peal_http_reply_continue(&p->conn, *now) == PEAL_OK);
    break;
  case 11:
    if (verb & 16)
      peal_http_conn_drop_body(&p->conn);
    break;
  case 12:
    if (verb > 200)
      peal_http_conn_end(&p->conn, *now);
    break;
  case 13:
    if (verb > 200)
      peal_http_conn_stop(&p->conn);
    break;
  case 14:
    if (verb > 220)
      peal_http_conn_break(&p->conn, PEAL_ERR_CANCELLED);
    break;
  default:
    if (peal_http_conn_next(&p->conn, &event))
      hear(p, &event);
  }
}

static void play_verbs(unsigned flags, const uint8_t *data, size_t len) {
  const peal_http_conn_opts opts = {.client = (flags & CLIENT) != 0,
                                    .head_ms = 10000,
                                    .body_ms = 30000,
                                    .idle_ms = 5000,
                                    .write_ms = 30000};
  player p;
  script s = {data, len, 0};
  uint64_t now = 0;
  char *lent = malloc(256);
  must(lent != NULL);
  memset(&p, 0, sizeof(p));
  p.flags = flags;
  peal_http_conn_init(&p.conn, &opts, 0);
  while (s.pos < s.len) {
    do_verb(&p, &s, &now, lent);
    peal_http_conn_check(&p.conn);
    must(p.closes <= 1);
  }
  peal_http_conn_deinit(&p.conn);
  free(lent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (!len)
    return 0;
  if (data[0] & VERBS)
    play_verbs(data[0], data + 1, len - 1);
  else
    play_stream(data[0], data + 1, len - 1);
  return 0;
}
