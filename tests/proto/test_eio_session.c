/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/eio_out.h"
#include "proto/eio_session.h"
#include "proto/proto_limits.h"
#include "torture.h"

#define NEVER UINT64_MAX
#define SID "abcdefghij0123456789"
#define HANDSHAKE(upgrades)                                                    \
  "0{\"sid\":\"" SID "\",\"upgrades\":[" upgrades "],\"pingInterval\":25000,"  \
  "\"pingTimeout\":20000,\"maxPayload\":1000000}"

/* -- one machine, what it told and what it sends ------------------------------ */

typedef enum act { DO_NOTHING, DO_CLOSE, DO_FREE, DO_SEND } act;

typedef struct side {
  peal_eio_session *session; /* NULL: it has been freed */
  peal_eio_session room;
  peal_eio_session_opts opts;
  peal_arena arena;
  uint64_t now;
  char log[2048]; /* what was told, one word each, and since the last look */
  unsigned closes;
  peal_eio_reason reason;
  peal_err err;
  bool drops_oldest, keep; /* of what is sent */
  act on_message, on_close, on_upgrade, on_drain, on_open, on_probed;
} side;

static const char *const reasons[] = {"transport-close", "transport-error",
                                      "parse-error",     "ping-timeout",
                                      "forced-close",    "slow-consumer"};

static void say(side *s, const char *word, peal_slice data) {
  size_t len = strlen(s->log);
  snprintf(s->log + len, sizeof s->log - len, "%s%s%.*s", len ? " " : "", word,
           (int)data.len, data.len ? data.ptr : "");
}

static peal_err send_message(side *s, peal_message *message, uint64_t key) {
  assert_non_null(message);
  peal_eio_item item = {.message = message, .key = key, .keep = s->keep};
  peal_err err = peal_eio_session_send(s->session, &item);
  if (err == PEAL_ERR_QUEUE_FULL && s->drops_oldest &&
      !peal_eio_session_make_room(s->session, &item))
    err = peal_eio_session_send(s->session, &item);
  peal_message_unref(message);
  return err;
}

static peal_err send_key(side *s, const char *words, uint64_t key) {
  return send_message(s, peal_message_new(peal_slice_of(words), NULL, 0, NULL),
                      key);
}

static peal_err send(side *s, const char *words) {
  return send_key(s, words, 0);
}

static peal_err send_group(side *s, const char *name, size_t count,
                           uint64_t key) {
  peal_slice parts[8];
  for (size_t i = 0; i < count; i++)
    parts[i] = peal_slice_of(name);
  return send_message(s, peal_message_new(parts[0], parts + 1, count - 1, NULL),
                      key);
}

static void do_act(side *s, act what) {
  switch (what) {
  case DO_NOTHING:
    break;
  case DO_CLOSE:
    peal_eio_session_close(s->session, false, PEAL_OK, s->now);
    break;
  case DO_FREE:
    peal_eio_session_deinit(s->session);
    s->session = NULL;
    break;
  case DO_SEND: {
    peal_err err = send(s, "more");
    assert_true(!err || err == PEAL_ERR_CLOSED);
    break;
  }
  }
}

static void on_event(side *s, const peal_eio_event *event) {
  const peal_eio_session *session = s->session;
  assert_int_equal(s->closes, 0); /* it is the last */
  switch ((peal_eio_event_type)event->type) {
  case PEAL_EIO_EVENT_OPEN:
    say(s, "open", peal_slice_of(peal_eio_session_sid(session)));
    do_act(s, s->on_open);
    break;
  case PEAL_EIO_EVENT_MESSAGE:
    say(s, event->binary ? "b:" : "m:", event->data);
    do_act(s, s->on_message);
    break;
  case PEAL_EIO_EVENT_PROBED:
    say(s, "probed", PEAL_S(""));
    do_act(s, s->on_probed);
    break;
  case PEAL_EIO_EVENT_UPGRADED:
    assert_int_equal(peal_eio_session_current(session), PEAL_EIO_WEBSOCKET);
    say(s, "upgrade", PEAL_S(""));
    do_act(s, s->on_upgrade);
    break;
  case PEAL_EIO_EVENT_DRAIN:
    assert_int_equal(peal_eio_session_queued_bytes(session), 0);
    say(s, "drain", PEAL_S(""));
    do_act(s, s->on_drain);
    break;
  case PEAL_EIO_EVENT_CLOSE:
    assert_false(peal_eio_session_is_open(session));
    s->closes++;
    s->reason = (peal_eio_reason)event->reason;
    s->err = event->err;
    say(s, "close:", peal_slice_of(reasons[event->reason]));
    do_act(s, s->on_close);
    break;
  }
}

/* As the owner's loop: whatever has happened is looked at. */
static void settle(side *s) {
  peal_eio_event event;
  while (s->session &&
         peal_eio_session_next(s->session, &s->arena, s->now, &event)) {
    on_event(s, &event);
    if (s->session)
      peal_eio_session_check(s->session);
  }
}

static bool begin(side *s, peal_eio_via via) {
  peal_arena_init(&s->arena, s->opts.mem, 0, 0);
  s->now = s->now ? s->now : 1000;
  s->session = &s->room;
  if (!peal_eio_session_init(s->session, &s->opts, s->opts.client ? NULL : SID,
                             via, s->now))
    return true;
  s->session = NULL;
  return false;
}

static void end(side *s) {
  if (s->session)
    peal_eio_session_deinit(s->session);
  peal_arena_deinit(&s->arena);
}

/* Everything for this way, as a payload with '|' between packets; a binary
 * message as b(...). */
static void take(side *s, peal_eio_via via, char *out, size_t cap) {
  peal_eio_out packet, again;
  size_t len = 0;
  out[0] = '\0';
  settle(s);
  while (s->session) {
    peal_eio_cursor cursor = {0}, twice = {0};
    bool any = peal_eio_out_peek(s->session, via, &cursor, &packet);
    assert_int_equal(any, peal_eio_out_wants(s->session, via));
    if (!any)
      break;
    assert_true(peal_eio_out_peek(s->session, via, &twice, &again));
    assert_true(packet.type == again.type && packet.part == again.part &&
                packet.message == again.message);
    peal_slice data = packet.data;
    const char *bar = len ? "|" : "";
    if (packet.binary)
      len += (size_t)snprintf(out + len, cap - len, "%sb(%.*s)", bar,
                              (int)data.len, data.ptr);
    else
      len += (size_t)snprintf(out + len, cap - len, "%s%c%.*s", bar,
                              '0' + packet.type, (int)data.len,
                              data.len ? data.ptr : "");
    assert_true(len < cap);
    peal_eio_out_pop(s->session, via, s->now);
    settle(s);
  }
}

static void expect(side *s, peal_eio_via via, const char *packets) {
  char out[4096];
  take(s, via, out, sizeof out);
  assert_string_equal(out, packets);
}

/* A GET that waits, as the owner plays it: answered as soon as there is
 * something. */
static void expect_get(side *s, const char *packets) {
  peal_eio_session_poll_waits(s->session, true, s->now);
  expect(s, PEAL_EIO_POLLING, packets);
  if (packets[0])
    peal_eio_session_poll_waits(s->session, false, s->now);
}

static void told(side *s, const char *words) {
  settle(s);
  assert_string_equal(s->log, words);
  s->log[0] = '\0';
}

/* What was fed is looked at; the error that it ended the session with. */
static peal_err looked_at(side *s, peal_err err) {
  unsigned closes = s->closes;
  settle(s);
  bool ended = s->closes > closes && s->reason != PEAL_EIO_FORCED_CLOSE;
  return !err && ended ? s->err : err;
}

static peal_err post(side *s, const char *body) {
  char *copy = malloc(strlen(body) + 1);
  assert_non_null(copy);
  size_t len = strlen(body);
  memcpy(copy, body, len);
  for (size_t i = 0; i < len; i++)
    copy[i] = copy[i] == '|' ? '\x1e' : copy[i];
  settle(s);
  peal_err err = looked_at(s, peal_eio_session_feed_payload(
                                  s->session, (peal_slice){copy, len}, s->now));
  free(copy);
  return err;
}

static peal_err frame(side *s, const char *text) {
  settle(s);
  return looked_at(s, peal_eio_session_feed_frame(s->session, false,
                                                  peal_slice_of(text), s->now));
}

static peal_err binary_frame(side *s, const char *text) {
  settle(s);
  return looked_at(s, peal_eio_session_feed_frame(s->session, true,
                                                  peal_slice_of(text), s->now));
}

/* As the owner's timer: only at its deadline. */
static void wait_until(side *s, uint64_t now) {
  while (peal_eio_session_deadline(s->session) <= now) {
    uint64_t at = peal_eio_session_deadline(s->session);
    s->now = at > s->now ? at : s->now;
    peal_eio_session_tick(s->session, s->now);
    settle(s);
    uint64_t next = peal_eio_session_deadline(s->session);
    assert_true(next > s->now); /* nobody is woken for nothing, for ever */
  }
  s->now = now;
}

static void server(side *s, peal_eio_via via) {
  *s = (side){0};
  assert_true(begin(s, via));
}

/* A server's session after its first packet. */
static void open_server(side *s, peal_eio_via via) {
  server(s, via);
  char out[512];
  peal_eio_session_poll_waits(s->session, via == PEAL_EIO_POLLING, s->now);
  take(s, via, out, sizeof out);
  peal_eio_session_poll_waits(s->session, false, s->now);
}

static void open_client(side *s, peal_eio_via via) {
  *s = (side){.opts = {.client = true}};
  assert_true(begin(s, via));
  if (via == PEAL_EIO_POLLING)
    assert_int_equal(post(s, HANDSHAKE("\"websocket\"")), PEAL_OK);
  else
    assert_int_equal(frame(s, HANDSHAKE("")), PEAL_OK);
  told(s, "open" SID);
}

/* -- opening ----------------------------------------------------------------------- */

static void the_first_packet_is_the_references_handshake(void **state) {
  side s;
  (void)state;
  server(&s, PEAL_EIO_POLLING);
  assert_int_equal(send(&s, "hi"), PEAL_OK);
  expect_get(&s, HANDSHAKE("\"websocket\"") "|4hi");
  end(&s);
  server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(send(&s, "hi"), PEAL_OK);
  expect(&s, PEAL_EIO_POLLING, "");
  expect(&s, PEAL_EIO_WEBSOCKET, HANDSHAKE("") "|4hi");
  end(&s);
  s = (side){.opts = {.no_upgrades = true,
                      .ping_interval_ms = 1,
                      .ping_timeout_ms = 2,
                      .max_payload_bytes = 3}};
  assert_true(begin(&s, PEAL_EIO_POLLING));
  expect_get(&s, "0{\"sid\":\"" SID "\",\"upgrades\":[],\"pingInterval\":1,"
                 "\"pingTimeout\":2,\"maxPayload\":3}");
  assert_int_equal(peal_eio_session_attach(s.session, s.now),
                   PEAL_ERR_SIO_STATE);
  end(&s);
}

static void a_client_learns_from_the_handshake(void **state) {
  side s = {.opts = {.client = true}};
  (void)state;
  assert_true(begin(&s, PEAL_EIO_POLLING));
  assert_string_equal(peal_eio_session_sid(s.session), "");
  assert_int_equal(peal_eio_session_deadline(s.session), NEVER);
  assert_int_equal(send(&s, "early"), PEAL_OK);
  expect(&s, PEAL_EIO_POLLING, ""); /* nothing is said before it */
  assert_int_equal(post(&s, HANDSHAKE("\"websocket\"") "|4x"), PEAL_OK);
  told(&s, "open" SID " m:x");
  assert_string_equal(peal_eio_session_sid(s.session), SID);
  assert_true(peal_eio_session_can_upgrade(s.session));
  assert_int_equal(peal_eio_session_peer_max_payload(s.session), 1000000);
  assert_int_equal(peal_eio_session_deadline(s.session), 46000);
  expect(&s, PEAL_EIO_POLLING, "4early");
  assert_int_equal(post(&s, HANDSHAKE("")), PEAL_OK); /* a second: ignored */
  told(&s, "");
  end(&s);
}

static void a_client_refuses_a_broken_handshake(void **state) {
  static const char long_sid[] =
      "0{\"sid\":\"0123456789012345678901234567890123456789"
      "0123456789012345678901234\"}";
  static const char *const broken[] = {"0",
                                       "0{",
                                       "0{}",
                                       "0[]",
                                       "0{\"sid\":\"\"}",
                                       "0{\"sid\":7}",
                                       "0{\"sid\":\"a b\"}",
                                       "0{\"sid\":\"a\\r\\nb\"}",
                                       "0{\"sid\":\"a\\u0000\"}",
                                       long_sid,
                                       "4early",
                                       "2",
                                       "3",
                                       "5",
                                       "",
                                       "7",
                                       "bAQ==",
                                       "b!"};
  (void)state;
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    side s = {.opts = {.client = true}};
    assert_true(begin(&s, PEAL_EIO_POLLING));
    assert_int_equal(post(&s, broken[i]), PEAL_ERR_EIO_PACKET);
    told(&s, "close:parse-error");
    assert_true(peal_eio_session_is_done(s.session));
    end(&s);
  }
}

static void closing_before_the_handshake_ends_at_once(void **state) {
  side s = {.opts = {.client = true}};
  (void)state;
  assert_true(begin(&s, PEAL_EIO_WEBSOCKET));
  assert_int_equal(send(&s, "lost"), PEAL_OK);
  peal_eio_session_close(s.session, false, PEAL_ERR_TIMEOUT, s.now);
  told(&s, "close:forced-close");
  assert_int_equal(s.err, PEAL_ERR_TIMEOUT);
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

/* -- messages ---------------------------------------------------------------------- */

static void packets_of_a_body_are_told_in_order(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(post(&s, "4a|baGk=|4|6|5|0{}|4c"), PEAL_OK);
  told(&s, "m:a b:hi m: m:c");
  end(&s);
}

static void frames_are_told_in_order(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(frame(&s, "4a"), PEAL_OK);
  assert_int_equal(binary_frame(&s, "raw"), PEAL_OK);
  assert_int_equal(frame(&s, "baGk="), PEAL_OK);
  assert_int_equal(frame(&s, "0"), PEAL_OK);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  assert_int_equal(frame(&s, "6"), PEAL_OK);
  told(&s, "m:a b:raw b:hi");
  end(&s);
}

static void a_wrong_packet_ends_the_session_and_the_error_stays(void **state) {
  static const char *const wrong[] = {"", "7", "x", "b=", "\x80"};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    side s;
    open_server(&s, PEAL_EIO_WEBSOCKET);
    assert_int_equal(frame(&s, wrong[i]), PEAL_ERR_EIO_PACKET);
    told(&s, "close:parse-error");
    assert_int_equal(frame(&s, "4a"), PEAL_ERR_CLOSED);
    assert_int_equal(binary_frame(&s, "a"), PEAL_ERR_CLOSED);
    assert_int_equal(send(&s, "a"), PEAL_ERR_CLOSED);
    peal_eio_session_close(s.session, true, PEAL_OK, s.now);
    peal_eio_session_tick(s.session, NEVER - 1);
    peal_eio_session_detach(s.session, PEAL_EIO_WEBSOCKET,
                            PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
    told(&s, "");
    assert_int_equal(peal_eio_session_deadline(s.session), NEVER);
    assert_true(peal_eio_session_is_done(s.session));
    end(&s);

    open_server(&s, PEAL_EIO_POLLING);
    peal_eio_session_poll_waits(s.session, true, s.now);
    char body[32];
    snprintf(body, sizeof body, "4a|%s|4b", wrong[i]);
    assert_int_equal(post(&s, body),
                     wrong[i][0] & 0x80 ? PEAL_ERR_UTF8 : PEAL_ERR_EIO_PACKET);
    told(&s, "m:a close:parse-error");
    assert_false(peal_eio_session_is_done(s.session));
    expect(&s, PEAL_EIO_POLLING, "1"); /* the waiting GET */
    assert_true(peal_eio_session_is_done(s.session));
    assert_int_equal(post(&s, "4a"), PEAL_ERR_CLOSED);
    end(&s);
  }
}

/* A WebSocket's text has been checked by its own machine. */
static void text_of_a_body_is_checked_once(void **state) {
  static const char *const wrong[] = {"4\xff", "4\xc3", "4\xed\xa0\x80",
                                      "42[\"a\",\"\xc0\x80\"]"};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    side s;
    open_server(&s, PEAL_EIO_POLLING);
    char body[64];
    snprintf(body, sizeof body, "4\xc3\xa4|%s|4b", wrong[i]);
    assert_int_equal(post(&s, body), PEAL_ERR_UTF8);
    told(&s, "m:\xc3\xa4 close:parse-error");
    end(&s);
  }
}

static void a_body_of_too_many_packets_is_refused(void **state) {
  side s;
  size_t len = 2 * PEAL_LIMIT_EIO_PACKETS + 1;
  char *body = calloc(1, len + 1);
  (void)state;
  assert_non_null(body);
  for (size_t i = 0; i < len; i++)
    body[i] = i % 2 ? '|' : '6';
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(post(&s, body), PEAL_ERR_LIMIT);
  told(&s, "close:parse-error");
  free(body);
  end(&s);
}

/* -- heartbeat ---------------------------------------------------------------------- */

static void a_server_pings_after_the_interval_from_open_and_last_pong(
    void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  wait_until(&s, 25999);
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  wait_until(&s, 26000);
  expect(&s, PEAL_EIO_WEBSOCKET, "2");
  assert_int_equal(peal_eio_session_deadline(s.session), 46000);
  wait_until(&s, 30000);
  assert_int_equal(frame(&s, "3"), PEAL_OK);
  assert_int_equal(peal_eio_session_deadline(s.session), 55000);
  wait_until(&s, 55000);
  assert_int_equal(send(&s, "m"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "2|4m"); /* the ping overtakes */
  wait_until(&s, 74999);
  told(&s, "");
  wait_until(&s, 75000);
  told(&s, "close:ping-timeout");
  assert_int_equal(s.err, PEAL_ERR_TIMEOUT);
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void pongs_nobody_asked_for_change_nothing(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  wait_until(&s, 20000);
  assert_int_equal(post(&s, "3|3"), PEAL_OK);
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  wait_until(&s, 26000);
  assert_int_equal(post(&s, "4a"), PEAL_OK); /* traffic is no pong */
  wait_until(&s, 46000);
  told(&s, "m:a close:ping-timeout");
  end(&s);
}

static void a_ping_timeout_releases_the_waiting_get(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  wait_until(&s, 26000);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  expect_get(&s, "2|4a"); /* what waited is merged into the next GET */
  peal_eio_session_poll_waits(s.session, true, s.now);
  wait_until(&s, 46000);
  told(&s, "close:ping-timeout");
  expect(&s, PEAL_EIO_POLLING, "1");
  end(&s);
}

static void a_get_that_aborts_after_the_end_leaves_nothing(void **state) {
  side s;
  (void)state;
  for (int how = 0; how < 2; how++) {
    open_server(&s, PEAL_EIO_POLLING);
    peal_eio_session_poll_waits(s.session, true, s.now);
    assert_int_equal(post(&s, "2"), PEAL_ERR_EIO_DIRECTION);
    assert_false(peal_eio_session_is_done(s.session));
    if (how == 0)
      peal_eio_session_poll_waits(s.session, false, s.now);
    else
      peal_eio_session_detach(s.session, PEAL_EIO_POLLING,
                              PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_CLOSED);
    assert_true(peal_eio_session_is_done(s.session));
    told(&s, "close:transport-error");
    end(&s);
  }
}

/* A ping stuck behind what the client takes slowly is no silence. */
static void a_client_that_takes_bytes_is_spared(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  peal_eio_session_spare(s.session, 9000); /* nothing is awaited */
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  wait_until(&s, 26000);
  assert_true(peal_eio_session_is_pinged(s.session));
  peal_eio_session_spare(s.session, 40000);
  assert_int_equal(peal_eio_session_deadline(s.session), 60000);
  peal_eio_session_spare(s.session, 30000);
  wait_until(&s, 59999);
  told(&s, "");
  wait_until(&s, 60000);
  told(&s, "close:ping-timeout");
  end(&s);
}

static void a_client_that_never_comes_back_has_less_time(void **state) {
  side s;
  (void)state;
  for (int back = 0; back < 2; back++) {
    s = (side){.opts = {.confirm_timeout_ms = 10000}};
    assert_true(begin(&s, PEAL_EIO_POLLING));
    expect_get(&s, HANDSHAKE("\"websocket\""));
    assert_int_equal(peal_eio_session_deadline(s.session), 11000);
    if (back)
      peal_eio_session_confirm(s.session);
    wait_until(&s, 11000);
    told(&s, back ? "" : "close:ping-timeout");
    if (back)
      assert_int_equal(peal_eio_session_deadline(s.session), 26000);
    else
      assert_true(peal_eio_session_is_done(s.session));
    end(&s);
  }
  s = (side){.opts = {.confirm_timeout_ms = 10000}};
  assert_true(begin(&s, PEAL_EIO_WEBSOCKET)); /* it is there */
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  end(&s);
}

static void a_client_answers_pings_and_misses_them(void **state) {
  side s;
  (void)state;
  open_client(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(peal_eio_session_deadline(s.session), 46000);
  wait_until(&s, 26000);
  assert_int_equal(send(&s, "m"), PEAL_OK);
  assert_int_equal(frame(&s, "2"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "3|4m");
  assert_int_equal(frame(&s, "3"), PEAL_OK);
  wait_until(&s, 70999);
  told(&s, "");
  wait_until(&s, 71000);
  told(&s, "close:ping-timeout");
  end(&s);
}

static void a_ping_from_a_client_is_the_wrong_direction(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(frame(&s, "2"), PEAL_ERR_EIO_DIRECTION);
  told(&s, "close:transport-error");
  end(&s);
}

/* -- version 3, reference 3.6 ---------------------------------------------------------- */

static void open_eio3_server(side *s, peal_eio_via via) {
  char out[512];
  server(s, via);
  peal_eio_session_speak_eio3(s->session);
  peal_eio_session_poll_waits(s->session, via == PEAL_EIO_POLLING, s->now);
  take(s, via, out, sizeof out);
  peal_eio_session_poll_waits(s->session, false, s->now);
}

static void open_eio3_client(side *s, peal_eio_via via) {
  *s = (side){.opts = {.client = true, .eio3 = true}};
  assert_true(begin(s, via));
  if (via == PEAL_EIO_POLLING) /* the length of the text of HANDSHAKE */
    assert_int_equal(post(s, "118:" HANDSHAKE("\"websocket\"")), PEAL_OK);
  else
    assert_int_equal(frame(s, HANDSHAKE("")), PEAL_OK);
  told(s, "open" SID);
}

static peal_err post_octets(side *s, const char *body, size_t len) {
  settle(s);
  return looked_at(s, peal_eio_session_feed_octets(
                          s->session, (peal_slice){body, len}, s->now));
}

static void packets_of_version_3_have_their_length(void **state) {
  side s;
  (void)state;
  open_eio3_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(post(&s, "2:4a0:3:4\xe2\x82\xac|10:b4aGVsbG8="),
                   PEAL_OK); /* '|' is 0x1e, no separator here */
  told(&s, "m:a m:\xe2\x82\xac\x1e b:hello");
  assert_int_equal(post_octets(&s, "\0\2\3774a\1\4\377\4xyz", 12), PEAL_OK);
  told(&s, "m:a b:xyz");
  end(&s);
}

static void a_wrong_packet_of_version_3_ends_the_session(void **state) {
  static const struct {
    const char *body;
    peal_err err;
  } cases[] = {
      {"", PEAL_ERR_EIO_PACKET},          {"4a", PEAL_ERR_EIO_PACKET},
      {"3:4a", PEAL_ERR_EIO_PACKET},      {"2:4a1:7", PEAL_ERR_EIO_PACKET},
      {"2:4a3:4\xff ", PEAL_ERR_UTF8},    {"2:4a99:", PEAL_ERR_EIO_PACKET},
      {"2:4a4:b2AQ", PEAL_ERR_EIO_PACKET}};

  side s;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    open_eio3_server(&s, PEAL_EIO_POLLING);
    assert_int_equal(post(&s, cases[i].body), cases[i].err);
    told(&s, strlen(cases[i].body) > 5 ? "m:a close:parse-error"
                                       : "close:parse-error");
    end(&s);
  }
  open_eio3_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(binary_frame(&s, "\4abc"), PEAL_OK);
  told(&s, "b:abc");
  assert_int_equal(binary_frame(&s, "abc"), PEAL_ERR_EIO_PACKET);
  told(&s, "close:parse-error");
  end(&s);
}

static void a_body_of_too_many_packets_of_version_3_is_refused(void **state) {
  const size_t count = PEAL_LIMIT_EIO_PACKETS + 1;
  (void)state;
  for (int octets = 0; octets < 2; octets++) {
    const char *one = octets ? "\0\1\3776" : "1:6";
    size_t len = octets ? 4 : 3;
    char *body = malloc(count * len);
    assert_non_null(body);
    for (size_t i = 0; i < count; i++)
      memcpy(body + i * len, one, len);
    for (int more = 0; more < 2; more++) {
      side s;
      open_eio3_server(&s, PEAL_EIO_POLLING);
      peal_slice what = {body, (count - 1 + (size_t)more) * len};
      peal_err err =
          octets ? peal_eio_session_feed_octets(s.session, what, s.now)
                 : peal_eio_session_feed_payload(s.session, what, s.now);
      assert_int_equal(looked_at(&s, err), more ? PEAL_ERR_LIMIT : PEAL_OK);
      told(&s, more ? "close:parse-error" : "");
      end(&s);
    }
    free(body);
  }
}

static void a_server_of_version_3_waits_for_pings(void **state) {
  side s;
  (void)state;
  open_eio3_server(&s, PEAL_EIO_WEBSOCKET);
  wait_until(&s, 20000);
  assert_int_equal(frame(&s, "2"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "3");
  wait_until(&s, 64999); /* interval and timeout */
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  assert_int_equal(frame(&s, "2probe"), PEAL_OK); /* just in time */
  expect(&s, PEAL_EIO_WEBSOCKET, "3");
  assert_int_equal(frame(&s, "4a"), PEAL_OK); /* traffic is no ping */
  wait_until(&s, 109998);
  told(&s, "m:a");
  wait_until(&s, 109999);
  told(&s, "close:ping-timeout");
  end(&s);
}

/* Its ping may be behind what it sends, or takes, slowly. */
static void a_client_of_version_3_is_spared_while_it_owes_a_ping(void **state) {
  side s;
  (void)state;
  open_eio3_server(&s, PEAL_EIO_WEBSOCKET);
  peal_eio_session_spare(s.session, 20000); /* none is owed */
  wait_until(&s, 26000);
  assert_true(peal_eio_session_is_pinged(s.session));
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  peal_eio_session_spare(s.session, 40000);
  wait_until(&s, 59999);
  told(&s, "");
  wait_until(&s, 60000);
  told(&s, "close:ping-timeout");
  end(&s);
}

static void a_pong_of_version_3_is_the_wrong_direction(void **state) {
  side s;
  (void)state;
  open_eio3_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(post(&s, "1:3"), PEAL_ERR_EIO_DIRECTION);
  told(&s, "close:transport-error");
  end(&s);
}

static void a_client_of_version_3_pings(void **state) {
  side s;
  (void)state;
  open_eio3_client(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  wait_until(&s, 26000);
  expect(&s, PEAL_EIO_WEBSOCKET, "2");
  assert_int_equal(frame(&s, "2"), PEAL_OK); /* a server's is nothing */
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  wait_until(&s, 30000);
  assert_int_equal(frame(&s, "3"), PEAL_OK);
  assert_true(peal_eio_session_took_ping(s.session));
  assert_int_equal(peal_eio_session_deadline(s.session), 55000);
  assert_int_equal(frame(&s, "3"), PEAL_OK); /* asked for by nobody */
  assert_int_equal(peal_eio_session_deadline(s.session), 55000);
  wait_until(&s, 55000);
  expect(&s, PEAL_EIO_WEBSOCKET, "2");
  wait_until(&s, 74999);
  told(&s, "");
  wait_until(&s, 75000);
  told(&s, "close:ping-timeout");
  end(&s);
}

/* engine.io-client: whatever comes shows that the server lives. */
static void a_client_of_version_3_takes_traffic_for_life(void **state) {
  side s;
  (void)state;
  open_eio3_client(&s, PEAL_EIO_POLLING);
  assert_int_equal(post(&s, "2:4a"), PEAL_OK); /* no pong is awaited */
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  wait_until(&s, 40000);
  assert_int_equal(post(&s, "2:4b"), PEAL_OK);
  assert_int_equal(peal_eio_session_deadline(s.session), 85000);
  expect(&s, PEAL_EIO_POLLING, "2");
  assert_int_equal(post(&s, "1:3"), PEAL_OK);
  assert_int_equal(peal_eio_session_deadline(s.session), 65000);
  told(&s, "m:a m:b");
  end(&s);
}

/* -- upgrade, reference 3.3 ------------------------------------------------------------ */

static void a_server_upgrades_step_by_step(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_true(peal_eio_session_is_upgrading(s.session));
  /* 1: a second WebSocket is refused, the first unaffected. */
  assert_int_equal(peal_eio_session_attach(s.session, s.now),
                   PEAL_ERR_SIO_STATE);
  peal_eio_session_poll_waits(s.session, true, s.now);
  /* 2 */
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  expect(&s, PEAL_EIO_POLLING, "");
  expect(&s, PEAL_EIO_WEBSOCKET, "3probe");
  wait_until(&s, 1099);
  expect(&s, PEAL_EIO_POLLING, "");
  wait_until(&s, 1100);
  expect_get(&s, "6");
  /* no GET, no no-op; one that comes later is released within 100 ms */
  wait_until(&s, 1450);
  expect(&s, PEAL_EIO_POLLING, "");
  expect_get(&s, "");
  wait_until(&s, 1550);
  expect_get(&s, "6");
  /* 3: data flows on both ways of polling */
  assert_int_equal(post(&s, "4during"), PEAL_OK);
  assert_int_equal(send(&s, "one"), PEAL_OK);
  expect_get(&s, "4one");
  assert_int_equal(send(&s, "two"), PEAL_OK);
  assert_int_equal(send(&s, "three"), PEAL_OK);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  told(&s, "m:during upgrade");
  assert_int_equal(send(&s, "four"), PEAL_OK);
  expect(&s, PEAL_EIO_POLLING, "");
  expect(&s, PEAL_EIO_WEBSOCKET, "4two|4three|4four");
  assert_int_equal(peal_eio_session_attach(s.session, s.now),
                   PEAL_ERR_SIO_STATE);
  /* the rest of polling is nobody's: not told, not fatal */
  assert_int_equal(post(&s, "4late|1"), PEAL_ERR_SIO_STATE);
  peal_eio_session_detach(s.session, PEAL_EIO_POLLING, PEAL_EIO_TRANSPORT_CLOSE,
                          PEAL_OK);
  told(&s, "");
  assert_true(peal_eio_session_is_open(s.session));
  wait_until(&s, 26000);
  expect(&s, PEAL_EIO_WEBSOCKET, "2");
  end(&s);
}

static void no_ops_do_not_come_without_a_waiting_get(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  wait_until(&s, 9000);
  expect(&s, PEAL_EIO_POLLING, "");
  expect(&s, PEAL_EIO_WEBSOCKET, "3probe");
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  end(&s);
}

static void the_upgrade_is_taken_without_a_probe(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(frame(&s, "5"), PEAL_ERR_SIO_STATE); /* no way attached */
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  told(&s, "upgrade");
  assert_int_equal(frame(&s, "4a"), PEAL_OK);
  told(&s, "m:a");
  end(&s);
}

static void the_answer_to_a_probe_goes_before_all_else(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "3probe|4a");
  end(&s);
}

static void another_packet_breaks_only_the_probe(void **state) {
  static const char *const wrong[] = {"2",  "4a", "3probe", "1",    "6",
                                      "0x", "",   "7",      "2pro", "b!"};
  (void)state;
  for (size_t i = 0; i < 2 * (sizeof wrong / sizeof *wrong) + 1; i++) {
    side s;
    open_server(&s, PEAL_EIO_POLLING);
    peal_eio_session_poll_waits(s.session, true, s.now);
    assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
    if (i % 2)
      assert_int_equal(frame(&s, "2probe"), PEAL_OK);
    if (i / 2 < sizeof wrong / sizeof *wrong)
      assert_int_equal(frame(&s, wrong[i / 2]), PEAL_ERR_SIO_STATE);
    else
      assert_int_equal(binary_frame(&s, "x"), PEAL_ERR_SIO_STATE);
    told(&s, "");
    assert_false(peal_eio_session_is_upgrading(s.session));
    expect(&s, PEAL_EIO_WEBSOCKET, "");
    assert_int_equal(frame(&s, "5"), PEAL_ERR_SIO_STATE);
    assert_int_equal(send(&s, "alive"), PEAL_OK);
    expect_get(&s, "4alive");
    assert_int_equal(post(&s, "4a"), PEAL_OK);
    /* and the next try succeeds */
    assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
    assert_int_equal(frame(&s, "2probe"), PEAL_OK);
    assert_int_equal(frame(&s, "5"), PEAL_OK);
    told(&s, "m:a upgrade");
    end(&s);
  }
}

static void a_probe_that_takes_too_long_ends(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  wait_until(&s, 10999);
  assert_true(peal_eio_session_is_upgrading(s.session));
  wait_until(&s, 11000);
  assert_false(peal_eio_session_is_upgrading(s.session));
  assert_int_equal(frame(&s, "5"), PEAL_ERR_SIO_STATE);
  assert_int_equal(peal_eio_session_deadline(s.session), 26000);
  told(&s, "");
  end(&s);
}

static void a_probe_that_is_lost_leaves_polling(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  peal_eio_session_detach(s.session, PEAL_EIO_WEBSOCKET,
                          PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_IO);
  told(&s, "");
  assert_true(peal_eio_session_is_open(s.session));
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  end(&s);
}

static void polling_that_is_lost_while_probing_ends_the_session(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  peal_eio_session_detach(s.session, PEAL_EIO_POLLING, PEAL_EIO_TRANSPORT_ERROR,
                          PEAL_ERR_CLOSED);
  told(&s, "close:transport-error");
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  assert_int_equal(frame(&s, "5"), PEAL_ERR_CLOSED);
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void a_client_upgrades_step_by_step(void **state) {
  side s;
  (void)state;
  open_client(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_switch(s.session), PEAL_ERR_SIO_STATE);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "2probe");
  assert_int_equal(peal_eio_session_switch(s.session), PEAL_ERR_SIO_STATE);
  assert_int_equal(frame(&s, "3probe"), PEAL_OK);
  told(&s, "probed");
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  assert_int_equal(post(&s, "6"), PEAL_OK);
  assert_int_equal(peal_eio_session_switch(s.session), PEAL_OK);
  told(&s, "upgrade");
  expect(&s, PEAL_EIO_WEBSOCKET, "5|4a");
  /* an old GET is answered with `1` by some servers */
  assert_int_equal(post(&s, "1"), PEAL_ERR_SIO_STATE);
  assert_int_equal(peal_eio_session_switch(s.session), PEAL_ERR_SIO_STATE);
  told(&s, "");
  end(&s);
}

static void a_clients_probe_is_broken_by_a_wrong_answer(void **state) {
  side s;
  (void)state;
  open_client(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  /* before the question has left */
  assert_int_equal(frame(&s, "3probe"), PEAL_ERR_SIO_STATE);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "2probe");
  assert_int_equal(frame(&s, "3"), PEAL_ERR_SIO_STATE);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "2probe");
  assert_int_equal(frame(&s, "3probe"), PEAL_OK);
  assert_int_equal(frame(&s, "3probe"), PEAL_ERR_SIO_STATE);
  assert_int_equal(peal_eio_session_switch(s.session), PEAL_ERR_SIO_STATE);
  told(&s, "probed");
  assert_true(peal_eio_session_is_open(s.session));
  end(&s);
}

/* -- closing, reference 3.1 ------------------------------------------------------------ */

static void a_waiting_get_is_released_with_close(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  peal_eio_session_poll_waits(s.session, true, s.now);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  told(&s, "close:forced-close");
  assert_false(peal_eio_session_is_done(s.session));
  expect(&s, PEAL_EIO_POLLING, "1");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void a_later_get_gets_a_no_op_and_a_close(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  told(&s, "close:forced-close");
  assert_false(peal_eio_session_is_done(s.session));
  expect_get(&s, "6|1");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void buffered_packets_go_before_the_close(void **state) {
  side s;
  (void)state;
  for (int waits = 0; waits < 2; waits++) {
    open_server(&s, PEAL_EIO_POLLING);
    peal_eio_session_poll_waits(s.session, waits, s.now);
    assert_int_equal(send(&s, "a"), PEAL_OK);
    assert_int_equal(send_group(&s, "g", 2, 0), PEAL_OK);
    peal_eio_session_close(s.session, false, PEAL_OK, s.now);
    assert_int_equal(send(&s, "b"), PEAL_ERR_CLOSED);
    expect_get(&s, "4a|4g|b(g)");
    assert_false(peal_eio_session_is_done(s.session));
    expect_get(&s, "6|1");
    assert_true(peal_eio_session_is_done(s.session));
    told(&s, "close:forced-close");
    end(&s);
  }
}

static void discarding_drops_what_waits(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  peal_eio_session_close(s.session, true, PEAL_OK, s.now);
  expect_get(&s, "6|1");
  end(&s);
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  peal_eio_session_close(s.session, true, PEAL_OK, s.now);
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void a_websocket_is_done_when_its_messages_have_left(void **state) {
  side s;
  (void)state;
  server(&s, PEAL_EIO_WEBSOCKET);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  assert_false(peal_eio_session_is_done(s.session)); /* the handshake */
  expect(&s, PEAL_EIO_WEBSOCKET, HANDSHAKE(""));
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  assert_false(peal_eio_session_is_done(s.session));
  expect(&s, PEAL_EIO_WEBSOCKET, "4a");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void a_farewell_nobody_fetches_ends_in_time(void **state) {
  side s;
  (void)state;
  for (int how = 0; how < 3; how++) {
    open_server(&s, how == 2 ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING);
    assert_int_equal(send(&s, "a"), PEAL_OK);
    peal_eio_session_close(s.session, false, PEAL_OK, s.now);
    told(&s, "close:forced-close");
    if (how == 1)
      peal_eio_session_poll_waits(s.session, true, s.now);
    wait_until(&s, 30999);
    assert_false(peal_eio_session_is_done(s.session));
    wait_until(&s, 31000);
    expect(&s, PEAL_EIO_POLLING, how == 1 ? "1" : "");
    assert_true(peal_eio_session_is_done(s.session));
    told(&s, "");
    end(&s);
  }
}

static void a_close_of_the_peer_ends_at_once(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(frame(&s, "1"), PEAL_OK);
  told(&s, "close:transport-close");
  expect(&s, PEAL_EIO_WEBSOCKET, "");
  end(&s);
  open_server(&s, PEAL_EIO_POLLING);
  peal_eio_session_poll_waits(s.session, true, s.now);
  assert_int_equal(post(&s, "4a|1|4b"), PEAL_OK);
  told(&s, "m:a close:transport-close");
  expect(&s, PEAL_EIO_POLLING, "6");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void two_closes_that_cross_end_at_once(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  assert_int_equal(post(&s, "4x"), PEAL_ERR_CLOSED);
  assert_false(peal_eio_session_is_done(s.session));
  assert_int_equal(post(&s, "4x|1"), PEAL_ERR_CLOSED);
  assert_true(peal_eio_session_is_done(s.session));
  assert_int_equal(peal_eio_session_deadline(s.session), NEVER);
  told(&s, "close:forced-close");
  end(&s);
}

static void a_client_says_close_behind_its_last_message(void **state) {
  side s;
  (void)state;
  open_client(&s, PEAL_EIO_POLLING);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  expect(&s, PEAL_EIO_POLLING, "4a|1");
  assert_true(peal_eio_session_is_done(s.session));
  told(&s, "close:forced-close");
  end(&s);
}

static void a_client_that_closes_behind_its_switch_is_understood(void **state) {
  side s;
  (void)state;
  for (int inside = 0; inside < 2; inside++) {
    open_client(&s, PEAL_EIO_POLLING);
    assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
    expect(&s, PEAL_EIO_WEBSOCKET, "2probe");
    assert_int_equal(frame(&s, "3probe"), PEAL_OK);
    assert_int_equal(send(&s, "a"), PEAL_OK);
    s.on_upgrade = inside ? DO_CLOSE : DO_NOTHING;
    assert_int_equal(peal_eio_session_switch(s.session), PEAL_OK);
    peal_eio_session_close(s.session, false, PEAL_OK, s.now);
    assert_false(peal_eio_session_is_done(s.session));
    expect(&s, PEAL_EIO_WEBSOCKET, "5|4a");
    assert_true(peal_eio_session_is_done(s.session));
    end(&s);
  }
}

static void killing_releases_the_get_and_drops_the_rest(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  peal_eio_session_poll_waits(s.session, true, s.now);
  peal_eio_session_kill(s.session, PEAL_EIO_SLOW_CONSUMER, PEAL_ERR_QUEUE_FULL);
  told(&s, "close:slow-consumer");
  expect(&s, PEAL_EIO_POLLING, "1");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

/* What was said before the close goes over the WebSocket if the client has
 * left polling for it already. */
static void a_session_that_closes_while_it_upgrades_is_heard(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "2probe"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "3probe");
  assert_int_equal(send(&s, "last"), PEAL_OK);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  told(&s, "close:forced-close");
  assert_true(peal_eio_session_is_upgrading(s.session));
  wait_until(&s, 3000);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  told(&s, ""); /* CLOSE was the last */
  assert_int_equal(peal_eio_session_current(s.session), PEAL_EIO_WEBSOCKET);
  assert_false(peal_eio_session_is_done(s.session));
  expect(&s, PEAL_EIO_WEBSOCKET, "4last");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

static void a_probe_of_a_closed_session_has_little_time(void **state) {
  (void)state;
  for (int late = 0; late < 2; late++) {
    side s;
    open_server(&s, PEAL_EIO_POLLING);
    assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
    assert_int_equal(frame(&s, "2probe"), PEAL_OK);
    expect(&s, PEAL_EIO_WEBSOCKET, "3probe");
    assert_int_equal(send(&s, "last"), PEAL_OK);
    peal_eio_session_close(s.session, false, PEAL_OK, s.now);
    told(&s, "close:forced-close");
    expect_get(&s, "4last"); /* the client polls on: only the end is left */
    assert_true(peal_eio_session_is_upgrading(s.session));
    if (late) {
      wait_until(&s, 3001);
      assert_false(peal_eio_session_is_upgrading(s.session));
      assert_int_equal(frame(&s, "5"), PEAL_ERR_SIO_STATE);
      expect_get(&s, "6|1");
    } else {
      assert_int_equal(frame(&s, "5"), PEAL_OK);
      expect(&s, PEAL_EIO_WEBSOCKET, "");
    }
    assert_true(peal_eio_session_is_done(s.session));
    end(&s);
  }
}

static void a_get_ends_a_session_that_closes_while_it_probes(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_POLLING);
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  told(&s, "close:forced-close");
  expect_get(&s, "6|1");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);
}

/* -- the queue ---------------------------------------------------------------------------- */

/* Room for two messages of one byte. */
static void small_queue(side *s) {
  *s = (side){.opts = {.max_queue_bytes = 80}};
  assert_true(begin(s, PEAL_EIO_WEBSOCKET));
  char out[512];
  take(s, PEAL_EIO_WEBSOCKET, out, sizeof out);
}

static const char big[] = "words that are much longer than the queue may be: "
                          "one hundred bytes and some more of them";

static void a_full_queue_refuses(void **state) {
  side s;
  (void)state;
  small_queue(&s);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_OK);
  assert_int_equal(send(&s, "c"), PEAL_ERR_QUEUE_FULL);
  assert_int_equal(send(&s, "d"), PEAL_ERR_QUEUE_FULL);
  told(&s, "");
  expect(&s, PEAL_EIO_WEBSOCKET, "4a|4b");
  told(&s, "drain"); /* once */
  assert_int_equal(send(&s, "e"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "4e");
  told(&s, "");
  end(&s);
}

static void room_is_made_by_dropping_the_oldest(void **state) {
  side s;
  (void)state;
  small_queue(&s);
  s.drops_oldest = true;
  for (const char *c = "a\0b\0c\0d\0"; *c; c += 2)
    assert_int_equal(send(&s, c), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "4c|4d");
  told(&s, "drain");
  s.keep = true;
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, big), PEAL_ERR_QUEUE_FULL); /* in vain: a stays */
  expect(&s, PEAL_EIO_WEBSOCKET, "4a");
  told(&s, "drain");
  end(&s);
}

static void any_message_fits_into_an_empty_queue(void **state) {
  side s;
  char packet[sizeof big + 1] = "4";
  (void)state;
  small_queue(&s);
  strcat(packet, big);
  assert_int_equal(send(&s, big), PEAL_OK);
  assert_int_equal(send(&s, "a"), PEAL_ERR_QUEUE_FULL);
  expect(&s, PEAL_EIO_WEBSOCKET, packet);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, big), PEAL_ERR_QUEUE_FULL);
  s.drops_oldest = true;
  assert_int_equal(send(&s, big), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, packet);
  /* one that replaces it has the queue for itself */
  assert_int_equal(send_key(&s, "1", 9), PEAL_OK);
  s.drops_oldest = false;
  assert_int_equal(send_key(&s, big, 9), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, packet);
  end(&s);
}

static void the_newest_picture_is_taken_by_a_full_queue(void **state) {
  (void)state;
  for (int drops = 0; drops < 2; drops++) {
    side s;
    small_queue(&s);
    s.drops_oldest = drops;
    assert_int_equal(send_key(&s, "1", 9), PEAL_OK);
    assert_int_equal(send(&s, "b"), PEAL_OK);
    for (const char *c = "2\0003\0004\0"; *c; c += 2)
      assert_int_equal(send_key(&s, c, 9), PEAL_OK);
    told(&s, "");
    expect(&s, PEAL_EIO_WEBSOCKET, "44|4b");
    end(&s);
  }
}

static void a_bigger_picture_may_drop_its_own_predecessor(void **state) {
  side s;
  (void)state;
  small_queue(&s);
  s.drops_oldest = true;
  assert_int_equal(send_key(&s, "1", 9), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_OK);
  assert_int_equal(send_key(&s, "sixteen and more characters", 9), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "4sixteen and more characters");
  end(&s);
}

static void pictures_with_attachments_are_never_half_sent(void **state) {
  side s;
  peal_eio_out out;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  assert_int_equal(send_group(&s, "a", 3, 9), PEAL_OK);
  peal_eio_cursor cursor = {0};
  assert_true(peal_eio_out_peek(s.session, PEAL_EIO_WEBSOCKET, &cursor, &out));
  peal_eio_out_pop(s.session, PEAL_EIO_WEBSOCKET, s.now);
  assert_int_equal(send_group(&s, "b", 2, 9), PEAL_OK);
  assert_int_equal(send_group(&s, "c", 4, 9), PEAL_OK);
  assert_int_equal(send(&s, "end"), PEAL_OK);
  wait_until(&s, 26000);
  /* EIO4: a ping may stand between a header and its attachments. */
  expect(&s, PEAL_EIO_WEBSOCKET, "2|b(a)|b(a)|4c|b(c)|b(c)|b(c)|4end");
  end(&s);
}

static void the_soft_ceiling_decides_over_volatile_messages(void **state) {
  side s = {.opts = {.max_queue_soft_bytes = 70}};
  (void)state;
  assert_true(begin(&s, PEAL_EIO_WEBSOCKET));
  char out[512];
  take(&s, PEAL_EIO_WEBSOCKET, out, sizeof out);
  assert_true(peal_eio_session_is_writable(s.session));
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_OK);
  assert_true(peal_eio_session_is_writable(s.session));
  assert_int_equal(send(&s, "c"), PEAL_OK);
  assert_false(peal_eio_session_is_writable(s.session));
  expect(&s, PEAL_EIO_WEBSOCKET, "4a|4b|4c");
  told(&s, "drain");
  assert_true(peal_eio_session_is_writable(s.session));
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  assert_false(peal_eio_session_is_writable(s.session));
  end(&s);
  open_server(&s, PEAL_EIO_POLLING);
  assert_false(peal_eio_session_is_writable(s.session));
  peal_eio_session_poll_waits(s.session, true, s.now);
  assert_true(peal_eio_session_is_writable(s.session));
  end(&s);
}

static void the_ceiling_may_be_set_for_one_session(void **state) {
  side s;
  (void)state;
  open_server(&s, PEAL_EIO_WEBSOCKET);
  peal_eio_session_set_max_queue(s.session, 40);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_ERR_QUEUE_FULL);
  peal_eio_session_set_max_queue(s.session, 0);
  assert_int_equal(send(&s, "c"), PEAL_OK);
  expect(&s, PEAL_EIO_WEBSOCKET, "4a|4c");
  end(&s);
}

/* -- between events ------------------------------------------------------------------------- */

static void freeing_at_any_event_is_allowed(void **state) {
  (void)state;
  side s;
  open_server(&s, PEAL_EIO_POLLING);
  s.on_message = DO_FREE;
  assert_int_equal(post(&s, "4a|4b|1|7"), PEAL_OK);
  told(&s, "m:a");
  peal_arena_deinit(&s.arena);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_close = DO_FREE;
  assert_int_equal(post(&s, "7"), PEAL_ERR_EIO_PACKET);
  told(&s, "close:parse-error");
  peal_arena_deinit(&s.arena);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_close = DO_FREE;
  peal_eio_session_tick(s.session, 26000);
  peal_eio_session_tick(s.session, 46000);
  told(&s, "close:ping-timeout");
  peal_arena_deinit(&s.arena);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_close = DO_FREE;
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  told(&s, "close:forced-close");
  peal_arena_deinit(&s.arena);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_close = DO_FREE;
  peal_eio_session_detach(s.session, PEAL_EIO_POLLING, PEAL_EIO_TRANSPORT_CLOSE,
                          PEAL_OK);
  told(&s, "close:transport-close");
  peal_arena_deinit(&s.arena);

  small_queue(&s);
  s.on_close = DO_FREE;
  peal_eio_session_kill(s.session, PEAL_EIO_SLOW_CONSUMER, PEAL_ERR_QUEUE_FULL);
  told(&s, "close:slow-consumer");
  peal_arena_deinit(&s.arena);

  small_queue(&s);
  s.on_drain = DO_FREE;
  s.drops_oldest = true;
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_OK);
  assert_int_equal(send(&s, "c"), PEAL_OK);
  peal_eio_out_pop(s.session, PEAL_EIO_WEBSOCKET, s.now);
  peal_eio_out_pop(s.session, PEAL_EIO_WEBSOCKET, s.now);
  told(&s, "drain");
  peal_arena_deinit(&s.arena);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_upgrade = DO_FREE;
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  told(&s, "upgrade");
  peal_arena_deinit(&s.arena);

  s = (side){.opts = {.client = true}, .on_open = DO_FREE};
  assert_true(begin(&s, PEAL_EIO_POLLING));
  assert_int_equal(post(&s, HANDSHAKE("") "|4a"), PEAL_OK);
  told(&s, "open" SID);
  peal_arena_deinit(&s.arena);

  for (int at = 0; at < 2; at++) {
    open_client(&s, PEAL_EIO_POLLING);
    *(at ? &s.on_upgrade : &s.on_probed) = DO_FREE;
    assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
    expect(&s, PEAL_EIO_WEBSOCKET, "2probe");
    assert_int_equal(frame(&s, "3probe"), PEAL_OK);
    if (at)
      assert_int_equal(peal_eio_session_switch(s.session), PEAL_OK);
    told(&s, at ? "probed upgrade" : "probed");
    peal_arena_deinit(&s.arena);
  }
}

static void closing_and_sending_at_events_is_allowed(void **state) {
  (void)state;
  side s;
  open_server(&s, PEAL_EIO_POLLING);
  s.on_message = DO_CLOSE;
  s.on_close = DO_CLOSE;
  assert_int_equal(post(&s, "4a|4b|7"), PEAL_OK);
  told(&s, "m:a close:forced-close");
  end(&s);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_message = DO_SEND;
  s.on_close = DO_SEND;
  assert_int_equal(post(&s, "4a|4b"), PEAL_OK);
  expect_get(&s, "4more|4more");
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  expect_get(&s, "6|1");
  end(&s);

  open_server(&s, PEAL_EIO_POLLING);
  s.on_upgrade = DO_CLOSE;
  assert_int_equal(peal_eio_session_attach(s.session, s.now), PEAL_OK);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(frame(&s, "5"), PEAL_OK);
  told(&s, "upgrade close:forced-close");
  expect(&s, PEAL_EIO_WEBSOCKET, "4a");
  assert_true(peal_eio_session_is_done(s.session));
  end(&s);

  small_queue(&s);
  s.on_drain = DO_SEND;
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_OK);
  assert_int_equal(send(&s, "c"), PEAL_ERR_QUEUE_FULL);
  expect(&s, PEAL_EIO_WEBSOCKET, "4a|4b|4more");
  told(&s, "drain");
  s.on_drain = DO_CLOSE;
  assert_int_equal(send(&s, "a"), PEAL_OK);
  assert_int_equal(send(&s, "b"), PEAL_OK);
  assert_int_equal(send(&s, "c"), PEAL_ERR_QUEUE_FULL);
  expect(&s, PEAL_EIO_WEBSOCKET, "4a|4b");
  told(&s, "drain close:forced-close");
  end(&s);

  s = (side){.opts = {.client = true}, .on_open = DO_CLOSE};
  assert_true(begin(&s, PEAL_EIO_POLLING));
  assert_int_equal(post(&s, HANDSHAKE("") "|4a"), PEAL_OK);
  told(&s, "open" SID " close:forced-close");
  expect(&s, PEAL_EIO_POLLING, "1");
  end(&s);
}

/* -- every event in every state ---------------------------------------------------------- */

enum { STATES = 10, EVENTS = 31 };

static void bring_to(side *s, int state, int act_on) {
  bool client = state >= 7;
  if (state == 7) {
    *s = (side){.opts = {.client = true}};
    assert_true(begin(s, PEAL_EIO_POLLING));
  } else if (client) {
    open_client(s, PEAL_EIO_POLLING);
  } else {
    open_server(s, state == 1 ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING);
  }
  s->opts.max_queue_bytes = 200;
  if (state >= 2 && state != 5 && state != 6 && state != 7)
    assert_int_equal(peal_eio_session_attach(s->session, s->now), PEAL_OK);
  if (state == 3 || state == 4)
    assert_int_equal(frame(s, "2probe"), PEAL_OK);
  if (state == 4) {
    assert_int_equal(send(s, "queued"), PEAL_OK);
    assert_int_equal(frame(s, "5"), PEAL_OK);
  }
  if (state == 5)
    peal_eio_session_close(s->session, false, PEAL_OK, s->now);
  if (state == 6)
    peal_eio_session_kill(s->session, PEAL_EIO_FORCED_CLOSE, PEAL_OK);
  if (state == 9) {
    expect(s, PEAL_EIO_WEBSOCKET, "2probe");
    assert_int_equal(frame(s, "3probe"), PEAL_OK);
  }
  s->on_message = s->on_close = s->on_upgrade = (act)act_on;
  s->on_drain = s->on_open = s->on_probed = (act)act_on;
}

static void do_event(side *s, int event) {
  static const char *const texts[] = {
      "0{\"sid\":\"x\"}", "1",      "2", "3",    "4m", "5", "6",
      "2probe",           "3probe", "7", "baGk="};
  char out[4096];
  peal_err err = PEAL_OK;
  if (event < 11) {
    err = frame(s, texts[event]);
  } else if (event < 22) {
    err = post(s, texts[event - 11]);
  } else {
    switch (event) {
    case 22:
      err = binary_frame(s, "x");
      break;
    case 23:
      err = peal_eio_session_attach(s->session, s->now);
      break;
    case 24:
      err = peal_eio_session_switch(s->session);
      break;
    case 25:
      peal_eio_session_detach(s->session, PEAL_EIO_POLLING,
                              PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
      break;
    case 26:
      peal_eio_session_detach(s->session, PEAL_EIO_WEBSOCKET,
                              PEAL_EIO_TRANSPORT_ERROR, PEAL_ERR_IO);
      break;
    case 27:
      err = send_key(s, "some words that fill a small queue", 3);
      break;
    case 28:
      peal_eio_session_poll_waits(s->session, true, s->now);
      break;
    case 29:
      take(s, PEAL_EIO_POLLING, out, sizeof out);
      take(s, PEAL_EIO_WEBSOCKET, out, sizeof out);
      break;
    default:
      peal_eio_session_close(s->session, false, PEAL_OK, s->now);
    }
  }
  assert_true(err == PEAL_OK || err == PEAL_ERR_CLOSED ||
              err == PEAL_ERR_SIO_STATE || err == PEAL_ERR_EIO_PACKET ||
              err == PEAL_ERR_EIO_DIRECTION || err == PEAL_ERR_QUEUE_FULL);
}

/* Whatever comes in whatever state: told at most once that it is over, and it
 * is over in bounded time. */
static void come_to_an_end(side *s) {
  char out[4096];
  peal_eio_session_close(s->session, false, PEAL_OK, s->now);
  settle(s);
  for (int i = 0; i < 20 && !peal_eio_session_is_done(s->session); i++) {
    peal_eio_session_poll_waits(s->session, true, s->now);
    take(s, PEAL_EIO_POLLING, out, sizeof out);
    take(s, PEAL_EIO_WEBSOCKET, out, sizeof out);
    peal_eio_session_poll_waits(s->session, false, s->now);
    s->now += 2000;
    peal_eio_session_tick(s->session, s->now);
    settle(s);
  }
  assert_true(peal_eio_session_is_done(s->session));
  assert_int_equal(s->closes, 1);
  peal_eio_session_tick(s->session, s->now + 100000);
  assert_int_equal(s->closes, 1);
}

static void every_event_is_survived_in_every_state(void **state) {
  (void)state;
  for (int which = 0; which < STATES; which++) {
    for (int first = 0; first < EVENTS; first++) {
      for (int second = 0; second < EVENTS; second++) {
        side s;
        bring_to(&s, which, second % 2 ? DO_SEND : DO_CLOSE);
        if (second % 3 == 0)
          s.on_message = s.on_upgrade = s.on_open = DO_NOTHING;
        do_event(&s, first);
        do_event(&s, second);
        peal_eio_session_tick(s.session, s.now += 9999);
        come_to_an_end(&s);
        end(&s);
      }
    }
  }
}

/* -- memory ------------------------------------------------------------------------------ */

static void an_idle_session_owns_nothing(void **state) {
  torture memory;
  (void)state;
  torture_init(&memory, 0);
  side s = {.opts = {.mem = &memory.mem}};
  assert_true(begin(&s, PEAL_EIO_WEBSOCKET));
  char out[512];
  take(&s, PEAL_EIO_WEBSOCKET, out, sizeof out);
  assert_int_equal(memory.live, 0);
  assert_int_equal(send(&s, "a"), PEAL_OK);
  take(&s, PEAL_EIO_WEBSOCKET, out, sizeof out);
  assert_int_equal(memory.live, 0);
  end(&s);
  assert_int_equal(memory.live, 0);
}

static peal_err live(const peal_mem *mem, void *user) {
  char out[4096];
  bool client = user != NULL;
  side s = {.opts = {.client = client, .mem = mem}};
  if (!begin(&s, PEAL_EIO_POLLING)) {
    peal_arena_deinit(&s.arena);
    return PEAL_ERR_NOMEM;
  }
  peal_err err = client ? post(&s, HANDSHAKE("\"websocket\"")) : PEAL_OK;
  for (int i = 0; i < 9 && !err; i++)
    err = send(&s, "words");
  if (!err)
    err = post(&s, "4a|baGk=");
  if (!err)
    err = peal_eio_session_attach(s.session, s.now);
  if (!err && !client)
    err = frame(&s, "5");
  take(&s, PEAL_EIO_POLLING, out, sizeof out);
  take(&s, PEAL_EIO_WEBSOCKET, out, sizeof out);
  peal_eio_session_close(s.session, false, PEAL_OK, s.now);
  settle(&s);
  assert_int_equal(s.closes, 1);
  end(&s);
  return err;
}

static void every_allocation_may_fail(void **state) {
  static int yes;
  (void)state;
  assert_true(torture_run(live, NULL, false, NULL));
  assert_true(torture_run(live, &yes, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_packet_is_the_references_handshake),
      cmocka_unit_test(a_client_learns_from_the_handshake),
      cmocka_unit_test(a_client_refuses_a_broken_handshake),
      cmocka_unit_test(closing_before_the_handshake_ends_at_once),
      cmocka_unit_test(packets_of_a_body_are_told_in_order),
      cmocka_unit_test(frames_are_told_in_order),
      cmocka_unit_test(a_wrong_packet_ends_the_session_and_the_error_stays),
      cmocka_unit_test(text_of_a_body_is_checked_once),
      cmocka_unit_test(a_body_of_too_many_packets_is_refused),
      cmocka_unit_test(
          a_server_pings_after_the_interval_from_open_and_last_pong),
      cmocka_unit_test(pongs_nobody_asked_for_change_nothing),
      cmocka_unit_test(a_ping_timeout_releases_the_waiting_get),
      cmocka_unit_test(a_get_that_aborts_after_the_end_leaves_nothing),
      cmocka_unit_test(a_client_that_takes_bytes_is_spared),
      cmocka_unit_test(a_client_that_never_comes_back_has_less_time),
      cmocka_unit_test(a_client_answers_pings_and_misses_them),
      cmocka_unit_test(a_ping_from_a_client_is_the_wrong_direction),
      cmocka_unit_test(packets_of_version_3_have_their_length),
      cmocka_unit_test(a_wrong_packet_of_version_3_ends_the_session),
      cmocka_unit_test(a_body_of_too_many_packets_of_version_3_is_refused),
      cmocka_unit_test(a_server_of_version_3_waits_for_pings),
      cmocka_unit_test(a_client_of_version_3_is_spared_while_it_owes_a_ping),
      cmocka_unit_test(a_pong_of_version_3_is_the_wrong_direction),
      cmocka_unit_test(a_client_of_version_3_pings),
      cmocka_unit_test(a_client_of_version_3_takes_traffic_for_life),
      cmocka_unit_test(a_server_upgrades_step_by_step),
      cmocka_unit_test(no_ops_do_not_come_without_a_waiting_get),
      cmocka_unit_test(the_upgrade_is_taken_without_a_probe),
      cmocka_unit_test(the_answer_to_a_probe_goes_before_all_else),
      cmocka_unit_test(another_packet_breaks_only_the_probe),
      cmocka_unit_test(a_probe_that_takes_too_long_ends),
      cmocka_unit_test(a_probe_that_is_lost_leaves_polling),
      cmocka_unit_test(polling_that_is_lost_while_probing_ends_the_session),
      cmocka_unit_test(a_client_upgrades_step_by_step),
      cmocka_unit_test(a_clients_probe_is_broken_by_a_wrong_answer),
      cmocka_unit_test(a_waiting_get_is_released_with_close),
      cmocka_unit_test(a_later_get_gets_a_no_op_and_a_close),
      cmocka_unit_test(buffered_packets_go_before_the_close),
      cmocka_unit_test(discarding_drops_what_waits),
      cmocka_unit_test(a_websocket_is_done_when_its_messages_have_left),
      cmocka_unit_test(a_farewell_nobody_fetches_ends_in_time),
      cmocka_unit_test(a_close_of_the_peer_ends_at_once),
      cmocka_unit_test(two_closes_that_cross_end_at_once),
      cmocka_unit_test(a_client_says_close_behind_its_last_message),
      cmocka_unit_test(a_client_that_closes_behind_its_switch_is_understood),
      cmocka_unit_test(killing_releases_the_get_and_drops_the_rest),
      cmocka_unit_test(a_session_that_closes_while_it_upgrades_is_heard),
      cmocka_unit_test(a_probe_of_a_closed_session_has_little_time),
      cmocka_unit_test(a_get_ends_a_session_that_closes_while_it_probes),
      cmocka_unit_test(a_full_queue_refuses),
      cmocka_unit_test(room_is_made_by_dropping_the_oldest),
      cmocka_unit_test(any_message_fits_into_an_empty_queue),
      cmocka_unit_test(the_newest_picture_is_taken_by_a_full_queue),
      cmocka_unit_test(a_bigger_picture_may_drop_its_own_predecessor),
      cmocka_unit_test(pictures_with_attachments_are_never_half_sent),
      cmocka_unit_test(the_soft_ceiling_decides_over_volatile_messages),
      cmocka_unit_test(the_ceiling_may_be_set_for_one_session),
      cmocka_unit_test(freeing_at_any_event_is_allowed),
      cmocka_unit_test(closing_and_sending_at_events_is_allowed),
      cmocka_unit_test(every_event_is_survived_in_every_state),
      cmocka_unit_test(an_idle_session_owns_nothing),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("eio_session", tests, NULL, NULL);
}
