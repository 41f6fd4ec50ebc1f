/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <unistd.h>

#include "base/mem.h"
#include "http/http_impl.h"

static const peal_slice none = {NULL, 0};

/* A peer that is to read is looked after so often in its time limit. */
#define WRITE_LOOKS 4

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms);

/* -- life ------------------------------------------------------------------ */

static void free_conn(peal_http_link *conn) {
  const peal_mem *mem = conn->home->worker->mem;
  peal_wheel_stop(&conn->home->worker->wheel, &conn->timer);
  peal_list_remove(&conn->node);
  peal_buf_deinit(&conn->in);
  peal_buf_deinit(&conn->out);
  peal_bytes_unref(conn->body);
  peal_mem_free(mem, conn);
}

void peal_http_link_give(peal_http_link *conn) {
  conn->stream = NULL;
  conn->phase = PEAL_HTTP_CLOSING;
  if (!conn->busy)
    free_conn(conn);
}

static peal_http_link *new_conn(peal_http_home *home,
                                const peal_address *address) {
  const peal_mem *mem = home->worker->mem;
  peal_http_link *conn = peal_mem_zalloc(mem, sizeof(*conn));
  if (!conn)
    return NULL;
  conn->home = home;
  conn->address = *address;
  conn->fresh = true;
  peal_buf_init(&conn->in, mem, 0);
  peal_buf_init(&conn->out, mem, 0);
  peal_wheel_timer_init(&conn->timer, on_timer);
  peal_list_push(&home->conns, &conn->node);
  return conn;
}

bool peal_http_link_body_done(const peal_http_link *conn) {
  return peal_http1_body_is_done(&conn->framing);
}

size_t peal_http_link_waiting(const peal_http_link *conn) {
  return conn->out.len - conn->out_pos + conn->body_end - conn->body_pos;
}

void peal_http_link_flush(peal_http_link *conn) {
  if (conn->stream)
    peal_stream_flush(conn->stream);
}

/* -- reading or not -------------------------------------------------------- */

static bool wants_body(const peal_http_req *req) {
  return req->on_end || req->ended;
}

/* What is kept of a peer that is ahead of us is bounded here. */
static bool wants_read(const peal_http_link *conn) {
  size_t kept = conn->in.len - conn->in_pos;
  if (conn->phase != PEAL_HTTP_EXCHANGE)
    return true;
  if (conn->body_dead)
    return true;
  if (peal_http_link_body_done(conn))
    return kept < PEAL_LIMIT_HTTP_PIPELINE_BYTES;
  if (conn->req->paused)
    return false;
  return wants_body(conn->req) || kept == 0;
}

static void update_reading(peal_http_link *conn) {
  if (wants_read(conn))
    peal_stream_resume(conn->stream);
  else
    peal_stream_pause(conn->stream);
}

/* -- time ------------------------------------------------------------------ */

static uint64_t body_deadline(const peal_http_link *conn) {
  uint64_t limit_ms = conn->home->server->opts.body_timeout_ms;
  uint64_t still_ms = peal_stream_last_progress_ms(conn->stream) + limit_ms;
  uint64_t pace_ms = conn->pace_ms + limit_ms;
  return still_ms < pace_ms ? still_ms : pace_ms;
}

static bool reads_body(const peal_http_link *conn) {
  return !peal_http_link_body_done(conn) && !conn->body_dead &&
         (conn->phase == PEAL_HTTP_DRAIN ||
          (wants_body(conn->req) && !conn->req->paused));
}

static uint64_t deadline(const peal_http_link *conn) {
  const peal_http_server_opts *opts = &conn->home->server->opts;
  uint64_t now_ms = conn->home->worker->now_ms;
  if (peal_http_link_waiting(conn) > 0)
    return now_ms + opts->write_timeout_ms / WRITE_LOOKS + 1;
  switch ((peal_http_phase)conn->phase) {
  case PEAL_HTTP_IDLE:
    return now_ms +
           (conn->fresh ? opts->head_timeout_ms : opts->idle_timeout_ms);
  case PEAL_HTTP_HEAD:
    return now_ms + opts->head_timeout_ms;
  case PEAL_HTTP_EXCHANGE:
  case PEAL_HTTP_DRAIN:
    return reads_body(conn) ? body_deadline(conn) : UINT64_MAX;
  case PEAL_HTTP_CLOSING:
    break;
  }
  return UINT64_MAX;
}

void peal_http_link_arm(peal_http_link *conn) {
  peal_wheel_set(&conn->home->worker->wheel, &conn->timer, deadline(conn));
}

/* A body is watched over windows of one time limit: slower than the pace over
 * a whole window is too slow, whatever trickles in. */
static void start_pace(peal_http_link *conn) {
  conn->pace_ms = conn->home->worker->now_ms;
  conn->pace_bytes = 0;
}

static bool body_is_late(peal_http_link *conn, uint64_t now_ms) {
  uint64_t limit_ms = conn->home->server->opts.body_timeout_ms;
  if (now_ms >= peal_stream_last_progress_ms(conn->stream) + limit_ms)
    return true;
  if (now_ms < conn->pace_ms + limit_ms)
    return false;
  if (conn->pace_bytes < limit_ms * PEAL_LIMIT_HTTP_BODY_PACE / 1000)
    return true;
  start_pace(conn);
  return false;
}

/* Nothing has moved for the whole time limit, neither from us to the kernel
 * nor from the kernel to the peer. */
static bool write_is_late(peal_http_link *conn) {
  uint32_t unacked = (uint32_t)peal_stream_unacked(conn->stream);
  if (unacked != conn->unacked)
    conn->stalled = 0;
  conn->unacked = unacked;
  return ++conn->stalled >= WRITE_LOOKS;
}

/* -- the end of a connection ----------------------------------------------- */

static void finish(peal_http_link *conn) {
  conn->phase = PEAL_HTTP_CLOSING;
  peal_wheel_stop(&conn->home->worker->wheel, &conn->timer);
  peal_stream_finish(conn->stream);
}

/* Answer what is no request, and close. */
static void answer_bad(peal_http_link *conn, unsigned status) {
  peal_http_answer_raw(&conn->out, status);
  if (conn->out.err) {
    peal_http_link_break(conn, PEAL_ERR_NOMEM);
    return;
  }
  finish(conn);
}

void peal_http_link_break(peal_http_link *conn, peal_err err) {
  if (!conn->stream)
    return;
  conn->phase = PEAL_HTTP_CLOSING;
  if (peal_http_link_waiting(conn) > 0)
    peal_stream_reset(conn->stream, err);
  else
    peal_stream_close(conn->stream, err);
}

static bool is_late(peal_http_link *conn, bool writes, uint64_t now_ms) {
  if (writes)
    return write_is_late(conn);
  if (conn->phase == PEAL_HTTP_EXCHANGE || conn->phase == PEAL_HTTP_DRAIN)
    return reads_body(conn) && body_is_late(conn, now_ms);
  return true;
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_http_link *conn = PEAL_LIST_OF(timer, peal_http_link, timer);
  bool writes = peal_http_link_waiting(conn) > 0;
  if (!is_late(conn, writes, now_ms)) {
    peal_http_link_arm(conn);
    return;
  }
  peal_worker_impl_count(&conn->home->stats.timeouts, 1);
  if (conn->phase == PEAL_HTTP_HEAD)
    answer_bad(conn, 408);
  else if (conn->phase == PEAL_HTTP_EXCHANGE && !writes)
    peal_http_body_fail(conn->req, PEAL_ERR_TIMEOUT);
  else
    peal_http_link_break(conn, PEAL_ERR_TIMEOUT);
}

/* -- heads ----------------------------------------------------------------- */

static void refuse_head(peal_http_link *conn, peal_err err, const char *msg) {
  unsigned status = peal_err_http_status(err);
  peal_http_home *home = conn->home;
  peal_worker_impl_count(&home->stats.requests_bad, 1);
  if (peal_logger_wants(home->worker->log, PEAL_LOG_DEBUG)) {
    char peer[PEAL_ADDRESS_MAX];
    size_t len = peal_address_text(&conn->address, peer);
    peal_logger_write(home->worker->log, PEAL_LOG_DEBUG, "http",
                      (peal_slice){peer, len}, none, "refused: %s",
                      msg ? msg : peal_err_message(err));
  }
  answer_bad(conn, status ? status : 400);
}

typedef struct handover {
  peal_mail mail;
  peal_http_server *server;
  peal_address address;
  uint32_t tag;
  int fd;
  size_t len;
  char data[];
} handover;

static void on_handover(peal_worker *worker, peal_mail *mail) {
  handover *given = PEAL_LIST_OF(mail, handover, mail);
  peal_http_home *home = &given->server->homes[peal_worker_index(worker)];
  peal_http_link_open(home, given->fd, &given->address, given->tag, true,
                      (peal_slice){given->data, given->len});
  peal_mem_free(given->server->mem, given);
}

/* This request belongs to another worker: its connection goes there, with all
 * that was read of it. */
static bool hand_over(peal_http_link *conn, unsigned index, peal_slice all) {
  peal_http_home *home = conn->home;
  peal_http_server *server = home->server;
  handover *given = peal_mem_alloc(server->mem, sizeof(*given) + all.len);
  if (!given)
    return false;
  given->mail.fn = on_handover;
  given->server = server;
  given->address = conn->address;
  given->tag = peal_stream_tag(conn->stream);
  given->len = all.len;
  memcpy(given->data, all.ptr, all.len);
  given->fd = peal_stream_release(conn->stream);
  peal_worker_impl_count(&home->stats.connections_open, UINT64_MAX);
  peal_http_link_give(conn);
  peal_worker_impl_send(server->homes[index].worker, &given->mail);
  return true;
}

/* Returns true if the request has left. */
static bool belongs_elsewhere(peal_http_link *conn, peal_http_req *req,
                              peal_slice all) {
  const peal_http_mount *mount = req->mount;
  if (!mount || !mount->worker_of || conn->handed)
    return false;
  int index = mount->worker_of(req, mount->user);
  peal_http_server *server = conn->home->server;
  if (index < 0 || (unsigned)index >= server->home_count ||
      (unsigned)index == peal_worker_index(conn->home->worker) ||
      peal_http_link_waiting(conn) > 0)
    return false;
  conn->req = NULL;
  peal_http_req_free(req);
  if (!hand_over(conn, (unsigned)index, all))
    answer_bad(conn, 503);
  return true;
}

/* RFC9110 9.3, RFC5789: what a resource that does not exist might have. */
static bool is_common(peal_slice method) {
  static const char *const methods[] = {"GET",   "HEAD",   "POST",
                                        "PUT",   "DELETE", "OPTIONS",
                                        "PATCH", "TRACE",  "CONNECT"};
  for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
    if (peal_slice_is(method, methods[i]))
      return true;
  return false;
}

static void call_handler(peal_http_link *conn, peal_http_req *req,
                         bool upgrade) {
  const peal_http_mount *mount = req->mount;
  /* RFC9110 9.1: a mount may know any method; nobody else does. */
  if (!mount)
    peal_http_answer(req, is_common(req->method) ? 404 : 501, NULL, none);
  else if (upgrade && mount->on_upgrade && !peal_http_req_has_body(req))
    mount->on_upgrade(req, mount->user);
  else
    mount->on_request(req, mount->user);
  if (conn->req == req)
    peal_http_req_check(req);
}

/* A complete head of `len` bytes stands at the start of `in`. */
static void take_head(peal_http_link *conn, peal_slice in, size_t len) {
  peal_http_home *home = conn->home;
  peal_http1_head head;
  peal_err_info info = {.msg = NULL};
  peal_slice raw = {in.ptr, len};
  peal_err err =
      peal_http1_request_decode(&head, raw, &home->server->limits, &info);
  if (err) {
    refuse_head(conn, err, info.msg);
    return;
  }
  peal_http_req *req = peal_http_req_new(conn, &head, raw);
  if (!req) {
    answer_bad(conn, 503);
    return;
  }
  req->mount = peal_http_server_find(home->server, req->path);
  conn->req = req;
  if (belongs_elsewhere(conn, req, in))
    return;
  conn->handed = false;
  conn->fresh = false;
  conn->body_dead = false;
  conn->drain_left = PEAL_LIMIT_HTTP_DRAIN_BYTES;
  conn->behind = (peal_slice){in.ptr + len, in.len - len};
  conn->phase = PEAL_HTTP_EXCHANGE;
  peal_http1_body_init(&conn->framing, &head);
  start_pace(conn);
  peal_worker_impl_count(&home->stats.requests_total, 1);
  call_handler(conn, req, head.upgrade);
}

/* Returns true if something was used. */
static bool step_head(peal_http_link *conn, peal_slice in, size_t *took) {
  size_t len = 0;
  if (!in.len)
    return false;
  peal_err err =
      peal_http1_scan_feed(&conn->scan, in, &conn->home->server->limits, &len);
  if (err == PEAL_ERR_AGAIN) {
    if (conn->phase == PEAL_HTTP_IDLE) {
      conn->phase = PEAL_HTTP_HEAD;
      peal_http_link_arm(conn);
    }
    return false;
  }
  conn->scan = (peal_http1_scan){0};
  if (err) {
    *took = in.len;
    refuse_head(conn, err, NULL);
    return false;
  }
  *took = len;
  take_head(conn, in, len);
  return true;
}

/* -- bodies ---------------------------------------------------------------- */

/* Somebody takes this piece, or nobody. */
static void deliver(peal_http_link *conn, peal_slice data, bool whole) {
  if (conn->phase == PEAL_HTTP_EXCHANGE && !conn->req->ended) {
    peal_http_body_deliver(conn->req, data, whole);
    return;
  }
  if (data.len > conn->drain_left) {
    /* It is not worth the wait: end behind the answer. */
    conn->body_dead = true;
    if (conn->phase == PEAL_HTTP_DRAIN)
      finish(conn);
    else
      conn->req->close = true;
    return;
  }
  conn->drain_left -= (uint32_t)data.len;
}

static void lose_body(peal_http_link *conn, peal_err err) {
  conn->body_dead = true;
  if (conn->phase == PEAL_HTTP_DRAIN)
    finish(conn);
  else if (conn->req->ended)
    conn->req->close = true;
  else
    peal_http_body_fail(conn->req, err);
}

static void become_idle(peal_http_link *conn) {
  conn->phase = PEAL_HTTP_IDLE;
  if (conn->home->stopping)
    finish(conn);
  else
    peal_http_link_arm(conn);
}

static bool step_body(peal_http_link *conn, peal_slice in, size_t *took) {
  if (conn->body_dead) {
    *took = in.len;
    return false;
  }
  if (peal_http_link_body_done(conn) || !in.len)
    return false;
  bool drains = conn->phase == PEAL_HTTP_DRAIN;
  if (!drains && (!wants_body(conn->req) || conn->req->paused))
    return false;
  peal_slice data = none;
  peal_err err = peal_http1_body_feed(&conn->framing, in, took, &data);
  conn->pace_bytes += *took;
  bool whole = err == PEAL_OK;
  if (data.len)
    deliver(conn, data, whole);
  if (conn->phase == PEAL_HTTP_CLOSING)
    return false;
  if (err != PEAL_OK && err != PEAL_ERR_AGAIN) {
    lose_body(conn, err);
    *took = in.len;
    return false;
  }
  if (whole && drains)
    become_idle(conn);
  else if (whole && !conn->req->ended)
    peal_http_body_end(conn->req);
  return *took > 0;
}

static bool step(peal_http_link *conn, peal_slice in, size_t *took) {
  switch ((peal_http_phase)conn->phase) {
  case PEAL_HTTP_IDLE:
  case PEAL_HTTP_HEAD:
    return step_head(conn, in, took);
  case PEAL_HTTP_EXCHANGE:
  case PEAL_HTTP_DRAIN:
    return step_body(conn, in, took);
  case PEAL_HTTP_CLOSING:
    break;
  }
  *took = in.len;
  return false;
}

/* -- input ----------------------------------------------------------------- */

/* Use as much of `in` as is possible now. */
static size_t process(peal_http_link *conn, peal_slice in) {
  size_t used = 0;
  for (;;) {
    size_t took = 0;
    peal_slice rest = {in.ptr + used, in.len - used};
    bool more = step(conn, rest, &took);
    used += took;
    if (!more)
      return used;
  }
}

/* Returns false if the connection is gone. */
static bool settle(peal_http_link *conn) {
  conn->busy = false;
  if (!conn->stream) {
    free_conn(conn);
    return false;
  }
  if (peal_stream_is_closing(conn->stream))
    return true;
  /* The deadlines of heads and of the idle are set once. */
  if (conn->phase == PEAL_HTTP_EXCHANGE || conn->phase == PEAL_HTTP_DRAIN) {
    peal_http_link_arm(conn);
    update_reading(conn);
  }
  return true;
}

static void drop_used(peal_http_link *conn, size_t used) {
  conn->in_pos += used;
  if (conn->in_pos < conn->in.len)
    return;
  peal_buf_deinit(&conn->in);
  conn->in_pos = 0;
}

static bool process_kept(peal_http_link *conn) {
  conn->busy = true;
  peal_slice kept = peal_buf_slice(&conn->in);
  size_t used = process(
      conn, (peal_slice){kept.ptr + conn->in_pos, kept.len - conn->in_pos});
  /* An upgrade takes the buffer along. */
  if (conn->stream && conn->in.ptr)
    drop_used(conn, used);
  return settle(conn);
}

bool peal_http_link_kick(peal_http_link *conn) {
  if (conn->busy || !conn->stream)
    return true;
  if (conn->in.len > conn->in_pos)
    return process_kept(conn);
  conn->busy = true;
  return settle(conn);
}

static void feed(peal_http_link *conn, peal_slice data) {
  if (conn->in.len > conn->in_pos) {
    if (conn->in_pos > conn->in.len / 2) {
      peal_buf_consume(&conn->in, conn->in_pos);
      conn->in_pos = 0;
    }
    peal_buf_add(&conn->in, data);
    if (conn->in.err)
      peal_http_link_break(conn, PEAL_ERR_NOMEM);
    else
      process_kept(conn);
    return;
  }
  conn->busy = true;
  size_t used = process(conn, data);
  if (conn->stream && used < data.len) {
    peal_buf_add(&conn->in, (peal_slice){data.ptr + used, data.len - used});
    if (conn->in.err)
      peal_http_link_break(conn, PEAL_ERR_NOMEM);
  }
  settle(conn);
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  feed(user, (peal_slice){data, len});
}

/* The peer sends no more. Whoever waits for an answer to a request that is
 * still open is taken as gone, as Node does; what is answered is sent. */
static void on_end(peal_stream *stream, void *user) {
  peal_http_link *conn = user;
  conn->ended = true;
  if (conn->phase == PEAL_HTTP_EXCHANGE) {
    if (!conn->req->ended && !conn->req->file)
      peal_http_link_break(conn, PEAL_ERR_CLOSED);
    return;
  }
  (void)stream;
  if (conn->phase != PEAL_HTTP_CLOSING)
    finish(conn);
}

/* -- output ---------------------------------------------------------------- */

/* Does the connection live on behind this answer? */
static bool keeps(const peal_http_link *conn, const peal_http_req *req) {
  if (!req->keep_alive || req->close)
    return false;
  bool kept = conn->in.len > conn->in_pos;
  return !conn->ended || (kept && peal_http_link_body_done(conn));
}

/* Everything of this answer has left. Returns false if the connection is
 * gone: the next request may have taken it. */
static bool end_exchange(peal_http_link *conn) {
  peal_http_req *req = conn->req;
  bool keep = keeps(conn, req);
  conn->req = NULL;
  if (req->on_end)
    peal_http_body_cancel(req, PEAL_ERR_CANCELLED);
  peal_http_req_tell_done(req, PEAL_OK);
  peal_http_req_free(req);
  if (!keep)
    finish(conn);
  else if (!peal_http_link_body_done(conn))
    conn->phase = PEAL_HTTP_DRAIN;
  else
    become_idle(conn);
  return peal_http_link_kick(conn);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_http_link *conn = user;
  (void)stream;
  if (peal_http_link_waiting(conn) == 0 && conn->req && conn->req->ended &&
      !end_exchange(conn))
    return;
  peal_slice head = {conn->out.ptr + conn->out_pos,
                     conn->out.len - conn->out_pos};
  if (head.len && !peal_iovs_add(out, head))
    return;
  if (conn->body_end > conn->body_pos) {
    peal_slice body = peal_bytes_slice(conn->body);
    (void)peal_iovs_add(out, (peal_slice){body.ptr + conn->body_pos,
                                          conn->body_end - conn->body_pos});
  }
}

static void account(peal_http_link *conn, size_t len) {
  size_t head = conn->out.len - conn->out_pos;
  if (len < head) {
    conn->out_pos += len;
    return;
  }
  if (head) {
    peal_buf_deinit(&conn->out);
    conn->out_pos = 0;
  }
  conn->body_pos += len - head;
  if (conn->body && conn->body_pos == conn->body_end) {
    peal_bytes_unref(conn->body);
    conn->body = NULL;
    conn->body_pos = conn->body_end = 0;
  }
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_http_link *conn = user;
  (void)stream;
  account(conn, len);
  conn->stalled = 0;
  size_t waiting = peal_http_link_waiting(conn);
  if (!conn->req)
    return;
  if (!conn->req->ended)
    peal_http_answer_sent(conn->req, waiting);
  if (conn->phase != PEAL_HTTP_EXCHANGE)
    return;
  if (conn->req->ended && peal_http_link_waiting(conn) == 0)
    (void)end_exchange(conn);
  else
    peal_http_link_arm(conn);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  peal_http_link *conn = user;
  peal_http_req *req = conn->req;
  uint32_t tag = peal_stream_tag(stream);
  peal_http_home *home = conn->home;
  conn->stream = NULL;
  conn->req = NULL;
  conn->phase = PEAL_HTTP_CLOSING;
  if (req)
    peal_http_req_abort(req, err ? err : PEAL_ERR_CLOSED);
  free_conn(conn);
  peal_http_server_forget(home, tag);
}

static const peal_stream_callbacks callbacks = {on_read, on_end, on_pull,
                                                on_sent, on_close};

/* -- beginning and stopping ------------------------------------------------ */

static peal_http_link *adopt(peal_http_home *home, int fd,
                             const peal_address *address, uint32_t tag) {
  peal_http_link *conn = new_conn(home, address);
  peal_worker_impl_count(&home->stats.connections_open, 1);
  if (conn)
    conn->stream = peal_stream_adopt(home->worker, fd, &callbacks, conn);
  else
    close(fd);
  if (conn && conn->stream) {
    peal_stream_set_tag(conn->stream, tag);
    return conn;
  }
  if (conn)
    free_conn(conn);
  peal_http_server_forget(home, tag);
  return NULL;
}

void peal_http_link_open(peal_http_home *home, int fd,
                         const peal_address *address, uint32_t tag, bool handed,
                         peal_slice data) {
  peal_http_link *conn = adopt(home, fd, address, tag);
  if (!conn)
    return;
  conn->handed = handed;
  if (data.len)
    feed(conn, data);
  else
    peal_http_link_arm(conn);
}

void peal_http_link_refuse(peal_http_home *home, int fd,
                           const peal_address *address) {
  peal_http_link *conn = adopt(home, fd, address, PEAL_ADDRESS_COUNT_REFUSED);
  if (conn)
    answer_bad(conn, 503);
}

void peal_http_link_stop_all(peal_http_home *home) {
  peal_list *node = home->conns.next;
  while (node != &home->conns) {
    peal_http_link *conn = PEAL_LIST_OF(node, peal_http_link, node);
    node = node->next;
    if (conn->phase == PEAL_HTTP_IDLE || conn->phase == PEAL_HTTP_DRAIN)
      finish(conn);
  }
}
