/* SPDX-License-Identifier: MIT */
#pragma once
/* probe_http: requests of the probe, each on a connection of its own: what a
 * load balancer does with them is to be seen. By libcurl: proxies, TLS and
 * cookies are its business. */
#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "probe_target.h"

enum { PROBE_BODY = 64 * 1024 };

typedef struct probe_http {
  const probe_target *target;
  CURLSH *share; /* cookies */
  struct curl_slist *headers;
  bool no_verify; /* go on although the certificate is wrong */
} probe_http;

typedef struct probe_answer {
  CURLcode code;
  char words[CURL_ERROR_SIZE]; /* of a code that is not CURLE_OK */
  long os_error, verify;       /* errno; X509_V_ERR_… */
  long status;
  char body[PROBE_BODY + 1]; /* what fits, terminated */
  size_t body_len;
  char type[128], location[512], allow_origin[256], server[128];
  char address[64];
  double dns_ms, tcp_ms, tls_ms, all_ms;
  char subject[256], issuer[256], names[512], expires[64];
} probe_answer;

cli_exit probe_http_init(probe_http *http, const probe_target *target);
void probe_http_deinit(probe_http *http);

/* Connect and nothing else: times, address, certificate. */
void probe_http_connect(probe_http *http, probe_answer *answer);
/* `body` NULL: GET. `with_origin`: as the page that --origin names. */
void probe_http_ask(probe_http *http, const char *url, const char *body,
                    bool with_origin, long timeout_ms, probe_answer *answer);

/* A handle with the options of the command line, for a connection that is used
 * by hand; NULL: no memory. */
CURL *probe_http_handle(probe_http *http);
/* "a=b; c=d" of the cookies that were set; "" without. */
void probe_http_cookies(probe_http *http, char *out, size_t cap);
