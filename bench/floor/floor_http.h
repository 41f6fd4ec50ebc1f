/* SPDX-License-Identifier: MIT */
#pragma once
/* floor_http: canned answers to the requests of a Socket.IO client. */
#include "floor_conn.h"

/* Answer one request at the start of `in`.
 * Returns: bytes used, 0 if bytes are missing, -1 to close. */
ptrdiff_t floor_http_feed(floor_server *server, floor_conn *conn,
                          const uint8_t *in, size_t len);
