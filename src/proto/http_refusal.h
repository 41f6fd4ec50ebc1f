/* SPDX-License-Identifier: MIT */
#pragma once
/* http_refusal: the short answer to what is no request, or comes when there is
 * no room: status, its text, the end. */
#include <peal/base.h>

/* Room for the longest of the status texts, twice, and the lines. */
#define PEAL_HTTP_REFUSAL_BYTES 512u

/* Its words: {"status":"error","message":TEXT}, or the text alone. `out` has
 * PEAL_HTTP_REFUSAL_BYTES, here and below. Thread: pure. */
peal_slice peal_http_refusal_body(char *out, unsigned status, bool json);
/* Their Content-Type. */
const char *peal_http_refusal_type(bool json);
/* The whole answer, written into `out`. */
peal_slice peal_http_refusal_write(char *out, unsigned status, bool json);
