/* SPDX-License-Identifier: MIT */
#include "proto/http_refusal.h"

#include <assert.h>
#include <string.h>

#include "proto/http_head.h"
#include "wire/http1_status.h"

/* What <peal/web.h> answers for an error; no status text needs an escape. */
#define BEFORE "{\"status\":\"error\",\"message\":\""
#define BEHIND "\"}"

const char *peal_http_refusal_type(bool json) {
  return json ? "application/json; charset=utf-8" : "text/plain";
}

static char *put(char *at, peal_slice text) {
  memcpy(at, text.ptr, text.len);
  return at + text.len;
}

peal_slice peal_http_refusal_body(char *out, unsigned status, bool json) {
  peal_slice text = peal_slice_of(peal_http1_status_text(status));
  char *end = put(out, json ? PEAL_S(BEFORE) : PEAL_S(""));
  end = put(put(end, text), json ? PEAL_S(BEHIND) : PEAL_S(""));
  return (peal_slice){out, (size_t)(end - out)};
}

peal_slice peal_http_refusal_write(char *out, unsigned status, bool json) {
  char room[PEAL_HTTP_REFUSAL_BYTES];
  peal_slice body = peal_http_refusal_body(room, status, json);
  const peal_http_head head = {
      .status = status,
      .type = peal_slice_of(peal_http_refusal_type(json)),
      .framing = PEAL_HTTP1_LENGTH,
      .length = body.len,
      .tail = PEAL_S("\r\nConnection: close\r\n\r\n"),
  };
  assert(peal_http_head_room(&head) + body.len <= PEAL_HTTP_REFUSAL_BYTES);
  char *end = put(peal_http_head_write(out, &head), body);
  return (peal_slice){out, (size_t)(end - out)};
}
