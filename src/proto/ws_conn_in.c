/* SPDX-License-Identifier: MIT */
/* ws_conn_in: what a WebSocket receives, and how it ends: _feed, _next and
 * _tick of ws_conn.h are here. */
#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "proto/proto_limits.h"
#include "proto/ws_conn.h"
#include "proto/ws_conn_impl.h"
#include "wire/utf8.h"

#define NEVER UINT64_MAX
#define CODE_NONE 1005u     /* RFC6455 7.4.1: the close frame had no code */
#define CODE_ABNORMAL 1006u /* RFC6455 7.4.1: no close frame came */
#define CODE_POLICY 1008u   /* RFC6455 7.4.1: as for other limits */

/* -- the end ------------------------------------------------------------- */

static void end(peal_ws_conn *conn, peal_ws_event *event, peal_err err,
                unsigned code, peal_slice reason) {
  conn->is_ended = true;
  conn->lent = (peal_ws_input_bytes){NULL, 0};
  *event = (peal_ws_event){.type = PEAL_WS_EVENT_CLOSE,
                           .code = (uint16_t)code,
                           .err = err,
                           .data = reason};
}

static void drop_input(peal_ws_conn *conn) {
  if (!conn->block)
    return;
  peal_ws_conn_impl_drop_memory(conn);
  peal_ws_input_deinit(&conn->block->in);
  peal_ws_input_init(&conn->block->in, peal_ws_conn_mem(conn), conn->account);
}

/* RFC6455 7.1.7: fail the connection: tell the peer why, read no more. */
static void fail(peal_ws_conn *conn, peal_ws_event *event, peal_err err) {
  drop_input(conn);
  unsigned code = conn->is_slow ? CODE_POLICY : peal_err_ws_code(err);
  peal_ws_conn_impl_close(conn, code, (peal_slice){NULL, 0}, conn->at_ms);
  end(conn, event, err, CODE_ABNORMAL, (peal_slice){NULL, 0});
}

static uint32_t message_ms(const peal_ws_conn *conn) {
  return conn->opts->message_ms ? conn->opts->message_ms
                                : PEAL_LIMIT_WS_MESSAGE_MS;
}

uint64_t peal_ws_conn_deadline(const peal_ws_conn *conn) {
  if (conn->is_expired || peal_ws_conn_is_done(conn))
    return NEVER;
  if (conn->is_closing)
    return conn->at_ms;
  return peal_ws_conn_is_receiving(conn)
             ? peal_http_pace_deadline(&conn->block->pace, message_ms(conn))
             : NEVER;
}

static void expire(peal_ws_conn *conn) {
  conn->is_expired = true;
  conn->lent = (peal_ws_input_bytes){NULL, 0};
  if (conn->block)
    peal_ws_queue_clear(&conn->block->out);
  peal_ws_conn_impl_settle(conn);
}

void peal_ws_conn_tick(peal_ws_conn *conn, uint64_t now_ms) {
  if (now_ms < peal_ws_conn_deadline(conn))
    return;
  if (conn->is_closing) {
    expire(conn);
  } else if (peal_http_pace_is_late(&conn->block->pace, message_ms(conn),
                                    PEAL_LIMIT_WS_MESSAGE_PACE, now_ms)) {
    conn->is_slow = true;
    peal_ws_conn_set_time(conn, now_ms);
  }
  assert(peal_ws_conn_check(conn));
}

bool peal_ws_conn_is_done(const peal_ws_conn *conn) {
  return conn->is_ended && !peal_ws_conn_queued(conn);
}

bool peal_ws_conn_is_at_rest(const peal_ws_conn *conn) {
  const peal_ws_conn_block *own = conn->block;
  return (!own || (!own->out.bytes && peal_ws_input_is_idle(&own->in) &&
                   !own->inflate.message.ptr)) &&
         !conn->lent.len && !conn->is_closing && !conn->is_ended &&
         !conn->is_slow;
}

peal_deflate_terms peal_ws_conn_terms(const peal_ws_conn *conn) {
  if (!peal_ws_conn_is_deflated(conn))
    return (peal_deflate_terms){.on = false};
  return (peal_deflate_terms){.on = true,
                              .server_takeover = conn->takes_over,
                              .client_takeover = conn->remembers,
                              .server_bits = (uint8_t)conn->send_bits,
                              .client_bits = (uint8_t)conn->recv_bits};
}

peal_slice peal_ws_conn_window(const peal_ws_conn *conn) {
  const peal_ws_conn_block *own = conn->block;
  return own ? (peal_slice){own->inflate.window.ptr, own->inflate.window_len}
             : (peal_slice){NULL, 0};
}

peal_err peal_ws_conn_remember(peal_ws_conn *conn, peal_slice window) {
  if (!window.len || !peal_ws_conn_is_deflated(conn) || !conn->remembers)
    return PEAL_OK;
  if (!peal_ws_conn_impl_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_ws_inflate_rules rules = peal_ws_conn_impl_inflate_rules(conn);
  peal_err err =
      peal_ws_inflate_remember(&conn->block->inflate, &rules, window);
  peal_ws_conn_impl_settle(conn);
  return err;
}

/* -- receiving ----------------------------------------------------------- */

/* Only bytes of the message pay for the time it takes: control frames between
 * its fragments could go on for ever. */
static peal_err take_piece(peal_ws_conn *conn, const peal_ws_input_rules *rules,
                           peal_ws_input_item *item) {
  peal_ws_input *in = &conn->block->in;
  peal_ws_input_settle(in);
  if (peal_ws_input_is_idle(in))
    peal_http_pace_start(&conn->block->pace, conn->at_ms);
  size_t before = in->buf_len;
  peal_err err = peal_ws_input_next(in, rules, &conn->lent, item);
  peal_http_pace_add(&conn->block->pace, in->buf_len - before, conn->at_ms);
  return err;
}

static peal_err take(peal_ws_conn *conn, peal_ws_input_item *item) {
  if (!conn->lent.len)
    return PEAL_ERR_AGAIN;
  peal_ws_input_rules rules = peal_ws_conn_impl_rules(conn);
  if (!conn->block || peal_ws_input_is_idle(&conn->block->in)) {
    peal_err err = peal_ws_input_whole(&rules, &conn->lent, item);
    if (err != PEAL_ERR_AGAIN)
      return err;
  }
  if (!peal_ws_conn_impl_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  return take_piece(conn, &rules, item);
}

/* RFC6455 5.5.1: nothing, or a code and a reason in UTF-8. */
static peal_err take_close(peal_ws_conn *conn, peal_slice payload,
                           peal_ws_event *event) {
  unsigned code = CODE_NONE;
  peal_slice reason = {NULL, 0};
  if (payload.len == 1)
    return PEAL_FAIL(PEAL_ERR_WS_CLOSE);
  if (payload.len) {
    code = (unsigned)(uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    reason = (peal_slice){payload.ptr + 2, payload.len - 2};
    if (!peal_ws_conn_impl_is_code(code))
      return PEAL_FAIL(PEAL_ERR_WS_CLOSE);
    if (!peal_utf8_is_valid(reason))
      return PEAL_FAIL(PEAL_ERR_UTF8);
  }
  /* RFC6455 5.5.1: the answer echoes the code; CODE_NONE is not sent. */
  peal_ws_conn_impl_close(conn, code, (peal_slice){NULL, 0}, conn->at_ms);
  end(conn, event, PEAL_OK, code, reason);
  return PEAL_OK;
}

/* RFC7692 7.2.2: as if it had come so; RFC6455 5.6: text is UTF-8. */
static peal_err inflate(peal_ws_conn *conn, peal_ws_input_item *item) {
  if (!peal_ws_conn_impl_block(conn))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  peal_ws_inflate_rules rules = peal_ws_conn_impl_inflate_rules(conn);
  peal_err err = peal_ws_inflate_message(&conn->block->inflate, &rules,
                                         item->data, &item->data);
  if (!err && item->opcode == PEAL_WS_TEXT && !peal_utf8_is_valid(item->data))
    err = PEAL_FAIL(PEAL_ERR_UTF8);
  return err;
}

/* Returns: PEAL_OK with an event; PEAL_ERR_AGAIN: there is none; what is
 * wrong. */
static peal_err act_on(peal_ws_conn *conn, const peal_ws_input_item *item,
                       peal_ws_event *event) {
  peal_err err = PEAL_OK;
  switch (item->opcode) {
  case PEAL_WS_CLOSE:
    return take_close(conn, item->data, event);
  case PEAL_WS_PING:
    /* RFC6455 5.5.2: a pong with the same payload, unless we are closing. */
    if (!conn->is_closing)
      err = peal_ws_conn_impl_queue(conn, PEAL_WS_PONG, 0, item->data);
    return err ? err : PEAL_ERR_AGAIN;
  case PEAL_WS_PONG:
    return PEAL_ERR_AGAIN;
  }
  *event = (peal_ws_event){.type = PEAL_WS_EVENT_MESSAGE,
                           .opcode = item->opcode,
                           .data = item->data};
  return PEAL_OK;
}

void peal_ws_conn_feed(peal_ws_conn *conn, char *data, size_t len,
                       uint64_t now_ms) {
  assert(!conn->lent.len);
  if (conn->is_ended || conn->is_expired)
    return;
  conn->lent = (peal_ws_input_bytes){data, len};
  if (!conn->is_closing)
    peal_ws_conn_set_time(conn, now_ms);
}

/* Returns: PEAL_OK with an event; PEAL_ERR_AGAIN: there is none; what is
 * wrong. */
static peal_err take_event(peal_ws_conn *conn, peal_ws_event *event) {
  peal_err err = PEAL_ERR_AGAIN;
  if (conn->is_slow && !conn->is_closing)
    return PEAL_FAIL(PEAL_ERR_TIMEOUT);
  while (err == PEAL_ERR_AGAIN && conn->lent.len) {
    peal_ws_input_item item = {0};
    err = take(conn, &item);
    if (!err && PEAL_ROLE_HAS_DEFLATE && item.deflated)
      err = inflate(conn, &item);
    if (!err)
      err = act_on(conn, &item, event);
  }
  return err;
}

static void settle_input(peal_ws_conn *conn) {
  if (!conn->block)
    return;
  peal_ws_input_settle(&conn->block->in);
  if (peal_ws_conn_is_deflated(conn) && conn->block->inflate.message.ptr) {
    peal_ws_inflate_rules rules = peal_ws_conn_impl_inflate_rules(conn);
    peal_ws_inflate_settle(&conn->block->inflate, &rules);
  }
}

bool peal_ws_conn_next(peal_ws_conn *conn, peal_ws_event *event) {
  if (conn->is_ended)
    drop_input(conn);
  settle_input(conn);
  peal_err err = take_event(conn, event);
  if (err && err != PEAL_ERR_AGAIN) {
    fail(conn, event, err);
    err = PEAL_OK;
  } else if (err && conn->is_expired && !conn->is_ended) {
    end(conn, event, PEAL_FAIL(PEAL_ERR_TIMEOUT), CODE_ABNORMAL,
        (peal_slice){NULL, 0});
    err = PEAL_OK;
  }
  if (err) /* a control frame that came in pieces */
    settle_input(conn);
  peal_ws_conn_impl_settle(conn);
  assert(peal_ws_conn_check(conn));
  return !err;
}
