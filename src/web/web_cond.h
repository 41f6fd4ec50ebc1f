/* SPDX-License-Identifier: MIT */
#pragma once
/* web_cond: conditional and range requests (RFC9110 13, 14): what is to be
 * sent of a file. Pure. */
#include <peal/base.h>

/* The file as it is now. */
typedef struct peal_web_cond_file {
  uint64_t size;   /* bytes */
  int64_t mtime_s; /* seconds since 1970 */
  char etag[48];   /* weak, with quotes */
} peal_web_cond_file;

/* The request's fields; NULL ptr: absent. */
typedef struct peal_web_cond_ask {
  peal_slice if_match, if_unmodified_since;
  peal_slice if_none_match, if_modified_since;
  peal_slice range, if_range;
  bool is_get; /* only GET knows ranges */
} peal_web_cond_ask;

typedef struct peal_web_cond_plan {
  unsigned status;         /* 200, 206, 304, 412, 416 */
  uint64_t offset, length; /* of what is sent */
} peal_web_cond_plan;

/* W/"size-time", hex. */
void peal_web_cond_etag(peal_web_cond_file *file, int64_t mtime_ns);
/* In the order of RFC9110 13.2.2. Several or malformed ranges are ignored:
 * the whole file. Thread: pure. */
peal_web_cond_plan peal_web_cond_decide(const peal_web_cond_file *file,
                                        const peal_web_cond_ask *ask);
/* One range of a file of this size: 206 with offset and length, 416, or 200
 * if it is to be ignored. Thread: pure. */
peal_web_cond_plan peal_web_cond_range(peal_slice range, uint64_t size);
