/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "floor_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor_ws.h"

#define SETTINGS                                                               \
  "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"

/* The key is taken to be the example of RFC6455 1.3. */
static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: "
                              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char open_websocket[] =
    "0{\"sid\":\"" FLOOR_SID "\",\"upgrades\":[]," SETTINGS;
static const char open_polling[] =
    "0{\"sid\":\"" FLOOR_SID "\",\"upgrades\":[\"websocket\"]," SETTINGS;
static const char joined[] = "40{\"sid\":\"" FLOOR_SID "\"}";

static void respond(floor_out *out, const char *type, const void *body,
                    size_t len) {
  char *to = (char *)floor_conn_reserve(out, 256 + len);
  int head = snprintf(to, 256,
                      "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
                      "Content-Length: %zu\r\ncache-control: no-store\r\n\r\n",
                      type, len);
  memcpy(to + head, body, len);
  out->len += (size_t)head + len;
}

static void respond_packets(floor_out *out, const void *body, size_t len) {
  respond(out, "text/plain; charset=UTF-8", body, len);
}

static void got_upgrade(floor_server *server, floor_conn *conn) {
  conn->websocket = true;
  floor_conn_add(&server->out, upgrade, sizeof upgrade - 1);
  floor_ws_frame(&server->out, open_websocket, sizeof open_websocket - 1);
}

static void got_poll(floor_server *server, floor_conn *conn) {
  if (conn->body_len > 0) {
    respond_packets(&server->out, conn->body, conn->body_len);
    conn->body_len = 0;
  } else if (conn->joining) {
    respond_packets(&server->out, joined, sizeof joined - 1);
    conn->joining = false;
  } else {
    respond_packets(&server->out, open_polling, sizeof open_polling - 1);
  }
}

/* Keep the packets for the next GET, which echoes them. */
static bool got_post(floor_server *server, floor_conn *conn,
                     const uint8_t *body, size_t len) {
  respond(&server->out, "text/html", "ok", 2);
  if (len == 2 && memcmp(body, "40", 2) == 0) {
    conn->joining = true;
    return true;
  }
  if (len > conn->body_cap) {
    uint8_t *grown = realloc(conn->body, len);
    if (grown == NULL)
      return false;
    conn->body = grown;
    conn->body_cap = (uint32_t)len;
  }
  memcpy(conn->body, body, len);
  conn->body_len = (uint32_t)len;
  return true;
}

ptrdiff_t floor_http_feed(floor_server *server, floor_conn *conn,
                          const uint8_t *in, size_t len) {
  static const char length[] = "Content-Length: ";
  const uint8_t *end = memmem(in, len, "\r\n\r\n", 4);
  if (end == NULL)
    return 0;
  size_t head = (size_t)(end - in) + 4;
  if (in[0] == 'P') {
    const char *field = memmem(in, head, length, sizeof length - 1);
    if (field == NULL)
      return -1;
    size_t body = strtoul(field + sizeof length - 1, NULL, 10);
    if (len - head < body)
      return 0;
    if (!got_post(server, conn, in + head, body))
      return -1;
    return (ptrdiff_t)(head + body);
  }
  if (memmem(in, head, "transport=websocket", 19) != NULL)
    got_upgrade(server, conn);
  else
    got_poll(server, conn);
  return (ptrdiff_t)head;
}
