/* SPDX-License-Identifier: MIT */
/* load_transport_polling: one connection that stays open and alternates: POST what there is to say,
 * GET what there is to hear. So each message costs the server exactly two
 * requests, whatever the timing. */
#include <string.h>

#include "load_http.h"
#include "load_run.h"
#include "load_sys.h"
#include "load_transport.h"

enum { MAX_REQUEST = 512, SEPARATOR = 0x1e };

static void get_send(load_run *run, load_client *client) {
  uint8_t *out = load_buf_reserve(&run->turn, MAX_REQUEST);
  run->turn.len +=
      load_http_get((char *)out, MAX_REQUEST, run->opts->port, client->sid);
  client->requested = true;
}

static void post_send(load_run *run, load_client *client) {
  uint8_t *out = load_buf_reserve(&run->turn, MAX_REQUEST);
  run->turn.len += load_http_post((char *)out, MAX_REQUEST, run->opts->port,
                                  client->sid, client->body.len);
  load_buf_add(&run->turn, client->body.ptr, client->body.len);
  client->body.len = 0;
  client->requested = true;
}

static void polling_open(load_run *run, load_client *client) {
  client->phase = LOAD_OPEN;
  get_send(run, client);
}

/* Packets of a body are separated, and a POST is answered with "ok". */
static void body_received(load_run *run, load_client *client,
                          const uint8_t *body, size_t len) {
  if (len == 2 && memcmp(body, "ok", 2) == 0)
    return;
  for (const uint8_t *end = body + len; body <= end;) {
    const uint8_t *next = memchr(body, SEPARATOR, (size_t)(end - body));
    if (next == NULL)
      next = end;
    load_client_packet(run, client, body, (size_t)(next - body));
    body = next + 1;
  }
}

static size_t polling_feed(load_run *run, load_client *client,
                           const uint8_t *in, size_t len) {
  load_http_response response;
  size_t head = load_http_decode(&response, (const char *)in, len);
  if (head == 0 || len - head < response.body_len)
    return 0;
  if (response.status != 200 || !client->requested)
    load_sys_die("client %u: expected one response of status 200, got %u",
                 client->index, response.status);
  client->requested = false;
  body_received(run, client, in + head, response.body_len);
  return head + response.body_len;
}

static void body_separate(load_client *client) {
  static const uint8_t separator = SEPARATOR;
  if (client->body.len > 0)
    load_buf_add(&client->body, &separator, 1);
}

static void polling_packet(load_run *run, load_client *client,
                           const char *text) {
  (void)run;
  body_separate(client);
  load_buf_add(&client->body, text, strlen(text));
}

static void polling_message(load_run *run, load_client *client,
                            uint32_t number) {
  size_t size = load_msg_size(&run->msg);
  body_separate(client);
  load_msg_encode(&run->msg, number, load_buf_reserve(&client->body, size));
  client->body.len += size;
}

static void polling_turn(load_run *run, load_client *client) {
  if (client->requested)
    return;
  if (client->body.len > 0)
    post_send(run, client);
  else if (client->phase != LOAD_READY || client->sent != client->received ||
           run->mode->waits)
    get_send(run, client);
}

const load_transport load_transport_polling = {
    .open = polling_open,
    .feed = polling_feed,
    .packet = polling_packet,
    .message = polling_message,
    .turn = polling_turn,
};
