/* SPDX-License-Identifier: MIT */
#include "proto/http_write.h"

static peal_err may_write(const peal_http_conn *conn) {
  if (conn->closed || conn->phase == PEAL_HTTP_CONN_CLOSING)
    return PEAL_ERR_CLOSED;
  return conn->phase == PEAL_HTTP_CONN_EXCHANGE ? PEAL_OK : PEAL_ERR_USAGE;
}

peal_err peal_http_write_copy(peal_http_conn *conn, peal_slice data,
                              uint64_t now_ms) {
  peal_err err = may_write(conn);
  if (!err)
    err = peal_http_send_write(&conn->send, data);
  peal_http_conn_watch(conn, now_ms);
  return err;
}

peal_err peal_http_write_share(peal_http_conn *conn, peal_bytes *bytes,
                               size_t len, uint64_t now_ms) {
  peal_err err = may_write(conn);
  if (!err)
    err = peal_http_send_share(&conn->send, bytes, len, true);
  peal_http_conn_watch(conn, now_ms);
  return err;
}

/* A client's answer_ms count from here. */
peal_err peal_http_write_end(peal_http_conn *conn, uint64_t now_ms) {
  peal_err err = may_write(conn);
  if (err)
    return err;
  bool may_end = conn->send.begun && !conn->send.ended;
  err = peal_http_send_end(&conn->send);
  peal_http_conn_watch(conn, now_ms);
  if (err && may_end)
    peal_http_conn_break(conn, err);
  else if (!err && conn->awaits)
    conn->since_ms = now_ms;
  return err;
}
