/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_history: what was stored, read back over HTTP: page by page, as a file,
 * or as the few hundred points of a plot.
 *
 *   GET /api/readings?device_id=&since=&until=&limit=100&before=
 *   GET /api/readings/file?format=csv&device_id=&from=&to=
 *   GET /api/readings/series?device_id=&from=&to=&points=400
 *
 * since and until (from and to) are ISO 8601 times, both included; `before` is
 * the `next` of the page before, null when there is no more. JSON leaves in
 * gzip where the client takes it (compress_from_bytes of <peal/web.h>), a file
 * as fast as it is taken.
 *
 * Example: apps/esp32/history.c */
#include <stdbool.h>
#include <stdint.h>

#include <peal/kit_program.h>
#include <peal/web.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- spans ----------------------------------------------------------------- */

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

/* -- csv ------------------------------------------------------------------- */

/* Text that grows, and values in it as cells of a file that spreadsheets read
 * (RFC 4180). {0} is an empty one. Once `failed`, it takes nothing more: one
 * look at the end is enough. */
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

/* -- walks ----------------------------------------------------------------- */

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

/* -- streams --------------------------------------------------------------- */

/* A long answer out of the store, piece by piece, as fast as it is taken:
 *
 *   begin --> read --> (the store) --> piece --> read ... --> piece, the last
 *
 * One that breaks off breaks the connection, and does not look as if it were
 * whole. */
typedef struct peal_kit_stream peal_kit_stream;

/* Begin to read the next piece; it comes back by peal_kit_stream_piece. An
 * error ends the stream. On the request's worker. */
typedef peal_err (*peal_kit_stream_fn)(peal_kit_stream *stream, void *user);

typedef struct peal_kit_stream_opts {
  const char *type;      /* "text/csv; charset=utf-8" */
  const char *file;      /* its name, without quotes; up to 90 bytes */
  peal_slice head;       /* before the first piece */
  peal_kit_walks *walks; /* on which peal_kit_walks_begin was called: this ends
                            it */
  peal_kit_stream_fn read;
} peal_kit_stream_opts;

/* Answers the request; `opts` is copied, `user` lives as long as the request
 * (peal_http_req_alloc). On the request's worker. */
PEAL_API void peal_kit_stream_begin(peal_http_req *req,
                                    const peal_kit_stream_opts *opts,
                                    void *user);
/* A piece is there, or why not; `text` is freed. Once for each read. */
PEAL_API void peal_kit_stream_piece(peal_kit_stream *stream, peal_err err,
                                    peal_kit_csv *text, bool is_last);

/* -- whole histories ------------------------------------------------------- */

/* A table that has a history: an `id` that rises, a `ts` in ms since 1970, and
 * an index by ts (behind `owner` and `device`, where they are used). All text
 * is static, and goes into SQL as it is: it must not come from outside. */
typedef struct peal_kit_history {
  const char *table;
  const char *columns; /* of a row, behind its time: "device_id, level" */
  const char *owner;  /* the column that `owner` of a question must equal; NULL:
                          everybody may see all */
  const char *device; /* the column that ?device_id= narrows; NULL: none */
  const char *file; /* the name of a file, without its ending; NULL: `table` */
  const char *head; /* the first line of CSV: "timestamp,device_id,level" */
  const char *const *plotted; /* numbers that a series has, up to a NULL; 8 at
                                 most */
} peal_kit_history;

/* {"status":"success","data":[{"timestamp",…}],"next":"…"}: newest first,
 * `limit` rows unless it is asked for others. Without an `owner` of the table
 * that argument is not looked at. On the request's worker; defers. */
PEAL_API void peal_kit_history_page(peal_kit *kit, peal_http_req *req,
                                    const peal_kit_history *of, peal_val owner,
                                    int64_t limit);
/* A page of one's own: data, and the cursor of the next, or NULL. */
PEAL_API void peal_kit_history_answer(peal_http_req *req, peal_val data,
                                      const char *next);
/* Everything, oldest first, as CSV (RFC 4180) or, with format=json, as an
 * array. What comes after it has begun is left out; one that breaks off breaks
 * the connection, and does not look as if it were whole. `walks` lives as long
 * as the program. Otherwise as _page. */
PEAL_API void peal_kit_history_file(peal_kit *kit, peal_http_req *req,
                                    const peal_kit_history *of, peal_val owner,
                                    peal_kit_walks *walks);
/* {"status","from","to","bucket_ms","rows","data":{"ts":[…],"rows":[…],
 * "level":{"min":[…],"max":[…],"mean":[…]}}}: the stretch is cut into buckets
 * of one length; those without a row are left out. The readers of the store
 * walk it in pieces. Otherwise as _file. */
PEAL_API void peal_kit_history_series(peal_kit *kit, peal_http_req *req,
                                      const peal_kit_history *of,
                                      peal_val owner, peal_kit_walks *walks);

#ifdef __cplusplus
}
#endif
