/* SPDX-License-Identifier: MIT */
#include "kit/kit_call_request.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

enum { MAX_HEADERS = 32 };

static bool is_line(const char *text) {
  for (const char *p = text; *p != '\0'; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7F)
      return false;
  return true;
}

static bool is_url(const char *url) {
  return url != NULL && is_line(url) && strchr(url, ' ') == NULL &&
         (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
}

bool peal_kit_call_request_is_good(const peal_kit_call_opts *opts) {
  size_t count = 0;
  for (const char *const *h = opts->headers; h != NULL && *h != NULL; h++)
    if (!is_line(*h) || strchr(*h, ':') == NULL || ++count > MAX_HEADERS)
      return false;
  for (size_t i = 0; i < sizeof opts->reserved / sizeof *opts->reserved; i++)
    if (opts->reserved[i] != 0)
      return false;
  return is_url(opts->url) && (opts->method == NULL || is_line(opts->method));
}

static bool add_header(peal_kit_call_request *r, const char *line) {
  struct curl_slist *longer = curl_slist_append(r->headers, line);
  if (longer == NULL)
    return false;
  r->headers = longer;
  return true;
}

bool peal_kit_call_request_init(peal_kit_call_request *r,
                                const peal_kit_call_opts *opts) {
  *r = (peal_kit_call_request){0};
  const char *method = opts->method != NULL ? opts->method
                       : opts->body.len > 0 ? "POST"
                                            : "GET";
  r->url = strdup(opts->url);
  r->method = strdup(method);
  r->body = malloc(opts->body.len + 1);
  if (r->url == NULL || r->method == NULL || r->body == NULL ||
      !add_header(r, "Expect:"))
    return false;
  if (opts->body.len > 0)
    memcpy(r->body, opts->body.ptr, opts->body.len);
  r->body_len = opts->body.len;
  for (const char *const *h = opts->headers; h != NULL && *h != NULL; h++)
    if (!add_header(r, *h))
      return false;
  return true;
}

static void wipe(struct curl_slist *headers) {
  for (struct curl_slist *one = headers; one != NULL; one = one->next)
    OPENSSL_cleanse(one->data, strlen(one->data));
  curl_slist_free_all(headers);
}

void peal_kit_call_request_deinit(peal_kit_call_request *r) {
  wipe(r->headers);
  if (r->body != NULL)
    OPENSSL_cleanse(r->body, r->body_len);
  free(r->url);
  free(r->method);
  free(r->body);
  *r = (peal_kit_call_request){0};
}
