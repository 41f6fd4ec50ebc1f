/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_client: a small blocking client for tests, that knows bytes and no
 * library: raw WebSocket or polling, Engine.IO packets as text. It answers
 * pings by itself. Nothing here asserts: threads may use it, the caller judges
 * the results. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sio_via { SIO_WEBSOCKET, SIO_POLLING } sio_via;

typedef struct sio_packet {
  struct sio_packet *next;
  size_t len;
  bool binary;
  char data[]; /* terminated; text packets with their type */
} sio_packet;

typedef struct sio_client {
  unsigned port;
  const char *path;   /* "/socket.io/" if NULL at the opening */
  const char *query;  /* more of it, with the leading '&', or NULL */
  const char *fields; /* more header lines, each with its CRLF, or NULL */
  bool eio3; /* version 3, over a WebSocket alone; binary as it comes */
  sio_via via;
  int fd;              /* WebSocket, or the connection of GETs; -1: closed */
  int post_fd;         /* of POSTs */
  bool polling_now;    /* a GET waits for its answer */
  bool mute;           /* does not answer pings */
  bool told_close;     /* a close packet or frame has come */
  unsigned status;     /* of the last HTTP answer */
  unsigned close_code; /* of the WebSocket's close frame, 0: none */
  char sid[64];        /* of the session */
  char socket_id[64];  /* of the last namespace joined */
  char head[4096];     /* of the last HTTP answer */
  char *in;            /* bytes that came and are not used yet */
  size_t in_len, in_cap;
  sio_packet *first, *last; /* that came and were not asked for yet */
  sio_packet *current;      /* handed out */
  char *fragment;           /* of a fragmented message */
  size_t fragment_len;
} sio_client;

/* -- bytes ------------------------------------------------------------------ */

/* A connection to 127.0.0.1, or -1. */
int sio_client_dial(unsigned port);
/* True if all was sent. */
bool sio_client_write(int fd, const void *data, size_t len);
/* One masked frame with this first byte (0x81: a whole text). */
bool sio_client_frame(sio_client *client, uint8_t first, const void *data,
                      size_t len);
/* GET or POST on a connection of its own; the body (terminated, malloc) or
 * NULL if there was no whole answer. `status` may be NULL. */
char *sio_client_http(unsigned port, const char *method, const char *target,
                      const char *fields, const char *body, unsigned *status);

/* -- a session --------------------------------------------------------------- */

/* Handshake. False: refused (status, if it was HTTP) or no connection. */
bool sio_client_open(sio_client *client, unsigned port, sio_via via);
/* The same with what was set in *client before (path, query, fields). */
bool sio_client_open_with(sio_client *client, unsigned port, sio_via via);
/* Open, CONNECT to "/" and wait for the answer. */
bool sio_client_start(sio_client *client, unsigned port, sio_via via);
/* CONNECT to a namespace ("/" or "/x") and wait for its answer; `auth` is JSON
 * or NULL. False if refused: the CONNECT_ERROR is in `current`. */
bool sio_client_join(sio_client *client, const char *nsp, const char *auth);
/* Probe, `5`: the session goes on over a WebSocket. */
bool sio_client_upgrade(sio_client *client);
/* An Engine.IO packet: "42[...]". */
bool sio_client_send(sio_client *client, const char *packet);
bool sio_client_send_binary(sio_client *client, const void *data, size_t len);
/* The next packet within `ms`, pings and no-ops apart; NULL: nothing came, or
 * the session is over (is_closed). Borrowed until the next call. */
const sio_packet *sio_client_next(sio_client *client, int ms);
/* Is this the next packet (5 s)? Prints the difference. */
bool sio_client_expect(sio_client *client, const char *text);
/* Does this packet come (5 s)? Others before it are dropped. */
bool sio_client_await(sio_client *client, const char *text);
/* Does nothing come for `ms`? Prints what does. */
bool sio_client_silent(sio_client *client, int ms);
/* Does the server end the session within `ms`? Packets are dropped. */
bool sio_client_ends(sio_client *client, int ms);
bool sio_client_is_closed(const sio_client *client);
/* Give everything back: by FIN; by RST. */
void sio_client_close(sio_client *client);
void sio_client_reset(sio_client *client);
