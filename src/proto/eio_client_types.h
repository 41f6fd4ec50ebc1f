/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_client_types: what the machine of an Engine.IO client is made of, its
 * options and its events. */
#include "proto/eio_session.h"

/* The ways to connect, in the order in which they are tried. */
typedef enum peal_eio_client_ways {
  PEAL_EIO_CLIENT_POLLING_FIRST,
  PEAL_EIO_CLIENT_WEBSOCKET_FIRST,
  PEAL_EIO_CLIENT_POLLING_ONLY,
  PEAL_EIO_CLIENT_WEBSOCKET_ONLY
} peal_eio_client_ways;

/* One for many connections; borrowed for life. */
typedef struct peal_eio_client_opts {
  peal_eio_session_opts session; /* `client` is true */
  peal_eio_client_ways ways;
  bool no_upgrade;
  bool try_all; /* the next way, if one cannot be opened */
} peal_eio_client_opts;

typedef enum peal_eio_client_kind {
  /* To be done. */
  PEAL_EIO_CLIENT_GET,  /* ask; tell it by _got */
  PEAL_EIO_CLIENT_POST, /* take the body by _fill, at once, and send it; tell it
                           by _posted */
  PEAL_EIO_CLIENT_DIAL, /* open a WebSocket; tell it by _ws_opened or
                           _ws_closed */
  PEAL_EIO_CLIENT_SHUT, /* all has been sent: close the WebSocket in order; tell
                           it by _ws_closed */
  PEAL_EIO_CLIENT_DROP_WS,      /* the probe has failed: drop it */
  PEAL_EIO_CLIENT_DROP_POLLING, /* its connections are not needed any more */
  /* What has happened. */
  PEAL_EIO_CLIENT_OPEN, /* _sid is known */
  PEAL_EIO_CLIENT_MESSAGE,
  PEAL_EIO_CLIENT_PING,
  PEAL_EIO_CLIENT_UPGRADED,
  PEAL_EIO_CLIENT_DRAIN, /* as PEAL_EIO_EVENT_DRAIN */
  PEAL_EIO_CLIENT_CLOSED /* once and last: whatever is open is to be dropped */
} peal_eio_client_kind;

typedef struct peal_eio_client_event {
  uint8_t kind;     /* peal_eio_client_kind */
  uint8_t reason;   /* CLOSED: peal_eio_reason */
  bool binary;      /* MESSAGE */
  peal_err err;     /* CLOSED: more exactly why */
  const char *text; /* CLOSED: in words, "" if nothing was wrong; borrowed for
                       the life of the machine */
  peal_slice data;  /* MESSAGE: borrowed until the next call */
} peal_eio_client_event;

/* A GET or a POST. */
typedef enum peal_eio_client_request {
  PEAL_EIO_CLIENT_REST,
  PEAL_EIO_CLIENT_DUE,
  PEAL_EIO_CLIENT_BUSY
} peal_eio_client_request;

/* The WebSocket. */
typedef enum peal_eio_client_ws {
  PEAL_EIO_CLIENT_WS_NONE,
  PEAL_EIO_CLIENT_WS_DIAL_DUE,
  PEAL_EIO_CLIENT_WS_DIALLING,
  PEAL_EIO_CLIENT_WS_OPEN,
  PEAL_EIO_CLIENT_WS_SHUT_DUE,
  PEAL_EIO_CLIENT_WS_SHUTTING
} peal_eio_client_ws;

/* Its fields are its own; it stands here so that an owner can embed it. */
typedef struct peal_eio_client {
  const peal_eio_client_opts *opts;
  peal_eio_session session;
  peal_slice hello; /* lent: the answer to the handshake */
  char *text;       /* what was wrong, in words; NULL: nothing was */
  uint8_t way : 1;  /* peal_eio_via of the handshake */
  uint8_t get : 2;  /* of a request: what is due or under way */
  uint8_t post : 2;
  uint8_t ws : 3;     /* peal_eio_client_ws */
  uint8_t second : 1; /* the first way has failed */
  uint8_t was_open : 1;
  uint8_t resting : 1;      /* the probe was answered: polling comes to rest */
  uint8_t closing : 1;      /* asked for */
  uint8_t discard : 1;      /* then */
  uint8_t drop_polling : 1; /* to be told */
  uint8_t drop_ws : 1;      /* to be told */
  uint8_t ended : 1;        /* the session has closed */
  uint8_t closed : 1;       /* CLOSED was told */
  uint8_t has_hello : 1;    /* `hello` is to be looked at */
  uint8_t binary_hello : 1;
  uint8_t reason; /* of the end */
  int16_t err;
} peal_eio_client;
