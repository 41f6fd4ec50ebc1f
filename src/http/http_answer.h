/* SPDX-License-Identifier: MIT */
#pragma once
/* http_answer: what a handler says, into the machine of the connection. The
 * public functions stand in <peal/http.h>. */
#include "http/http_exchange.h"

/* May this be the first answer? Says so in the log if not. */
bool peal_http_answer_may(peal_http_req *req);
/* A whole answer of bytes that nobody else holds (a reference is taken): they
 * are charged while they wait. */
void peal_http_answer_own(peal_http_req *req, unsigned status, const char *type,
                          peal_bytes *body);
/* A short answer of the server's own, and close where that is due. */
void peal_http_answer_error(peal_http_req *req, unsigned status);
/* A stream that comes to its end whatever the peer does with its own
 * direction: a file. */
void peal_http_answer_certain(peal_http_req *req, unsigned status,
                              const char *type, uint64_t length);
/* The whole answer is in the hands of the machine. */
void peal_http_answer_over(peal_http_req *req);
/* Some of a stream has left, `waiting` bytes are left. */
void peal_http_answer_sent(peal_http_req *req, size_t waiting);
/* A handler or callback has returned: somebody must be responsible. */
void peal_http_answer_check(peal_http_req *req);
