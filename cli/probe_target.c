/* SPDX-License-Identifier: MIT */
#include "probe_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "cli_say.h"

static cli_exit wrong(const char *what, const char *got) {
  cli_say("probe", "%s: \"%s\"", what, got);
  return CLI_USAGE;
}

/* One part of a URL into a field. Returns: false if it does not fit. */
static bool part(CURLU *url, CURLUPart which, unsigned flags, char *out,
                 size_t cap) {
  char *text = NULL;
  out[0] = '\0';
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK)
    return true; // it is not there
  bool fits = strlen(text) < cap;
  if (fits)
    strcpy(out, text);
  curl_free(text);
  return fits;
}

/* A path between two slashes. */
static bool set_path(probe_target *target, const char *path) {
  size_t len = strlen(path);
  const char *front = path[0] == '/' ? "" : "/";
  const char *back = len > 0 && path[len - 1] == '/' ? "" : "/";
  int n =
      snprintf(target->path, sizeof target->path, "%s%s%s", front, path, back);
  return n > 0 && (size_t)n < sizeof target->path;
}

static bool set_nsp(probe_target *target, const char *name) {
  int n = snprintf(target->nsp, sizeof target->nsp, "%s%s",
                   name[0] == '/' ? "" : "/", name);
  return n > 0 && (size_t)n < sizeof target->nsp;
}

/* Returns: CLI_USAGE if it does not fit or has no name. */
static cli_exit add_query(probe_target *target, const char *pair) {
  size_t len = strlen(target->query);
  const char *equals = strchr(pair, '=');
  if (equals == NULL || equals == pair)
    return wrong("--query: expected NAME=VALUE", pair);
  char *name = curl_easy_escape(NULL, pair, (int)(equals - pair));
  char *value = curl_easy_escape(NULL, equals + 1, 0);
  int n = snprintf(target->query + len, sizeof target->query - len, "&%s=%s",
                   name != NULL ? name : "", value != NULL ? value : "");
  curl_free(name);
  curl_free(value);
  return n > 0 && (size_t)n < sizeof target->query - len
             ? CLI_OK
             : wrong("--query: too long", pair);
}

static cli_exit take_apart(probe_target *target, CURLU *url, const char *text) {
  char scheme[16], path[512], port[16], query[1024];
  if (!part(url, CURLUPART_SCHEME, 0, scheme, sizeof scheme) ||
      !part(url, CURLUPART_HOST, 0, target->host, sizeof target->host) ||
      !part(url, CURLUPART_PATH, 0, path, sizeof path) ||
      !part(url, CURLUPART_QUERY, 0, query, sizeof query) ||
      !part(url, CURLUPART_PORT, 0, port, sizeof port))
    return wrong("too long a URL", text);
  target->is_tls = strcmp(scheme, "https") == 0 || strcmp(scheme, "wss") == 0;
  if (!target->is_tls && strcmp(scheme, "http") != 0 &&
      strcmp(scheme, "ws") != 0)
    return wrong("expected http, https, ws or wss", text);
  target->port = (uint16_t)(port[0] != '\0'  ? strtoul(port, NULL, 10)
                            : target->is_tls ? 443
                                             : 80);
  if (query[0] != '\0')
    snprintf(target->query, sizeof target->query, "&%s", query);
  const cli_opts *opts = target->opts;
  return set_nsp(target, opts->nsp != NULL ? opts->nsp : path) &&
                 set_path(target, opts->path != NULL ? opts->path : "socket.io")
             ? CLI_OK
             : wrong("too long a path", text);
}

cli_exit probe_target_init(probe_target *target, const cli_opts *opts) {
  *target = (probe_target){.opts = opts};
  const char *text = opts->words[0];
  char full[PROBE_URL];
  int n = snprintf(full, sizeof full, "%s%s",
                   strstr(text, "://") == NULL ? "http://" : "", text);
  CURLU *url = curl_url();
  cli_exit code = CLI_USAGE;
  // curl of 2023 has no ws and wss of its own
  if (n < 0 || (size_t)n >= sizeof full || url == NULL ||
      curl_url_set(url, CURLUPART_URL, full, CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK)
    code = wrong("no URL", text);
  else
    code = take_apart(target, url, text);
  curl_url_cleanup(url);
  for (size_t i = 0; i < opts->query.count && code == CLI_OK; i++)
    code = add_query(target, opts->query.items[i]);
  return code;
}

void probe_target_request(const probe_target *target, const char *transport,
                          const char *sid, char request[static PROBE_URL]) {
  snprintf(request, PROBE_URL, "%s?EIO=4&transport=%s%s%s%s", target->path,
           transport, target->query, sid != NULL ? "&sid=" : "",
           sid != NULL ? sid : "");
}

void probe_target_url(const probe_target *target, const char *transport,
                      const char *sid, char url[static PROBE_URL]) {
  char request[PROBE_URL];
  probe_target_request(target, transport, sid, request);
  snprintf(url, PROBE_URL, "%s://%s:%u%.3000s",
           target->is_tls ? "https" : "http", target->host, target->port,
           request);
}
