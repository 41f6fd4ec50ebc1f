/* SPDX-License-Identifier: MIT */
#pragma once
/* walks: how many long walks through the store are under way. Each is done in
 * pieces that others may come between; what they hold meanwhile is bounded by
 * their number. */
#include <stdatomic.h>
#include <stdbool.h>

#include <peal/web.h>

typedef struct walks {
  atomic_uint count;
  unsigned max;
} walks;

/* One more. False: there are too many, and 503 with Retry-After has been
 * answered. On the request's worker. */
PEAL_MUST_CHECK bool walks_begin(walks *all, peal_http_req *req);
/* It has come to its end. Thread: any. */
void walks_end(walks *all);
