/* SPDX-License-Identifier: MIT */
#include "proto/http_ask.h"

#include "wire/http1_target.h"

/* RFC9110 8.6: no length where no content is expected. */
static bool says_length(const peal_http_ask *request) {
  return request->length > 0 || peal_slice_is(request->method, "POST") ||
         peal_slice_is(request->method, "PUT") ||
         peal_slice_is(request->method, "PATCH");
}

static peal_err begin_request(peal_http_conn *conn,
                              const peal_http_ask *request) {
  peal_buf tail;
  peal_buf_init(&tail, conn->opts->mem, 0);
  peal_buf_add_str(&tail, "\r\nHost: ");
  peal_buf_add(&tail, request->host);
  peal_buf_add_str(&tail, request->upgrade ? "\r\nConnection: Upgrade\r\n\r\n"
                          : request->close ? "\r\nConnection: close\r\n\r\n"
                                           : "\r\n\r\n");
  peal_http_head head = {.method = request->method,
                         .target = request->target,
                         .type = request->type,
                         .lines = request->lines,
                         .length = request->length,
                         .tail = peal_buf_slice(&tail)};
  if (request->length == UINT64_MAX)
    head.framing = PEAL_HTTP1_CHUNKED;
  else if (says_length(request))
    head.framing = PEAL_HTTP1_LENGTH;
  peal_err err = tail.err
                     ? tail.err
                     : peal_http_send_begin(&conn->send, &head, request->length,
                                            false, request->body);
  peal_buf_deinit(&tail);
  return err;
}

static bool is_sound(const peal_http_ask *request) {
  return peal_http1_is_token(request->method) &&
         peal_http1_target_is_valid(request->method, request->target) &&
         peal_http1_target_is_authority(request->host) && request->host.len &&
         (request->length == UINT64_MAX ? !request->body.len
                                        : request->body.len <= request->length);
}

peal_err peal_http_ask_with(peal_http_conn *conn, const peal_http_ask *request,
                            uint64_t now_ms) {
  if (conn->closed || conn->phase == PEAL_HTTP_CONN_CLOSING)
    return PEAL_ERR_CLOSED;
  if (!conn->opts->client || conn->phase != PEAL_HTTP_CONN_IDLE ||
      !is_sound(request))
    return PEAL_ERR_USAGE;
  peal_http_send_next(&conn->send);
  peal_err err = begin_request(conn, request);
  if (err)
    return err;
  conn->now_ms = now_ms;
  conn->phase = PEAL_HTTP_CONN_EXCHANGE;
  conn->since_ms = now_ms;
  conn->fresh = false;
  conn->keep_alive = true;
  conn->to_head = peal_slice_is(request->method, "HEAD");
  conn->awaits = conn->wants = true;
  conn->body_dead = false;
  conn->close = request->close;
  conn->answer_ms =
      request->answer_ms ? request->answer_ms : conn->opts->head_ms;
  peal_http_conn_watch(conn, now_ms);
  if (conn->send.left == 0)
    err = peal_http_send_end(&conn->send);
  return err;
}
