/* SPDX-License-Identifier: MIT */
#pragma once
/* http_recv: what one side of a connection receives: the bytes that are lent
 * or were kept, and in them heads and bodies. What cannot be used now is
 * kept, charged; an idle one keeps nothing.
 * In the flow: net/stream -> [http_recv] -> proto/http_conn. */
#include <peal/base.h>

#include "base/account.h"
#include "base/buf.h"
#include "wire/http1.h"

typedef struct peal_http_recv {
  peal_slice lent; /* borrowed: what is left of what was fed */
  peal_buf kept;   /* comes before it; never both */
  size_t kept_pos;
  size_t charged;
  peal_account_worker *account; /* borrowed; NULL: nobody counts */
  peal_http1_scan scan;
  peal_http1_body body; /* framing of the message that is received */
} peal_http_recv;

void peal_http_recv_init(peal_http_recv *recv, const peal_mem *mem,
                         peal_account_worker *account);
void peal_http_recv_deinit(peal_http_recv *recv);

/* More bytes, borrowed until _keep.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (nothing was taken). */
PEAL_MUST_CHECK peal_err peal_http_recv_lend(peal_http_recv *recv,
                                             peal_slice data);
/* Copy what is left of what was lent; used bytes go. Slices handed out
 * before are gone.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (what was lent is lost). */
PEAL_MUST_CHECK peal_err peal_http_recv_keep(peal_http_recv *recv);
/* Everything is dropped. */
void peal_http_recv_drop(peal_http_recv *recv);
/* Bytes not used yet (borrowed). */
peal_slice peal_http_recv_rest(const peal_http_recv *recv);
/* Give up what is left: `rest` lies in what was lent or in `kept` (taken). */
void peal_http_recv_give(peal_http_recv *recv, peal_buf *kept,
                         peal_slice *rest);

/* The next head, a request's or (`answer`) a response's, to a HEAD request if
 * `to_head`. `raw` are its bytes.
 * Returns: PEAL_OK, PEAL_ERR_AGAIN or why it is refused (*msg may say more). */
PEAL_MUST_CHECK peal_err peal_http_recv_head(peal_http_recv *recv,
                                             peal_http1_head *head,
                                             const peal_http1_limits *limits,
                                             bool answer, bool to_head,
                                             peal_slice *raw, const char **msg);
/* The next piece of the body.
 * Returns: PEAL_OK: it was the last; PEAL_ERR_AGAIN; PEAL_ERR_HTTP_SYNTAX. */
PEAL_MUST_CHECK peal_err peal_http_recv_body(peal_http_recv *recv,
                                             peal_slice *data, size_t *used);

static inline bool peal_http_recv_is_whole(const peal_http_recv *recv) {
  return peal_http1_body_is_done(&recv->body);
}

void peal_http_recv_check(const peal_http_recv *recv);
