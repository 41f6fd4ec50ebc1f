/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "floor_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor_http.h"
#include "floor_ws.h"

_Static_assert(sizeof(floor_conn) == 48, "the floor's idle memory");

uint8_t *floor_conn_reserve(floor_out *out, size_t len) {
  if (out->cap - out->len < len) {
    size_t cap = (out->cap + len) * 2;
    uint8_t *ptr = realloc(out->ptr, cap);
    if (ptr == NULL) {
      fputs("peal-bench-floor: out of memory\n", stderr);
      exit(1);
    }
    out->ptr = ptr;
    out->cap = cap;
  }
  return out->ptr + out->len;
}

void floor_conn_add(floor_out *out, const void *bytes, size_t len) {
  memcpy(floor_conn_reserve(out, len), bytes, len);
  out->len += len;
}

static bool watch(const floor_server *server, int fd, int how,
                  uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(server->epoll, how, fd, &event) == 0;
}

void floor_conn_open(floor_server *server, int fd) {
  int one = 1;
  if ((uint32_t)fd >= server->capacity ||
      !watch(server, fd, EPOLL_CTL_ADD, EPOLLIN)) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  server->conns[fd] = (floor_conn){.open = true};
}

static void list_add(floor_server *server, int fd) {
  server->conns[fd].place = server->websocket_count;
  server->websockets[server->websocket_count++] = fd;
}

static void list_remove(floor_server *server, int fd) {
  uint32_t place = server->conns[fd].place;
  int last = server->websockets[--server->websocket_count];
  server->websockets[place] = last;
  server->conns[last].place = place;
}

void floor_conn_close(floor_server *server, int fd) {
  floor_conn *conn = &server->conns[fd];
  if (!conn->open)
    return;
  if (conn->websocket)
    list_remove(server, fd);
  free(conn->held);
  free(conn->unsent);
  free(conn->body);
  *conn = (floor_conn){0};
  close(fd);
}

/* Append to a rarely used buffer of exactly the right size. */
static bool append(uint8_t **ptr, uint32_t *len, const uint8_t *bytes,
                   size_t count) {
  uint8_t *grown = realloc(*ptr, *len + count);
  if (grown == NULL)
    return false;
  memcpy(grown + *len, bytes, count);
  *ptr = grown;
  *len += (uint32_t)count;
  return true;
}

static void send_all(floor_server *server, int fd, const floor_out *out) {
  floor_conn *conn = &server->conns[fd];
  size_t sent = 0;
  if (out->len == 0)
    return;
  if (conn->unsent == NULL) {
    ssize_t took = send(fd, out->ptr, out->len, MSG_NOSIGNAL);
    if (took < 0 && errno != EAGAIN) {
      floor_conn_close(server, fd);
      return;
    }
    sent = took > 0 ? (size_t)took : 0;
  }
  if (sent == out->len)
    return;
  if (!append(&conn->unsent, &conn->unsent_len, out->ptr + sent,
              out->len - sent) ||
      !watch(server, fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT))
    floor_conn_close(server, fd);
}

static void writable(floor_server *server, int fd) {
  floor_conn *conn = &server->conns[fd];
  ssize_t took = send(fd, conn->unsent, conn->unsent_len, MSG_NOSIGNAL);
  if (took < 0)
    return;
  conn->unsent_len -= (uint32_t)took;
  if (conn->unsent_len > 0) {
    memmove(conn->unsent, conn->unsent + took, conn->unsent_len);
    return;
  }
  free(conn->unsent);
  conn->unsent = NULL;
  watch(server, fd, EPOLL_CTL_MOD, EPOLLIN);
}

/* Returns: bytes used, or -1 to close. */
static ptrdiff_t feed(floor_server *server, int fd, uint8_t *in, size_t len) {
  floor_conn *conn = &server->conns[fd];
  size_t used = 0;
  while (!conn->websocket) {
    ptrdiff_t step = floor_http_feed(server, conn, in + used, len - used);
    if (step <= 0)
      return step < 0 ? step : (ptrdiff_t)used;
    used += (size_t)step;
    if (conn->websocket)
      list_add(server, fd);
  }
  ptrdiff_t step = floor_ws_feed(server, in + used, len - used);
  return step < 0 ? step : (ptrdiff_t)used + step;
}

/* Something was held back: put the new bytes behind it. */
static bool feed_held(floor_server *server, int fd, size_t got) {
  floor_conn *conn = &server->conns[fd];
  if (!append(&conn->held, &conn->held_len, server->in, got))
    return false;
  ptrdiff_t used = feed(server, fd, conn->held, conn->held_len);
  if (used < 0)
    return false;
  conn->held_len -= (uint32_t)used;
  if (conn->held_len > 0) {
    memmove(conn->held, conn->held + used, conn->held_len);
  } else {
    free(conn->held);
    conn->held = NULL;
  }
  return true;
}

static bool feed_fresh(floor_server *server, int fd, size_t got) {
  floor_conn *conn = &server->conns[fd];
  ptrdiff_t used = feed(server, fd, server->in, got);
  if (used < 0)
    return false;
  size_t rest = got - (size_t)used;
  return rest == 0 ||
         append(&conn->held, &conn->held_len, server->in + used, rest);
}

static void readable(floor_server *server, int fd) {
  ssize_t got = recv(fd, server->in, FLOOR_IN, 0);
  if (got < 0 && errno == EAGAIN)
    return;
  if (got <= 0) {
    floor_conn_close(server, fd);
    return;
  }
  server->out.len = 0;
  bool going = server->conns[fd].held != NULL
                   ? feed_held(server, fd, (size_t)got)
                   : feed_fresh(server, fd, (size_t)got);
  if (going)
    send_all(server, fd, &server->out);
  else
    floor_conn_close(server, fd);
}

void floor_conn_event(floor_server *server, int fd, uint32_t events) {
  if ((events & EPOLLOUT) != 0 && server->conns[fd].unsent != NULL)
    writable(server, fd);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    readable(server, fd);
}

void floor_conn_broadcast(floor_server *server) {
  if (server->broadcast.len == 0)
    return;
  for (uint32_t i = server->websocket_count; i-- > 0;)
    send_all(server, server->websockets[i], &server->broadcast);
  server->broadcast.len = 0;
}
