/* SPDX-License-Identifier: MIT */
#pragma once
/* http_send: what one side of a connection sends: a message's head and body
 * in their framing, until the bytes have left. Copied bytes leave first, then
 * the shared ones. Charged while they wait.
 * In the flow: proto/http_conn -> [http_send] -> net/stream, by pull. */
#include <peal/base.h>

#include "base/account.h"
#include "base/buf.h"
#include "base/iovs.h"
#include "proto/http_head.h"

typedef struct peal_http_send {
  peal_buf out; /* heads and copied bodies */
  size_t out_pos;
  peal_bytes *body; /* behind them */
  size_t body_pos, body_end;
  uint64_t left;  /* of the announced length; UINT64_MAX: not announced */
  uint64_t total; /* bytes that have left, ever */
  size_t charged;
  size_t body_charged;          /* part of it */
  peal_account_worker *account; /* borrowed; NULL: nobody counts */
  bool chunked;
  bool bodyless; /* what is written counts and is not sent */
  bool begun;
  bool ended; /* the message is whole, or nothing of it is there */
} peal_http_send;

void peal_http_send_init(peal_http_send *send, const peal_mem *mem,
                         peal_account_worker *account);
void peal_http_send_deinit(peal_http_send *send);

/* Bytes as they are, outside any message (copied).
 * Returns: PEAL_OK, PEAL_ERR_NOMEM; nothing was queued then. */
PEAL_MUST_CHECK peal_err peal_http_send_raw(peal_http_send *send,
                                            peal_slice data);
/* The same, free of charge: the few bytes that tell a peer why it ends, which
 * is when there may be no room for anything else. */
PEAL_MUST_CHECK peal_err peal_http_send_last_word(peal_http_send *send,
                                                  peal_slice data);
/* A message begins: its head, and `body` behind it (copied, unframed; empty
 * if it is chunked). `length` as announced, UINT64_MAX if not.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM; nothing was queued then. */
PEAL_MUST_CHECK peal_err peal_http_send_begin(peal_http_send *send,
                                              const peal_http_head *head,
                                              uint64_t length, bool bodyless,
                                              peal_slice body);
/* More of the body (copied, a chunk if it is chunked).
 * Returns: PEAL_OK, PEAL_ERR_USAGE (not begun, ended, over the length, shared
 * bytes wait), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_send_write(peal_http_send *send,
                                              peal_slice data);
/* The same, shared (a reference is taken); only where the length is
 * announced. `charge`: nobody else holds these bytes. */
PEAL_MUST_CHECK peal_err peal_http_send_share(peal_http_send *send,
                                              peal_bytes *bytes, size_t len,
                                              bool charge);
/* Is there room for so many bytes in the account, now? Asked before a head is
 * queued that promises them. */
bool peal_http_send_affords(peal_http_send *send, size_t bytes);
/* The message is over.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (not begun, ended, or shorter than
 * announced), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_send_end(peal_http_send *send);
/* Ready for the next message. */
void peal_http_send_next(peal_http_send *send);

void peal_http_send_pull(peal_http_send *send, peal_iovs *out);
void peal_http_send_sent(peal_http_send *send, size_t len);

static inline size_t peal_http_send_waiting(const peal_http_send *send) {
  return send->out.len - send->out_pos + send->body_end - send->body_pos;
}

void peal_http_send_check(const peal_http_send *send);
