/* SPDX-License-Identifier: MIT */
#include "http/http_answer.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "http/http_limits.h"
#include "proto/http_refusal.h"
#include "proto/http_reply.h"
#include "proto/http_write.h"

static const peal_slice none = {NULL, 0};

/* Shared bytes up to this many are copied behind the head: one piece. */
#define COPIED_BYTES 4096u

/* -- may it? --------------------------------------------------------------- */

bool peal_http_answer_may(peal_http_req *req) {
  if (!req->begun && !req->ended && !req->taken && !req->promised)
    return true;
  peal_logger_write(req->home->worker->log, PEAL_LOG_WARN, "http", none, none,
                    "a second answer to %.*s is ignored", PEAL_SFMT(req->path));
  return false;
}

void peal_http_answer_check(peal_http_req *req) {
  if (req->begun || req->deferred || req->on_end || req->aborted ||
      req->taken || req->promised)
    return;
  peal_logger_write(req->home->worker->log, PEAL_LOG_ERROR, "http", none, none,
                    "the handler of %.*s neither answered nor deferred",
                    PEAL_SFMT(req->path));
  peal_http_answer_error(req, 500);
}

/* -- beginning ------------------------------------------------------------- */

/* A status or a type that cannot be sent is a mistake of the program's. */
static void correct(const peal_http_req *req, peal_http_reply *reply) {
  if (reply->status >= 200 && reply->status <= 999 &&
      peal_http1_is_field_value(reply->type))
    return;
  peal_logger_write(req->home->worker->log, PEAL_LOG_ERROR, "http", none, none,
                    "wrong status %u or Content-Type for %.*s", reply->status,
                    PEAL_SFMT(req->path));
  reply->status = 500;
  reply->type = none;
}

/* RFC9110 6.4.1: these have no content, whatever the fields say. */
static bool has_no_body(const peal_http_req *req, unsigned status) {
  return req->is_head || status == 204 || status == 304;
}

/* Nothing of the answer could be queued, or not what must follow: then the
 * machine has broken off already. */
static void run_out(peal_http_req *req, peal_err err) {
  peal_http_link *link = req->link;
  if (err == PEAL_ERR_NOMEM)
    peal_http_conn_refuse(&link->conn, req->status = 503);
  peal_http_link_break(link, err);
}

/* Returns false if there is nothing to write to. */
static bool begin(peal_http_req *req, peal_http_reply *reply) {
  correct(req, reply);
  req->begun = true;
  req->status = reply->status;
  req->announced = reply->length;
  req->bodyless = has_no_body(req, reply->status);
  if (req->aborted || !req->link)
    return false;
  reply->lines = peal_buf_slice(&req->headers);
  reply->date = peal_http_home_date(req->home);
  reply->close = req->close;
  reply->length_204 = req->length_204;
  peal_err err =
      peal_http_reply_with(&req->link->conn, reply, req->home->worker->now_ms);
  peal_buf_deinit(&req->headers);
  if (err)
    run_out(req, err);
  return err == PEAL_OK;
}

void peal_http_answer_over(peal_http_req *req) {
  req->ended = true;
  if (req->link)
    peal_http_link_send(req->link);
  else /* Nobody waits for it; the caller may still look at the request. */
    peal_worker_impl_flush_later(req->home->worker, &req->flush);
}

/* -- whole answers --------------------------------------------------------- */

static bool is_own(peal_http1_name name, peal_slice text) {
  return name == PEAL_HTTP1_NAME_CONTENT_LENGTH ||
         name == PEAL_HTTP1_NAME_TRANSFER_ENCODING ||
         name == PEAL_HTTP1_NAME_CONNECTION ||
         peal_slice_is_nocase(text, "date") ||
         peal_slice_is_nocase(text, "keep-alive");
}

static char *put(char *p, const char *text, size_t len) {
  memcpy(p, text, len);
  return p + len;
}

peal_err peal_http_answer_header(peal_http_req *req, const char *name,
                                 peal_slice value) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_slice text = peal_slice_of(name);
  if (req->begun || !peal_http1_is_token(text) ||
      !peal_http1_is_field_value(value) ||
      is_own(peal_http1_name_of(text), text))
    return PEAL_ERR_USAGE;
  size_t len = text.len + value.len + 4;
  char *p = peal_buf_reserve(&req->headers, len);
  if (!p)
    return PEAL_ERR_NOMEM;
  p = put(p, text.ptr, text.len);
  p = put(p, ": ", 2);
  if (value.len)
    p = put(p, value.ptr, value.len);
  put(p, "\r\n", 2);
  peal_buf_advance(&req->headers, len);
  return PEAL_OK;
}

void peal_http_answer_close(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (!req->begun)
    req->close = true;
}

static void answer_whole(peal_http_req *req, peal_http_reply *reply) {
  reply->whole = true;
  if (begin(req, reply) && !req->bodyless)
    req->written = reply->length;
  peal_http_answer_over(req);
}

void peal_http_answer(peal_http_req *req, unsigned status, const char *type,
                      peal_slice body) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (!peal_http_answer_may(req))
    return;
  peal_http_reply reply = {.status = status,
                           .type = peal_slice_of(type),
                           .length = body.len,
                           .body = body};
  answer_whole(req, &reply);
}

static void answer_bytes(peal_http_req *req, unsigned status, const char *type,
                         peal_bytes *body, bool own) {
  if (!peal_http_answer_may(req))
    return;
  if (!body) {
    peal_http_answer_error(req, 503);
    return;
  }
  peal_slice data = peal_bytes_slice(body);
  bool is_short = data.len <= COPIED_BYTES;
  peal_http_reply reply = {.status = status,
                           .type = peal_slice_of(type),
                           .length = data.len,
                           .body = is_short ? data : none,
                           .bytes = is_short ? NULL : body,
                           .own = own};
  answer_whole(req, &reply);
}

void peal_http_answer_bytes(peal_http_req *req, unsigned status,
                            const char *type, peal_bytes *body) {
  PEAL_ON_REQ(req, "peal_worker_post");
  answer_bytes(req, status, type, body, false);
}

void peal_http_answer_own(peal_http_req *req, unsigned status, const char *type,
                          peal_bytes *body) {
  answer_bytes(req, status, type, body, true);
}

void peal_http_answer_error(peal_http_req *req, unsigned status) {
  req->close = req->close || status >= 500 || status == 408 || status == 413;
  char room[PEAL_HTTP_REFUSAL_BYTES];
  bool json = req->home->conn_opts.json_errors;
  peal_http_answer(req, status, peal_http_refusal_type(json),
                   peal_http_refusal_body(room, status, json));
}

/* -- streams --------------------------------------------------------------- */

static void begin_stream(peal_http_req *req, peal_http_reply *reply) {
  if (peal_http_answer_may(req) && begin(req, reply))
    peal_http_link_send(req->link);
}

void peal_http_answer_begin(peal_http_req *req, unsigned status,
                            const char *type, uint64_t length) {
  PEAL_ON_REQ(req, "peal_worker_post");
  begin_stream(req, &(peal_http_reply){.status = status,
                                       .type = peal_slice_of(type),
                                       .length = length});
}

void peal_http_answer_certain(peal_http_req *req, unsigned status,
                              const char *type, uint64_t length) {
  begin_stream(req, &(peal_http_reply){.status = status,
                                       .type = peal_slice_of(type),
                                       .length = length,
                                       .certain = true});
}

static peal_err may_write(const peal_http_req *req, size_t len) {
  if (req->aborted || (req->begun && !req->link))
    return PEAL_ERR_CLOSED;
  if (!req->begun || req->ended || req->file)
    return PEAL_ERR_USAGE;
  if (req->announced != UINT64_MAX && len > req->announced - req->written)
    return PEAL_ERR_USAGE;
  if (peal_stream_is_closing(req->link->stream))
    return PEAL_ERR_CLOSED;
  size_t waiting = peal_http_conn_waiting(&req->link->conn);
  if (len > PEAL_LIMIT_HTTP_STREAM_BYTES ||
      waiting > PEAL_LIMIT_HTTP_STREAM_BYTES - len)
    return PEAL_ERR_QUEUE_FULL;
  return PEAL_OK;
}

peal_err peal_http_answer_write(peal_http_req *req, peal_slice data) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_err err = may_write(req, data.len);
  if (err || data.len == 0)
    return err;
  peal_http_link *link = req->link;
  err = peal_http_write_copy(&link->conn, data, req->home->worker->now_ms);
  if (err == PEAL_ERR_NOMEM)
    peal_http_link_break(link, err);
  if (err)
    return err;
  req->written += data.len;
  if (req->bodyless)
    return PEAL_OK;
  peal_http_link_send(link);
  req->drain_due =
      peal_http_conn_waiting(&link->conn) > PEAL_LIMIT_HTTP_STREAM_HIGH_BYTES;
  return req->drain_due ? PEAL_ERR_AGAIN : PEAL_OK;
}

void peal_http_answer_on_drain(peal_http_req *req, peal_http_req_fn fn,
                               void *user) {
  PEAL_ON_REQ(req, "peal_worker_post");
  req->on_drain = fn;
  req->drain_user = user;
}

void peal_http_answer_end(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (!req->begun || req->ended || req->file)
    return;
  peal_err err = req->link ? peal_http_write_end(&req->link->conn,
                                                 req->home->worker->now_ms)
                           : PEAL_OK;
  if (err == PEAL_ERR_USAGE)
    peal_logger_write(req->home->worker->log, PEAL_LOG_ERROR, "http", none,
                      none, "the answer to %.*s ended before its length",
                      PEAL_SFMT(req->path));
  if (err)
    peal_http_link_break(req->link, err);
  peal_http_answer_over(req);
}

void peal_http_answer_break(peal_http_req *req) {
  PEAL_ON_REQ(req, "peal_worker_post");
  if (!req->begun || req->ended || req->file)
    return;
  if (req->link)
    peal_http_link_break(req->link, PEAL_ERR_CANCELLED);
  peal_http_answer_over(req);
}

void peal_http_answer_sent(peal_http_req *req, size_t waiting) {
  if (!req->drain_due || waiting > PEAL_LIMIT_HTTP_STREAM_LOW_BYTES)
    return;
  req->drain_due = false;
  if (req->on_drain)
    req->on_drain(req, req->drain_user);
}
