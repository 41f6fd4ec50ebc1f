/* SPDX-License-Identifier: MIT */
#pragma once
/* client_ws_ask: the opening handshake of a client's WebSocket on a connected
 * stream: the request, and what is answered (proto/ws_ask, with the digest).
 * In the flow: client/client_ws -> [client_ws_ask] -> proto/http_conn. */
#include "base/iovs.h"
#include "client/client_engine_opts.h"
#include "net/worker_impl.h"
#include "proto/eio_client_answer.h"
#include "proto/http_conn.h"
#include "proto/ws_ask.h"
#include "wire/deflate_terms.h"

/* Of a refusal's body, this much is looked at. */
#define PEAL_CLIENT_WS_ASK_BYTES 2048u

typedef struct peal_client_ws_ask {
  const peal_client_engine_opts *opts;
  peal_http_conn_opts conn_opts;
  peal_http_conn conn;
  char key[PEAL_WS_ASK_KEY_LEN];
  peal_deflate_terms terms; /* what was agreed on, once it is accepted */
  /* A refusal: its head's fields, one behind the other, and its body. */
  peal_eio_client_answer answer;
  char said[512];
  size_t said_len;
  char body[PEAL_CLIENT_WS_ASK_BYTES];
  size_t body_len;
} peal_client_ws_ask;

/* What has come of it. */
typedef enum peal_client_ws_ask_fate {
  PEAL_CLIENT_WS_ASK_WAITS,
  PEAL_CLIENT_WS_ASK_ACCEPTED, /* take the rest by peal_http_conn_upgrade */
  PEAL_CLIENT_WS_ASK_REFUSED   /* `answer` says why */
} peal_client_ws_ask_fate;

/* Returns: PEAL_OK; PEAL_ERR_NOMEM, PEAL_ERR_SYSTEM (no dice), PEAL_ERR_USAGE
 * (host or target cannot be written): free it. */
PEAL_MUST_CHECK peal_err peal_client_ws_ask_begin(
    peal_client_ws_ask *ask, peal_worker *worker,
    const peal_client_engine_opts *opts, peal_slice target);
/* After each verb of `conn`. */
peal_client_ws_ask_fate peal_client_ws_ask_look(peal_client_ws_ask *ask,
                                                uint64_t now_ms);
void peal_client_ws_ask_end(peal_client_ws_ask *ask);
