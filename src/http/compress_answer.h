/* SPDX-License-Identifier: MIT */
#pragma once
/* compress_answer: a whole answer in a content coding, without holding the
 * worker: what is small is compressed at once, what is large on the pool. */
#include <peal/http.h>

#include "http/compress.h"

/* Up to this many bytes are compressed on the worker: less than half a
 * millisecond. */
#define PEAL_COMPRESS_ANSWER_INLINE_BYTES 16384u

/* Answer with `body` (a reference is taken; it may be the worker's own) in
 * `coding`, as peal_compress_choose chose it; PEAL_COMPRESS_NONE answers with
 * the bytes as they are. Fields are added before; `type` is borrowed until the
 * answer is given: constant text. NULL for `body`: 503.
 *
 * Large bodies make the request wait for the pool: it is deferred, no other
 * answer is taken meanwhile, on_abort (if set) is told if the peer goes away,
 * and the request is given back when the work is done. Where memory or the
 * pool fail the bytes go as they are. */
void peal_compress_answer(peal_http_req *req, unsigned status, const char *type,
                          peal_bytes *body, peal_compress coding,
                          peal_compress_how how);
