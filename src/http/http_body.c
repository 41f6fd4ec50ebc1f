/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "http/http_impl.h"

static const peal_slice none = {NULL, 0};

/* The consumer's last call; it is forgotten first, so that it comes once. */
static void tell_end(peal_http_req *req, peal_err err, peal_slice body) {
  peal_http_body_fn fn = req->on_end;
  req->on_end = NULL;
  req->on_data = NULL;
  if (fn)
    fn(req, err, body, req->body_user);
}

void peal_http_body_cancel(peal_http_req *req, peal_err err) {
  tell_end(req, err, none);
}

void peal_http_body_fail(peal_http_req *req, peal_err err) {
  peal_http_link *conn = req->conn;
  if (conn)
    conn->body_dead = true;
  if (!req->begun)
    peal_http_answer_error(
        req, peal_err_http_status(err) ? peal_err_http_status(err) : 400);
  else if (conn && !req->ended)
    peal_http_link_break(conn, err);
  tell_end(req, err, none);
}

/* -- pieces ---------------------------------------------------------------- */

void peal_http_body_release(peal_http_req *req) {
  atomic_fetch_sub_explicit(&req->home->server->collected, req->collected.len,
                            memory_order_relaxed);
  peal_buf_deinit(&req->collected);
}

/* All bodies together have a ceiling, whoever sends them: what is over it is
 * refused, what is under way goes on. */
static bool charge(const peal_http_req *req, size_t len) {
  peal_http_server *server = req->home->server;
  size_t before =
      atomic_fetch_add_explicit(&server->collected, len, memory_order_relaxed);
  if (before + len <= server->opts.max_collected_bytes)
    return true;
  atomic_fetch_sub_explicit(&server->collected, len, memory_order_relaxed);
  return false;
}

static void collect(peal_http_req *req, peal_slice data, bool whole) {
  if (whole && req->collected.len == 0) {
    /* All of it lies in one piece: no copy. */
    tell_end(req, PEAL_OK, data);
    peal_http_req_check(req);
    return;
  }
  if (req->collected.len == 0 && req->framed_length)
    (void)peal_buf_reserve(&req->collected, (size_t)req->length);
  size_t before = req->collected.len;
  bool has_room = charge(req, data.len);
  if (has_room)
    peal_buf_add(&req->collected, data);
  if (has_room && req->collected.len == before)
    atomic_fetch_sub_explicit(&req->home->server->collected, data.len,
                              memory_order_relaxed);
  if (!has_room || req->collected.err)
    peal_http_body_fail(req, PEAL_ERR_NOMEM);
}

void peal_http_body_deliver(peal_http_req *req, peal_slice data, bool whole) {
  if (!req->on_end)
    return;
  /* A chunk that announces more than there is room for is refused before it
   * is sent, as a length is. */
  uint64_t room = req->body_max - req->body_taken;
  if (data.len > room || req->conn->framing.left > room - data.len) {
    peal_http_body_fail(req, PEAL_ERR_HTTP_BODY_LEN);
    return;
  }
  req->body_taken += data.len;
  if (req->on_data)
    req->on_data(req, data, req->body_user);
  else
    collect(req, data, whole);
}

void peal_http_body_end(peal_http_req *req) {
  if (!req->on_end)
    return;
  /* The buffer outlives the callback, not the request. */
  peal_slice body = peal_buf_slice(&req->collected);
  tell_end(req, PEAL_OK, body);
  peal_http_body_release(req);
  peal_http_req_check(req);
}

/* -- asking for it --------------------------------------------------------- */

static void start(peal_http_req *req, uint64_t max_bytes,
                  peal_http_data_fn on_data, peal_http_body_fn on_end,
                  void *user) {
  req->on_data = on_data;
  req->on_end = on_end;
  req->body_user = user;
  req->body_max = max_bytes;
  peal_http_link *conn = req->conn;
  if (!conn) {
    tell_end(req, req->aborted ? PEAL_ERR_CLOSED : PEAL_ERR_USAGE, none);
    return;
  }
  if (peal_http_link_body_done(conn)) {
    tell_end(req, PEAL_OK, none);
    if (!conn->busy)
      peal_http_req_check(req);
    return;
  }
  /* RFC9110 10.1.1: refused before the client sends it */
  if (req->framed_length && req->length > max_bytes) {
    peal_http_body_fail(req, PEAL_ERR_HTTP_BODY_LEN);
    return;
  }
  peal_http_answer_continue(req);
  (void)peal_http_link_kick(conn);
}

void peal_http_req_collect(peal_http_req *req, size_t max_bytes,
                           peal_http_body_fn fn, void *user) {
  if (fn && !req->on_end)
    start(req, max_bytes, NULL, fn, user);
}

void peal_http_req_stream(peal_http_req *req, uint64_t max_bytes,
                          peal_http_data_fn on_data, peal_http_body_fn on_end,
                          void *user) {
  if (on_data && on_end && !req->on_end)
    start(req, max_bytes, on_data, on_end, user);
}

void peal_http_req_pause(peal_http_req *req) {
  req->paused = true;
  if (req->conn)
    (void)peal_http_link_kick(req->conn);
}

void peal_http_req_resume(peal_http_req *req) {
  if (!req->paused)
    return;
  req->paused = false;
  if (req->conn && !peal_http_link_body_done(req->conn))
    (void)peal_http_link_kick(req->conn);
}
