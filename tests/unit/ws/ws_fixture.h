/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_fixture: an HTTP server with a WebSocket endpoint in threads of its own,
 * a trace of what its handlers were told, and a client that knows frames and no
 * library. */
#include <peal/ws.h>

#include "../http/http_fixture.h"
#include "trace.h"

typedef struct ws_fixture {
  http_fixture http;
  peal_ws_endpoint *endpoint;
} ws_fixture;

static inline ws_fixture ws_make(unsigned workers, const peal_mem *mem,
                                 const char *path, const peal_ws_opts *opts) {
  peal_http_server_opts http = http_opts();
  http.workers = workers;
  http.mem = mem;
  ws_fixture it = {.http = http_make(&http)};
  it.endpoint = peal_ws_on(it.http.server, path, opts);
  trace_clear();
  return it;
}

/* `it` must not move from here on. */
static inline void ws_run(ws_fixture *it, unsigned workers,
                          const peal_ws_opts *opts) {
  *it = ws_make(workers, NULL, "/live", opts);
  assert_non_null(it->endpoint);
  http_run(&it->http);
}

static inline peal_ws_stats ws_stats(const ws_fixture *it) {
  peal_ws_stats stats;
  peal_ws_stats_get(it->endpoint, &stats);
  return stats;
}

/* Until as many connections are open, 10 s. */
static inline void ws_await_open(const ws_fixture *it, uint64_t count) {
  for (int i = 0; i < 10000 && ws_stats(it).open != count; i++)
    usleep(1000);
  assert_int_equal(ws_stats(it).open, count);
}

/* Nothing may be left of anybody; what is still charged the free asserts. */
static inline void ws_stop(ws_fixture *it) {
  peal_http_stats stats;
  peal_workers_stop(it->http.net.workers, 2000);
  net_fixture_join(&it->http.net);
  peal_http_server_stats(it->http.server, &stats);
  assert_int_equal(stats.connections_open, 0);
  assert_int_equal(ws_stats(it).open, 0);
  peal_http_server_free(it->http.server);
}

/* -- handlers ---------------------------------------------------------------- */

static inline void ws_on_open(peal_ws *ws, void *user) {
  (void)ws;
  (void)user;
  trace_add("open");
}

static inline void ws_on_close(peal_ws *ws, const peal_ws_end *end,
                               void *user) {
  (void)user;
  assert_false(peal_ws_is_open(ws));
  trace_add("close %u %.*s %s", end->code, PEAL_SFMT(end->reason),
            peal_err_name(end->err));
}

static inline void ws_on_echo(peal_ws *ws, peal_slice data, bool is_binary,
                              void *user) {
  (void)user;
  (void)peal_ws_send(ws, data, is_binary);
}

static inline peal_ws_opts ws_echo_opts(void) {
  return (peal_ws_opts){
      .on_open = ws_on_open, .on_message = ws_on_echo, .on_close = ws_on_close};
}

/* -- the client -------------------------------------------------------------- */

#define WS_TEXT 0x81u
#define WS_BINARY 0x82u
#define WS_CLOSE 0x88u
#define WS_PING 0x89u
#define WS_PONG 0x8au

typedef struct ws_frame {
  uint8_t first; /* 0: none came */
  size_t len;
  char *data; /* terminated */
} ws_frame;

static inline void ws_ask(int fd, const char *target, const char *fields) {
  char head[2048];
  snprintf(head, sizeof head,
           "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
           target, fields);
  net_send_str(fd, head);
}

/* A connection, with the head of its answer. */
static inline int ws_dial(const ws_fixture *it, const char *target,
                          const char *fields, http_answer *answer) {
  int fd = net_connect(it->http.port);
  ws_ask(fd, target, fields);
  *answer = (http_answer){0};
  assert_true(http_read_head(fd, answer));
  return fd;
}

static inline int ws_open(const ws_fixture *it) {
  http_answer answer;
  int fd = ws_dial(it, "/live", "", &answer);
  assert_int_equal(answer.status, 101);
  assert_string_equal(http_header(&answer, "sec-websocket-accept"),
                      "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  return fd;
}

/* The bytes of a masked frame; `out` has 14 more than `len`. */
static inline size_t ws_encode(char *out, uint8_t first, const void *data,
                               size_t len) {
  static const char key[4] = {0x11, 0x22, 0x33, 0x44};
  size_t at = 0;
  out[at++] = (char)first;
  if (len < 126) {
    out[at++] = (char)(0x80 | len);
  } else if (len < 65536) {
    out[at++] = (char)(0x80 | 126);
    out[at++] = (char)(len >> 8);
    out[at++] = (char)(len & 0xff);
  } else {
    out[at++] = (char)(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      out[at++] = (char)((uint64_t)len >> shift & 0xff);
  }
  memcpy(out + at, key, 4);
  at += 4;
  for (size_t i = 0; i < len; i++)
    out[at++] = (char)(((const char *)data)[i] ^ key[i & 3]);
  return at;
}

static inline void ws_put(int fd, uint8_t first, const void *data, size_t len) {
  char *frame = malloc(len + 14);
  assert_non_null(frame);
  net_send(fd, frame, ws_encode(frame, first, data, len));
  free(frame);
}

static inline void ws_text(int fd, const char *text) {
  ws_put(fd, WS_TEXT, text, strlen(text));
}

static inline void ws_say_close(int fd, unsigned code, const char *reason) {
  char payload[125] = {(char)(code >> 8), (char)(code & 0xff)};
  memcpy(payload + 2, reason, strlen(reason));
  ws_put(fd, WS_CLOSE, payload, 2 + strlen(reason));
}

/* The next frame, pings among them; first is 0 if the connection ended. */
static inline ws_frame ws_get(int fd) {
  ws_frame frame = {0};
  uint8_t head[8];
  if (net_read(fd, (char *)head, 2) != 2)
    return frame;
  frame.first = head[0];
  assert_false(head[1] & 0x80);
  size_t len = head[1], more = len == 127 ? 8 : len == 126 ? 2 : 0;
  if (more) {
    assert_int_equal(net_read(fd, (char *)head, more), more);
    len = 0;
    for (size_t i = 0; i < more; i++)
      len = len << 8 | head[i];
  }
  frame.data = calloc(1, len + 1);
  assert_non_null(frame.data);
  frame.len = net_read(fd, frame.data, len);
  assert_int_equal(frame.len, len);
  return frame;
}

static inline void ws_expect_frame(int fd, uint8_t first, const void *data,
                                   size_t len) {
  ws_frame frame = ws_get(fd);
  assert_int_equal(frame.first, first);
  assert_int_equal(frame.len, len);
  if (len)
    assert_memory_equal(frame.data, data, len);
  free(frame.data);
}

static inline void ws_expect(int fd, const char *text) {
  ws_expect_frame(fd, WS_TEXT, text, strlen(text));
}

/* A close frame with this code (0: none) and reason, then the end. */
static inline void ws_expect_close(int fd, unsigned code, const char *reason) {
  ws_frame frame = ws_get(fd);
  assert_int_equal(frame.first, WS_CLOSE);
  unsigned got =
      frame.len ? (unsigned)(uint8_t)frame.data[0] << 8 | (uint8_t)frame.data[1]
                : 0;
  assert_int_equal(got, code);
  assert_string_equal(frame.len ? frame.data + 2 : "", reason);
  free(frame.data);
}
