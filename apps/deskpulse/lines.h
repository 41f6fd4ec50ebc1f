/* SPDX-License-Identifier: MIT */
#pragma once
/* lines: from a stream of bytes to its lines. Bounded: a line that is too long is
 * left out whole. Thread: pure. */
#include <peal/base.h>

/* A picture of SOURCE_MAX_FRAME_BYTES in base64, and landmarks. */
enum { LINES_MAX = 3 * 1024 * 1024 };

typedef struct lines {
  char *buf;
  size_t len, cap;
  size_t from;     /* where the line begins; what is before is over */
  size_t at;       /* no newline between */
  bool skipping;   /* in the rest of a line that is too long */
  uint64_t spoilt; /* lines that were left out */
} lines;

/* Begin with {0}. Copy `bytes` behind what is there.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err lines_feed(lines *l, peal_slice bytes);
/* The next line without its end ("\n" or "\r\n"), borrowed until the next call.
 * Empty ones are left out. Returns false if more bytes are needed. */
bool lines_next(lines *l, peal_slice *line);
/* Forget all bytes; also the end. */
void lines_deinit(lines *l);
