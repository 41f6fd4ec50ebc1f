/* SPDX-License-Identifier: MIT */
#pragma once
/* http_impl: what the files of the HTTP server share: a connection, a request
 * and a worker's part of the server.
 *
 * A connection handles one request at a time, in the order of arrival:
 *
 *   IDLE -> HEAD -> EXCHANGE -> (DRAIN ->) IDLE … -> CLOSING
 *
 * In EXCHANGE the body is read and the answer is written, both as far as they
 * go; a body that nobody wanted is drained behind the answer. What comes
 * early is kept in `in`, bounded, and reading pauses. An idle connection owns
 * neither buffers nor a request. */
#include <stdatomic.h>

#include <peal/http.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "net/address_count.h"
#include "net/listener.h"
#include "net/stream.h"
#include "wire/http1.h"

typedef struct peal_http_link peal_http_link;
typedef struct peal_http_file peal_http_file;

/* An answer body up to this many bytes goes into one buffer with the head. */
#define PEAL_HTTP_INLINE_BYTES 16384u

/* -- the server ------------------------------------------------------------ */

/* A worker's part: touched by that worker only, but for the figures. */
typedef struct peal_http_home {
  peal_http_server *server;
  peal_worker *worker;
  peal_list conns;
  peal_list reqs; /* all, also those whose connection is gone */
  peal_http_stats stats;
  uint64_t date_until_ms; /* worker's now from which `date` is old */
  char date[64];          /* "Thu, 01 Jan 1970 00:00:00 GMT" */
  bool stopping;
} peal_http_home;

typedef struct peal_http_mounted {
  peal_http_mount mount;
  char *path; /* owned */
  size_t path_len;
} peal_http_mounted;

struct peal_http_server {
  peal_http_server_opts opts; /* defaults filled in */
  const peal_mem *mem;
  peal_workers *workers;
  bool own_workers;
  peal_listener *listener;
  uint16_t port;
  peal_http1_limits limits;
  char keep_alive[64];       /* the two lines of a connection that stays open */
  peal_http_mounted *mounts; /* longest path first */
  size_t mount_count;

  struct peal_http_watcher {
    peal_http_done_fn fn;
    void *user;
  } * watchers; /* of finished requests, in order of registration */

  size_t watcher_count;
  atomic_size_t open;      /* connections of all workers */
  atomic_size_t collected; /* bytes of bodies that are being collected */
  atomic_size_t refusing;  /* those that get a 503 */
  peal_address_counts addresses;
  unsigned home_count;
  peal_http_home homes[];
};

/* The mount for a path, or NULL. */
const peal_http_mount *peal_http_server_find(const peal_http_server *server,
                                             peal_slice path);
/* A connection of this worker is gone; `tag` is its account. */
void peal_http_server_forget(peal_http_home *home, uint32_t tag);

/* -- a connection ---------------------------------------------------------- */

typedef enum peal_http_phase {
  PEAL_HTTP_IDLE,
  PEAL_HTTP_HEAD,
  PEAL_HTTP_EXCHANGE,
  PEAL_HTTP_DRAIN,
  PEAL_HTTP_CLOSING
} peal_http_phase;

struct peal_http_link {
  peal_stream *stream; /* NULL: given away */
  peal_http_home *home;
  peal_list node; /* home->conns */
  peal_wheel_timer timer;
  peal_http_req *req;
  peal_buf in; /* what came and could not be used yet */
  size_t in_pos;
  peal_buf out; /* what is to be sent: first this, then `body` */
  size_t out_pos;
  peal_bytes *body;
  size_t body_pos, body_end;
  peal_http1_scan scan;
  peal_http1_body framing; /* of the request's body */
  uint64_t pace_bytes;     /* of the body since pace_ms */
  uint64_t pace_ms;
  uint32_t drain_left;
  uint32_t unacked;  /* of the peer, at the last look */
  peal_slice behind; /* the newest head, while busy */
  peal_address address;
  uint8_t phase;   /* peal_http_phase */
  uint8_t busy;    /* inside process: not to be freed, nor entered again */
  uint8_t stalled; /* looks without progress of what is written */
  bool fresh;      /* no request yet */
  bool handed;     /* came from another worker for this request */
  bool body_dead;  /* its framing is lost, or we close: drop what comes */
  bool ended;      /* the peer's FIN has come */
};

/* Take an accepted socket. `data` (borrowed) came with it. */
void peal_http_link_open(peal_http_home *home, int fd,
                         const peal_address *address, uint32_t tag, bool handed,
                         peal_slice data);
/* Too many: a 503 and the end. */
void peal_http_link_refuse(peal_http_home *home, int fd,
                           const peal_address *address);
/* Use what waits in `in` if that is possible now. Returns false if the
 * connection is gone afterwards. */
bool peal_http_link_kick(peal_http_link *conn);
/* There is something to send. */
void peal_http_link_flush(peal_http_link *conn);
/* Bytes that wait to be sent. */
size_t peal_http_link_waiting(const peal_http_link *conn);
/* The deadline that fits what the connection does. */
void peal_http_link_arm(peal_http_link *conn);
/* Break the exchange off. */
void peal_http_link_break(peal_http_link *conn, peal_err err);
/* Forget the connection without its socket: unlinked, freed when possible. */
void peal_http_link_give(peal_http_link *conn);
bool peal_http_link_body_done(const peal_http_link *conn);
/* End what does nothing, at the beginning of a stop. */
void peal_http_link_stop_all(peal_http_home *home);

/* -- a request ------------------------------------------------------------- */

/* Offsets into the head. */
typedef struct peal_http_field {
  uint32_t name, name_len, value, value_len;
} peal_http_field;

struct peal_http_req {
  peal_http_link *conn; /* NULL: gone, or taken over */
  peal_http_home *home;
  const peal_http_mount *mount;
  peal_list node;          /* home->reqs */
  peal_flush flush;        /* frees it at the end of the turn */
  peal_http_field *fields; /* these three lie behind this struct */
  char *peer;              /* address as text, when it has been asked for */
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

  /* The body's consumer: either collects (on_end alone) or streams. */
  peal_http_data_fn on_data;
  peal_http_body_fn on_end;
  void *body_user;
  uint64_t body_max, body_taken;
  peal_buf collected;

  /* The answer. */
  peal_buf headers; /* lines of peal_http_answer_header */
  unsigned status;
  uint64_t announced; /* length; UINT64_MAX: chunked or until close */
  uint64_t written;
  peal_http_file *file;
  peal_http_req_fn on_drain, on_abort;
  void *drain_user, *abort_user;

  /* After peal_http_upgrade_take. */
  peal_buf rest;

  bool framed_length : 1, framed_chunked : 1; /* has a body */
  bool http10 : 1, keep_alive : 1, expects : 1;
  bool is_head : 1;
  bool continued : 1; /* 100 Continue has been sent */
  bool arena_used : 1;
  bool paused : 1; /* the flow of the body */
  bool deferred : 1;
  bool aborted : 1;    /* the connection is gone */
  bool begun : 1;      /* the answer's head is written */
  bool ended : 1;      /* all of it is */
  bool chunked : 1;    /* the answer */
  bool bodyless : 1;   /* the answer: HEAD, 204, 304 */
  bool close : 1;      /* asked for */
  bool length_204 : 1; /* a 204 with Content-Length: 0 (preflights) */
  bool drain_due : 1;  /* the writer was told to wait */
  bool done_told : 1;
  bool taken : 1;
};

/* One block with copies of the head's parts. Returns NULL if memory is
 * out. */
peal_http_req *peal_http_req_new(peal_http_link *conn,
                                 const peal_http1_head *head, peal_slice raw);
void peal_http_req_free(peal_http_req *req);
/* Tell on_done once. */
void peal_http_req_tell_done(peal_http_req *req, peal_err err);
/* The connection has gone before the request was over. */
void peal_http_req_abort(peal_http_req *req, peal_err err);
/* A handler or callback has returned: somebody must be responsible. */
void peal_http_req_check(peal_http_req *req);

/* -- the body -------------------------------------------------------------- */

/* Hand over a piece, whole: it is all of the body. */
void peal_http_body_deliver(peal_http_req *req, peal_slice data, bool whole);
/* The body is complete. */
void peal_http_body_end(peal_http_req *req);
/* Gives what was collected back. */
void peal_http_body_release(peal_http_req *req);
/* It will not be: answer if that is still possible, tell the consumer. */
void peal_http_body_fail(peal_http_req *req, peal_err err);
/* Tell the consumer without an answer. */
void peal_http_body_cancel(peal_http_req *req, peal_err err);

/* -- the answer ------------------------------------------------------------ */

/* A short answer of the server's own, and close. */
void peal_http_answer_error(peal_http_req *req, unsigned status);
/* The same where there is no request: the bytes into `out`. */
void peal_http_answer_raw(peal_buf *out, unsigned status);
/* The answer's length is complete or a stream has drained: called when
 * `waiting` bytes are left. */
void peal_http_answer_sent(peal_http_req *req, size_t waiting);
/* Ask for the body: 100 Continue, if the client waits for it. */
void peal_http_answer_continue(peal_http_req *req);
/* The whole answer is in the hands of the connection. */
void peal_http_answer_over(peal_http_req *req);
/* Send the next piece of a file. */
void peal_http_file_next(peal_http_req *req);
/* The request goes away: the file is closed when it is not being read. */
void peal_http_file_drop(peal_http_file *file);
