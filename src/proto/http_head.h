/* SPDX-License-Identifier: MIT */
#pragma once
/* http_head: the head of a message that we send, request or answer, as bytes:
 * ask for the room, get it once, write without checks.
 * In the flow: proto/http_conn -> [http_head] -> proto/http_send. Pure. */
#include <peal/base.h>

#include "wire/http1_body.h"

typedef struct peal_http_head {
  unsigned status;   /* an answer's; 0: a request */
  peal_slice method; /* a request's */
  peal_slice target; /* a request's */
  peal_slice type;   /* Content-Type; NULL ptr: none */
  peal_slice lines;  /* more lines, each with its CR LF */
  peal_slice date;   /* value of Date; NULL ptr: none */
  peal_slice tail;   /* begins and ends with CR LF: the last lines */
  uint64_t length;   /* if framing is PEAL_HTTP1_LENGTH */
  uint8_t framing;   /* peal_http1_framing; what is to be said of it */
} peal_http_head;

/* At most so many bytes. */
size_t peal_http_head_room(const peal_http_head *head);
/* Write it with its empty line; returns the end. */
char *peal_http_head_write(char *out, const peal_http_head *head);
