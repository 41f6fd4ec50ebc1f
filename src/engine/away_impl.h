/* SPDX-License-Identifier: MIT */
#pragma once
/* away_impl: what a worker knows of sessions and requests that are apart, for
 * the files of engine/ alone. */
#include "base/map.h"
#include "engine/away_bus.h"
#include "engine/incoming.h"
#include "engine/sid.h"

/* Of one worker. */
struct peal_away {
  peal_engine_local *local;
  peal_away_bus *bus;
  char name[PEAL_EIO_AWAY_NODE + 1]; /* of this node; "": the bus is away */
  uint64_t requests;                 /* numbers given so far */
  unsigned entry_count;
  peal_list entries; /* oldest first */
  peal_map numbers;  /* entries by `request` */
  peal_map gets;     /* those that wait for packets, by sid */
  peal_map sockets;  /* those that have a WebSocket, by sid */
  peal_map homes;    /* peal_away_home, by sid */
};

typedef enum peal_away_state {
  PEAL_AWAY_ASKS,     /* who has it? */
  PEAL_AWAY_WAITS,    /* a GET, for packets */
  PEAL_AWAY_READS,    /* a POST, for its body */
  PEAL_AWAY_SENDS,    /* a POST, for its home to have taken it */
  PEAL_AWAY_PROBES,   /* a WebSocket, for `5` */
  PEAL_AWAY_SWITCHES, /* a WebSocket, for the home to know */
  PEAL_AWAY_OPEN      /* a WebSocket that is its session's way */
} peal_away_state;

/* A request here of a session elsewhere. */
typedef struct peal_away_entry {
  peal_list node;
  peal_away *away;
  uint64_t request;
  char sid[21];
  char home[PEAL_EIO_AWAY_NODE + 1];
  uint8_t state; /* peal_away_state */
  peal_incoming incoming;
  peal_http_req *req; /* NULL: answered, or a WebSocket now */
  peal_wheel_timer timer;
  uint64_t limit_at_ms; /* of its state */
  size_t unheard;       /* bytes and packets that the bus has not taken */
  bool failed;          /* some of them it will not */
  bool eio3;            /* its client speaks that version */

  /* A POST. */
  peal_slice rest; /* of its body, in `body` but for the first turn */
  bool has_more;
  bool octets; /* a binary body, of that version */
  char *body;  /* charged to the worker */
  size_t body_len, packet_count;

  /* A WebSocket. */
  peal_account account;
  peal_ws_conn *ws;
  peal_stream *stream;
  uint64_t drained, credited; /* bytes that came for it, and were said to have
                                 been taken */
  bool base64, paused, ending;
} peal_away_entry;

/* A session here that had requests elsewhere. */
typedef struct peal_away_home {
  peal_engine_conn *conn;
  char poll_at[PEAL_EIO_AWAY_NODE + 1];   /* conn->far_poll */
  char socket_at[PEAL_EIO_AWAY_NODE + 1]; /* conn->far_socket */
  uint64_t unheard; /* bytes that its client has not taken */
} peal_away_home;
