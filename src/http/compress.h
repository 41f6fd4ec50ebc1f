/* SPDX-License-Identifier: MIT */
#pragma once
/* compress: content codings for answers (RFC9110 8.4, 12.5.3), by zlib. */
#include <peal/base.h>

typedef enum peal_compress {
  PEAL_COMPRESS_NONE,
  PEAL_COMPRESS_GZIP,
  PEAL_COMPRESS_DEFLATE /* zlib format, as RFC9110 says */
} peal_compress;

/* What an Accept-Encoding value allows: gzip or deflate, in the client's
 * order of preference (q, then position); none if neither. Thread: pure. */
peal_compress peal_compress_choose(peal_slice accept_encoding);
/* "gzip", "deflate". */
const char *peal_compress_name(peal_compress coding);

/* How hard; 0: zlib's default. */
typedef struct peal_compress_how {
  uint8_t level;     /* 1 to 9 */
  uint8_t mem_level; /* 1 to 9 */
} peal_compress_how;

/* Compress as one piece. Returns NULL if memory is out. Thread: any. */
PEAL_MUST_CHECK peal_bytes *peal_compress_bytes(peal_compress coding,
                                                peal_compress_how how,
                                                peal_slice data);
