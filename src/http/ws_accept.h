/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_accept: the server's side of the opening handshake of WebSocket: is the
 * request one, and the 101 that accepts it (RFC6455 4.2).
 * In the flow: http/http_upgrade -> [ws_accept] -> proto/ws_conn. */
#include <peal/base.h>

#include "base/buf.h"

/* What counts of a request. */
typedef struct peal_ws_accept_head {
  bool is_get;
  peal_slice upgrade; /* values of the headers of these names */
  peal_slice version;
  peal_slice key;
} peal_ws_accept_head;

typedef enum peal_ws_accept_verdict {
  PEAL_WS_ACCEPT_OK,
  PEAL_WS_ACCEPT_VERSION, /* tell it the versions that we speak */
  PEAL_WS_ACCEPT_REQUEST  /* method, Upgrade or key */
} peal_ws_accept_verdict;

/* Is WebSocket among the protocols that the header Upgrade offers? A request
 * that asks for others alone may be served as if it asked for none. Thread:
 * pure. Spec: RFC9110 7.8, RFC6455 4.2.1. */
bool peal_ws_accept_is_offered(peal_slice upgrade);

/* Thread: pure. Spec: RFC6455 4.2.1. */
peal_ws_accept_verdict peal_ws_accept_check(const peal_ws_accept_head *head);

/* Sec-WebSocket-Accept for a key: 28 characters, terminated.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (a key that _check refuses),
 * PEAL_ERR_SYSTEM. Spec: RFC6455 4.2.2. */
PEAL_MUST_CHECK peal_err peal_ws_accept_value(char out[29], peal_slice key);

/* Append the 101 with the header lines `lines` (each with its CRLF; may be
 * empty). Returns: PEAL_OK; as _value; PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ws_accept_answer(peal_buf *out, peal_slice key,
                                               peal_slice lines);
