/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sse: server-sent events out of the bytes of an answer, as models stream
 * them: text/event-stream. A machine without a clock or socket: bytes are pushed
 * in, events are pulled out.
 *
 *   while bytes come:
 *     peal_kit_sse_feed(&sse, piece)          any piece, cut anywhere
 *     while (peal_kit_sse_next(&sse, &event)) use event.data
 *
 * Of what a piece brings only the event that has begun is kept, up to a
 * ceiling. What stands behind the last empty line when the stream ends is no
 * event. Spec: HTML 9.2.5, 9.2.6 (parsing and interpreting an event stream). */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One event; borrowed until the next call for its machine. */
typedef struct peal_kit_sse_event {
  peal_slice type; /* "message" if the stream does not say */
  peal_slice data; /* its `data` lines, joined by U+000A */
  peal_slice id;   /* the last id of the stream so far; may be empty */
} peal_kit_sse_event;

/* A stream; its members are the machine's. */
typedef struct peal_kit_sse {
  char *bytes;          /* data lines of the event that has begun, each with its
                           U+000A; behind them the line that has begun */
  size_t len, cap, max; /* of `bytes` */
  size_t data_len;      /* of the data lines */
  peal_slice piece;     /* what is left of it, borrowed */
  char type[64], id[128]; /* longer ones are cut */
  size_t type_len, id_len;
  bool is_told;   /* the event in `bytes` has been told */
  bool after_cr;  /* a line feed that follows belongs to the line's end */
  bool has_begun; /* the first line is over: no byte order mark any more */
  peal_err err;
} peal_kit_sse;

/* Begin; `max_bytes` is the ceiling of one event with the line that has
 * begun, 0: 1 MiB. Thread: pure. */
PEAL_API void peal_kit_sse_init(peal_kit_sse *sse, size_t max_bytes);
/* Free what it holds; it may be begun again. NULL is a no-op. Thread: pure. */
PEAL_API void peal_kit_sse_deinit(peal_kit_sse *sse);
/* More of the stream (borrowed until peal_kit_sse_next has returned false).
 * Call it when all events of the piece before have been taken.
 * Returns: PEAL_OK, PEAL_ERR_USAGE (there are events to be taken), or the error
 * of before. Thread: pure. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_sse_feed(peal_kit_sse *sse,
                                                    peal_slice piece);
/* The next event of the piece. Returns false if there is none; peal_kit_sse_err
 * then says whether the stream can go on. Thread: pure. */
PEAL_API bool peal_kit_sse_next(peal_kit_sse *sse, peal_kit_sse_event *event);
/* PEAL_OK; PEAL_ERR_TOO_LONG: an event is over the ceiling, PEAL_ERR_NOMEM: for
 * good. Thread: pure. */
PEAL_API peal_err peal_kit_sse_err(const peal_kit_sse *sse);

#ifdef __cplusplus
}
#endif
