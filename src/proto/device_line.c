/* SPDX-License-Identifier: MIT */
#include "proto/device_line.h"

#include <string.h>

#include "proto/device_answer.h"
#include "proto/eio_out.h"

#define HEAD_BYTES 2048u  /* of the answer to the opening handshake */
#define AHEAD_BYTES 1024u /* encoded as frames ahead of the connection */

/* -- the connection ------------------------------------------------------------ */

void peal_device_line_drop(peal_device *device) {
  if (device->state >= DEVICE_OPEN) {
    peal_ws_conn_free(device->ws);
    peal_eio_session_deinit(&device->session);
  }
  device->ws = NULL;
  peal_buf_deinit(&device->request);
  peal_buf_deinit(&device->head);
  device->state = DEVICE_IDLE;
}

void peal_device_line_fail(peal_device *device, peal_client_reason reason,
                           peal_err err, uint64_t now_ms) {
  bool is_told = device->state != DEVICE_LEAVING;
  peal_device_line_drop(device);
  device->hangup_due = true;
  if (is_told)
    (void)peal_sio_client_closed(&device->sio, reason, err, now_ms);
}

static void add_request(peal_buf *out, const peal_device *device) {
  const peal_device_opts *opts = &device->opts;
  peal_buf_add_str(out, "GET ");
  peal_buf_add_str(out, opts->path ? opts->path : "/socket.io/");
  peal_buf_add_str(out, "?EIO=4&transport=websocket");
  if (opts->query && *opts->query) {
    peal_buf_add_char(out, '&');
    peal_buf_add_str(out, opts->query);
  }
  peal_buf_add_str(out, " HTTP/1.1\r\nHost: ");
  peal_buf_add_str(out, opts->host);
  peal_buf_add_str(out, "\r\nConnection: Upgrade\r\n");
  peal_ws_ask_lines(out, device->key);
  if (opts->lines)
    peal_buf_add_str(out, opts->lines);
  peal_buf_add_str(out, "\r\n");
}

void peal_device_opened(peal_device *device, uint64_t now_ms) {
  if (!device || device->state != DEVICE_DIALLING)
    return;
  unsigned char dice[PEAL_WS_ASK_DICE_BYTES];
  for (size_t i = 0; i < sizeof dice; i += sizeof(uint32_t)) {
    uint32_t bits = device->opts.random(device->opts.user);
    memcpy(dice + i, &bits, sizeof bits);
  }
  device->state = DEVICE_ASKING;
  peal_ws_ask_key(device->key, dice);
  peal_buf_init(&device->request, &device->block.mem, 0);
  peal_buf_init(&device->head, &device->block.mem, HEAD_BYTES);
  add_request(&device->request, device);
  if (device->request.err)
    peal_device_line_fail(device, PEAL_CLIENT_TRANSPORT_ERROR, PEAL_ERR_NOMEM,
                          now_ms);
}

void peal_device_closed(peal_device *device, peal_err err, uint64_t now_ms) {
  if (!device || device->state == DEVICE_IDLE)
    return;
  bool was_open = device->state == DEVICE_OPEN;
  bool was_leaving = device->state == DEVICE_LEAVING;
  peal_device_line_drop(device);
  if (!was_leaving)
    (void)peal_sio_client_closed(
        &device->sio,
        err ? PEAL_CLIENT_TRANSPORT_ERROR : PEAL_CLIENT_TRANSPORT_CLOSE,
        was_open || err ? err : PEAL_ERR_CLOSED, now_ms);
}

/* -- the opening handshake -------------------------------------------------------- */

static peal_err take_head(const peal_device *device, size_t *len) {
  unsigned char sum[20];
  char asked[PEAL_WS_ASK_TEXT_LEN];
  bool checks = device->opts.sha1 != NULL;
  if (checks) {
    peal_ws_ask_text(asked, device->key);
    device->opts.sha1(sum, asked, sizeof asked, device->opts.user);
  }
  return peal_device_answer_take(
      (peal_slice){device->head.ptr, device->head.len}, checks ? sum : NULL,
      len);
}

static peal_err begin_session(peal_device *device, uint64_t now_ms) {
  peal_err err = peal_eio_session_init(&device->session, &device->eio_opts,
                                       NULL, PEAL_EIO_WEBSOCKET, now_ms);
  if (err)
    return err;
  device->ws = peal_ws_conn_new(&device->ws_opts, NULL, (peal_slice){0});
  if (device->ws) {
    device->state = DEVICE_OPEN;
    return PEAL_OK;
  }
  peal_eio_session_deinit(&device->session);
  return PEAL_ERR_NOMEM;
}

/* The head may be in several pieces; what is behind it are frames already. */
static void feed_head(peal_device *device, char *data, size_t len,
                      uint64_t now_ms) {
  size_t before = device->head.len, room = HEAD_BYTES - before, head_len = 0;
  size_t take = len < room ? len : room;
  peal_buf_add(&device->head, (peal_slice){data, take});
  peal_err err = device->head.err;
  if (!err)
    err = take_head(device, &head_len);
  if (err == PEAL_ERR_AGAIN && take == len)
    return;
  if (!err) {
    peal_buf_deinit(&device->request);
    peal_buf_deinit(&device->head);
    err = begin_session(device, now_ms);
  }
  if (err) {
    peal_device_line_fail(device, PEAL_CLIENT_TRANSPORT_ERROR,
                          err == PEAL_ERR_AGAIN ? PEAL_ERR_HTTP_HEAD_LEN : err,
                          now_ms);
    return;
  }
  size_t used = head_len - before;
  peal_ws_conn_feed(device->ws, data + used, len - used, now_ms);
}

void peal_device_feed(peal_device *device, char *data, size_t len,
                      uint64_t now_ms) {
  if (!device || !data || !len)
    return;
  if (device->state == DEVICE_ASKING)
    feed_head(device, data, len, now_ms);
  else if (device->state >= DEVICE_OPEN)
    peal_ws_conn_feed(device->ws, data, len, now_ms);
}

/* -- going out ------------------------------------------------------------------ */

/* What the session has, as frames. */
static peal_err fill(peal_device *device, uint64_t now_ms) {
  peal_eio_out out;
  peal_err err = PEAL_OK;
  while (!err && peal_ws_conn_queued(device->ws) < AHEAD_BYTES) {
    peal_eio_cursor cursor = {0};
    if (!peal_eio_out_peek(&device->session, PEAL_EIO_WEBSOCKET, &cursor, &out))
      break;
    err = peal_ws_conn_send(device->ws,
                            out.binary ? PEAL_WS_BINARY : PEAL_WS_TEXT,
                            (char)(out.binary ? 0 : '0' + out.type), out.data);
    if (!err)
      peal_eio_out_pop(&device->session, PEAL_EIO_WEBSOCKET, now_ms);
  }
  if (!err && device->state == DEVICE_LEAVING && !device->said_goodbye &&
      !peal_eio_out_wants(&device->session, PEAL_EIO_WEBSOCKET)) {
    peal_ws_conn_close(device->ws, 0, (peal_slice){0}, now_ms);
    device->said_goodbye = true;
  }
  return err == PEAL_ERR_CLOSED ? PEAL_OK : err;
}

peal_slice peal_device_pull(peal_device *device, uint64_t now_ms) {
  static const peal_slice none = {NULL, 0};
  if (!device)
    return none;
  if (device->state == DEVICE_ASKING)
    return (peal_slice){device->request.ptr, device->request.len};
  if (device->state < DEVICE_OPEN)
    return none;
  peal_err err = fill(device, now_ms);
  if (err) {
    peal_device_line_fail(device, PEAL_CLIENT_TRANSPORT_ERROR, err, now_ms);
    return none;
  }
  peal_iovs_init(&device->iovs, device->scratch, sizeof device->scratch);
  peal_ws_conn_pull(device->ws, &device->iovs);
  return device->iovs.count ? device->iovs.items[0] : none;
}

void peal_device_sent(peal_device *device, size_t len, uint64_t now_ms) {
  (void)now_ms;
  if (!device || !len)
    return;
  if (device->state == DEVICE_ASKING && len <= device->request.len)
    peal_buf_consume(&device->request, len);
  else if (device->state >= DEVICE_OPEN && len <= device->iovs.bytes)
    (void)peal_ws_conn_sent(device->ws, len);
  device->iovs.bytes = 0;
}
