/* SPDX-License-Identifier: MIT */
#include "proto/http_refusal.h"

#include <assert.h>
#include <string.h>

#include "proto/http_head.h"
#include "wire/http1_status.h"

peal_slice peal_http_refusal_write(char *out, unsigned status) {
  peal_slice text = peal_slice_of(peal_http1_status_text(status));
  const peal_http_head head = {
      .status = status,
      .type = PEAL_S("text/plain"),
      .framing = PEAL_HTTP1_LENGTH,
      .length = text.len,
      .tail = PEAL_S("\r\nConnection: close\r\n\r\n"),
  };
  assert(peal_http_head_room(&head) + text.len <= PEAL_HTTP_REFUSAL_BYTES);
  char *end = peal_http_head_write(out, &head);
  memcpy(end, text.ptr, text.len);
  return (peal_slice){out, (size_t)(end - out) + text.len};
}
