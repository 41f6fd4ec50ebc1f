/* SPDX-License-Identifier: MIT */
/* fuzz_eio_client: the machine of a client, whose server and owner follow a
 * script: answers with any status and any body, frames, closes, time, messages,
 * in any order that the requests of the machine allow. It is told its end once,
 * and whatever comes after changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "proto/eio_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HELLO                                                                  \
  "0{\"sid\":\"x\",\"upgrades\":[\"websocket\"],\"pingInterval\":50,"          \
  "\"pingTimeout\":50,\"maxPayload\":64}"

typedef struct game {
  peal_eio_client client;
  peal_arena arena;
  uint64_t now;
  bool getting, posting, dialling, connected;
  unsigned opened, closed;
} game;

static void must(bool holds) {
  if (!holds)
    abort();
}

static void begin_post(game *g) {
  peal_buf body;
  must(!g->posting);
  peal_buf_init(&body, NULL, 0);
  must(peal_eio_client_fill(&g->client, &body, g->now) == PEAL_OK);
  must(body.len > 0);
  peal_buf_deinit(&body);
  g->posting = true;
}

static void act(game *g, const peal_eio_client_event *event) {
  must(!g->closed);
  switch ((peal_eio_client_kind)event->kind) {
  case PEAL_EIO_CLIENT_GET:
    must(!g->getting);
    g->getting = true;
    break;
  case PEAL_EIO_CLIENT_POST:
    begin_post(g);
    break;
  case PEAL_EIO_CLIENT_DIAL:
    must(!g->dialling && !g->connected);
    g->dialling = true;
    break;
  case PEAL_EIO_CLIENT_SHUT:
    must(g->connected);
    break;
  case PEAL_EIO_CLIENT_DROP_WS:
    g->dialling = g->connected = false;
    break;
  case PEAL_EIO_CLIENT_DROP_POLLING:
    g->getting = g->posting = false;
    break;
  case PEAL_EIO_CLIENT_OPEN:
    must(!g->opened++);
    break;
  case PEAL_EIO_CLIENT_MESSAGE:
  case PEAL_EIO_CLIENT_PING:
  case PEAL_EIO_CLIENT_UPGRADED:
  case PEAL_EIO_CLIENT_DRAIN:
    must(g->opened);
    break;
  case PEAL_EIO_CLIENT_CLOSED:
    must(event->text != NULL);
    g->closed++;
    break;
  }
}

static void settle(game *g) {
  peal_eio_client_event event;
  while (peal_eio_client_next(&g->client, &g->arena, g->now, &event))
    act(g, &event);
  peal_arena_reset(&g->arena);
}

static void send_frames(game *g) {
  peal_eio_out out;
  for (;;) {
    peal_eio_cursor cursor = {0};
    if (!g->connected || !peal_eio_out_peek(&g->client.session,
                                            PEAL_EIO_WEBSOCKET, &cursor, &out))
      return;
    peal_eio_out_pop(&g->client.session, PEAL_EIO_WEBSOCKET, g->now);
  }
}

static void say(game *g, size_t len) {
  static const char text[256];
  peal_eio_item item = {
      .message = peal_message_new((peal_slice){text, len}, NULL, 0, NULL)};
  if (item.message)
    (void)!peal_eio_client_send(&g->client, &item);
  peal_message_unref(item.message);
}

/* Text is what a WebSocket's machine has checked. */
static peal_slice ascii(char *out, peal_slice in) {
  size_t len = in.len < 256 ? in.len : 256;
  for (size_t i = 0; i < len; i++)
    out[i] = (char)(in.ptr[i] & 0x7f);
  return (peal_slice){out, len};
}

static void step(game *g, uint8_t verb, peal_slice body) {
  static const unsigned statuses[] = {200, 200, 200, 400, 302, 101, 502, 0};
  peal_eio_client_answer answer = {.status = statuses[verb >> 5], .body = body};
  char text[256];
  if (!answer.status)
    answer.err = PEAL_ERR_CLOSED;
  switch (verb & 15) {
  case 0:
  case 1:
    if (verb & 16)
      answer.body = PEAL_S(HELLO);
    if (g->getting) {
      g->getting = false;
      peal_eio_client_got(&g->client, &answer, g->now);
    }
    break;
  case 2:
  case 3:
    if (g->posting) {
      g->posting = false;
      peal_eio_client_posted(&g->client, &answer, g->now);
    }
    break;
  case 4:
  case 5:
    if (g->dialling) {
      g->dialling = false;
      g->connected = true;
      peal_eio_client_ws_opened(&g->client, g->now);
    }
    break;
  case 6:
  case 7:
    if (g->connected)
      peal_eio_client_ws_fed(&g->client, verb & 32,
                             verb & 16 ? PEAL_S(HELLO) : ascii(text, body),
                             g->now);
    break;
  case 8:
    if (g->connected)
      peal_eio_client_ws_fed(&g->client, false, PEAL_S("3probe"), g->now);
    break;
  case 9:
    if (g->connected || g->dialling) {
      g->connected = g->dialling = false;
      peal_eio_client_ws_closed(&g->client, &answer, g->now);
    }
    break;
  case 10:
  case 11:
    say(g, verb);
    break;
  case 12:
    peal_eio_client_close(&g->client, verb & 16, g->now);
    break;
  case 13:
    send_frames(g);
    break;
  default:
    g->now += verb;
    peal_eio_client_tick(&g->client, g->now);
    break;
  }
  settle(g);
}

static uint8_t take(peal_slice *rest) {
  uint8_t byte = rest->len ? (uint8_t)rest->ptr[0] : 0;
  if (rest->len) {
    rest->ptr++;
    rest->len--;
  }
  return byte;
}

/* What it waits for comes to pass, or its time is over. */
static void end(game *g) {
  peal_eio_client_close(&g->client, true, g->now);
  settle(g);
  for (int i = 0; i < 8 && !g->closed; i++) {
    uint64_t at = peal_eio_client_deadline(&g->client);
    must(at != UINT64_MAX);
    g->now = at > g->now ? at : g->now;
    peal_eio_client_tick(&g->client, g->now);
    settle(g);
  }
  must(g->closed == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  game g = {.now = 1000};
  peal_slice rest = {(const char *)data, len};
  uint8_t how = take(&rest);
  peal_eio_client_opts opts = {.session = {.client = true, .eio3 = how & 32},
                               .ways = (peal_eio_client_ways)(how & 3),
                               .no_upgrade = how & 4,
                               .try_all = how & 8};
  peal_arena_init(&g.arena, NULL, 0, 1u << 20);
  peal_eio_client_init(&g.client, &opts, how & 16, g.now);
  settle(&g);
  while (rest.len) {
    uint8_t verb = take(&rest);
    peal_slice body = {rest.ptr, take(&rest) & 63u};
    body.ptr = rest.ptr;
    if (body.len > rest.len)
      body.len = rest.len;
    rest.ptr += body.len;
    rest.len -= body.len;
    step(&g, verb, body);
  }
  end(&g);
  peal_eio_client_deinit(&g.client);
  peal_arena_deinit(&g.arena);
  return 0;
}
