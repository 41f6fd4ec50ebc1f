/* SPDX-License-Identifier: MIT */
#pragma once
/* http_reply: what a server answers on its http_conn: heads with the framing
 * that fits, whole answers and the begin of others.
 * In the flow: http/ -> [http_reply] -> proto/http_conn. */
#include "proto/http_conn.h"

/* What a server answers. */
typedef struct peal_http_reply {
  unsigned status;
  peal_slice type;   /* Content-Type; NULL ptr: none */
  peal_slice lines;  /* more lines, each with CR LF */
  peal_slice date;   /* NULL ptr: none */
  uint64_t length;   /* of the body; UINT64_MAX: chunked, or until close */
  peal_slice body;   /* the first bytes of it (copied) */
  peal_bytes *bytes; /* behind them, shared (a reference is taken) */
  bool own;          /* nobody else holds them: they are charged */
  bool whole;        /* it is all */
  bool close;        /* the connection ends with it */
  bool length_204;   /* a 204 with Content-Length: 0 */
  /* The rest of it comes without the peer's doing: that the peer has closed
   * its direction does not end it. */
  bool certain;
} peal_http_reply;

/* Server: the answer to the request of the last HEAD, or its begin.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (there is none, or it is begun),
 * PEAL_ERR_CLOSED, PEAL_ERR_NOMEM; nothing was queued then. */
PEAL_MUST_CHECK peal_err peal_http_reply_with(peal_http_conn *conn,
                                              const peal_http_reply *answer,
                                              uint64_t now_ms);
/* Server: an answer as it is (a refusal of an upgrade); the connection
 * ends. */
PEAL_MUST_CHECK peal_err peal_http_reply_raw(peal_http_conn *conn,
                                             peal_slice raw, uint64_t now_ms);
/* Server: 100 Continue, if the client waits for it (RFC9110 10.1.1).
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_reply_continue(peal_http_conn *conn,
                                                  uint64_t now_ms);
