/* SPDX-License-Identifier: MIT */
#pragma once
/* http_file: a piece of a file as an answer, read on the pool in pieces as
 * the peer takes them. peal_http_answer_file stands in <peal/http.h>. */
#include "http/http_exchange.h"

/* Everything has left: send the next piece. */
void peal_http_file_next(peal_http_req *req);
/* The request goes away: the file is closed when it is not being read. */
void peal_http_file_drop(peal_http_file *file);
