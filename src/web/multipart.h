/* SPDX-License-Identifier: MIT */
#pragma once
/* multipart: a multipart/form-data body, piece by piece (RFC7578, RFC2046
 * 5.1). A state machine without I/O: bytes in, parts out. Memory is bounded
 * by the head of one part; data is handed on as it comes.
 *
 *   preamble --B CRLF head CRLF CRLF data CRLF --B … CRLF --B-- epilogue */
#include <peal/base.h>

#include "base/buf.h"

/* RFC2046 5.1.1: 1 to 70 characters. */
#define PEAL_MULTIPART_BOUNDARY 70u

typedef struct peal_multipart_part {
  peal_slice name;     /* of the field; borrowed */
  peal_slice filename; /* NULL ptr: not a file */
  peal_slice type;     /* Content-Type, or empty */
} peal_multipart_part;

/* An error that a callback returns stops the machine. */
typedef struct peal_multipart_callbacks {
  peal_err (*on_part)(const peal_multipart_part *part, void *user);
  peal_err (*on_data)(peal_slice data, void *user); /* borrowed, not empty */
  peal_err (*on_part_end)(void *user);
} peal_multipart_callbacks;

typedef struct peal_multipart {
  peal_multipart_callbacks callbacks;
  void *user;
  peal_buf head; /* of the part that begins */
  size_t max_parts;
  size_t parts;
  char delimiter[PEAL_MULTIPART_BOUNDARY + 4]; /* CRLF "--" boundary */
  size_t delimiter_len;
  size_t matched; /* bytes of the delimiter that have just come */
  uint8_t state;
  peal_err err;    /* sticky */
  const char *why; /* constant text */
} peal_multipart;

/* The boundary of a Content-Type value; false if it is not
 * multipart/form-data or has no valid one. Thread: pure. */
bool peal_multipart_boundary(peal_slice content_type, char *out, size_t *len);
/* `max_head` bounds the head of a part in bytes. Returns PEAL_ERR_USAGE for an
 * invalid boundary. Thread: pure. */
PEAL_MUST_CHECK peal_err peal_multipart_init(
    peal_multipart *m, peal_slice boundary, size_t max_parts, size_t max_head,
    const peal_multipart_callbacks *callbacks, void *user, const peal_mem *mem);
void peal_multipart_deinit(peal_multipart *m);
/* Returns: PEAL_OK, PEAL_ERR_HTTP_SYNTAX, PEAL_ERR_LIMIT (parts, head),
 * PEAL_ERR_NOMEM, or what a callback returned. */
PEAL_MUST_CHECK peal_err peal_multipart_feed(peal_multipart *m,
                                             peal_slice data);
/* The body is over: PEAL_ERR_HTTP_SYNTAX if the last boundary is missing. */
PEAL_MUST_CHECK peal_err peal_multipart_end(peal_multipart *m);
