/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_curl: libcurl's multi interface on a worker: its sockets are watched, its
 * timer is a timer of the worker. It knows transfers and nothing of calls. */
#include <stdbool.h>

#include <curl/curl.h>

#include <peal/worker.h>

typedef struct peal_kit_curl peal_kit_curl;

/* A transfer is over and has been taken out. Not inside of libcurl: everything
 * is allowed, but freeing. */
typedef void (*peal_kit_curl_done_fn)(CURL *easy, CURLcode code, void *user);
/* libcurl has been called, and has returned: what was put off is done now.
 * Freeing is allowed here. */
typedef void (*peal_kit_curl_rest_fn)(void *user);

/* NULL: memory is out, or libcurl does not start. */
peal_kit_curl *peal_kit_curl_new(peal_worker *worker,
                                 peal_kit_curl_done_fn on_done,
                                 peal_kit_curl_rest_fn on_rest, void *user);
/* With no transfer in it. */
void peal_kit_curl_free(peal_kit_curl *curl);
/* Inside of one of libcurl's callbacks nothing may be added or taken out. */
bool peal_kit_curl_is_inside(const peal_kit_curl *curl);
/* Begin a transfer: libcurl is called by the next turn. */
PEAL_MUST_CHECK bool peal_kit_curl_add(peal_kit_curl *curl, CURL *easy);
/* Cut it: a connection in the middle of an answer is closed. */
void peal_kit_curl_remove(peal_kit_curl *curl, CURL *easy);
