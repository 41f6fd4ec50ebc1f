/* SPDX-License-Identifier: MIT */
#pragma once
/* http_link: one accepted connection: a stream below, the machine
 * (proto/http_conn) in the middle, a request above. One loop: read, feed,
 * next, act.
 * In the flow: net/stream -> [http_link] -> http/http_req, and back. */
#include "http/http_home.h"
#include "http/http_req.h"
#include "net/address.h"
#include "net/stream.h"

struct peal_http_link {
  peal_stream *stream; /* NULL: given away */
  peal_http_home *home;
  peal_list node; /* home->links */
  peal_wheel_timer timer;
  peal_flush flush;   /* looks at the machine, or frees, when the turn ends */
  peal_http_req *req; /* the one that is served; NULL: none */
  peal_address address;
  bool handed;  /* came from another worker for this request */
  bool paused;  /* the stream is not read */
  bool running; /* the loop will look again: no need to ask for it */
  peal_http_conn conn;
};

/* Take an accepted socket. `data` (borrowed) came with it. */
void peal_http_link_open(peal_http_home *home, int fd,
                         const peal_address *address, uint32_t tag, bool handed,
                         peal_slice data);
/* Too many: a 503 and the end. */
void peal_http_link_refuse(peal_http_home *home, int fd,
                           const peal_address *address);
/* End what does nothing, at the beginning of a stop. */
void peal_http_link_stop_all(peal_http_home *home);
/* Forget the connection without its socket: its stream has another owner. */
void peal_http_link_give(peal_http_link *link);
/* Send these bytes as the answer and end the connection; the request is as
 * one whose peer has gone. */
void peal_http_link_part(peal_http_req *req, peal_slice raw, peal_err err);

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
