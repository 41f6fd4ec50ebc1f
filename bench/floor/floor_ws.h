/* SPDX-License-Identifier: MIT */
#pragma once
/* floor_ws: finds frame boundaries and answers by the first bytes. */
#include "floor_conn.h"

/* Answer all whole frames of `in`. Returns: bytes used, or -1 to close. */
ptrdiff_t floor_ws_feed(floor_server *server, uint8_t *in, size_t len);

/* Add an unmasked text frame to `out`. */
void floor_ws_frame(floor_out *out, const void *payload, size_t len);
