/* SPDX-License-Identifier: MIT */
#pragma once
/* wire_limits: ceilings of the codecs, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* The request target in bytes: clients put tokens of many kilobytes into the
 * query, where Node accepts 16 K. Option. */
#define PEAL_LIMIT_HTTP_TARGET_BYTES 16384u
/* The fields of a head, or the trailers, in bytes: what Node accepts. */
#define PEAL_LIMIT_HTTP_FIELDS_BYTES 16384u
/* The head in bytes, with the longest target and all fields. Option. */
#define PEAL_LIMIT_HTTP_HEAD_BYTES                                             \
  (PEAL_LIMIT_HTTP_TARGET_BYTES + PEAL_LIMIT_HTTP_FIELDS_BYTES)
/* Header fields per message: bounds the table of slices. */
#define PEAL_LIMIT_HTTP_FIELDS 100u
/* A chunk-size line with its extensions, in bytes. */
#define PEAL_LIMIT_HTTP_CHUNK_LINE_BYTES 256u
