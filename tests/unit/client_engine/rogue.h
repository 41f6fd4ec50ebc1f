/* SPDX-License-Identifier: MIT */
#pragma once
/* rogue: a server that answers what a test wants, byte by byte, on the test's
 * own thread: it lives while ROGUE_AWAIT turns it. */
#include <errno.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include "engine_fixture.h"
#include "wire/base64.h"

#define ROGUE_CONNS 32u

typedef struct rogue rogue;

typedef struct rogue_conn {
  int fd;
  char in[16384];
  size_t len;
  unsigned requests; /* answered on this connection */
  bool ws;           /* switched: requests are over */
} rogue_conn;

/* A request is whole: head and body in conn->in, terminated. */
typedef void (*rogue_fn)(rogue *it, rogue_conn *conn);

struct rogue {
  int listener;
  unsigned port;
  rogue_conn conns[ROGUE_CONNS];
  unsigned accepted, requests;
  rogue_fn answer;
  rogue_fn each_turn; /* for every open connection; may be NULL */
  const char *text;   /* the test's */
  unsigned n;
};

static inline void rogue_begin(rogue *it, rogue_fn answer) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  memset(it, 0, sizeof *it);
  it->answer = answer;
  it->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(it->listener, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(it->listener, 64), 0);
  assert_int_equal(getsockname(it->listener, (struct sockaddr *)&at, &len), 0);
  it->port = ntohs(at.sin_port);
  for (unsigned i = 0; i < ROGUE_CONNS; i++)
    it->conns[i].fd = -1;
}

static inline void rogue_hang_up(rogue_conn *conn) {
  if (conn->fd >= 0)
    close(conn->fd);
  conn->fd = -1;
}

static inline void rogue_end(rogue *it) {
  for (unsigned i = 0; i < ROGUE_CONNS; i++)
    rogue_hang_up(&it->conns[i]);
  close(it->listener);
}

/* As much as the kernel takes. */
static inline size_t rogue_write(rogue_conn *conn, const void *data,
                                 size_t len) {
  ssize_t sent = conn->fd < 0
                     ? -1
                     : send(conn->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : (size_t)sent;
}

static inline void rogue_say(rogue_conn *conn, const char *text) {
  (void)rogue_write(conn, text, strlen(text));
}

/* 200 with this body. */
static inline void rogue_ok(rogue_conn *conn, const char *body) {
  char text[4096];
  snprintf(text, sizeof text,
           "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
           "Content-Length: %zu\r\n\r\n%s",
           strlen(body), body);
  rogue_say(conn, text);
}

#define ROGUE_HELLO                                                            \
  "0{\"sid\":\"abc\",\"upgrades\":[],\"pingInterval\":20000,"                  \
  "\"pingTimeout\":20000,\"maxPayload\":1000000}"
#define ROGUE_HELLO_UP                                                         \
  "0{\"sid\":\"abc\",\"upgrades\":[\"websocket\"],\"pingInterval\":20000,"     \
  "\"pingTimeout\":20000,\"maxPayload\":1000000}"

static inline bool rogue_is(const rogue_conn *conn, const char *text) {
  return strstr(conn->in, text) != NULL;
}

/* 101 for the key in the request. */
static inline void rogue_switch(rogue_conn *conn, const char *more) {
  char text[1024], all[128], accept[32] = "";
  unsigned char sum[20];
  const char *key = strstr(conn->in, "Sec-WebSocket-Key: ");
  assert_non_null(key);
  snprintf(all, sizeof all, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
           key + strlen("Sec-WebSocket-Key: "));
  SHA1((unsigned char *)all, strlen(all), sum);
  peal_base64_encode_to(accept, (peal_slice){(char *)sum, 20});
  accept[28] = '\0';
  snprintf(text, sizeof text,
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
           accept, more);
  rogue_say(conn, text);
  conn->ws = true;
}

static inline void rogue_frame(rogue_conn *conn, unsigned char first,
                               const char *data) {
  size_t len = strlen(data);
  char frame[1200];
  assert_true(len < 1000);
  frame[0] = (char)first;
  size_t head = 2;
  if (len < 126) {
    frame[1] = (char)len;
  } else {
    frame[1] = 126;
    frame[2] = (char)(len >> 8);
    frame[3] = (char)len;
    head = 4;
  }
  memcpy(frame + head, data, len);
  (void)rogue_write(conn, frame, head + len);
}

static inline bool rogue_whole(const rogue_conn *conn) {
  const char *end = strstr(conn->in, "\r\n\r\n");
  const char *length = strcasestr(conn->in, "\r\ncontent-length: ");
  size_t body = length && end && length < end
                    ? (size_t)strtoul(length + 18, NULL, 10)
                    : 0;
  return end && conn->len >= (size_t)(end + 4 - conn->in) + body;
}

static inline void rogue_read(rogue *it, rogue_conn *conn) {
  char drop[4096];
  bool full = conn->len + 1 >= sizeof conn->in || conn->ws;
  char *to = full ? drop : conn->in + conn->len;
  size_t room = full ? sizeof drop : sizeof conn->in - 1 - conn->len;
  ssize_t got = recv(conn->fd, to, room, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) {
    rogue_hang_up(conn);
    return;
  }
  if (got < 0 || full)
    return;
  conn->len += (size_t)got;
  conn->in[conn->len] = '\0';
  if (!rogue_whole(conn))
    return;
  it->requests++;
  it->answer(it, conn);
  conn->requests++;
  conn->len = 0;
}

static inline void rogue_turn(rogue *it) {
  int fd = accept4(it->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  for (unsigned i = 0; fd >= 0 && i < ROGUE_CONNS; i++)
    if (it->conns[i].fd < 0) {
      memset(&it->conns[i], 0, sizeof it->conns[i]);
      it->conns[i].fd = fd;
      it->accepted++;
      break;
    }
  for (unsigned i = 0; i < ROGUE_CONNS; i++) {
    rogue_conn *conn = &it->conns[i];
    if (conn->fd >= 0)
      rogue_read(it, conn);
    if (conn->fd >= 0 && it->each_turn && (conn->requests || conn->ws))
      it->each_turn(it, conn);
  }
}

#define ROGUE_AWAIT(it, server, condition)                                     \
  do {                                                                         \
    time_t begun_ = time(NULL);                                                \
    while (!(condition)) {                                                     \
      if (time(NULL) - begun_ > WAIT_MS / 1000)                                \
        fail_msg("never: %s (closed %u: %s)", #condition, (it)->closes,        \
                 (it)->text);                                                  \
      rogue_turn(server);                                                      \
      engine_turn(it, 1);                                                      \
    }                                                                          \
  } while (0)
