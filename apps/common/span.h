/* SPDX-License-Identifier: MIT */
#pragma once
/* span: which piece of a history is asked for. */
#include <peal/web.h>

enum { SPAN_MAX_ROWS = 1000 };

typedef struct span {
  peal_slice device_id; /* empty: all; borrowed from the request */
  int64_t since, until; /* ms since 1970, both included */
  int64_t before_ts;    /* only what is older than this, or as old with a */
  int64_t before_id;    /* smaller id */
  int64_t limit;        /* 1 to SPAN_MAX_ROWS */
} span;

/* Read the query: device_id, since or from, until or to, before, limit. False:
 * it is wrong, and 422 has been answered. */
bool span_read(span *out, peal_http_req *req, int64_t limit);
/* The cursor that `before` takes. Thread: pure. */
void span_cursor_write(char out[48], int64_t ts, int64_t id);
/* "2026-01-31T12:00:00.000Z", also without fraction, or with an offset such as
 * +05:30 in place of Z. Thread: pure. */
bool span_time_parse(int64_t *out, peal_slice text);
