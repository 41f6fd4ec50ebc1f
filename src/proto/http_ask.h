/* SPDX-License-Identifier: MIT */
#pragma once
/* http_ask: what a client asks on its http_conn.
 * In the flow: client/ -> [http_ask] -> proto/http_conn. */
#include "proto/http_conn.h"

/* What a client asks. */
typedef struct peal_http_ask {
  peal_slice method, target, host;
  peal_slice type;    /* as above */
  peal_slice lines;   /* as above */
  uint64_t length;    /* of the body; UINT64_MAX: chunked */
  peal_slice body;    /* the first bytes of it (copied) */
  bool close;         /* one request only */
  bool upgrade;       /* `lines` has the Upgrade field */
  uint32_t answer_ms; /* until the answer's head; 0: the option's */
} peal_http_ask;

/* Client, IDLE: ask.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (not idle), PEAL_ERR_CLOSED,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_ask_with(peal_http_conn *conn,
                                            const peal_http_ask *request,
                                            uint64_t now_ms);
