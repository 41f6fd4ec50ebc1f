/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "load_http.h"
#include "load_run.h"
#include "load_sys.h"
#include "load_transport.h"
#include "load_ws.h"

enum {
  MAX_REQUEST = 2048,
  MAX_FRAME = 256 << 20 /* nothing a run asks for comes near */
};

static void websocket_open(load_run *run, load_client *client) {
  uint8_t *out = load_buf_reserve(&run->turn, MAX_REQUEST);
  client->phase = LOAD_UPGRADE;
  uint16_t port = run->opts->port;
  run->turn.len += run->opts->chrome
                       ? load_http_upgrade_chrome((char *)out, MAX_REQUEST,
                                                  port, client->index)
                       : load_http_upgrade((char *)out, MAX_REQUEST, port);
}

static size_t upgraded(load_client *client, const uint8_t *in, size_t len) {
  load_http_response response;
  size_t used = load_http_decode(&response, (const char *)in, len);
  if (used == 0)
    return 0;
  if (response.status != 101)
    load_sys_die("client %u: expected status 101, got %u", client->index,
                 response.status);
  const char *accept = response.accept != NULL ? response.accept : "";
  if (strncmp(accept, LOAD_HTTP_ACCEPT, sizeof LOAD_HTTP_ACCEPT - 1) != 0)
    load_sys_die("client %u: wrong Sec-WebSocket-Accept", client->index);
  client->phase = LOAD_OPEN;
  return used;
}

static void frame_send(load_run *run, uint8_t opcode, const uint8_t *payload,
                       size_t len) {
  uint8_t *out = load_buf_reserve(&run->turn, LOAD_WS_MAX_HEAD + len);
  size_t head = load_ws_head(out, opcode, len);
  memcpy(out + head, payload, len);
  load_ws_mask((char *)out + head, len, out + head - 4);
  run->turn.len += head + len;
}

static void frame_received(load_run *run, load_client *client,
                           const load_ws_frame *frame, const uint8_t *payload) {
  size_t len = (size_t)frame->len;
  if (frame->opcode == LOAD_WS_TEXT)
    load_client_packet(run, client, payload, len);
  else if (frame->opcode == LOAD_WS_BINARY)
    load_client_binary(run, client, payload, len);
  else if (frame->opcode == LOAD_WS_PING)
    frame_send(run, LOAD_WS_PONG, payload, len);
  else if (frame->opcode == LOAD_WS_CLOSE)
    load_sys_die("client %u: close frame with code %d: %.*s", client->index,
                 len >= 2 ? payload[0] << 8 | payload[1] : 1005,
                 (int)(len > 2 ? len - 2 : 0), (const char *)payload + 2);
  else
    load_sys_die("client %u: expected a message, got opcode %u", client->index,
                 (unsigned)frame->opcode);
}

static size_t websocket_feed(load_run *run, load_client *client,
                             const uint8_t *in, size_t len) {
  size_t used = 0;
  if (client->phase == LOAD_UPGRADE) {
    used = upgraded(client, in, len);
    if (used == 0)
      return 0;
  }
  for (;;) {
    load_ws_frame frame;
    size_t head = load_ws_decode(&frame, in + used, len - used);
    if (head == 0)
      return used;
    if (frame.problem != NULL || frame.len > MAX_FRAME)
      load_sys_die("client %u: %s", client->index,
                   frame.problem != NULL ? frame.problem : "frame too long");
    if (len - used - head < frame.len)
      return used;
    frame_received(run, client, &frame, in + used + head);
    used += head + (size_t)frame.len;
  }
}

static void websocket_packet(load_run *run, load_client *client,
                             const char *text) {
  static const char connect[] = "\x82\xa4type\x00\xa3nsp\xa1/";
  (void)client;
  if (run->opts->msgpack && strcmp(text, "40") == 0) {
    frame_send(run, LOAD_WS_BINARY, (const uint8_t *)connect,
               sizeof connect - 1);
    return;
  }
  frame_send(run, LOAD_WS_TEXT, (const uint8_t *)text, strlen(text));
}

static void websocket_message(load_run *run, load_client *client,
                              uint32_t number) {
  (void)client;
  size_t size = load_msg_size(&run->msg);
  load_msg_encode(&run->msg, number, load_buf_reserve(&run->turn, size));
  run->turn.len += size;
}

const load_transport load_transport_websocket = {
    .open = websocket_open,
    .feed = websocket_feed,
    .packet = websocket_packet,
    .message = websocket_message,
};
