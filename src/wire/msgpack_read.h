/* SPDX-License-Identifier: MIT */
#pragma once
/* msgpack_read: MessagePack one token after the other: scalars whole,
 * containers as their head. What wire/msgpack is made of.
 *
 * A head is believed only as far as the input reaches: what open containers
 * still lack, a byte for each value at least, must be there. So all counts
 * together are no more than the bytes of the input. */
#include <peal/val.h>

#include "wire/msgpack_time.h"

typedef struct peal_msgpack_read {
  const char *at;
  const char *end;
  uint64_t owed; /* values that are still to come */
  peal_err err;  /* sticky */
} peal_msgpack_read;

typedef struct peal_msgpack_token {
  /* ARRAY, OBJECT: `len` is the count, their items or pairs follow. STRING of a
   * Date points to `time`; other texts and binaries to the input. */
  peal_val value;
  char time[PEAL_MSGPACK_TIME_BYTES];
} peal_msgpack_token;

/* One value is to be read. */
peal_msgpack_read peal_msgpack_read_of(peal_slice in);
/* The next token. False if the value is complete or malformed: then `err`
 * says so. Thread: pure. */
bool peal_msgpack_read_next(peal_msgpack_read *read, peal_msgpack_token *out);
/* Over the next value with all that is in it; its bytes. Empty on failure. */
peal_slice peal_msgpack_read_skip(peal_msgpack_read *read);
/* PEAL_OK if nothing is left and nothing was wrong. */
peal_err peal_msgpack_read_end(const peal_msgpack_read *read);
