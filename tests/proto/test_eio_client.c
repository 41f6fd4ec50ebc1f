/* SPDX-License-Identifier: MIT */
/* eio_client: the machine of a client joined with a session in server role over
 * a wire played here: GET, POST and a WebSocket, each with delays and cuts of a
 * seeded dice in virtual time, so that a failing seed can be replayed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/eio_client.h"
#include "torture.h"
#include "wire/eio3_payload.h"
#include "wire/eio_payload.h"

#define SID "abcdefghij0123456789"
#define FRAMES 64u
#define NEVER UINT64_MAX

typedef struct frame {
  uint64_t at;
  char *data;
  size_t len;
  bool binary;
} frame;

/* One direction of a WebSocket. */
typedef struct lane {
  frame frames[FRAMES];
  unsigned head, count;
} lane;

/* A request: where it is, and when it comes there. */
typedef enum place { NOWHERE, TO_SERVER, AT_SERVER, TO_CLIENT } place;

typedef struct request {
  place place;
  uint64_t at;
  peal_buf body; /* a POST's, or the answer to a GET */
  bool octets;   /* which is a binary one */
  unsigned status;
  peal_err err;
} request;

typedef struct world {
  uint64_t now, dice;
  peal_eio_client client;
  peal_eio_client_opts opts;
  peal_eio_session server;
  peal_eio_session_opts server_opts;
  peal_arena arena;
  bool has_server; /* a handshake has come */
  request get, post;
  lane up, down;
  bool ws_open;
  uint64_t ws_at;      /* when the WebSocket comes up; NEVER: none is dialled */
  uint64_t ws_gone_at; /* when the client hears of its end */
  bool eio3;           /* both speak version 3 */
  bool cuts;           /* things break at random */
  bool refuse_ws;      /* none is let in */
  bool refuse_polling;
  bool ws_shut;
  /* What was told. */
  unsigned opened, upgraded, pings, closed, got, sent;
  unsigned server_got, server_sent;
  bool server_closed;
  peal_eio_reason reason;
  peal_err err;
  char text[PEAL_EIO_CLIENT_TEXT];
} world;

static unsigned roll(world *w, unsigned sides) {
  w->dice = w->dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(w->dice >> 33) % sides;
}

/* -- messages: a number as text; every fifth has an attachment -------------------- */

static peal_err queue(peal_eio_session *server, peal_eio_client *client,
                      unsigned number, const peal_mem *mem) {
  char text[32];
  const peal_slice attached = PEAL_S("attached");
  snprintf(text, sizeof text, "%u", number);
  peal_eio_item item = {.message =
                            peal_message_new(peal_slice_of(text), &attached,
                                             number % 5 == 4, mem)};
  if (!item.message)
    return PEAL_ERR_NOMEM;
  peal_err err = client ? peal_eio_client_send(client, &item)
                        : peal_eio_session_send(server, &item);
  peal_message_unref(item.message);
  return err;
}

/* The next of them in order; attachments do not count. */
static void hear(unsigned *count, bool binary, peal_slice data) {
  char text[32];
  if (binary) {
    assert_true(peal_slice_is(data, "attached"));
    return;
  }
  snprintf(text, sizeof text, "%u", *count);
  assert_true(peal_slice_is(data, text));
  ++*count;
}

/* -- the WebSocket ------------------------------------------------------------------ */

static void push(world *w, lane *on, bool binary, char prefix,
                 peal_slice data) {
  assert_true(on->count < FRAMES);
  frame *it = &on->frames[(on->head + on->count++) % FRAMES];
  it->at = w->now + 1 + roll(w, 20);
  it->binary = binary;
  it->len = data.len + (prefix != 0);
  it->data = malloc(it->len + 1);
  assert_non_null(it->data);
  if (prefix)
    it->data[0] = prefix;
  if (data.len)
    memcpy(it->data + (prefix != 0), data.ptr, data.len);
}

/* The first frame, if it has come: its data is the caller's. */
static bool pop(world *w, lane *on, frame *out) {
  if (!on->count || on->frames[on->head].at > w->now)
    return false;
  *out = on->frames[on->head];
  on->head = (on->head + 1) % FRAMES;
  on->count--;
  return true;
}

static void clear(lane *on) {
  while (on->count) {
    free(on->frames[on->head].data);
    on->head = (on->head + 1) % FRAMES;
    on->count--;
  }
}

static void send_frames(world *w, peal_eio_session *session, lane *on) {
  peal_eio_out out;
  while (on->count < FRAMES) {
    peal_eio_cursor cursor = {0};
    if (!peal_eio_out_peek(session, PEAL_EIO_WEBSOCKET, &cursor, &out))
      return;
    push(w, on, out.binary, peal_eio_out_prefix(session, &out), out.data);
    peal_eio_out_pop(session, PEAL_EIO_WEBSOCKET, w->now);
  }
}

/* -- the server ------------------------------------------------------------------------ */

static void settle_server(world *w) {
  peal_eio_event event;
  while (peal_eio_session_next(&w->server, &w->arena, w->now, &event)) {
    if (event.type == PEAL_EIO_EVENT_MESSAGE)
      hear(&w->server_got, event.binary, event.data);
    if (event.type == PEAL_EIO_EVENT_CLOSE)
      w->server_closed = true;
  }
  peal_arena_reset(&w->arena);
}

static void begin_server(world *w, peal_eio_via via) {
  assert_int_equal(
      peal_eio_session_init(&w->server, &w->server_opts, SID, via, w->now),
      PEAL_OK);
  if (w->eio3)
    peal_eio_session_speak_eio3(&w->server);
  w->has_server = true;
}

static void pack(world *w, const peal_eio_packet *packet) {
  if (w->eio3)
    peal_eio3_payload_add(&w->get.body, w->get.octets, packet);
  else
    peal_eio_payload_add(&w->get.body, 0, packet);
}

static bool fill_answer(world *w) {
  peal_eio_out out;
  w->get.octets = w->eio3 && roll(w, 2);
  for (;;) {
    peal_eio_cursor cursor = {0};
    if (!peal_eio_out_peek(&w->server, PEAL_EIO_POLLING, &cursor, &out))
      break;
    peal_eio_packet packet = {
        .data = out.data, .type = out.type, .binary = out.binary};
    pack(w, &packet);
    peal_eio_out_pop(&w->server, PEAL_EIO_POLLING, w->now);
  }
  return w->get.body.len > 0;
}

static void send_back(world *w, request *it, unsigned status) {
  it->place = TO_CLIENT;
  it->status = status;
  it->at = w->now + 1 + roll(w, 30);
}

static bool is_known(const world *w) {
  return w->has_server && !w->server_closed;
}

static void serve_get(world *w) {
  if (!w->has_server && w->refuse_polling) {
    send_back(w, &w->get, 400);
    return;
  }
  if (!w->has_server)
    begin_server(w, PEAL_EIO_POLLING);
  if (!is_known(w)) {
    send_back(w, &w->get, 400);
    return;
  }
  peal_eio_session_poll_waits(&w->server, true, w->now);
  settle_server(w);
  w->get.place = AT_SERVER;
}

static void serve_post(world *w) {
  if (!is_known(w) || peal_eio_session_feed_payload(
                          &w->server, peal_buf_slice(&w->post.body), w->now)) {
    send_back(w, &w->post, 400);
    return;
  }
  settle_server(w);
  send_back(w, &w->post, 200);
}

/* -- requests ------------------------------------------------------------------------------ */

static void ask(world *w, request *it) {
  assert_int_equal(it->place, NOWHERE);
  peal_buf_init(&it->body, NULL, 0);
  it->place = TO_SERVER;
  it->err = PEAL_OK;
  it->at = w->now + 1 + roll(w, 30);
}

static void settle(world *w);

/* The body is lent while the next request may be asked. */
static void answer(world *w, request *it) {
  peal_buf body = it->body;
  peal_eio_client_answer said = {
      .err = it->err,
      .status = it->status,
      .type = it->octets ? PEAL_S("application/octet-stream") : PEAL_S("text"),
      .body = peal_buf_slice(&body)};
  peal_buf_init(&it->body, NULL, 0);
  it->place = NOWHERE;
  if (it == &w->get)
    peal_eio_client_got(&w->client, &said, w->now);
  else
    peal_eio_client_posted(&w->client, &said, w->now);
  settle(w);
  peal_buf_deinit(&body);
}

static void play_request(world *w, request *it) {
  if (it->place == AT_SERVER && it == &w->get && fill_answer(w)) {
    peal_eio_session_poll_waits(&w->server, false, w->now);
    send_back(w, it, 200);
  }
  if (it->place == NOWHERE || it->place == AT_SERVER || it->at > w->now)
    return;
  if (w->cuts && roll(w, 300) == 0) {
    it->err = PEAL_ERR_CLOSED;
    it->place = TO_CLIENT;
  }
  if (it->place == TO_CLIENT) {
    answer(w, it);
  } else if (it == &w->get) {
    serve_get(w);
  } else {
    serve_post(w);
  }
}

static void drop_request(request *it) {
  peal_buf_deinit(&it->body);
  it->place = NOWHERE;
}

/* -- the client --------------------------------------------------------------------------------- */

static void drop_ws(world *w) {
  w->ws_at = NEVER;
  w->ws_gone_at = NEVER;
  clear(&w->up);
  clear(&w->down);
  if (w->ws_open && w->has_server)
    peal_eio_session_detach(&w->server, PEAL_EIO_WEBSOCKET,
                            PEAL_EIO_TRANSPORT_CLOSE, PEAL_ERR_CLOSED);
  w->ws_open = false;
  if (w->has_server)
    settle_server(w);
}

static void act(world *w, const peal_eio_client_event *event) {
  assert_int_equal(w->closed, 0);
  switch ((peal_eio_client_kind)event->kind) {
  case PEAL_EIO_CLIENT_GET:
    ask(w, &w->get);
    break;
  case PEAL_EIO_CLIENT_POST:
    ask(w, &w->post);
    assert_int_equal(peal_eio_client_fill(&w->client, &w->post.body, w->now),
                     PEAL_OK);
    assert_true(w->post.body.len > 0);
    break;
  case PEAL_EIO_CLIENT_DIAL:
    w->ws_at = w->now + 1 + roll(w, 60);
    break;
  case PEAL_EIO_CLIENT_SHUT:
    w->ws_shut = true; /* a close frame, behind all others */
    break;
  case PEAL_EIO_CLIENT_DROP_WS:
    drop_ws(w);
    break;
  case PEAL_EIO_CLIENT_DROP_POLLING:
    assert_int_equal(w->get.place, NOWHERE);
    assert_int_equal(w->post.place, NOWHERE);
    break;
  case PEAL_EIO_CLIENT_OPEN:
    assert_int_equal(w->opened++, 0);
    assert_string_equal(peal_eio_client_sid(&w->client), SID);
    break;
  case PEAL_EIO_CLIENT_MESSAGE:
    assert_int_equal(w->opened, 1);
    hear(&w->got, event->binary, event->data);
    break;
  case PEAL_EIO_CLIENT_PING:
    w->pings++;
    break;
  case PEAL_EIO_CLIENT_UPGRADED:
    assert_int_equal(w->upgraded++, 0);
    break;
  case PEAL_EIO_CLIENT_DRAIN:
    break;
  case PEAL_EIO_CLIENT_CLOSED:
    w->closed++;
    w->reason = (peal_eio_reason)event->reason;
    w->err = event->err;
    assert_non_null(event->text);
    snprintf(w->text, sizeof w->text, "%s", event->text);
    break;
  }
}

static void settle(world *w) {
  peal_eio_client_event event;
  while (peal_eio_client_next(&w->client, &w->arena, w->now, &event))
    act(w, &event);
  peal_arena_reset(&w->arena);
}

/* -- the WebSocket's life --------------------------------------------------------------------------- */

static void open_ws(world *w) {
  w->ws_at = NEVER;
  bool is_first = !w->has_server;
  if (w->refuse_ws || (!is_first && !is_known(w)) ||
      (w->cuts && roll(w, 5) == 0)) {
    peal_eio_client_ws_closed(&w->client,
                              &(peal_eio_client_answer){.status = 400}, w->now);
    settle(w);
    return;
  }
  if (is_first)
    begin_server(w, PEAL_EIO_WEBSOCKET);
  else if (peal_eio_session_attach(&w->server, w->now)) {
    peal_eio_client_ws_closed(&w->client,
                              &(peal_eio_client_answer){.status = 400}, w->now);
    settle(w);
    return;
  }
  w->ws_open = true;
  peal_eio_client_ws_opened(&w->client, w->now);
  settle(w);
}

static void cut_ws(world *w) {
  drop_ws(w);
  peal_eio_client_ws_closed(
      &w->client, &(peal_eio_client_answer){.err = PEAL_ERR_CLOSED}, w->now);
  settle(w);
}

static void play_ws(world *w) {
  frame it;
  if (w->ws_at <= w->now)
    open_ws(w);
  if (!w->ws_open)
    return;
  if (w->ws_gone_at <= w->now || (w->cuts && roll(w, 2000) == 0)) {
    cut_ws(w);
    return;
  }
  send_frames(w, &w->client.session, &w->up);
  send_frames(w, &w->server, &w->down);
  if (pop(w, &w->up, &it)) {
    (void)!peal_eio_session_feed_frame(&w->server, it.binary,
                                       (peal_slice){it.data, it.len}, w->now);
    settle_server(w);
    free(it.data);
  }
  if (w->ws_open && pop(w, &w->down, &it)) {
    peal_eio_client_ws_fed(&w->client, it.binary, (peal_slice){it.data, it.len},
                           w->now);
    settle(w);
    free(it.data);
  }
  if (w->ws_open && w->ws_shut && !w->up.count && w->ws_gone_at == NEVER)
    w->ws_gone_at = w->now + 1 + roll(w, 20);
  /* A session that has ended closes its WebSocket behind the last frame. */
  if (w->ws_open && w->server_closed && !w->down.count &&
      peal_eio_session_is_done(&w->server) && w->ws_gone_at == NEVER)
    w->ws_gone_at = w->now + 1 + roll(w, 20);
}

/* -- the world -------------------------------------------------------------------------------------- */

static void begin(world *w, uint64_t seed, peal_eio_client_ways ways) {
  memset(w, 0, sizeof *w);
  w->dice = seed * 2654435761u + 1;
  w->now = 1000;
  w->ws_at = w->ws_gone_at = NEVER;
  w->eio3 = seed / 4 % 2;
  w->opts = (peal_eio_client_opts){.session = {.client = true, .eio3 = w->eio3},
                                   .ways = ways};
  w->server_opts =
      (peal_eio_session_opts){.ping_interval_ms = 300, .ping_timeout_ms = 400};
  peal_arena_init(&w->arena, NULL, 0, 0);
}

static void start(world *w) {
  peal_eio_client_init(&w->client, &w->opts, false, w->now);
  settle(w);
}

static void end(world *w) {
  drop_request(&w->get);
  drop_request(&w->post);
  clear(&w->up);
  clear(&w->down);
  peal_eio_client_deinit(&w->client);
  if (w->has_server)
    peal_eio_session_deinit(&w->server);
  peal_arena_deinit(&w->arena);
}

static void tick(world *w) {
  w->now++;
  if (peal_eio_client_deadline(&w->client) <= w->now) {
    peal_eio_client_tick(&w->client, w->now);
    settle(w);
  }
  if (w->has_server && peal_eio_session_deadline(&w->server) <= w->now) {
    peal_eio_session_tick(&w->server, w->now);
    settle_server(w);
  }
}

static void play(world *w) {
  tick(w);
  if (w->closed)
    return;
  play_request(w, &w->get);
  if (!w->closed)
    play_request(w, &w->post);
  if (!w->closed)
    play_ws(w);
}

static void talk(world *w, unsigned most) {
  if (w->sent < most && roll(w, 10) == 0 &&
      queue(NULL, &w->client, w->sent, NULL) == PEAL_OK) {
    w->sent++;
    settle(w);
  }
  if (w->has_server && w->server_sent < most && roll(w, 10) == 0 &&
      queue(&w->server, NULL, w->server_sent, NULL) == PEAL_OK) {
    w->server_sent++;
    settle_server(w);
  }
}

/* Until all has come; false if it ended before. */
static bool talk_all(world *w, unsigned most) {
  for (unsigned steps = 0; w->got < most || w->server_got < most; steps++) {
    assert_true(steps < 200000);
    if (w->closed)
      return false;
    talk(w, most);
    play(w);
  }
  return true;
}

static void close_in_order(world *w) {
  peal_eio_client_close(&w->client, false, w->now);
  settle(w);
  for (unsigned steps = 0; !w->closed; steps++) {
    assert_true(steps < 60000);
    play(w);
  }
}

/* -- tests -------------------------------------------------------------------------------------------- */

static void all_comes_in_order_whatever_the_way(void **state) {
  (void)state;
  unsigned upgrades = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    world w;
    begin(&w, seed, (peal_eio_client_ways)(seed % 4));
    w.opts.no_upgrade = seed % 8 == 0;
    w.refuse_ws = seed % 16 == 4;
    start(&w);
    assert_true(talk_all(&w, 60));
    assert_int_equal(w.opened, 1);
    upgrades += w.upgraded;
    if (w.opts.no_upgrade || w.refuse_ws ||
        w.opts.ways != PEAL_EIO_CLIENT_POLLING_FIRST)
      assert_int_equal(w.upgraded, 0);
    assert_true(w.pings > 0);
    close_in_order(&w);
    assert_int_equal(w.reason, PEAL_EIO_FORCED_CLOSE);
    assert_int_equal(w.err, PEAL_OK);
    assert_string_equal(w.text, "");
    end(&w);
  }
  assert_true(upgrades > 20);
}

static void what_was_queued_leaves_before_a_close_at_any_moment(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 1500; seed++) {
    world w;
    begin(&w, seed, (peal_eio_client_ways)(seed % 4));
    start(&w);
    unsigned steps = roll(&w, 700);
    for (unsigned i = 0; i < steps; i++) {
      talk(&w, 30);
      play(&w);
    }
    bool was_open = w.opened;
    close_in_order(&w);
    assert_int_equal(w.closed, 1);
    assert_int_equal(w.reason, PEAL_EIO_FORCED_CLOSE);
    /* What is on its way arrives yet. */
    for (unsigned i = 0; i < 100 && w.ws_open; i++)
      play_ws(&w);
    if (was_open)
      assert_int_equal(w.server_got, w.sent);
    assert_int_equal(queue(NULL, &w.client, 0, NULL), PEAL_ERR_CLOSED);
    end(&w);
  }
}

static void cuts_end_it_once_and_lose_no_order(void **state) {
  (void)state;
  unsigned survived = 0, ended = 0;
  for (uint64_t seed = 0; seed < 2000; seed++) {
    world w;
    begin(&w, seed, (peal_eio_client_ways)(seed % 4));
    w.cuts = true;
    w.opts.try_all = seed % 3 == 0;
    start(&w);
    if (talk_all(&w, 40)) {
      survived++;
      close_in_order(&w);
    } else {
      ended++;
      assert_int_equal(w.closed, 1);
      assert_true(w.reason == PEAL_EIO_TRANSPORT_CLOSE ||
                  w.reason == PEAL_EIO_TRANSPORT_ERROR ||
                  w.reason == PEAL_EIO_PING_TIMEOUT);
      assert_string_not_equal(w.text, "");
    }
    end(&w);
  }
  assert_true(survived > 100 && ended > 100);
}

static void the_next_way_is_tried_if_it_is_asked_for(void **state) {
  (void)state;
  for (int n = 0; n < 4; n++) {
    world w;
    bool try_all = n & 1, websocket_first = n & 2;
    begin(&w, (uint64_t)n,
          websocket_first ? PEAL_EIO_CLIENT_WEBSOCKET_FIRST
                          : PEAL_EIO_CLIENT_POLLING_FIRST);
    w.opts.try_all = try_all;
    w.refuse_ws = websocket_first;
    w.refuse_polling = !websocket_first;
    start(&w);
    bool lives = talk_all(&w, 10);
    assert_int_equal(lives, try_all);
    if (lives) {
      assert_int_equal(peal_eio_client_via(&w.client),
                       websocket_first ? PEAL_EIO_POLLING : PEAL_EIO_WEBSOCKET);
      assert_int_equal(w.upgraded, 0);
    } else {
      assert_int_equal(w.err, PEAL_ERR_ANSWER);
      assert_non_null(strstr(w.text, "400"));
    }
    end(&w);
  }
}

static void a_websocket_that_worked_before_is_tried_first(void **state) {
  (void)state;
  world w;
  begin(&w, 1, PEAL_EIO_CLIENT_POLLING_FIRST);
  peal_eio_client_init(&w.client, &w.opts, true, w.now);
  settle(&w);
  assert_true(talk_all(&w, 10));
  assert_int_equal(peal_eio_client_via(&w.client), PEAL_EIO_WEBSOCKET);
  assert_int_equal(w.upgraded, 0);
  end(&w);
  begin(&w, 1, PEAL_EIO_CLIENT_POLLING_ONLY);
  peal_eio_client_init(&w.client, &w.opts, true, w.now);
  settle(&w);
  assert_true(talk_all(&w, 10));
  assert_int_equal(peal_eio_client_via(&w.client), PEAL_EIO_POLLING);
  end(&w);
}

static void a_server_that_falls_silent_is_noticed(void **state) {
  (void)state;
  for (int ways = 0; ways < 4; ways++) {
    world w;
    begin(&w, 7, (peal_eio_client_ways)ways);
    start(&w);
    assert_true(talk_all(&w, 5));
    uint64_t since = w.now;
    assert_false(peal_eio_client_has_ping_expired(&w.client, w.now));
    while (!w.closed) {
      w.now++;
      if (peal_eio_client_has_ping_expired(&w.client, w.now))
        assert_true(w.now - since > 0);
      peal_eio_client_tick(&w.client, w.now);
      settle(&w);
      assert_true(w.now - since <= 700);
    }
    assert_int_equal(w.reason, PEAL_EIO_PING_TIMEOUT);
    assert_int_equal(w.err, PEAL_ERR_TIMEOUT);
    end(&w);
  }
}

/* -- bodies ---------------------------------------------------------------------------------------------- */

/* A machine whose handshake has been answered with this. */
static void greet(world *w, const char *hello) {
  begin(w, 1, PEAL_EIO_CLIENT_POLLING_ONLY);
  start(w);
  assert_int_equal(w->get.place, TO_SERVER);
  w->get.place = NOWHERE;
  peal_eio_client_got(
      &w->client,
      &(peal_eio_client_answer){.status = 200, .body = peal_slice_of(hello)},
      w->now);
  settle(w);
}

static void a_post_is_split_at_the_servers_limit(void **state) {
  (void)state;
  world w;
  greet(&w, "0{\"sid\":\"" SID "\",\"upgrades\":[],\"pingInterval\":1000,"
            "\"pingTimeout\":1000,\"maxPayload\":20}");
  assert_int_equal(w.opened, 1);
  for (unsigned i = 0; i < 12; i++)
    assert_int_equal(queue(NULL, &w.client, i, NULL), PEAL_OK);
  settle(&w);
  assert_false(peal_eio_client_is_writable(&w.client));
  static const char *const bodies[] = {"40\x1e"
                                       "41\x1e"
                                       "42\x1e"
                                       "43\x1e"
                                       "44",
                                       "bYXR0YWNoZWQ=\x1e"
                                       "45\x1e"
                                       "46",
                                       "47\x1e"
                                       "48\x1e"
                                       "49",
                                       "bYXR0YWNoZWQ=\x1e"
                                       "410",
                                       "411"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    assert_int_equal(w.post.place, TO_SERVER);
    assert_true(peal_slice_is(peal_buf_slice(&w.post.body), bodies[i]));
    drop_request(&w.post);
    peal_eio_client_posted(&w.client, &(peal_eio_client_answer){.status = 200},
                           w.now);
    settle(&w);
  }
  assert_int_equal(w.post.place, NOWHERE);
  assert_true(peal_eio_client_is_writable(&w.client));
  end(&w);
}

static void a_packet_above_the_limit_goes_alone(void **state) {
  (void)state;
  world w;
  greet(&w, "0{\"sid\":\"" SID "\",\"maxPayload\":3}");
  assert_int_equal(queue(NULL, &w.client, 12345, NULL), PEAL_OK);
  assert_int_equal(queue(NULL, &w.client, 7, NULL), PEAL_OK);
  settle(&w);
  assert_true(peal_slice_is(peal_buf_slice(&w.post.body), "412345"));
  drop_request(&w.post);
  peal_eio_client_posted(&w.client, &(peal_eio_client_answer){.status = 200},
                         w.now);
  settle(&w);
  assert_true(peal_slice_is(peal_buf_slice(&w.post.body), "47"));
  end(&w);
}

/* A server that answers the probe and does not let the GET go. */
static void polling_that_cannot_rest_goes_on(void **state) {
  (void)state;
  world w;
  begin(&w, 1, PEAL_EIO_CLIENT_POLLING_FIRST);
  start(&w);
  w.get.place = NOWHERE;
  peal_eio_client_got(
      &w.client,
      &(peal_eio_client_answer){
          .status = 200,
          .body = PEAL_S("0{\"sid\":\"" SID "\",\"upgrades\":[\"websocket\"],"
                         "\"pingInterval\":60000,\"pingTimeout\":60000}")},
      w.now);
  settle(&w);
  assert_int_equal(w.get.place, TO_SERVER);
  assert_true(w.ws_at != NEVER);
  w.ws_open = true;
  peal_eio_client_ws_opened(&w.client, w.now);
  settle(&w);
  send_frames(&w, &w.client.session, &w.up);
  assert_int_equal(w.up.count, 1);
  peal_eio_client_ws_fed(&w.client, false, PEAL_S("3probe"), w.now);
  settle(&w);
  assert_false(peal_eio_client_is_writable(&w.client));
  uint64_t at = peal_eio_client_deadline(&w.client);
  assert_true(at - w.now <= 10000);
  w.now = at;
  peal_eio_client_tick(&w.client, w.now);
  settle(&w);
  assert_false(w.ws_open);
  assert_int_equal(w.upgraded, 0);
  assert_true(peal_eio_client_is_writable(&w.client));
  w.get.place = NOWHERE;
  peal_eio_client_got(
      &w.client, &(peal_eio_client_answer){.status = 200, .body = PEAL_S("40")},
      w.now);
  settle(&w);
  assert_int_equal(w.got, 1);
  assert_int_equal(w.get.place, TO_SERVER);
  end(&w);
}

static void what_is_no_handshake_is_explained(void **state) {
  (void)state;

  static const struct {
    const char *body, *words;
  } cases[] = {
      {"97:0{\"sid\":\"x\",\"upgrades\":[]}", "Engine.IO 3"},
      {"<!DOCTYPE html><html>", "web page"},
      {" \n<HTML>", "web page"},
      {"", "nothing"},
      {"0{}", "no Engine.IO handshake"},
      {"0{\"sid\":7}", "no Engine.IO handshake"},
      {"4hello", "\"4hello\""},
      {"hello\r\n\x1b[2J", "\"hello   [2J\""},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world w;
    greet(&w, cases[i].body);
    assert_int_equal(w.opened, 0);
    assert_int_equal(w.closed, 1);
    assert_int_equal(w.reason, PEAL_EIO_TRANSPORT_ERROR);
    assert_int_equal(w.err, PEAL_ERR_ANSWER);
    if (!strstr(w.text, cases[i].words))
      fail_msg("%s: %s", cases[i].body, w.text);
    end(&w);
  }
}

static void old_binary_payloads_are_known_too(void **state) {
  (void)state;
  char text[PEAL_EIO_CLIENT_TEXT];
  static const char old[] = "\0\x09\x07\xff"
                            "0{\"sid\":1}";
  peal_eio_client_answer_explain((peal_slice){old, sizeof old - 1}, text);
  assert_non_null(strstr(text, "Engine.IO 3"));
}

/* -- memory ------------------------------------------------------------------------------------------------ */

static peal_err a_whole_life(const peal_mem *mem, void *user) {
  world w;
  (void)user;
  begin(&w, 3, PEAL_EIO_CLIENT_POLLING_FIRST);
  w.opts.session.mem = mem;
  start(&w);
  peal_err err = PEAL_OK;
  for (unsigned i = 0; i < 10 && !err; i++)
    err = queue(NULL, &w.client, i, mem);
  for (unsigned steps = 0; !err && !w.closed && w.server_got < 10; steps++) {
    assert_true(steps < 20000);
    play(&w);
  }
  if (w.closed)
    err = w.err;
  end(&w);
  return err;
}

static void it_ends_in_order_when_memory_is_out(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(a_whole_life, NULL, true, &count));
  assert_true(count > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_comes_in_order_whatever_the_way),
      cmocka_unit_test(what_was_queued_leaves_before_a_close_at_any_moment),
      cmocka_unit_test(cuts_end_it_once_and_lose_no_order),
      cmocka_unit_test(the_next_way_is_tried_if_it_is_asked_for),
      cmocka_unit_test(a_websocket_that_worked_before_is_tried_first),
      cmocka_unit_test(a_server_that_falls_silent_is_noticed),
      cmocka_unit_test(a_post_is_split_at_the_servers_limit),
      cmocka_unit_test(a_packet_above_the_limit_goes_alone),
      cmocka_unit_test(polling_that_cannot_rest_goes_on),
      cmocka_unit_test(what_is_no_handshake_is_explained),
      cmocka_unit_test(old_binary_payloads_are_known_too),
      cmocka_unit_test(it_ends_in_order_when_memory_is_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
