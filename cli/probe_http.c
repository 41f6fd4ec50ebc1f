/* SPDX-License-Identifier: MIT */
#include "probe_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/base.h>

#include "cli_say.h"

enum { STEP_MS = 10000 };

static bool add_header(probe_http *http, const char *line) {
  struct curl_slist *more = curl_slist_append(http->headers, line);
  if (more != NULL)
    http->headers = more;
  return more != NULL;
}

cli_exit probe_http_init(probe_http *http, const probe_target *target) {
  *http = (probe_http){.target = target, .no_verify = target->opts->insecure};
  http->share = curl_share_init();
  bool is_ready = http->share != NULL &&
                  curl_share_setopt(http->share, CURLSHOPT_SHARE,
                                    CURL_LOCK_DATA_COOKIE) == CURLSHE_OK;
  const cli_list *headers = &target->opts->headers;
  for (size_t i = 0; i < headers->count; i++) {
    const char *line = headers->items[i];
    if (strchr(line, ':') == NULL || strpbrk(line, "\r\n") != NULL) {
      cli_say("probe", "--header: expected NAME: VALUE, not \"%s\"", line);
      return CLI_USAGE;
    }
    is_ready = is_ready && add_header(http, line);
  }
  return is_ready ? CLI_OK : CLI_FAILED;
}

void probe_http_deinit(probe_http *http) {
  curl_slist_free_all(http->headers);
  curl_share_cleanup(http->share);
}

static void set_tls(CURL *curl, const probe_http *http) {
  const cli_opts *opts = http->target->opts;
  if (opts->ca_file != NULL)
    curl_easy_setopt(curl, CURLOPT_CAINFO, opts->ca_file);
  if (opts->ca_dir != NULL)
    curl_easy_setopt(curl, CURLOPT_CAPATH, opts->ca_dir);
  if (opts->cert != NULL)
    curl_easy_setopt(curl, CURLOPT_SSLCERT, opts->cert);
  if (opts->key != NULL)
    curl_easy_setopt(curl, CURLOPT_SSLKEY, opts->key);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, http->no_verify ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, http->no_verify ? 0L : 2L);
  curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 1L);
  curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
}

CURL *probe_http_handle(probe_http *http) {
  const cli_opts *opts = http->target->opts;
  CURL *curl = curl_easy_init();
  if (curl == NULL)
    return NULL;
  long timeout = opts->timeout_ms != 0 ? (long)opts->timeout_ms : STEP_MS;
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_SHARE, http->share);
  curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "peal/" PEAL_VERSION);
  if (opts->proxy != NULL)
    curl_easy_setopt(curl, CURLOPT_PROXY, opts->proxy);
  set_tls(curl, http);
  return curl;
}

/* ---- what comes back --------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  probe_answer *answer = user;
  size_t len = size * count, room = PROBE_BODY - answer->body_len;
  size_t taken = len < room ? len : room;
  memcpy(answer->body + answer->body_len, data, taken);
  answer->body_len += taken;
  answer->body[answer->body_len] = '\0';
  return len;
}

/* "Name: value\r\n" into `out` if it is that field. */
static void field(const char *line, size_t len, const char *name, char *out,
                  size_t cap) {
  size_t at = strlen(name);
  if (len <= at || line[at] != ':' ||
      !peal_slice_is_nocase((peal_slice){line, at}, name))
    return;
  at++;
  while (at < len && line[at] == ' ')
    at++;
  while (len > at && (line[len - 1] == '\r' || line[len - 1] == '\n'))
    len--;
  snprintf(out, cap, "%.*s", (int)(len - at), line + at);
}

static size_t on_header(char *data, size_t size, size_t count, void *user) {
  probe_answer *answer = user;
  size_t len = size * count;
  field(data, len, "content-type", answer->type, sizeof answer->type);
  field(data, len, "location", answer->location, sizeof answer->location);
  field(data, len, "server", answer->server, sizeof answer->server);
  field(data, len, "access-control-allow-origin", answer->allow_origin,
        sizeof answer->allow_origin);
  return len;
}

static void keep(const char *line, const char *name, char *out, size_t cap) {
  size_t len = strlen(name);
  if (out[0] == '\0' && strncmp(line, name, len) == 0 && line[len] == ':')
    snprintf(out, cap, "%s", line + len + 1);
}

static void read_certificate(CURL *curl, probe_answer *answer) {
  struct curl_certinfo *info = NULL;
  if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK ||
      info == NULL || info->num_of_certs < 1)
    return;
  for (struct curl_slist *line = info->certinfo[0]; line != NULL;
       line = line->next) {
    keep(line->data, "Subject", answer->subject, sizeof answer->subject);
    keep(line->data, "Issuer", answer->issuer, sizeof answer->issuer);
    keep(line->data, "Expire date", answer->expires, sizeof answer->expires);
    keep(line->data, "X509v3 Subject Alternative Name", answer->names,
         sizeof answer->names);
  }
}

static double info_ms(CURL *curl, CURLINFO what) {
  curl_off_t us = 0;
  curl_easy_getinfo(curl, what, &us);
  return (double)us / 1e3;
}

static void read_info(CURL *curl, probe_answer *answer) {
  const char *address = NULL;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &answer->os_error);
  curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &answer->verify);
  if (curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address) == CURLE_OK &&
      address != NULL)
    snprintf(answer->address, sizeof answer->address, "%s", address);
  answer->dns_ms = info_ms(curl, CURLINFO_NAMELOOKUP_TIME_T);
  answer->tcp_ms = info_ms(curl, CURLINFO_CONNECT_TIME_T);
  answer->tls_ms = info_ms(curl, CURLINFO_APPCONNECT_TIME_T);
  answer->all_ms = info_ms(curl, CURLINFO_TOTAL_TIME_T);
  read_certificate(curl, answer);
}

static void perform(CURL *curl, probe_answer *answer) {
  if (curl == NULL) {
    answer->code = CURLE_OUT_OF_MEMORY;
    return;
  }
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->words);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
  answer->code = curl_easy_perform(curl);
  if (answer->code != CURLE_OK && answer->words[0] == '\0')
    snprintf(answer->words, sizeof answer->words, "%s",
             curl_easy_strerror(answer->code));
  read_info(curl, answer);
}

static void clear(probe_answer *answer) {
  memset(answer, 0, sizeof *answer);
}

void probe_http_connect(probe_http *http, probe_answer *answer) {
  clear(answer);
  char url[PROBE_URL];
  probe_target_url(http->target, "polling", NULL, url);
  CURL *curl = probe_http_handle(http);
  if (curl != NULL) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  }
  perform(curl, answer);
  curl_easy_cleanup(curl);
}

/* The headers of the command line and those of this request. */
static struct curl_slist *headers_of(const probe_http *http, bool has_body,
                                     bool with_origin) {
  struct curl_slist *list = NULL;
  for (struct curl_slist *at = http->headers; at != NULL; at = at->next)
    list = curl_slist_append(list, at->data);
  const char *origin = http->target->opts->origin;
  if (origin != NULL && with_origin) {
    char line[1024];
    snprintf(line, sizeof line, "Origin: %s", origin);
    list = curl_slist_append(list, line);
  }
  if (has_body)
    list = curl_slist_append(list, "Content-Type: text/plain;charset=UTF-8");
  return list;
}

void probe_http_ask(probe_http *http, const char *url, const char *body,
                    bool with_origin, long timeout_ms, probe_answer *answer) {
  clear(answer);
  CURL *curl = probe_http_handle(http);
  struct curl_slist *headers = headers_of(http, body != NULL, with_origin);
  if (curl != NULL) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    if (timeout_ms > 0)
      curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    if (body != NULL)
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  }
  perform(curl, answer);
  curl_easy_cleanup(curl);
  curl_slist_free_all(headers);
}

void probe_http_cookies(probe_http *http, char *out, size_t cap) {
  CURL *curl = probe_http_handle(http);
  struct curl_slist *list = NULL;
  out[0] = '\0';
  if (curl != NULL)
    curl_easy_getinfo(curl, CURLINFO_COOKIELIST, &list);
  for (struct curl_slist *at = list; at != NULL; at = at->next) {
    // Netscape's form: the last two of seven fields are name and value
    const char *value = strrchr(at->data, '\t'), *name = value;
    while (name != NULL && name > at->data && name[-1] != '\t')
      name--;
    size_t len = strlen(out);
    if (name != NULL && len + strlen(name) + 4 < cap)
      snprintf(out + len, cap - len, "%s%.*s=%s", len > 0 ? "; " : "",
               (int)(value - name), name, value + 1);
  }
  curl_slist_free_all(list);
  curl_easy_cleanup(curl);
}
