/* SPDX-License-Identifier: MIT */
/* eio_model: an eio_session beside a simple reading of its rules: random verbs
 * in random order, both roles and versions, in virtual time. After every step both must say
 * the same: which way is current, what waits for it, what has been told, when
 * something is due, and whether it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/eio_out.h"
#include "proto/eio_session.h"

#define SID "abcdefghij0123456789"
#define NEVER UINT64_MAX
#define WAITING 512u

enum { INTERVAL = 25000, TIMEOUT = 20000, UPGRADE = 10000, CLOSE = 30000 };

typedef enum life { OPENING, OPEN, CLOSING, CLOSED } life;

typedef struct item {
  unsigned number;
  uint64_t key;
} item;

typedef struct game {
  peal_eio_session session;
  peal_eio_session_opts opts;
  peal_arena arena;
  uint64_t now, dice;
  unsigned step;
  bool client, eio3;
  /* What the rules say. */
  life life;
  peal_eio_via via;
  bool is_tried, is_answered; /* a WebSocket */
  uint64_t tried_until;
  item waiting[WAITING];
  unsigned waiting_count, next_number;
  uint64_t clock; /* the next ping, the limit of what is awaited, the end */
  bool is_pinged, has_get;
  unsigned told_messages, expected_messages; /* in this step */
  unsigned told_closes;
  bool told_upgrade;
  peal_eio_reason reason; /* expected */
} game;

static unsigned roll(game *g, unsigned sides) {
  g->dice = g->dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(g->dice >> 33) % sides;
}

static bool is_over(const game *g) {
  return g->life >= CLOSING;
}

/* -- the rules ------------------------------------------------------------------ */

static void rule_no_probe(game *g) {
  g->is_tried = g->is_answered = false;
  g->tried_until = NEVER;
}

static void rule_end(game *g, peal_eio_reason reason) {
  if (!is_over(g))
    g->reason = reason;
  g->life = CLOSED;
  g->waiting_count = 0;
  g->clock = NEVER;
  rule_no_probe(g);
}

static void rule_hurry(game *g) {
  if (g->life == CLOSING && g->is_tried && !g->waiting_count &&
      g->now + 2000 < g->tried_until)
    g->tried_until = g->now + 2000;
}

static void rule_websocket(game *g) {
  rule_no_probe(g);
  g->via = PEAL_EIO_WEBSOCKET;
  g->has_get = false;
}

/* Version 4: the server pings; 3: the client. */
static bool pings(const game *g) {
  return g->client == g->eio3;
}

static void rule_wrong_way(game *g) {
  if (!g->client)
    rule_end(g, PEAL_EIO_TRANSPORT_ERROR);
}

static void rule_ping(game *g) {
  if (pings(g)) {
    rule_wrong_way(g);
    return;
  }
  g->is_pinged = false;
  g->clock = g->now + INTERVAL + (g->eio3 ? 0 : TIMEOUT);
}

static void rule_pong(game *g) {
  if (!pings(g))
    rule_wrong_way(g);
  else if (g->is_pinged) {
    g->is_pinged = false;
    g->clock = g->now + INTERVAL;
  }
}

/* Whatever comes shows a client of version 3 that its server lives. */
static void rule_lend(game *g) {
  uint64_t until = g->now + INTERVAL + TIMEOUT;
  if (g->eio3 && g->client && g->life == OPEN && g->is_pinged &&
      until > g->clock)
    g->clock = until;
}

static void rule_packet(game *g, char type) {
  if (g->life == OPENING) {
    if (type == '1')
      rule_end(g, PEAL_EIO_TRANSPORT_CLOSE);
    else if (type == '0') {
      g->life = OPEN;
      g->clock = g->now + INTERVAL + (g->eio3 ? 0 : TIMEOUT);
    } else if (type != '6')
      rule_end(g, PEAL_EIO_PARSE_ERROR);
    return;
  }
  if (type == '1')
    rule_end(g, PEAL_EIO_TRANSPORT_CLOSE);
  if (g->life != OPEN)
    return;
  if (type == '4')
    g->expected_messages++;
  else if (type == '2')
    rule_ping(g);
  else if (type == '3')
    rule_pong(g);
  else if (type == '7')
    rule_end(g, PEAL_EIO_PARSE_ERROR);
}

/* A frame while polling is current. */
static peal_err rule_probe(game *g, const char *text, bool is_asked) {
  if (!g->is_tried)
    return PEAL_ERR_SIO_STATE;
  if (g->client && !strcmp(text, "3probe") && is_asked && !g->is_answered)
    g->is_answered = true;
  else if (!g->client && !strcmp(text, "2probe"))
    g->is_answered = true;
  else if (!g->client && text[0] == '5')
    rule_websocket(g);
  else {
    rule_no_probe(g);
    return PEAL_ERR_SIO_STATE;
  }
  return PEAL_OK;
}

static void rule_tick(game *g) {
  if (g->is_tried && g->now >= g->tried_until)
    rule_no_probe(g);
  if (g->now < g->clock)
    return;
  if (g->life == CLOSING) {
    rule_end(g, PEAL_EIO_FORCED_CLOSE);
  } else if ((g->client && !g->eio3) || g->is_pinged) {
    rule_end(g, PEAL_EIO_PING_TIMEOUT);
  } else {
    g->is_pinged = true;
    g->clock = g->now + TIMEOUT;
  }
}

/* -- comparing ------------------------------------------------------------------- */

static void settle(game *g) {
  peal_eio_event event;
  while (peal_eio_session_next(&g->session, &g->arena, g->now, &event)) {
    assert_int_equal(g->told_closes, 0); /* it is the last */
    if (event.type == PEAL_EIO_EVENT_MESSAGE)
      g->told_messages++;
    if (event.type == PEAL_EIO_EVENT_UPGRADED)
      g->told_upgrade = true;
    if (event.type == PEAL_EIO_EVENT_CLOSE) {
      g->told_closes++;
      assert_int_equal(event.reason, g->reason);
    }
    peal_eio_session_check(&g->session);
  }
  peal_arena_reset(&g->arena);
}

static void compare_way(const game *g, peal_eio_via via) {
  peal_eio_cursor cursor = {0};
  peal_eio_out out;
  unsigned shown = 0;
  bool any = false;
  while (peal_eio_out_peek(&g->session, via, &cursor, &out)) {
    any = true;
    if (out.type != PEAL_EIO_MESSAGE)
      continue;
    unsigned number;
    assert_int_equal(out.data.len, sizeof number);
    memcpy(&number, out.data.ptr, sizeof number);
    assert_true(shown < g->waiting_count);
    assert_int_equal(number, g->waiting[shown++].number);
  }
  assert_int_equal(any, peal_eio_out_wants(&g->session, via));
  bool is_current = via == g->via && g->life != OPENING;
  assert_int_equal(shown, is_current ? g->waiting_count : 0);
}

static void compare(game *g) {
  const peal_eio_session *session = &g->session;
  settle(g);
  assert_int_equal(g->told_messages, g->expected_messages);
  g->told_messages = g->expected_messages = 0;
  assert_int_equal(peal_eio_session_is_open(session), g->life == OPEN);
  assert_int_equal(peal_eio_session_current(session), g->via);
  assert_int_equal(peal_eio_session_is_upgrading(session), g->is_tried);
  assert_int_equal(g->told_closes, is_over(g));
  assert_int_equal(session->state, g->life);
  if (g->told_upgrade)
    assert_int_equal(g->via, PEAL_EIO_WEBSOCKET);
  uint64_t due = g->clock < g->tried_until ? g->clock : g->tried_until;
  /* No-ops may be due before. */
  assert_true(peal_eio_session_deadline(session) <= due);
  if (!g->is_tried)
    assert_int_equal(peal_eio_session_deadline(session), due);
  compare_way(g, PEAL_EIO_POLLING);
  compare_way(g, PEAL_EIO_WEBSOCKET);
}

/* -- verbs ------------------------------------------------------------------------ */

static const char *const texts[] = {"4m", "4m", "4m", "1",      "2",     "3",
                                    "6",  "7",  "5",  "2probe", "3probe"};

static const char hello[] = "0{\"sid\":\"" SID "\",\"pingInterval\":25000,"
                            "\"pingTimeout\":20000}";

static const char *some_text(game *g) {
  /* Those that end it come seldom. */
  unsigned which = roll(g, 11);
  unsigned wrong = g->eio3 ? 5 : 4;
  if ((which == 3 || which == 7 || (which == wrong && !g->client)) &&
      roll(g, 12))
    which = 0;
  return g->client && !roll(g, 4) ? hello : texts[which];
}

static void do_frame(game *g) {
  const char *text = some_text(g);
  bool is_asked = !(g->session.due & PEAL_EIO_DUE_PROBE_PING);
  peal_err expected = PEAL_OK;
  if (g->life == CLOSED)
    expected = PEAL_ERR_CLOSED;
  else if (g->via == PEAL_EIO_POLLING)
    expected = rule_probe(g, text, is_asked);
  else {
    expected = g->life == CLOSING ? PEAL_ERR_CLOSED : PEAL_OK;
    rule_lend(g);
    rule_packet(g, text[0]);
  }
  assert_int_equal(peal_eio_session_feed_frame(&g->session, false,
                                               peal_slice_of(text), g->now),
                   expected);
  settle(g);
}

static void do_body(game *g) {
  char body[1024];
  size_t len = 0;
  bool is_taken = g->via == PEAL_EIO_POLLING && g->life != CLOSED;
  if (is_taken)
    rule_lend(g);
  for (unsigned i = 0, count = 1 + roll(g, 6); i < count; i++) {
    const char *text = some_text(g);
    if (g->eio3)
      len += (size_t)snprintf(body + len, sizeof body - len, "%zu:%s",
                              strlen(text), text);
    else
      len += (size_t)snprintf(body + len, sizeof body - len, "%s%s",
                              i ? "\x1e" : "", text);
    if (is_taken)
      rule_packet(g, text[0]);
  }
  peal_err err = peal_eio_session_feed_payload(&g->session,
                                               (peal_slice){body, len}, g->now);
  assert_int_equal(!err || err == PEAL_ERR_CLOSED,
                   g->via == PEAL_EIO_POLLING || is_over(g));
  settle(g);
}

static void do_send(game *g) {
  item one = {g->next_number++, roll(g, 3) ? 0 : 1 + roll(g, 4)};
  peal_message *message = peal_message_new(
      (peal_slice){(const char *)&one.number, sizeof one.number}, NULL, 0,
      NULL);
  peal_eio_item real = {.message = message, .key = one.key};
  peal_err err = peal_eio_session_send(&g->session, &real);
  peal_message_unref(message);
  assert_int_equal(err, is_over(g) ? PEAL_ERR_CLOSED : PEAL_OK);
  if (err)
    return;
  unsigned at = 0;
  while (at < g->waiting_count && (!one.key || g->waiting[at].key != one.key))
    at++;
  g->waiting[at] = one;
  g->waiting_count += at == g->waiting_count;
}

static void do_pop(game *g) {
  peal_eio_via via = (peal_eio_via)roll(g, 2);
  for (unsigned most = roll(g, 6); most; most--) {
    peal_eio_cursor cursor = {0};
    peal_eio_out out;
    if (!peal_eio_out_peek(&g->session, via, &cursor, &out))
      return;
    if (out.type == PEAL_EIO_MESSAGE) {
      memmove(g->waiting, g->waiting + 1,
              --g->waiting_count * sizeof *g->waiting);
      rule_hurry(g);
    }
    peal_eio_out_pop(&g->session, via, g->now);
  }
}

static void do_attach(game *g) {
  bool may = g->life == OPEN && !g->is_tried && g->via == PEAL_EIO_POLLING;
  assert_int_equal(peal_eio_session_attach(&g->session, g->now),
                   may ? PEAL_OK : PEAL_ERR_SIO_STATE);
  if (!may)
    return;
  g->is_tried = true;
  g->tried_until = g->now + UPGRADE;
}

static void do_switch(game *g) {
  bool may = g->client && g->life == OPEN && g->is_answered;
  assert_int_equal(peal_eio_session_switch(&g->session),
                   may ? PEAL_OK : PEAL_ERR_SIO_STATE);
  if (may)
    rule_websocket(g);
}

static void do_detach(game *g) {
  peal_eio_via via = roll(g, 12) ? PEAL_EIO_WEBSOCKET : PEAL_EIO_POLLING;
  if (via == g->via && roll(g, 6)) /* seldom the end */
    return;
  if (via == g->via) {
    g->has_get = false;
    rule_end(g, PEAL_EIO_TRANSPORT_CLOSE);
  } else if (via == PEAL_EIO_WEBSOCKET) {
    rule_no_probe(g);
  }
  peal_eio_session_detach(&g->session, via, PEAL_EIO_TRANSPORT_CLOSE, PEAL_OK);
}

static void do_tick(game *g) {
  uint64_t at = peal_eio_session_deadline(&g->session);
  g->now = roll(g, 2) || at == NEVER ? g->now + roll(g, 4000) : at;
  if (g->now >= at)
    rule_tick(g);
  peal_eio_session_tick(&g->session, g->now);
  assert_true(peal_eio_session_deadline(&g->session) > g->now);
}

static void do_close(game *g) {
  bool discard = roll(g, 2);
  if (roll(g, 3) == 0) {
    rule_end(g, PEAL_EIO_SLOW_CONSUMER);
    peal_eio_session_kill(&g->session, PEAL_EIO_SLOW_CONSUMER, PEAL_OK);
    return;
  }
  if (g->life == OPENING) {
    rule_end(g, PEAL_EIO_FORCED_CLOSE);
  } else if (g->life == OPEN) {
    g->life = CLOSING;
    g->reason = PEAL_EIO_FORCED_CLOSE;
    g->clock = g->now + CLOSE;
    g->is_pinged = false;
    if (discard)
      g->waiting_count = 0;
    if (g->client)
      rule_no_probe(g);
    rule_hurry(g);
  }
  peal_eio_session_close(&g->session, discard, PEAL_OK, g->now);
}

static void do_get(game *g) {
  peal_eio_session_poll_waits(&g->session, roll(g, 2), g->now);
}

static void step(game *g) {
  static void (*const verbs[])(game *) = {
      do_frame, do_frame, do_frame,  do_body, do_body,   do_send,
      do_send,  do_send,  do_pop,    do_pop,  do_attach, do_switch,
      do_tick,  do_tick,  do_detach, do_get,  do_get};
  if (!roll(g, 60))
    do_close(g);
  else
    verbs[roll(g, sizeof verbs / sizeof *verbs)](g);
  peal_eio_session_check(&g->session);
  compare(g);
}

static void play(uint64_t seed, bool client, bool eio3, peal_eio_via via) {
  game *g = calloc(1, sizeof *g);
  assert_non_null(g);
  g->dice = seed * 0x9e3779b97f4a7c15u;
  g->now = 1000;
  g->client = client;
  g->eio3 = eio3;
  g->via = via;
  g->life = client ? OPENING : OPEN;
  g->clock = client ? NEVER : g->now + INTERVAL;
  g->tried_until = NEVER;
  g->opts.client = client;
  g->opts.eio3 = eio3;
  peal_arena_init(&g->arena, NULL, 0, 0);
  assert_int_equal(peal_eio_session_init(&g->session, &g->opts,
                                         client ? NULL : SID, via, g->now),
                   PEAL_OK);
  if (eio3 && !client)
    peal_eio_session_speak_eio3(&g->session);
  for (g->step = 0; g->step < 200; g->step++)
    step(g);
  peal_eio_session_deinit(&g->session);
  peal_arena_deinit(&g->arena);
  free(g);
}

static void a_server_does_as_the_rules_say(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3000; seed++)
    play(seed, false, seed & 1,
         seed % 3 ? PEAL_EIO_POLLING : PEAL_EIO_WEBSOCKET);
}

static void a_client_does_as_the_rules_say(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3000; seed++)
    play(seed, true, seed & 1,
         seed % 3 ? PEAL_EIO_POLLING : PEAL_EIO_WEBSOCKET);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_server_does_as_the_rules_say),
      cmocka_unit_test(a_client_does_as_the_rules_say),
  };
  return cmocka_run_group_tests_name("eio_model", tests, NULL, NULL);
}
