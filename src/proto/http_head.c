/* SPDX-License-Identifier: MIT */
#include "proto/http_head.h"

#include <string.h>

#include "base/decimal.h"
#include "wire/http1_status.h"

/* The names, blanks, digits and line ends of our own, and a status text. */
#define OWN_BYTES 200u

static char *put(char *p, const char *text, size_t len) {
  memcpy(p, text, len);
  return p + len;
}

#define PUT(p, literal) put(p, literal, sizeof(literal) - 1)

static char *put_slice(char *p, peal_slice text) {
  return text.len ? put(p, text.ptr, text.len) : p;
}

static char *put_u64(char *p, uint64_t value) {
  return p + peal_decimal_put(p, value);
}

static char *put_status(char *p, unsigned status) {
  if (status == 200)
    return PUT(p, "HTTP/1.1 200 OK\r\n");
  const char *text = peal_http1_status_text(status);
  p = PUT(p, "HTTP/1.1 ");
  p = put_u64(p, status);
  *p++ = ' ';
  p = put(p, text, strlen(text));
  return PUT(p, "\r\n");
}

static char *put_request(char *p, const peal_http_head *head) {
  p = put_slice(p, head->method);
  *p++ = ' ';
  p = put_slice(p, head->target);
  return PUT(p, " HTTP/1.1\r\n");
}

static char *put_framing(char *p, const peal_http_head *head) {
  if (head->framing == PEAL_HTTP1_CHUNKED)
    return PUT(p, "Transfer-Encoding: chunked\r\n");
  if (head->framing != PEAL_HTTP1_LENGTH)
    return p;
  p = PUT(p, "Content-Length: ");
  p = put_u64(p, head->length);
  return PUT(p, "\r\n");
}

size_t peal_http_head_room(const peal_http_head *head) {
  return OWN_BYTES + head->method.len + head->target.len + head->type.len +
         head->lines.len + head->date.len + head->tail.len;
}

/* The line end in front of the tail is that of the line before it. */
char *peal_http_head_write(char *out, const peal_http_head *head) {
  char *p =
      head->status ? put_status(out, head->status) : put_request(out, head);
  if (head->type.ptr) {
    p = PUT(p, "Content-Type: ");
    p = put_slice(p, head->type);
    p = PUT(p, "\r\n");
  }
  p = put_slice(p, head->lines);
  p = put_framing(p, head);
  if (head->date.ptr) {
    p = PUT(p, "Date: ");
    p = put_slice(p, head->date);
    p = PUT(p, "\r\n");
  }
  return put_slice(p - 2, head->tail);
}
