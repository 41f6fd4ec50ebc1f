/* SPDX-License-Identifier: MIT */
#pragma once
/* http_refusal: the short answer to what is no request, or comes when there is
 * no room: status, its text, the end. */
#include <peal/base.h>

/* Room for the longest of the status texts, twice, and the lines. */
#define PEAL_HTTP_REFUSAL_BYTES 512u

#define PEAL_HTTP_JSON_TYPE "application/json; charset=utf-8"

/* As {"status":"error","message":TEXT} or as the text alone. Written into `out`, which has
 * PEAL_HTTP_REFUSAL_BYTES. Thread: pure. */
peal_slice peal_http_refusal_write(char *out, unsigned status, bool json);
