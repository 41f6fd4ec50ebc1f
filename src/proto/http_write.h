/* SPDX-License-Identifier: MIT */
#pragma once
/* http_write: the body of an answer or a request that is begun, piece by
 * piece.
 * In the flow: http/, client/ -> [http_write] -> proto/http_conn. */
#include "proto/http_conn.h"

/* More of the body of what was begun: copied, or shared (a reference is taken,
 * `len` of its bytes; not chunked, one at a time).
 * Returns: PEAL_OK, PEAL_ERR_USAGE, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_http_write_copy(peal_http_conn *conn,
                                              peal_slice data, uint64_t now_ms);
PEAL_MUST_CHECK peal_err peal_http_write_share(peal_http_conn *conn,
                                               peal_bytes *bytes, size_t len,
                                               uint64_t now_ms);
/* It is complete. An answer shorter than announced breaks the connection:
 * PEAL_ERR_USAGE. */
PEAL_MUST_CHECK peal_err peal_http_write_end(peal_http_conn *conn,
                                             uint64_t now_ms);
