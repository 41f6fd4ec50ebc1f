/* SPDX-License-Identifier: MIT */
#pragma once
/* polling_answer: a request of polling as HTTP: its answers, the body that it
 * brings. For sessions that are here and for those that are elsewhere. */
#include "base/buf.h"
#include "engine/engine_impl.h"

/* The fields that every answer of a session has. */
void peal_polling_answer_headers(peal_engine *engine, peal_http_req *req,
                                 const char *sid, bool initial);
void peal_polling_answer_empty(peal_engine *engine, peal_http_req *req,
                               const char *sid, unsigned status);
/* A GET whose session has nothing to say but its end: `1`, in version 3 with
 * its length. */
void peal_polling_answer_close(peal_engine *engine, peal_http_req *req,
                               const char *sid, bool eio3);

/* How the packets of an answer are packed. */
typedef struct peal_polling_answer_form {
  bool initial;  /* the session's first */
  bool compress; /* it may be */
  bool octets;   /* a binary body, of version 3 */
} peal_polling_answer_form;

/* A GET with the packets in `payload`, wrapped for JSONP if that is asked for.
 * It has been answered in any case; with 503 if an error is returned.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, what is sticky in `payload`. */
PEAL_MUST_CHECK peal_err peal_polling_answer_payload(
    peal_engine *engine, peal_http_req *req, const char *sid,
    const peal_polling_answer_form *form, const peal_buf *payload);
/* The packets of a POST's body (borrowed); out of a JSONP form, until the end
 * of the turn. */
peal_slice peal_polling_answer_body(peal_http_req *req, peal_slice body);
/* EIO4 has no binary bodies. */
bool peal_polling_answer_is_octets(const peal_http_req *req);
/* It announces more than a body may have. */
bool peal_polling_answer_is_too_long(const peal_engine *engine,
                                     const peal_http_req *req);
