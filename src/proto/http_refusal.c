/* SPDX-License-Identifier: MIT */
#include "proto/http_refusal.h"

#include <assert.h>
#include <string.h>

#include "proto/http_head.h"
#include "wire/http1_status.h"

/* What <peal/web.h> answers for an error; no status text needs an escape. */
#define BEFORE "{\"status\":\"error\",\"message\":\""
#define BEHIND "\"}"

static char *put(char *at, peal_slice text) {
  memcpy(at, text.ptr, text.len);
  return at + text.len;
}

peal_slice peal_http_refusal_write(char *out, unsigned status, bool json) {
  peal_slice text = peal_slice_of(peal_http1_status_text(status));
  peal_slice before = json ? PEAL_S(BEFORE) : PEAL_S("");
  peal_slice behind = json ? PEAL_S(BEHIND) : PEAL_S("");
  const peal_http_head head = {
      .status = status,
      .type = json ? PEAL_S(PEAL_HTTP_JSON_TYPE) : PEAL_S("text/plain"),
      .framing = PEAL_HTTP1_LENGTH,
      .length = before.len + text.len + behind.len,
      .tail = PEAL_S("\r\nConnection: close\r\n\r\n"),
  };
  assert(peal_http_head_room(&head) + head.length <= PEAL_HTTP_REFUSAL_BYTES);
  char *end = peal_http_head_write(out, &head);
  end = put(put(put(end, before), text), behind);
  return (peal_slice){out, (size_t)(end - out)};
}
