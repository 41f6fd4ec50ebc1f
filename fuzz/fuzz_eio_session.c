/* SPDX-License-Identifier: MIT */
/* fuzz_eio_session: two games, chosen by the first byte.
 *
 * script: the rest is a list of what owner and peer do to one session; its
 * promises hold whatever that is.
 * bodies: the rest is a polling body; its packets in bodies of their own must
 * be told the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/eio_out.h"
#include "proto/eio_session.h"
#include "wire/eio_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SID "abcdefghij0123456789"
#define NEVER UINT64_MAX
#define QUEUE_BYTES 600u

static void must(bool holds) {
  if (!holds)
    abort();
}

typedef struct player {
  peal_eio_session *session;
  peal_eio_session room;
  peal_eio_session_opts opts;
  peal_arena arena;
  uint64_t now, digest;
  unsigned closes, drains;
  unsigned sent, got; /* numbered messages: queued, and taken */
  bool freed, in_order, drops_oldest;
  uint8_t habits; /* what is done at events */
} player;

static void mix(player *p, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    p->digest = (p->digest ^ bytes[i]) * 1099511628211u;
}

static void mix_slice(player *p, char what, peal_slice data) {
  mix(p, &what, 1);
  mix(p, &data.len, sizeof data.len);
  mix(p, data.ptr, data.len);
}

static void send_number(player *p, uint64_t key, size_t parts) {
  const peal_slice number = {(const char *)&p->sent, sizeof p->sent};
  const peal_slice attached[3] = {number, number, number};
  peal_eio_item item = {.key = key};
  item.message = parts > 1 ? peal_message_new(number, attached, parts - 1, NULL)
                           : peal_message_new_binary(number, NULL);
  must(item.message != NULL);
  peal_err err = peal_eio_session_send(p->session, &item);
  if (err == PEAL_ERR_QUEUE_FULL && p->drops_oldest &&
      !peal_eio_session_make_room(p->session, &item))
    must(!peal_eio_session_send(p->session, &item));
  must(!err || err == PEAL_ERR_CLOSED || err == PEAL_ERR_QUEUE_FULL);
  peal_message_unref(item.message);
  p->sent++;
}

static void react(player *p, unsigned bit) {
  if (!(p->habits & bit))
    return;
  switch (p->habits >> 6) {
  case 0:
    peal_eio_session_deinit(p->session);
    p->freed = true;
    break;
  case 1:
    peal_eio_session_close(p->session, false, PEAL_OK, p->now);
    break;
  case 2:
    send_number(p, 0, 1);
    break;
  default:
    peal_eio_session_poll_waits(p->session, true, p->now);
  }
}

static void on_event(player *p, const peal_eio_event *event) {
  const peal_eio_session *session = p->session;
  must(!p->closes && !p->freed);
  switch ((peal_eio_event_type)event->type) {
  case PEAL_EIO_EVENT_OPEN:
    must(p->opts.client);
    mix_slice(p, 'o', peal_slice_of(peal_eio_session_sid(session)));
    react(p, 1);
    break;
  case PEAL_EIO_EVENT_MESSAGE:
    must(peal_eio_session_is_open(session));
    mix_slice(p, event->binary ? 'b' : 't', event->data);
    react(p, 2);
    break;
  case PEAL_EIO_EVENT_PROBED:
    must(peal_eio_session_is_upgrading(session));
    react(p, 4);
    break;
  case PEAL_EIO_EVENT_UPGRADED:
    must(peal_eio_session_current(session) == PEAL_EIO_WEBSOCKET);
    react(p, 8);
    break;
  case PEAL_EIO_EVENT_DRAIN:
    must(!peal_eio_session_queued_bytes(session));
    if (p->drains++ < 8) /* who sends then might go on for ever */
      react(p, 16);
    break;
  case PEAL_EIO_EVENT_CLOSE:
    must(!peal_eio_session_is_open(session));
    mix(p, &event->reason, sizeof event->reason);
    mix(p, &event->err, sizeof event->err);
    p->closes++;
    react(p, 32);
    break;
  }
}

static void settle(player *p) {
  peal_eio_event event;
  while (!p->freed &&
         peal_eio_session_next(p->session, &p->arena, p->now, &event)) {
    on_event(p, &event);
    if (!p->freed)
      peal_eio_session_check(p->session);
  }
  peal_arena_reset(&p->arena);
}

static void begin(player *p, uint8_t first) {
  *p = (player){
      .now = 1000, .in_order = true, .drops_oldest = (first >> 2 & 3) == 2};
  p->opts = (peal_eio_session_opts){.client = first & 1,
                                    .eio3 = first & 16,
                                    .max_queue_bytes = QUEUE_BYTES,
                                    .max_queue_soft_bytes = QUEUE_BYTES / 2,
                                    .confirm_timeout_ms =
                                        (first >> 2 & 3) == 3 ? 5000 : 0};
  peal_arena_init(&p->arena, NULL, 0, 1u << 20);
  p->session = &p->room;
  must(!peal_eio_session_init(p->session, &p->opts, first & 1 ? NULL : SID,
                              first & 2 ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING,
                              p->now));
  if ((first & 16) && !(first & 1))
    peal_eio_session_speak_eio3(p->session);
}

/* -- script --------------------------------------------------------------------- */

/* Numbers never go back: dropped and replaced ones only leave gaps, unless a
 * newer one took an older one's place. */
static void take(player *p, peal_eio_via via, unsigned most) {
  peal_eio_out out;
  while (most-- && !p->freed) {
    peal_eio_cursor cursor = {0};
    bool any = peal_eio_out_peek(p->session, via, &cursor, &out);
    must(any == peal_eio_out_wants(p->session, via));
    if (!any)
      break;
    must(out.type <= PEAL_EIO_NOOP);
    must(via == PEAL_EIO_WEBSOCKET || out.message || out.data.len == 0);
    if (out.type == PEAL_EIO_MESSAGE) {
      peal_slice data = out.data;
      unsigned number;
      must(data.len == sizeof number);
      memcpy(&number, data.ptr, sizeof number);
      must(number < p->sent && (!p->in_order || number >= p->got));
      p->got = number;
    }
    peal_eio_out_pop(p->session, via, p->now);
    settle(p);
  }
}

/* Version 3: what begins as a binary body is one. */
static peal_err feed_body(player *p, peal_slice body) {
  bool octets = p->opts.eio3 && body.len && (unsigned char)body.ptr[0] < 2;
  return octets ? peal_eio_session_feed_octets(p->session, body, p->now)
                : peal_eio_session_feed_payload(p->session, body, p->now);
}

static void feed(player *p, bool body, bool binary, const uint8_t *data,
                 size_t len) {
  char *copy = malloc(len ? len : 1);
  must(copy != NULL);
  if (len)
    memcpy(copy, data, len);
  bool was_over = p->closes;
  peal_err err =
      body ? feed_body(p, (peal_slice){copy, len})
           : peal_eio_session_feed_frame(p->session, binary,
                                         (peal_slice){copy, len}, p->now);
  /* A probe outlives the close. */
  must(!was_over || err == PEAL_ERR_CLOSED || !body);
  must(!err || err == PEAL_ERR_SIO_STATE || err == PEAL_ERR_CLOSED);
  settle(p);
  free(copy);
}

static const char *const words[] = {
    "2probe",
    "3probe",
    "5",
    "1",
    "2",
    "3",
    "4m",
    "6",
    "0{\"sid\":\"x\",\"pingInterval\":30,\"pingTimeout\":20}",
    "baGk=",
    "7"};

/* In a body of version 3 with its length, all of it ASCII. */
static void feed_word(player *p, bool body, const char *word) {
  char packed[80];
  snprintf(packed, sizeof packed, "%zu:%s", strlen(word), word);
  const char *said = body && p->opts.eio3 ? packed : word;
  feed(p, body, false, (const uint8_t *)said, strlen(said));
}

static size_t act(player *p, const uint8_t *data, size_t len) {
  uint8_t op = data[0];
  unsigned much = op >> 4;
  const char *word = words[much % 11];
  switch (op & 15) {
  case 0:
  case 1:
    feed_word(p, op & 1, word);
    return 1;
  case 2:
  case 3: {
    size_t most = len - 1 < much + 1 ? len - 1 : much + 1;
    feed(p, op & 1, much & 1, data + 1, most);
    return 1 + most;
  }
  case 4:
    (void)!peal_eio_session_attach(p->session, p->now);
    return 1;
  case 5:
    (void)!peal_eio_session_switch(p->session);
    return 1;
  case 6:
    peal_eio_session_detach(p->session, (peal_eio_via)(much & 1),
                            PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
    return 1;
  case 7:
    p->in_order = p->in_order && !(much & 7);
    send_number(p, much & 7, 1 + (much >> 3) * 2);
    return 1;
  case 8:
    send_number(p, 0, 1 + much % 4);
    return 1;
  case 9:
  case 10:
    take(p, (peal_eio_via)(op & 1), much + 1);
    return 1;
  case 11:
    peal_eio_session_poll_waits(p->session, much & 1, p->now);
    return 1;
  case 12: {
    uint64_t at = peal_eio_session_deadline(p->session);
    p->now = much & 1 || at == NEVER || at < p->now ? p->now + much * 700 : at;
    peal_eio_session_tick(p->session, p->now);
    must(p->freed || peal_eio_session_deadline(p->session) > p->now);
    return 1;
  }
  case 13:
    peal_eio_session_close(p->session, much & 1, PEAL_OK, p->now);
    return 1;
  case 14:
    if (much & 1)
      peal_eio_session_confirm(p->session);
    else
      peal_eio_session_spare(p->session, p->now);
    return 1;
  default:
    peal_eio_session_set_max_queue(p->session, much * 40);
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
    settle(&p);
    if (p.freed)
      break;
    must(peal_eio_session_queued_bytes(p.session) <= QUEUE_BYTES);
    must(peal_eio_session_is_open(p.session) ? !p.closes : true);
    must(!peal_eio_session_is_done(p.session) || p.closes);
  }
  /* Left alone, it ends. */
  if (!p.freed)
    peal_eio_session_close(p.session, false, PEAL_OK, p.now);
  settle(&p);
  while (!p.freed && peal_eio_session_deadline(p.session) != NEVER) {
    p.now = peal_eio_session_deadline(p.session);
    peal_eio_session_tick(p.session, p.now);
    settle(&p);
  }
  if (!p.freed) {
    peal_eio_session_poll_waits(p.session, false, p.now);
    must(peal_eio_session_is_done(p.session) ||
         peal_eio_session_current(p.session) == PEAL_EIO_WEBSOCKET);
    must(p.closes == 1);
    peal_eio_session_deinit(p.session);
  }
  peal_arena_deinit(&p.arena);
}

/* -- bodies ------------------------------------------------------------------------ */

static uint64_t tell(uint8_t first, const uint8_t *data, size_t len,
                     bool apart) {
  player p;
  begin(&p, (uint8_t)(first & ~(2u | 16u)));
  peal_slice body = {(const char *)data, len}, text;
  bool more = true;
  if (!apart)
    feed(&p, true, false, data, len);
  while (apart && !p.closes && peal_eio_payload_next(&body, &more, &text))
    feed(&p, true, false, (const uint8_t *)text.ptr, text.len);
  peal_eio_session_deinit(p.session);
  peal_arena_deinit(&p.arena);
  return p.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 1 || len > 4096)
    return 0;
  if (data[0] & 0x80u)
    play(data[0], data + 1, len - 1);
  else
    must(tell(data[0], data + 1, len - 1, false) ==
         tell(data[0], data + 1, len - 1, true));
  return 0;
}
