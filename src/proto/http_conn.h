/* SPDX-License-Identifier: MIT */
#pragma once
/* http_conn: one HTTP/1.1 connection (RFC9112), either role: heads and bodies
 * of what comes, framing of what is sent, keep-alive, pipelining, 100-continue,
 * upgrade, all time limits and ceilings.
 * In the flow: net/stream -> [http_conn] -> http/, and back by pull.
 *
 * One exchange at a time, in the order of arrival:
 *
 *   IDLE -> HEAD -> EXCHANGE -> (DRAIN ->) IDLE ... -> CLOSING
 *
 * A server is IDLE or in HEAD until a request's head is there. In EXCHANGE its
 * body is read and the answer is written, both as far as they go; a body that
 * nobody wanted is drained behind the answer. A client is IDLE until it
 * requests and knows no HEAD. What comes early is kept, bounded; an idle
 * connection owns no buffers.
 *
 * It answers and never calls: after _feed, _end, _tick, _sent and whatever was
 * told to it, ask _next until it returns false; then pull, look at
 * _wants_read, and come back at _deadline. Between two events everything may
 * be done to it, _deinit included. What an event borrows is valid until the
 * next call of _next, _feed or _deinit. */
#include <peal/base.h>

#include "base/account.h"
#include "base/iovs.h"
#include "proto/http_pace.h"
#include "proto/http_recv.h"
#include "proto/http_send.h"
#include "proto/http_watch.h"
#include "wire/http1.h"

/* One for many connections, borrowed for their life. */
typedef struct peal_http_conn_opts {
  bool client; /* role */
  peal_http1_limits limits;
  /* Milliseconds; 0: no limit. Server: the whole head, a body's progress,
   * between requests, an answer's progress. Client: until the answer's head,
   * the others alike. */
  uint32_t head_ms, body_ms, idle_ms, write_ms;
  uint32_t body_pace; /* bytes a second over each body_ms; 0:
                         PEAL_LIMIT_HTTP_BODY_PACE */
  /* Server: how the head of an answer ends if the connection stays; begins
   * with CR LF, ends with the empty line. Empty: "Connection: keep-alive". */
  peal_slice keep_alive;
  bool json_errors;             /* server: refusals as JSON (http_refusal) */
  const peal_mem *mem;          /* borrowed; NULL: libc */
  peal_account_worker *account; /* borrowed; NULL: nobody counts */
} peal_http_conn_opts;

typedef enum peal_http_conn_phase {
  PEAL_HTTP_CONN_IDLE,
  PEAL_HTTP_CONN_READS_HEAD,
  PEAL_HTTP_CONN_EXCHANGE,
  PEAL_HTTP_CONN_DRAIN,
  PEAL_HTTP_CONN_CLOSING
} peal_http_conn_phase;

typedef enum peal_http_conn_kind {
  /* `head` and `data`, its raw bytes. A server answers; a client may see
   * several with a status below 200 before the one that counts. */
  PEAL_HTTP_CONN_HEAD,
  /* A piece of the body in `data`; `last`: the body ends with it (it may be
   * empty). `left` bytes of what was announced follow. A message without a
   * body has none of these. */
  PEAL_HTTP_CONN_BODY,
  /* The body of the message will not come whole: `err`. A server answers (it
   * will close) or calls _break. */
  PEAL_HTTP_CONN_LOST,
  /* The exchange is over: its last byte has left, or come. */
  PEAL_HTTP_CONN_OVER,
  /* What came is no request (`err`, `msg`), or a head was late
   * (PEAL_ERR_TIMEOUT): it has been answered; CLOSE follows. A client does
   * not answer. */
  PEAL_HTTP_CONN_BAD,
  /* Once and last. PEAL_OK: write what waits, then close. Else: close now,
   * whatever waits. */
  PEAL_HTTP_CONN_CLOSE
} peal_http_conn_kind;

typedef struct peal_http_conn_event {
  peal_http_conn_kind kind;
  peal_err err;
  const char *msg; /* constant text or NULL */
  peal_slice data; /* borrowed */
  uint64_t left;
  bool last;
  peal_http1_head head; /* slices into `data` */
} peal_http_conn_event;

typedef struct peal_http_conn {
  const peal_http_conn_opts *opts;
  peal_http_recv recv;
  peal_http_send send;
  peal_http_pace reads;
  peal_http_watch watch; /* of what waits to be sent */
  uint64_t now_ms;       /* as last told */
  uint64_t since_ms;     /* of the phase, or of the request (client) */
  uint32_t answer_ms;
  uint32_t drain_left;
  int16_t due_err; /* peal_err of the event that is due */
  uint8_t due;     /* its peal_http_conn_kind; HEAD: none */
  uint8_t phase;   /* peal_http_conn_phase */
  bool fresh : 1;  /* no request yet */
  bool http10 : 1, keep_alive : 1, expects : 1, to_head : 1;
  bool continued : 1;
  bool awaits : 1;    /* client: the answer's head */
  bool wants : 1;     /* somebody takes the body */
  bool body_dead : 1; /* its framing is lost, or we close: drop what comes */
  bool close : 1;     /* behind this exchange */
  bool certain : 1;
  bool ended : 1; /* the peer sends no more */
  bool stopping : 1;
  bool switched : 1; /* client: a 101 has come */
  bool closed : 1;   /* CLOSE has been told, or the stream was given away */
} peal_http_conn;

/* Cannot fail. */
void peal_http_conn_init(peal_http_conn *conn, const peal_http_conn_opts *opts,
                         uint64_t now_ms);
void peal_http_conn_deinit(peal_http_conn *conn);

/* -- from below ------------------------------------------------------------ */

/* Bytes of the stream, lent until _next has returned false; ask it before the
 * next feed. */
void peal_http_conn_feed(peal_http_conn *conn, peal_slice data,
                         uint64_t now_ms);
/* The peer has closed its direction. A server takes who waits for an answer
 * that is not complete as gone, as Node does; what is complete is sent. */
void peal_http_conn_end(peal_http_conn *conn, uint64_t now_ms);
/* What happened. Returns false if it needs more. */
bool peal_http_conn_next(peal_http_conn *conn, peal_http_conn_event *event);
void peal_http_conn_pull(peal_http_conn *conn, peal_iovs *out);
/* `len` bytes of what was pulled have left. */
void peal_http_conn_sent(peal_http_conn *conn, size_t len, uint64_t now_ms);
/* Of what left, so many bytes have not reached the peer yet; told before
 * _tick where it is known: a kernel's buffer is no progress. */
void peal_http_conn_set_unacked(peal_http_conn *conn, size_t bytes);
void peal_http_conn_tick(peal_http_conn *conn, uint64_t now_ms);
/* When _tick wants to be called; UINT64_MAX: never. */
uint64_t peal_http_conn_deadline(const peal_http_conn *conn);
/* Should the stream be read? What an early peer makes us keep is bounded by
 * it. */
bool peal_http_conn_wants_read(const peal_http_conn *conn);
/* Bytes that wait to be pulled and sent. */
size_t peal_http_conn_waiting(const peal_http_conn *conn);

/* -- from above: http_reply, http_ask, http_write, and --------------------- */

/* Somebody takes the body, or not now. At first a server's is not wanted, a
 * client's is. */
void peal_http_conn_want(peal_http_conn *conn, bool wants, uint64_t now_ms);
/* Nobody will: what comes of it is dropped and the connection ends behind the
 * exchange. */
void peal_http_conn_drop_body(peal_http_conn *conn);
/* Take the stream away: `kept` is taken, `rest` are the bytes behind the head
 * (in it, or in what was lent). The machine is over, without a CLOSE. */
void peal_http_conn_upgrade(peal_http_conn *conn, peal_buf *kept,
                            peal_slice *rest);
/* Bytes that came and were not used yet. */
peal_slice peal_http_conn_rest(const peal_http_conn *conn);
/* Something was queued: its pace is watched until it has left (for http_reply,
 * http_ask and http_write). */
void peal_http_conn_watch(peal_http_conn *conn, uint64_t now_ms);
/* Close now: CLOSE with `err` comes. */
void peal_http_conn_break(peal_http_conn *conn, peal_err err);
/* Answer what is no request, and close. */
void peal_http_conn_refuse(peal_http_conn *conn, unsigned status);
/* End when what is under way is done: now, if nothing is. */
void peal_http_conn_stop(peal_http_conn *conn);

/* No request is being served, and nothing waits: what came of the next head is
 * _rest. */
bool peal_http_conn_is_at_rest(const peal_http_conn *conn);

/* Is the body of the message read to its end? */
bool peal_http_conn_body_is_whole(const peal_http_conn *conn);

void peal_http_conn_check(const peal_http_conn *conn);
