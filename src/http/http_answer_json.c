/* SPDX-License-Identifier: MIT */
/* http_answer_json: a value as an answer, in a content coding if the layer
 * behind the mount wants that of what is long. */
#include <string.h>

#include "base/bytes.h"
#include "http/compress_answer.h"
#include "http/http_answer.h"

static const char type[] = "application/json; charset=utf-8";

/* Is there a field of this name among those that were added? They are lines,
 * "Name: value\r\n". */
static bool has_field(const peal_http_req *req, const char *name) {
  peal_slice rest = peal_buf_slice(&req->headers);
  size_t len = strlen(name);
  while (rest.len > len) {
    if (rest.ptr[len] == ':' &&
        peal_slice_is_nocase((peal_slice){rest.ptr, len}, name))
      return true;
    const char *end = memchr(rest.ptr, '\n', rest.len);
    size_t line = end ? (size_t)(end - rest.ptr) + 1 : rest.len;
    rest = (peal_slice){rest.ptr + line, rest.len - line};
  }
  return false;
}

/* An answer that has a coding keeps it, and one with an entity tag keeps its
 * bytes: a tag names one representation (RFC9110 8.8.3.3). */
static bool may_compress(const peal_http_req *req, size_t len) {
  return req->compress_from > 0 && len >= req->compress_from &&
         !has_field(req, "Content-Encoding") && !has_field(req, "ETag");
}

static void answer_long(peal_http_req *req, unsigned status, peal_bytes *json) {
  peal_slice accepted = peal_http_req_header(req, "Accept-Encoding");
  if (!peal_http_answer_may(req))
    return;
  (void)peal_http_answer_header(req, "Vary", PEAL_S("Accept-Encoding"));
  /* For its owner it is answered: he is told nothing any more. */
  peal_http_req_on_abort(req, NULL, NULL);
  peal_compress_answer(req, status, type, json, peal_compress_choose(accepted),
                       (peal_compress_how){0});
}

void peal_http_answer_json(peal_http_req *req, unsigned status,
                           peal_val value) {
  PEAL_ON_REQ(req, "peal_worker_post");
  peal_bytes *json = peal_json_bytes(value);
  if (json && may_compress(req, peal_bytes_slice(json).len))
    answer_long(req, status, json);
  else
    peal_http_answer_own(req, status, type, json);
  peal_bytes_unref(json);
}
