/* SPDX-License-Identifier: MIT */
#pragma once
/* wire_limits: ceilings of the codecs, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* The head in bytes: what Node accepts by default. Option. */
#define PEAL_LIMIT_HTTP_HEAD_BYTES 16384u
/* The request target in bytes; long query strings of polling are below 1 K. */
#define PEAL_LIMIT_HTTP_TARGET_BYTES 8192u
/* Header fields per message: bounds the table of slices. */
#define PEAL_LIMIT_HTTP_FIELDS 100u
/* A chunk-size line with its extensions, in bytes. */
#define PEAL_LIMIT_HTTP_CHUNK_LINE_BYTES 256u
