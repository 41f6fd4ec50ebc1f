/* SPDX-License-Identifier: MIT */
#include "http/http_upgrade.h"

#include "http/http_impl.h"

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

static const peal_stream_callbacks nobody = {on_read, NULL, on_pull, on_sent,
                                             on_close};

peal_stream *peal_http_upgrade_take(peal_http_req *req, peal_slice *rest) {
  peal_http_link *conn = req->conn;
  *rest = (peal_slice){NULL, 0};
  if (!conn || req->begun || peal_stream_is_closing(conn->stream))
    return NULL;
  peal_stream *stream = conn->stream;
  if (conn->busy)
    *rest = conn->behind;
  else if (conn->in.len > conn->in_pos)
    *rest =
        (peal_slice){conn->in.ptr + conn->in_pos, conn->in.len - conn->in_pos};
  /* What was kept, and what `rest` points into, goes with the request. */
  req->rest = conn->in;
  peal_buf_init(&conn->in, conn->home->worker->mem, 0);
  req->conn = NULL;
  req->taken = true;
  req->begun = true;
  req->ended = true;
  req->status = 101;
  conn->req = NULL;
  peal_stream_set_owner(stream, &nobody, req->home->server);
  peal_http_link_give(conn);
  peal_stream_resume(stream);
  return stream;
}

void peal_http_upgrade_free(peal_http_req *req) {
  if (req->taken) {
    peal_http_req_tell_done(req, PEAL_OK);
    peal_http_req_free(req);
  } else if (!req->ended) {
    peal_http_answer_error(req, 500);
  }
}

/* The status in "HTTP/1.1 400 …". */
static unsigned status_of(peal_slice raw) {
  unsigned status = 0;
  for (size_t i = 9; i < 12 && i < raw.len; i++)
    status = status * 10 + (unsigned)(raw.ptr[i] - '0') % 10;
  return status;
}

void peal_http_upgrade_refuse(peal_http_req *req, peal_slice raw) {
  if (req->begun || req->ended)
    return;
  req->begun = true;
  req->close = true;
  req->status = status_of(raw);
  peal_http_link *conn = req->conn;
  if (conn) {
    peal_buf_add(&conn->out, raw);
    if (conn->out.err)
      peal_http_link_break(conn, PEAL_ERR_NOMEM);
    else if (!conn->busy)
      peal_http_link_arm(conn);
  }
  peal_http_answer_over(req);
}

void peal_http_upgrade_closed(peal_http_server *server, peal_stream *stream) {
  unsigned index = peal_worker_index(peal_stream_worker(stream));
  peal_http_server_forget(&server->homes[index], peal_stream_tag(stream));
}

peal_logger *peal_http_server_logger(peal_http_server *server) {
  return server->homes[0].worker->log;
}
