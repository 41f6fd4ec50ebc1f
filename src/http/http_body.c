/* SPDX-License-Identifier: MIT */
#include "http/http_body.h"

#include "http/http_answer.h"
#include "proto/http_reply.h"

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
  if (req->link)
    peal_http_conn_drop_body(&req->link->conn);
  unsigned status = peal_err_http_status(err);
  if (!req->begun && !req->promised)
    peal_http_answer_error(req, status ? status : 400);
  else if (req->link && req->begun && !req->ended)
    peal_http_link_break(req->link, err);
  tell_end(req, err, none);
}

/* Does somebody take what comes? The machine is to know. */
static void update_want(peal_http_req *req) {
  if (!req->link)
    return;
  peal_http_conn_want(&req->link->conn, req->on_end && !req->paused,
                      req->home->worker->now_ms);
  peal_http_link_wake(req->link);
}

/* -- collecting ------------------------------------------------------------ */

static void give_back(peal_http_req *req, size_t bytes) {
  if (!bytes)
    return;
  atomic_fetch_sub_explicit(&req->home->server->collected, bytes,
                            memory_order_relaxed);
  peal_account_worker_release(&req->home->account, bytes);
}

void peal_http_body_release(peal_http_req *req) {
  peal_buf_deinit(&req->collected);
  give_back(req, req->collected_charged);
  req->collected_charged = 0;
}

/* All bodies together have a ceiling, whoever sends them: what is over it is
 * refused, what is under way goes on. */
bool peal_http_body_charge(peal_http_req *req, size_t bytes) {
  peal_http_server *server = req->home->server;
  if (peal_account_worker_charge(&req->home->account, bytes))
    return false;
  size_t before = atomic_fetch_add_explicit(&server->collected, bytes,
                                            memory_order_relaxed);
  if (before + bytes <= server->opts.max_collected_bytes) {
    req->collected_charged += bytes;
    return true;
  }
  give_back(req, bytes);
  return false;
}

/* Twice of what has come, at most what is announced: an announcement alone
 * reserves nothing. */
static size_t room_for(const peal_http_req *req, size_t need) {
  size_t room = req->collected.len > need / 2 ? 2 * req->collected.len : need;
  uint64_t max = req->framed_length ? req->length : req->body_max;
  return room > max && max >= need ? (size_t)max : room;
}

static bool reserve(peal_http_req *req, size_t len) {
  peal_buf *to = &req->collected;
  size_t need = to->len + len;
  if (need <= req->collected_charged)
    return true;
  size_t room = room_for(req, need);
  if (!peal_http_body_charge(req, room - req->collected_charged))
    return false;
  to->max = room;
  return peal_buf_reserve(to, room - to->len) != NULL;
}

static void collect(peal_http_req *req, peal_slice data, bool last) {
  if (last && req->collected.len == 0) {
    /* All of it lies in one piece: no copy. */
    tell_end(req, PEAL_OK, data);
    return;
  }
  if (!reserve(req, data.len)) {
    peal_http_body_fail(req, PEAL_ERR_NOMEM);
    return;
  }
  peal_buf_add(&req->collected, data);
  if (!last)
    return;
  /* The buffer outlives the callback, not the request. */
  tell_end(req, PEAL_OK, peal_buf_slice(&req->collected));
  peal_http_body_release(req);
}

/* -- pieces ---------------------------------------------------------------- */

static void stream(peal_http_req *req, peal_slice data, bool last) {
  if (data.len)
    req->on_data(req, data, req->body_user);
  if (last && req->on_end)
    tell_end(req, PEAL_OK, none);
}

void peal_http_body_deliver(peal_http_req *req, peal_slice data, bool last,
                            uint64_t left) {
  if (!req->on_end)
    return;
  /* A chunk that announces more than there is room for is refused before it
   * is sent, as a length is. */
  uint64_t room = req->body_max - req->body_taken;
  if (data.len > room || left > room - data.len) {
    peal_http_body_fail(req, PEAL_ERR_HTTP_BODY_LEN);
    return;
  }
  req->body_taken += data.len;
  if (req->on_data)
    stream(req, data, last);
  else
    collect(req, data, last);
  if (last)
    peal_http_answer_check(req);
}

/* -- asking for it --------------------------------------------------------- */

static void begin(peal_http_req *req) {
  peal_http_link *link = req->link;
  if (peal_http_reply_continue(&link->conn, req->home->worker->now_ms))
    peal_http_link_break(link, PEAL_ERR_NOMEM);
  else if (peal_http_conn_waiting(&link->conn) > 0)
    peal_http_link_send(link);
  update_want(req);
}

static void start(peal_http_req *req, uint64_t max_bytes,
                  peal_http_data_fn on_data, peal_http_body_fn on_end,
                  void *user) {
  peal_http_link *link = req->link;
  req->on_data = on_data;
  req->on_end = on_end;
  req->body_user = user;
  req->body_max = max_bytes;
  if (!link) {
    tell_end(req, req->aborted ? PEAL_ERR_CLOSED : PEAL_ERR_USAGE, none);
  } else if (peal_http_conn_body_is_whole(&link->conn)) {
    tell_end(req, PEAL_OK, none);
    if (!link->running)
      peal_http_answer_check(req);
  } else if (req->ended) {
    tell_end(req, PEAL_ERR_CANCELLED, none);
  } else if (req->framed_length && req->length > max_bytes) {
    /* RFC9110 10.1.1: refused before the client sends it */
    peal_http_body_fail(req, PEAL_ERR_HTTP_BODY_LEN);
  } else {
    begin(req);
  }
}

void peal_http_req_collect(peal_http_req *req, size_t max_bytes,
                           peal_http_body_fn fn, void *user) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (fn && !req->on_end)
    start(req, max_bytes, NULL, fn, user);
}

void peal_http_req_stream(peal_http_req *req, uint64_t max_bytes,
                          peal_http_data_fn on_data, peal_http_body_fn on_end,
                          void *user) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (on_data && on_end && !req->on_end)
    start(req, max_bytes, on_data, on_end, user);
}

void peal_http_req_pause(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (req->paused)
    return;
  req->paused = true;
  update_want(req);
}

void peal_http_req_resume(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (!req->paused)
    return;
  req->paused = false;
  update_want(req);
}
