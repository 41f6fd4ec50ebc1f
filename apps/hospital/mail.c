/* SPDX-License-Identifier: MIT */
#include "mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { WHOLE_MS = 20000, CONNECT_MS = 5000 };

bool mail_hmac(uint8_t out[PEAL_KIT_DIGEST_BYTES], peal_slice key,
               peal_slice data) {
  unsigned len = 0;
  return HMAC(EVP_sha256(), key.ptr, (int)key.len, (const uint8_t *)data.ptr,
              data.len, out, &len) != NULL &&
         len == PEAL_KIT_DIGEST_BYTES;
}

/* What is sent, and how far it has got. */
typedef struct letter {
  const char *bytes;
  size_t len, at;
} letter;

static size_t on_read(char *out, size_t size, size_t count, void *user) {
  letter *l = user;
  size_t room = size * count, left = l->len - l->at;
  size_t len = left < room ? left : room;
  memcpy(out, l->bytes + l->at, len);
  l->at += len;
  return len;
}

/* As an encoded word, whatever is in it: no line of it can end early.
 * RFC2047 2 */
static void encode_subject(char *out, size_t cap, const char *subject) {
  char base64[PEAL_KIT_BASE64_BYTES(128)];
  size_t len = strlen(subject);
  peal_kit_base64_write(base64, (peal_slice){subject, len < 128 ? len : 128},
                        PEAL_KIT_BASE64_STANDARD);
  snprintf(out, cap, "=?UTF-8?B?%s?=", base64);
}

/* The body as base64 in lines: long ones and lone dots need no thought.
 * RFC2045 6.8 */
static size_t add_body(char *out, const char *text) {
  enum { LINE = 57 };

  size_t len = strlen(text), at = 0;
  for (size_t i = 0; i < len; i += LINE) {
    size_t part = len - i < LINE ? len - i : LINE;
    at += peal_kit_base64_write(out + at, (peal_slice){text + i, part},
                                PEAL_KIT_BASE64_STANDARD);
    memcpy(out + at, "\r\n", 2);
    at += 2;
  }
  return at;
}

static char *write_letter(const mail_opts *opts, const char *subject,
                          const char *text, size_t *len) {
  char date[64], word[256];
  time_t now = time(NULL);
  struct tm when;
  gmtime_r(&now, &when);
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &when);
  encode_subject(word, sizeof word, subject);
  size_t cap = 2 * strlen(text) + strlen(opts->from) + strlen(opts->to) + 1024;
  char *out = malloc(cap);
  if (out == NULL)
    return NULL;
  int head = snprintf(out, cap,
                      "Date: %s\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\n"
                      "MIME-Version: 1.0\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\n",
                      date, opts->from, opts->to, word);
  *len = (size_t)head + add_body(out + head, text);
  return out;
}

static struct curl_slist *receivers(const char *to) {
  struct curl_slist *all = NULL;
  char copy[1024], *rest = NULL;
  snprintf(copy, sizeof copy, "%s", to);
  for (char *one = strtok_r(copy, " ,", &rest); one != NULL;
       one = strtok_r(NULL, " ,", &rest))
    all = curl_slist_append(all, one);
  return all;
}

static bool perform(CURL *curl, const mail_opts *opts, letter *l,
                    struct curl_slist *to) {
  curl_easy_setopt(curl, CURLOPT_URL, opts->url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
  // with a password never in the clear
  curl_easy_setopt(
      curl, CURLOPT_USE_SSL,
      (long)(opts->password != NULL ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, opts->from);
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, l);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  if (opts->user != NULL)
    curl_easy_setopt(curl, CURLOPT_USERNAME, opts->user);
  if (opts->password != NULL)
    curl_easy_setopt(curl, CURLOPT_PASSWORD, opts->password);
  return curl_easy_perform(curl) == CURLE_OK;
}

bool mail_send(const mail_opts *opts, const char *subject, const char *text) {
  letter l = {0};
  char *bytes = write_letter(opts, subject, text, &l.len);
  struct curl_slist *to = receivers(opts->to);
  CURL *curl = curl_easy_init();
  l.bytes = bytes;
  bool done = bytes != NULL && to != NULL && curl != NULL &&
              perform(curl, opts, &l, to);
  curl_easy_cleanup(curl);
  curl_slist_free_all(to);
  free(bytes);
  return done;
}
