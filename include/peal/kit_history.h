/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_history: which piece of a history is asked for, and its rows as a file of
 * which spreadsheets know the form. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/web.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- spans ------------------------------------------------------------------- */

enum { PEAL_KIT_SPAN_MAX_ROWS = 1000 };

/* A piece of a history. */
typedef struct peal_kit_span {
  peal_slice device_id; /* empty: all; borrowed from the request */
  int64_t since, until; /* ms since 1970, both included */
  int64_t before_ts;    /* only what is older than this, or as old with a */
  int64_t before_id;    /* smaller id */
  int64_t limit;        /* 1 to PEAL_KIT_SPAN_MAX_ROWS */
} peal_kit_span;

/* Read the query: device_id, since or from, until or to, before or cursor,
 * limit; times as ISO text or in milliseconds since 1970. False: it is wrong,
 * and 422 has been answered. */
PEAL_API bool peal_kit_span_read(peal_kit_span *out, peal_http_req *req,
                                 int64_t limit);
/* The cursor that `before` takes. Thread: pure. */
PEAL_API void peal_kit_span_cursor_write(char out[48], int64_t ts, int64_t id);
/* "2026-01-31T12:00:00.000Z", also without fraction, or with an offset such as
 * +05:30 in place of Z. Thread: pure. */
PEAL_API bool peal_kit_span_time_parse(int64_t *out, peal_slice text);

/* -- csv --------------------------------------------------------------------- */

/* Text that grows, and values in it as cells of a file that spreadsheets read
 * (RFC 4180). {0} is an empty one. Once `failed`, it takes nothing more: one look at the
 * end is enough. */
typedef struct peal_kit_csv {
  char *bytes;
  size_t len, cap;
  bool failed; /* memory is out, or it would be over 8 MiB */
} peal_kit_csv;

PEAL_API void peal_kit_csv_free(peal_kit_csv *t);
/* As it is. */
PEAL_API void peal_kit_csv_add(peal_kit_csv *t, const char *bytes, size_t len);
/* A cell: text in quotes where it needs them, numbers so that they are read
 * back as the same; anything else is an empty cell. */
PEAL_API void peal_kit_csv_add_value(peal_kit_csv *t, peal_val value);

/* -- walks ------------------------------------------------------------------- */

/* How many long walks through the store are under way. Each is done in pieces
 * that others may come between; what they hold meanwhile is bounded by their
 * number. {.max = n} is ready for use. */
typedef struct peal_kit_walks {
  unsigned count; /* written by its functions only */
  unsigned max;
} peal_kit_walks;

/* One more. False: there are too many, and 503 with Retry-After has been
 * answered. On the request's worker. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_walks_begin(peal_kit_walks *all,
                                                   peal_http_req *req);
/* It has come to its end. Thread: any. */
PEAL_API void peal_kit_walks_end(peal_kit_walks *all);

#ifdef __cplusplus
}
#endif
