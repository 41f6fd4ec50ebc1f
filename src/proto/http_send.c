/* SPDX-License-Identifier: MIT */
#include "proto/http_send.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err_site.h"
#include "base/hex.h"

/* What a chunk's framing takes: 16 digits and two line ends. */
#define CHUNK_BYTES 20u

void peal_http_send_init(peal_http_send *send, const peal_mem *mem,
                         peal_account_worker *account) {
  *send = (peal_http_send){.account = account, .left = UINT64_MAX};
  peal_buf_init(&send->out, mem, 0);
}

/* -- accounts -------------------------------------------------------------- */

static peal_err charge(peal_http_send *send, size_t bytes) {
  if (!send->account)
    return PEAL_OK;
  peal_err err = peal_account_worker_charge(send->account, bytes);
  if (!err)
    send->charged += bytes;
  return err;
}

static void release(peal_http_send *send, size_t bytes) {
  if (!send->account || !bytes)
    return;
  send->charged -= bytes;
  peal_account_worker_release(send->account, bytes);
}

bool peal_http_send_affords(peal_http_send *send, size_t bytes) {
  if (charge(send, bytes))
    return false;
  release(send, bytes);
  return true;
}

void peal_http_send_deinit(peal_http_send *send) {
  peal_buf_deinit(&send->out);
  peal_bytes_unref(send->body);
  send->body = NULL;
  release(send, send->charged);
}

/* -- queueing -------------------------------------------------------------- */

/* Room for `more` bytes, charged; NULL if there is none. */
static char *reserve(peal_http_send *send, size_t more) {
  if (send->out_pos > send->out.len / 2) {
    peal_buf_consume(&send->out, send->out_pos);
    send->out_pos = 0;
  }
  if (charge(send, more))
    return NULL;
  char *to = peal_buf_reserve(&send->out, more);
  if (to)
    return to;
  send->out.err = PEAL_OK;
  release(send, more);
  return NULL;
}

/* Give back what left, or will not be used: what was free of charge is not
 * there any more when the last charged byte has left. */
static void release_copied(peal_http_send *send, size_t bytes) {
  size_t copied = send->charged - send->body_charged;
  release(send, bytes < copied ? bytes : copied);
}

/* `end` is behind what was written into the `room` bytes at `from`. */
static void commit(peal_http_send *send, const char *from, const char *end,
                   size_t room) {
  size_t len = (size_t)(end - from);
  peal_buf_advance(&send->out, len);
  release(send, room - len);
}

peal_err peal_http_send_raw(peal_http_send *send, peal_slice data) {
  if (!data.len)
    return PEAL_OK;
  char *to = reserve(send, data.len);
  if (!to)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  memcpy(to, data.ptr, data.len);
  commit(send, to, to + data.len, data.len);
  return PEAL_OK;
}

peal_err peal_http_send_last_word(peal_http_send *send, peal_slice data) {
  peal_buf_add(&send->out, data);
  peal_err err = send->out.err;
  send->out.err = PEAL_OK;
  return err;
}

peal_err peal_http_send_begin(peal_http_send *send, const peal_http_head *head,
                              uint64_t length, bool bodyless, peal_slice body) {
  size_t room = peal_http_head_room(head) + body.len;
  char *to = reserve(send, room);
  if (!to)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  char *end = peal_http_head_write(to, head);
  if (body.len && !bodyless) {
    memcpy(end, body.ptr, body.len);
    end += body.len;
  }
  commit(send, to, end, room);
  send->begun = true;
  send->ended = false;
  send->bodyless = bodyless;
  send->chunked = head->framing == PEAL_HTTP1_CHUNKED;
  send->left = length == UINT64_MAX ? length : length - body.len;
  return PEAL_OK;
}

/* RFC9112 7.1: size in hex, the data, CR LF after both. */
static char *put_chunk(char *p, peal_slice data) {
  int shift = 0;
  while (shift < 60 && data.len >> shift >> 4)
    shift += 4;
  for (; shift >= 0; shift -= 4)
    *p++ = peal_hex_digit((unsigned)(data.len >> shift));
  memcpy(p, "\r\n", 2);
  memcpy(p + 2, data.ptr, data.len);
  memcpy(p + 2 + data.len, "\r\n", 2);
  return p + data.len + 4;
}

static peal_err append(peal_http_send *send, peal_slice data) {
  if (!send->chunked)
    return peal_http_send_raw(send, data);
  size_t room = data.len + CHUNK_BYTES;
  char *to = reserve(send, room);
  if (!to)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  commit(send, to, put_chunk(to, data), room);
  return PEAL_OK;
}

static bool takes(const peal_http_send *send, size_t len) {
  return send->begun && !send->ended && len <= send->left && !send->body;
}

static void count(peal_http_send *send, size_t len) {
  if (send->left != UINT64_MAX)
    send->left -= len;
}

peal_err peal_http_send_write(peal_http_send *send, peal_slice data) {
  if (!takes(send, data.len))
    return PEAL_ERR_USAGE;
  peal_err err = PEAL_OK;
  if (data.len && !send->bodyless)
    err = append(send, data);
  if (!err)
    count(send, data.len);
  return err;
}

peal_err peal_http_send_share(peal_http_send *send, peal_bytes *bytes,
                              size_t len, bool charged) {
  if (!takes(send, len) || send->chunked)
    return PEAL_ERR_USAGE;
  if (!len || send->bodyless) {
    count(send, len);
    return PEAL_OK;
  }
  if (charged && charge(send, len))
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  send->body = peal_bytes_ref(bytes);
  send->body_pos = 0;
  send->body_end = len;
  send->body_charged = charged && send->account ? len : 0;
  count(send, len);
  return PEAL_OK;
}

peal_err peal_http_send_end(peal_http_send *send) {
  if (!send->begun || send->ended)
    return PEAL_ERR_USAGE;
  if (send->left != UINT64_MAX && send->left && !send->bodyless)
    return PEAL_ERR_USAGE;
  if (send->chunked && !send->bodyless) {
    peal_err err = peal_http_send_raw(send, PEAL_S("0\r\n\r\n"));
    if (err)
      return err;
  }
  send->ended = true;
  return PEAL_OK;
}

void peal_http_send_next(peal_http_send *send) {
  send->begun = false;
  send->ended = false;
}

/* -- leaving --------------------------------------------------------------- */

void peal_http_send_pull(peal_http_send *send, peal_iovs *out) {
  size_t copied = send->out.len - send->out_pos;
  if (copied &&
      !peal_iovs_add(out, (peal_slice){send->out.ptr + send->out_pos, copied}))
    return;
  if (send->body_end == send->body_pos)
    return;
  peal_slice body = peal_bytes_slice(send->body);
  (void)peal_iovs_add(out, (peal_slice){body.ptr + send->body_pos,
                                        send->body_end - send->body_pos});
}

static void sent_copied(peal_http_send *send, size_t len) {
  send->out_pos += len;
  release_copied(send, len);
  if (send->out_pos < send->out.len)
    return;
  peal_buf_deinit(&send->out);
  send->out_pos = 0;
}

static void sent_shared(peal_http_send *send, size_t len) {
  send->body_pos += len;
  if (!send->body || send->body_pos < send->body_end)
    return;
  peal_bytes_unref(send->body);
  send->body = NULL;
  send->body_pos = send->body_end = 0;
  release(send, send->body_charged);
  send->body_charged = 0;
}

void peal_http_send_sent(peal_http_send *send, size_t len) {
  assert(len <= peal_http_send_waiting(send));
  size_t copied = send->out.len - send->out_pos;
  send->total += len;
  if (len < copied)
    copied = len;
  if (copied)
    sent_copied(send, copied);
  if (len > copied)
    sent_shared(send, len - copied);
}

void peal_http_send_check(const peal_http_send *send) {
  assert(send->out_pos <= send->out.len);
  assert(send->out_pos < send->out.len || !send->out.ptr || !send->out.len);
  assert((send->body != NULL) == (send->body_end > 0));
  assert(send->body_pos <= send->body_end);
  assert(send->body_charged <= send->charged);
  assert(send->charged - send->body_charged <= send->out.len - send->out_pos);
  assert(!send->ended || send->begun);
  (void)send;
}
