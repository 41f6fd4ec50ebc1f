/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_call_request: what a call asks: copied, in the forms that libcurl takes;
 * headers and body are wiped behind it. */
#include <stdbool.h>

#include <curl/curl.h>

#include <peal/kit_calls.h>

typedef struct peal_kit_call_request {
  char *url, *method, *body;
  size_t body_len;
  struct curl_slist *headers;
} peal_kit_call_request;

/* Nothing in it that would become a header of its own, or another protocol. */
bool peal_kit_call_request_is_good(const peal_kit_call_opts *opts);
/* False: memory is out; to be deinitialised in any case. */
PEAL_MUST_CHECK bool peal_kit_call_request_init(peal_kit_call_request *r,
                                                const peal_kit_call_opts *opts);
void peal_kit_call_request_deinit(peal_kit_call_request *r);
