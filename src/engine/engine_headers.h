/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_headers: the header fields of Engine.IO answers: CORS, the session
 * cookie, the application's hook, on polling answers and on the 101. */
#include "base/buf.h"
#include "engine/engine_impl.h"

/* As answer headers of `req`. `sid` NULL: of no session; the cookie is for the
 * `initial` answer of one. */
void peal_engine_headers_answer(peal_engine *engine, peal_http_req *req,
                                const char *sid, bool initial);
/* As complete lines in `out` (for the 101). */
void peal_engine_headers_lines(peal_engine *engine, peal_http_req *req,
                               const char *sid, bool initial, peal_buf *out);
