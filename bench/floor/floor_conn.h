/* SPDX-License-Identifier: MIT */
#pragma once
/* floor_conn: one connection of the floor: the cheapest server that can put
 * the right bytes on the wire. One recv per wake-up, one send per connection
 * and turn, canned handshakes, no JSON, no sessions, no rooms.
 *
 * In the flow: floor_main (epoll) -> [floor_conn] -> floor_http until the
 * upgrade, floor_ws after it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct floor_out {
  uint8_t *ptr;
  size_t len;
  size_t cap;
} floor_out;

/* 48 bytes: what an idle connection costs. */
typedef struct floor_conn {
  uint8_t *held;   /* received, incomplete; NULL mostly */
  uint8_t *unsent; /* the socket did not take it; NULL mostly */
  uint32_t held_len;
  uint32_t unsent_len;
  uint32_t place; /* in the list of WebSocket connections */
  bool open, websocket;
  bool joining;  /* polling: the next GET is answered with the CONNECT */
  uint8_t *body; /* polling: packets to echo with the next GET */
  uint32_t body_len;
  uint32_t body_cap;
} floor_conn;

typedef struct floor_server {
  int epoll;
  int listener;
  floor_conn *conns; /* by file descriptor */
  uint32_t capacity;
  int *websockets; /* file descriptors that a broadcast reaches */
  uint32_t websocket_count;
  uint8_t *in;         /* the one receive buffer */
  floor_out out;       /* what the current connection is to be sent */
  floor_out broadcast; /* what everyone is to be sent in this turn */
} floor_server;

enum { FLOOR_IN = 256 * 1024 };

#define FLOOR_SID "AAAAAAAAAAAAAAAAAAAA"

/* Room for `len` more bytes in `out`; ends the process if there is none. */
uint8_t *floor_conn_reserve(floor_out *out, size_t len);

/* Add bytes to `out`. */
void floor_conn_add(floor_out *out, const void *bytes, size_t len);

void floor_conn_open(floor_server *server, int fd);
void floor_conn_close(floor_server *server, int fd);

/* Epoll's bits for `fd`. */
void floor_conn_event(floor_server *server, int fd, uint32_t events);

/* Send to everyone what the turn collected for all. */
void floor_conn_broadcast(floor_server *server);
