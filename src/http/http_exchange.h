/* SPDX-License-Identifier: MIT */
#pragma once
/* http_exchange: a connection and the request that it serves, as the files of
 * http/ see them, and how a connection is told that there is work. */
#include "base/arena.h"
#include "base/buf.h"
#include "http/http_home.h"
#include "net/address.h"
#include "net/on_worker.h"
#include "net/stream.h"
#include "wire/http1.h"

typedef struct peal_http_link peal_http_link;
typedef struct peal_http_file peal_http_file;

/* Behind a request whose peer is a trusted proxy: what that says
 * (http_forwarded). */
typedef struct peal_http_forwarded {
  peal_address client;
  peal_slice host; /* borrowed from the head; NULL ptr: nobody says */
  bool secure;     /* the client came over TLS */
  char text[PEAL_ADDRESS_MAX]; /* of the client, when it has been asked for */
} peal_http_forwarded;

/* Offsets into the head. */
typedef struct peal_http_field {
  uint32_t name, name_len, value, value_len;
} peal_http_field;

/* At the beginning of a function of a request (net/on_worker). */
#define PEAL_ON_REQ(req, instead) PEAL_ON_WORKER((req)->home->worker, instead)

struct peal_http_req {
  peal_http_link *link; /* its connection; NULL: gone, or taken over */
  peal_http_home *home;
  const peal_http_mount *mount;
  peal_list node;          /* home->reqs */
  peal_flush flush;        /* frees it at the end of the turn */
  peal_http_field *fields; /* what lies behind this struct */
  char *peer;              /* address as text, when it has been asked for */
  peal_http_forwarded *forwarded; /* behind it, too; NULL: the peer is no
                                     trusted proxy */
  char *head;
  uint32_t head_len;
  uint32_t field_count;
  peal_slice method, target, path, query;
  uint64_t start_ns; /* if somebody wants to know how long it took */
  uint64_t length;   /* announced length of the body */
  void *user;
  void *layer; /* of the layer behind the mount (web/), beside `user` */
  void (*layer_free)(void *layer);
  peal_arena arena; /* peal_http_req_alloc */
  peal_address address;
  size_t charged; /* to home->account, for this block */

  /* The body's consumer: either collects (on_end alone) or streams. */
  peal_http_data_fn on_data;
  peal_http_body_fn on_end;
  void *body_user;
  uint64_t body_max, body_taken;
  peal_buf collected;
  size_t collected_charged;

  /* The answer. */
  peal_buf headers;     /* lines of peal_http_answer_header */
  size_t compress_from; /* JSON of so many bytes is compressed; 0: none is */
  unsigned status;
  uint64_t announced; /* length; UINT64_MAX: chunked or until close */
  uint64_t written;
  peal_http_file *file;
  peal_http_req_fn on_drain, on_abort;
  void *drain_user, *abort_user;

  /* After peal_http_upgrade_take. */
  peal_buf rest;

  bool framed_length : 1, framed_chunked : 1; /* has a body */
  bool is_head : 1;
  bool asks_upgrade : 1; /* Connection names it, Upgrade is there, no body */
  bool arena_used : 1;
  bool paused : 1; /* the flow of the body */
  bool deferred : 1;
  bool promised : 1;   /* its answer is being made: nobody else may answer */
  bool aborted : 1;    /* the connection is gone */
  bool begun : 1;      /* the answer's head is written */
  bool ended : 1;      /* all of it is */
  bool bodyless : 1;   /* the answer: HEAD, 204, 304 */
  bool close : 1;      /* asked for */
  bool length_204 : 1; /* a 204 with Content-Length: 0 (preflights) */
  bool drain_due : 1;  /* the writer was told to wait */
  bool done_told : 1;
  bool taken : 1;
  unsigned origin_verdict : 2;          /* peal_cors_verdict */
  bool secure : 1;                      /* came over TLS */
  uint8_t first[PEAL_HTTP1_NAME_COUNT]; /* as in peal_http1_head */
};

struct peal_http_link {
  peal_stream *stream; /* NULL: given away */
  peal_http_home *home;
  peal_list node; /* home->links */
  peal_wheel_timer timer;
  peal_flush flush;   /* looks at the machine, or frees, when the turn ends */
  peal_http_req *req; /* the one that is served; NULL: none */
  peal_address address;
  uint16_t redirect; /* to https, this port; 0: serve */
  bool handed;       /* came from another worker for this request */
  uint8_t hops;      /* between processes, for this request */
  bool paused;       /* the stream is not read */
  bool running;      /* the loop will look again: no need to ask for it */
  peal_http_conn conn;
};

/* The machine has been told something: look at it before the turn ends. */
static inline void peal_http_link_wake(peal_http_link *link) {
  if (!link->running && link->stream)
    peal_worker_impl_flush_later(link->home->worker, &link->flush);
}

/* The same where bytes may wait: what they lead to comes when they leave. */
static inline void peal_http_link_send(peal_http_link *link) {
  if (link->stream && peal_http_conn_waiting(&link->conn) > 0)
    peal_stream_flush(link->stream);
  else
    peal_http_link_wake(link);
}

/* Break the exchange off. */
static inline void peal_http_link_break(peal_http_link *link, peal_err err) {
  peal_http_conn_break(&link->conn, err);
  peal_http_link_wake(link);
}
