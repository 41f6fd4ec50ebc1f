/* SPDX-License-Identifier: MIT */
#include "client/client_ws_ask.h"

#include <string.h>

#include "client/client_request.h"
#include "net/crypto.h"
#include "proto/http_ask.h"

#define DEFAULT_REQUEST_MS 20000u

/* -- the request ------------------------------------------------------------ */

static peal_err make_key(peal_client_ws_ask *ask) {
  unsigned char dice[PEAL_WS_ASK_DICE_BYTES];
  peal_err err = peal_crypto_random(dice, sizeof dice);
  if (!err)
    peal_ws_ask_key(ask->key, dice);
  return err;
}

static peal_err send_request(peal_client_ws_ask *ask, peal_slice target,
                             uint64_t now_ms) {
  peal_buf lines;
  peal_buf_init(&lines, ask->conn_opts.mem, 0);
  peal_client_request_lines(&lines, ask->opts, now_ms);
  peal_ws_ask_lines(&lines, ask->key);
  if (ask->opts->deflate.on) {
    peal_buf_add_str(&lines, "Sec-WebSocket-Extensions: ");
    peal_deflate_terms_offer(&lines, &ask->opts->deflate);
    peal_buf_add_str(&lines, "\r\n");
  }
  peal_http_ask request = {.method = PEAL_S("GET"),
                           .target = target,
                           .host = peal_client_request_host(ask->opts),
                           .lines = peal_buf_slice(&lines),
                           .upgrade = true};
  peal_err err =
      lines.err ? lines.err : peal_http_ask_with(&ask->conn, &request, now_ms);
  peal_buf_deinit(&lines);
  return err;
}

peal_err peal_client_ws_ask_begin(peal_client_ws_ask *ask, peal_worker *worker,
                                  const peal_client_engine_opts *opts,
                                  peal_slice target) {
  uint32_t limit_ms =
      opts->request_timeout_ms ? opts->request_timeout_ms : DEFAULT_REQUEST_MS;
  memset(ask, 0, offsetof(peal_client_ws_ask, body));
  ask->body_len = 0;
  ask->opts = opts;
  ask->conn_opts = (peal_http_conn_opts){.client = true,
                                         .head_ms = limit_ms,
                                         .body_ms = limit_ms,
                                         .write_ms = limit_ms,
                                         .mem = worker->mem,
                                         .account = opts->account};
  peal_http_conn_init(&ask->conn, &ask->conn_opts, worker->now_ms);
  peal_err err = make_key(ask);
  return err ? err : send_request(ask, target, worker->now_ms);
}

void peal_client_ws_ask_end(peal_client_ws_ask *ask) {
  peal_http_conn_deinit(&ask->conn);
}

/* -- the answer -------------------------------------------------------------- */

/* As much of a field as there is room for. */
static peal_slice keep(peal_client_ws_ask *ask, peal_slice text) {
  size_t room = sizeof ask->said - ask->said_len;
  char *at = ask->said + ask->said_len;
  size_t len = text.len < room ? text.len : room;
  if (len)
    memcpy(at, text.ptr, len);
  ask->said_len += len;
  return (peal_slice){at, len};
}

/* RFC6455 9.1: an answer in several fields is one list; RFC7692 5.1: one
 * extension that was offered is all that it may name. */
static peal_err check_extensions(peal_client_ws_ask *ask,
                                 const peal_http1_head *head) {
  ask->terms = (peal_deflate_terms){.on = false};
  for (size_t i = 0; ask->opts->deflate.on && i < head->count; i++) {
    peal_deflate_terms found;
    const peal_http1_field *field = &head->fields[i];
    if (!peal_slice_is_nocase(field->name, "Sec-WebSocket-Extensions"))
      continue;
    peal_err err = peal_deflate_terms_check(&found, &ask->opts->deflate,
                                            field->value, &ask->answer.text);
    if (err)
      return err;
    if (found.on && ask->terms.on) {
      ask->answer.text = "the server names permessage-deflate twice";
      return PEAL_ERR_ANSWER;
    }
    if (found.on)
      ask->terms = found;
  }
  return PEAL_OK;
}

static peal_client_ws_ask_fate on_switch(peal_client_ws_ask *ask,
                                         const peal_http1_head *head) {
  char text[PEAL_WS_ASK_TEXT_LEN];
  unsigned char sum[20];
  peal_ws_ask_text(text, ask->key);
  ask->answer.err = peal_crypto_sha1(sum, (peal_slice){text, sizeof text});
  if (!ask->answer.err)
    ask->answer.err =
        peal_ws_ask_check(head, sum, ask->opts->deflate.on, &ask->answer.text);
  if (!ask->answer.err)
    ask->answer.err = check_extensions(ask, head);
  return ask->answer.err ? PEAL_CLIENT_WS_ASK_REFUSED
                         : PEAL_CLIENT_WS_ASK_ACCEPTED;
}

static peal_client_ws_ask_fate on_head(peal_client_ws_ask *ask,
                                       const peal_http1_head *head,
                                       uint64_t now_ms) {
  if (head->status < 200 && head->status != 101)
    return PEAL_CLIENT_WS_ASK_WAITS;
  peal_client_request_keep(ask->opts, head, now_ms);
  if (head->status == 101)
    return on_switch(ask, head);
  ask->answer.status = head->status;
  ask->answer.reason = keep(ask, head->reason);
  ask->answer.type = keep(ask, peal_http1_field_get(head, "Content-Type"));
  ask->answer.location = keep(ask, peal_http1_field_get(head, "Location"));
  return PEAL_CLIENT_WS_ASK_WAITS;
}

static peal_client_ws_ask_fate refused(peal_client_ws_ask *ask) {
  ask->answer.body = (peal_slice){ask->body, ask->body_len};
  return PEAL_CLIENT_WS_ASK_REFUSED;
}

static peal_client_ws_ask_fate on_body(peal_client_ws_ask *ask,
                                       const peal_http_conn_event *event) {
  size_t room = sizeof ask->body - ask->body_len;
  size_t len = event->data.len < room ? event->data.len : room;
  if (len)
    memcpy(ask->body + ask->body_len, event->data.ptr, len);
  ask->body_len += len;
  return event->last || ask->body_len == sizeof ask->body
             ? refused(ask)
             : PEAL_CLIENT_WS_ASK_WAITS;
}

/* A head that came is an answer, whatever has become of its body. */
static peal_client_ws_ask_fate on_end(peal_client_ws_ask *ask, peal_err err,
                                      const char *text) {
  if (!ask->answer.status) {
    ask->answer.err = err ? err : PEAL_ERR_CLOSED;
    ask->answer.text = text;
  }
  return refused(ask);
}

static peal_client_ws_ask_fate act(peal_client_ws_ask *ask,
                                   const peal_http_conn_event *event,
                                   uint64_t now_ms) {
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    return on_head(ask, &event->head, now_ms);
  case PEAL_HTTP_CONN_BODY:
    return on_body(ask, event);
  case PEAL_HTTP_CONN_OVER:
    return refused(ask);
  case PEAL_HTTP_CONN_BAD:
    return on_end(ask, event->err,
                  event->msg ? event->msg
                             : "what the server answers is no HTTP");
  case PEAL_HTTP_CONN_LOST:
  case PEAL_HTTP_CONN_CLOSE:
    break;
  }
  return on_end(ask, event->err, NULL);
}

peal_client_ws_ask_fate peal_client_ws_ask_look(peal_client_ws_ask *ask,
                                                uint64_t now_ms) {
  peal_http_conn_event event;
  peal_client_ws_ask_fate fate = PEAL_CLIENT_WS_ASK_WAITS;
  while (fate == PEAL_CLIENT_WS_ASK_WAITS &&
         peal_http_conn_next(&ask->conn, &event))
    fate = act(ask, &event, now_ms);
  return fate;
}
