/* SPDX-License-Identifier: MIT */
#include "http/http_upgrade.h"

#include "http/http_answer.h"
#include "http/http_link.h"
#include "http/http_req.h"
#include "proto/http_reply.h"

/* Until the new owner says who it is. */
static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  (void)data;
  (void)len;
  (void)user;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  (void)stream;
  (void)out;
  (void)user;
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  (void)stream;
  (void)len;
  (void)user;
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  (void)err;
  peal_http_upgrade_closed(user, stream);
}

static const peal_stream_callbacks nobody = {.on_read = on_read,
                                             .on_pull = on_pull,
                                             .on_sent = on_sent,
                                             .on_close = on_close};

peal_stream *peal_http_upgrade_take(peal_http_req *req, peal_slice *rest) {
  peal_http_link *link = req->link;
  *rest = (peal_slice){NULL, 0};
  if (!link || req->begun || req->promised ||
      peal_stream_is_closing(link->stream))
    return NULL;
  peal_stream *stream = link->stream;
  /* What was kept goes with the request: `rest` may point into it. */
  peal_http_conn_upgrade(&link->conn, &req->rest, rest);
  req->link = NULL;
  req->taken = true;
  req->begun = true;
  req->ended = true;
  req->status = 101;
  link->req = NULL;
  peal_stream_set_owner(stream, &nobody, req->home->server);
  peal_http_link_give(link);
  peal_stream_resume(stream);
  return stream;
}

bool peal_http_upgrade_is_asked(const peal_http_req *req) {
  return req->asks_upgrade;
}

peal_http_server *peal_http_upgrade_server(const peal_http_req *req) {
  return req->home->server;
}

bool peal_http_upgrade_is_open(const peal_http_req *req) {
  return !req->begun && !req->promised;
}

peal_slice peal_http_upgrade_lines(const peal_http_req *req) {
  return peal_buf_slice(&req->headers);
}

void peal_http_upgrade_tell_done(peal_http_req *req) {
  peal_http_req_tell_done(req, PEAL_OK);
}

void peal_http_upgrade_free(peal_http_req *req) {
  if (req->taken) {
    peal_http_req_tell_done(req, PEAL_OK);
    peal_http_req_free(req);
  } else if (!req->ended) {
    peal_http_answer_error(req, 500);
  }
}

void peal_http_upgrade_free_later(peal_http_req *req) {
  peal_http_req_tell_done(req, PEAL_OK);
  peal_worker_impl_flush_later(req->home->worker, &req->flush);
}

/* The status in "HTTP/1.1 400 …". */
static unsigned status_of(peal_slice raw) {
  unsigned status = 0;
  for (size_t i = 9; i < 12 && i < raw.len; i++)
    status = status * 10 + (unsigned)(raw.ptr[i] - '0') % 10;
  return status;
}

void peal_http_upgrade_refuse(peal_http_req *req, peal_slice raw) {
  if (!peal_http_answer_may(req))
    return;
  peal_http_link *link = req->link;
  req->begun = true;
  req->status = status_of(raw);
  peal_err err =
      link ? peal_http_reply_raw(&link->conn, raw, req->home->worker->now_ms)
           : PEAL_OK;
  if (err)
    peal_http_link_break(link, err);
  peal_http_answer_over(req);
}

void peal_http_upgrade_closed(peal_http_server *server, peal_stream *stream) {
  unsigned index = peal_worker_index(peal_stream_worker(stream));
  peal_http_home_forget(&server->homes[index], peal_stream_tag(stream));
}

peal_account_worker *peal_http_server_account(peal_http_server *server,
                                              const peal_worker *worker) {
  return &server->homes[peal_worker_index(worker)].account;
}

peal_logger *peal_http_server_logger(peal_http_server *server) {
  return server->homes[0].worker->log;
}

/* Its value; empty if it comes twice. */
static peal_slice only(const peal_http_req *req, const char *name) {
  size_t found = 0;
  for (size_t i = 0; i < peal_http_req_header_count(req); i++)
    found += peal_slice_is_nocase(peal_http_req_header_at(req, i, NULL), name);
  return found == 1 ? peal_http_req_header(req, name) : (peal_slice){NULL, 0};
}

peal_ws_accept_head peal_http_upgrade_ws_head(const peal_http_req *req) {
  return (peal_ws_accept_head){.is_get = peal_http_req_is_method(req, "GET"),
                               .upgrade = peal_http_req_header(req, "upgrade"),
                               .version = only(req, "sec-websocket-version"),
                               .key = only(req, "sec-websocket-key")};
}
