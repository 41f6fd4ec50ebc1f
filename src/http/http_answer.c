/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "http/http_impl.h"

static const peal_slice none = {NULL, 0};

/* -- pieces of a head ------------------------------------------------------ */

static char *put(char *p, const char *text, size_t len) {
  memcpy(p, text, len);
  return p + len;
}

#define PUT(p, literal) put(p, literal, sizeof(literal) - 1)

static char *put_u64(char *p, uint64_t value) {
  char digits[20];
  size_t at = sizeof(digits);
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  return put(p, digits + at, sizeof(digits) - at);
}

/* RFC9110 5.6.7, made once per second. */
static const char *date_of(peal_http_home *home) {
  uint64_t now_ms = home->worker->now_ms;
  if (now_ms < home->date_until_ms)
    return home->date;
  int64_t wall_ms = peal_wall_ms();
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm tm;
  static const char days[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (!gmtime_r(&seconds, &tm))
    memset(&tm, 0, sizeof(tm));
  /* Not by strftime, which would ask the locale for the names. */
  snprintf(home->date, sizeof(home->date),
           "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday,
           tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
           tm.tm_min, tm.tm_sec);
  home->date_until_ms = now_ms + 1000 - (uint64_t)(wall_ms % 1000);
  return home->date;
}

/* -- keep the connection? -------------------------------------------------- */

/* What is left of the body would have to be read first. */
static bool body_is_in_the_way(const peal_http_req *req) {
  const peal_http_link *conn = req->conn;
  if (peal_http_link_body_done(conn))
    return false;
  if (conn->body_dead || (req->expects && !req->continued))
    return true;
  return req->framed_length && !req->on_end &&
         conn->framing.left > PEAL_LIMIT_HTTP_DRAIN_BYTES;
}

static bool keeps(const peal_http_req *req, uint64_t length) {
  if (!req->keep_alive || req->close || req->home->stopping)
    return false;
  /* RFC9112 6.1: no chunks for HTTP/1.0; the end of the connection ends it */
  if (length == UINT64_MAX && req->http10 && !req->bodyless)
    return false;
  return !body_is_in_the_way(req);
}

/* -- the head -------------------------------------------------------------- */

/* RFC9110 6.4.1: these have no content, whatever the fields say. */
static bool has_no_body(const peal_http_req *req, unsigned status) {
  return req->is_head || status == 204 || status == 304;
}

static char *put_framing(char *p, const peal_http_req *req, uint64_t length) {
  /* RFC9110 8.6: no Content-Length in a 204; the reference's preflight has
   * one, and so has ours. */
  if (req->status == 204 && !req->length_204)
    return p;
  if (req->status == 304)
    return p;
  if (length != UINT64_MAX) {
    p = PUT(p, "Content-Length: ");
    p = put_u64(p, length);
    return PUT(p, "\r\n");
  }
  return req->http10 ? p : PUT(p, "Transfer-Encoding: chunked\r\n");
}

static char *put_status(char *p, unsigned status) {
  const char *text = peal_http_status_text(status);
  p = PUT(p, "HTTP/1.1 ");
  p = put_u64(p, status);
  *p++ = ' ';
  p = put(p, text, strlen(text));
  return PUT(p, "\r\n");
}

/* Room for the lines of our own, with a status text and a date. */
#define OWN_BYTES 320u

/* Write the head into the connection's buffer, and `body` behind it. */
static bool put_answer(peal_http_req *req, const char *type, uint64_t length,
                       peal_slice body) {
  peal_http_link *conn = req->conn;
  size_t type_len = type ? strlen(type) : 0;
  size_t room = OWN_BYTES + type_len + req->headers.len + body.len;
  char *start = peal_buf_reserve(&conn->out, room);
  if (!start)
    return false;
  char *p = put_status(start, req->status);
  if (type) {
    p = PUT(p, "Content-Type: ");
    p = put(p, type, type_len);
    p = PUT(p, "\r\n");
  }
  if (req->headers.len)
    p = put(p, req->headers.ptr, req->headers.len);
  p = put_framing(p, req, length);
  p = PUT(p, "Date: ");
  p = put(p, date_of(req->home), 29);
  if (req->close)
    p = PUT(p, "\r\nConnection: close\r\n\r\n");
  else
    p = put(p, req->home->server->keep_alive,
            strlen(req->home->server->keep_alive));
  if (body.len)
    p = put(p, body.ptr, body.len);
  peal_buf_advance(&conn->out, (size_t)(p - start));
  return true;
}

/* Is this the first answer? */
static bool may_begin(peal_http_req *req) {
  if (!req->begun && !req->ended && !req->taken)
    return true;
  peal_logger_write(req->home->worker->log, PEAL_LOG_WARN, "http", none, none,
                    "a second answer to %.*s is ignored", PEAL_SFMT(req->path));
  return false;
}

/* Returns false if there is nothing to write to. */
static bool begin(peal_http_req *req, unsigned status, const char *type,
                  uint64_t length, peal_slice body) {
  if (status < 200 || status > 999 ||
      (type && !peal_http1_is_field_value(peal_slice_of(type)))) {
    peal_logger_write(req->home->worker->log, PEAL_LOG_ERROR, "http", none,
                      none, "wrong status %u or Content-Type for %.*s", status,
                      PEAL_SFMT(req->path));
    status = 500;
    type = NULL;
  }
  req->begun = true;
  req->status = status;
  req->announced = length;
  req->bodyless = has_no_body(req, status);
  if (req->aborted || !req->conn)
    return false;
  req->close = !keeps(req, length);
  req->chunked = length == UINT64_MAX && !req->http10;
  if (!put_answer(req, type, length, req->bodyless ? none : body)) {
    peal_http_link_break(req->conn, PEAL_ERR_NOMEM);
    return false;
  }
  peal_buf_deinit(&req->headers);
  peal_http_link_flush(req->conn);
  if (!req->conn->busy)
    peal_http_link_arm(req->conn);
  return true;
}

/* -- over ------------------------------------------------------------------ */

static void free_later(peal_flush *flush) {
  peal_http_req_free(PEAL_LIST_OF(flush, peal_http_req, flush));
}

void peal_http_answer_over(peal_http_req *req) {
  req->ended = true;
  if (req->conn) {
    peal_http_link_flush(req->conn);
    return;
  }
  /* Nobody waits for it; the caller may still look at the request. */
  req->flush.fn = free_later;
  peal_worker_impl_flush_later(req->home->worker, &req->flush);
}

/* -- whole answers --------------------------------------------------------- */

peal_err peal_http_answer_header(peal_http_req *req, const char *name,
                                 peal_slice value) {
  static const char *const own[] = {"content-length", "transfer-encoding",
                                    "connection", "date", "keep-alive"};
  peal_slice text = peal_slice_of(name);
  if (req->begun || !peal_http1_is_token(text) ||
      !peal_http1_is_field_value(value))
    return PEAL_ERR_USAGE;
  for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
    if (peal_slice_is_nocase(text, own[i]))
      return PEAL_ERR_USAGE;
  size_t len = text.len + value.len + 4;
  char *p = peal_buf_reserve(&req->headers, len);
  if (!p)
    return PEAL_ERR_NOMEM;
  p = put(p, text.ptr, text.len);
  p = PUT(p, ": ");
  if (value.len)
    p = put(p, value.ptr, value.len);
  PUT(p, "\r\n");
  peal_buf_advance(&req->headers, len);
  return PEAL_OK;
}

void peal_http_answer_close(peal_http_req *req) {
  if (!req->begun)
    req->close = true;
}

/* The body, taken, is too long to be copied behind the head. */
static void send_bytes(peal_http_req *req, peal_bytes *body) {
  peal_http_link *conn = req->conn;
  size_t len = peal_bytes_slice(body).len;
  if (!conn || req->bodyless || len == 0) {
    peal_bytes_unref(body);
    return;
  }
  conn->body = body;
  conn->body_pos = 0;
  conn->body_end = len;
}

void peal_http_answer(peal_http_req *req, unsigned status, const char *type,
                      peal_slice body) {
  if (!may_begin(req))
    return;
  bool small = body.len <= PEAL_HTTP_INLINE_BYTES || has_no_body(req, status) ||
               !req->conn;
  peal_bytes *copy = NULL;
  if (!small) {
    copy = peal_bytes_alloc(body.len, req->home->worker->mem);
    if (!copy) {
      peal_http_answer_error(req, 503);
      return;
    }
    memcpy(peal_bytes_data(copy), body.ptr, body.len);
  }
  bool there = begin(req, status, type, body.len, small ? body : none);
  if (copy && there)
    send_bytes(req, copy);
  else
    peal_bytes_unref(copy);
  req->written = there && !req->bodyless ? body.len : 0;
  peal_http_answer_over(req);
}

void peal_http_answer_bytes(peal_http_req *req, unsigned status,
                            const char *type, peal_bytes *body) {
  if (!body) {
    if (may_begin(req))
      peal_http_answer_error(req, 503);
    return;
  }
  peal_slice data = peal_bytes_slice(body);
  if (data.len <= PEAL_HTTP_INLINE_BYTES / 4) {
    peal_http_answer(req, status, type, data);
    return;
  }
  if (!may_begin(req))
    return;
  if (begin(req, status, type, data.len, none)) {
    send_bytes(req, peal_bytes_ref(body));
    req->written = req->bodyless ? 0 : data.len;
  }
  peal_http_answer_over(req);
}

void peal_http_answer_json(peal_http_req *req, unsigned status,
                           peal_val value) {
  peal_bytes *json = peal_json_bytes(value);
  peal_http_answer_bytes(req, status, "application/json; charset=utf-8", json);
  peal_bytes_unref(json);
}

void peal_http_answer_error(peal_http_req *req, unsigned status) {
  req->close = req->close || status >= 500 || status == 408 || status == 413;
  const char *text = peal_http_status_text(status);
  peal_http_answer(req, status, "text/plain", peal_slice_of(text));
}

void peal_http_answer_raw(peal_buf *out, unsigned status) {
  peal_slice text = peal_slice_of(peal_http_status_text(status));
  char *start = peal_buf_reserve(out, OWN_BYTES);
  if (!start)
    return;
  char *p = put_status(start, status);
  p = PUT(p, "Content-Type: text/plain\r\nContent-Length: ");
  p = put_u64(p, text.len);
  p = PUT(p, "\r\nConnection: close\r\n\r\n");
  p = put(p, text.ptr, text.len);
  peal_buf_advance(out, (size_t)(p - start));
}

void peal_http_answer_continue(peal_http_req *req) {
  peal_http_link *conn = req->conn;
  if (!conn || !req->expects || req->continued || req->begun)
    return;
  req->continued = true;
  /* RFC9110 10.1.1: it may be left out if the body has begun to come. */
  if (conn->busy ? conn->behind.len > 0 : conn->in.len > conn->in_pos)
    return;
  peal_buf_add(&conn->out, PEAL_S("HTTP/1.1 100 Continue\r\n\r\n"));
  if (conn->out.err)
    peal_http_link_break(conn, PEAL_ERR_NOMEM);
  else
    peal_http_link_flush(conn);
}

/* -- streams --------------------------------------------------------------- */

void peal_http_answer_begin(peal_http_req *req, unsigned status,
                            const char *type, uint64_t length) {
  if (may_begin(req))
    (void)begin(req, status, type, length, none);
}

/* RFC9112 7.1: size in hex, the data, CR LF after both. */
static char *put_chunk(char *p, peal_slice data) {
  char digits[16];
  size_t at = sizeof(digits), left = data.len;
  do {
    digits[--at] = "0123456789abcdef"[left & 15];
    left >>= 4;
  } while (left);
  p = put(p, digits + at, sizeof(digits) - at);
  p = PUT(p, "\r\n");
  p = put(p, data.ptr, data.len);
  return PUT(p, "\r\n");
}

static peal_err append(peal_http_req *req, peal_slice data) {
  peal_http_link *conn = req->conn;
  if (conn->out_pos > conn->out.len / 2) {
    peal_buf_consume(&conn->out, conn->out_pos);
    conn->out_pos = 0;
  }
  if (!req->chunked) {
    peal_buf_add(&conn->out, data);
  } else {
    char *start = peal_buf_reserve(&conn->out, data.len + 24);
    if (start)
      peal_buf_advance(&conn->out, (size_t)(put_chunk(start, data) - start));
  }
  if (conn->out.err == PEAL_OK)
    return PEAL_OK;
  peal_http_link_break(conn, PEAL_ERR_NOMEM);
  return PEAL_ERR_NOMEM;
}

peal_err peal_http_answer_write(peal_http_req *req, peal_slice data) {
  if (req->aborted || (req->begun && !req->conn))
    return PEAL_ERR_CLOSED;
  if (!req->begun || req->ended || req->file)
    return PEAL_ERR_USAGE;
  if (req->announced != UINT64_MAX && data.len > req->announced - req->written)
    return PEAL_ERR_USAGE;
  if (peal_stream_is_closing(req->conn->stream))
    return PEAL_ERR_CLOSED;
  size_t waiting = peal_http_link_waiting(req->conn);
  if (data.len > PEAL_LIMIT_HTTP_STREAM_BYTES ||
      waiting > PEAL_LIMIT_HTTP_STREAM_BYTES - data.len)
    return PEAL_ERR_QUEUE_FULL;
  if (data.len == 0)
    return PEAL_OK;
  if (req->bodyless) {
    req->written += data.len;
    return PEAL_OK;
  }
  peal_err err = append(req, data);
  if (err)
    return err;
  req->written += data.len;
  peal_http_link_flush(req->conn);
  if (waiting == 0)
    peal_http_link_arm(req->conn);
  req->drain_due = waiting + data.len > PEAL_LIMIT_HTTP_STREAM_HIGH_BYTES;
  return req->drain_due ? PEAL_ERR_AGAIN : PEAL_OK;
}

void peal_http_answer_on_drain(peal_http_req *req, peal_http_req_fn fn,
                               void *user) {
  req->on_drain = fn;
  req->drain_user = user;
}

void peal_http_answer_end(peal_http_req *req) {
  if (!req->begun || req->ended || req->file)
    return;
  peal_http_link *conn = req->conn;
  if (conn && !req->bodyless) {
    if (req->announced != UINT64_MAX && req->written < req->announced) {
      peal_logger_write(req->home->worker->log, PEAL_LOG_ERROR, "http", none,
                        none, "the answer to %.*s ended before its length",
                        PEAL_SFMT(req->path));
      req->close = true;
      req->ended = true;
      peal_http_link_break(conn, PEAL_ERR_USAGE);
      return;
    }
    if (req->chunked)
      peal_buf_add(&conn->out, PEAL_S("0\r\n\r\n"));
    if (conn->out.err)
      peal_http_link_break(conn, PEAL_ERR_NOMEM);
  }
  peal_http_answer_over(req);
}

void peal_http_answer_sent(peal_http_req *req, size_t waiting) {
  if (req->file) {
    if (waiting == 0)
      peal_http_file_next(req);
    return;
  }
  if (!req->drain_due || waiting > PEAL_LIMIT_HTTP_STREAM_LOW_BYTES)
    return;
  req->drain_due = false;
  if (req->on_drain)
    req->on_drain(req, req->drain_user);
}
