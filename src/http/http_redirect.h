/* SPDX-License-Identifier: MIT */
#pragma once
/* http_redirect: the answer of a plain place that only knows where the
 * encrypted one is. */
#include <peal/http.h>

/* 308 (RFC9110 15.4.9) to the same target at https:// and this port of the
 * host that was asked for; 400 if it has not said which. */
void peal_http_redirect_answer(peal_http_req *req, uint16_t port);
