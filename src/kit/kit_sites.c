/* SPDX-License-Identifier: MIT */
#include "kit/kit_sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_BYTES = 256, WARN_PER_MS = 60000 };

struct peal_kit_sites {
  peal_kit *h;
  char own[NAME_BYTES]; /* the machine's name */
  char *origins;
  peal_web_limit *warnings; /* one line a minute for each name */
};

/* ---- names --------------------------------------------------------------- */

/* The next word of a list separated by blanks or commas; empty: no more. */
static peal_slice next_word(const char **list) {
  *list += strspn(*list, " ,");
  peal_slice word = {*list, strcspn(*list, " ,")};
  *list += word.len;
  return word;
}

static bool is_same(peal_slice a, peal_slice b) {
  return a.len == b.len &&
         (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_listed(const char *list, peal_slice word) {
  const char *at = list != NULL ? list : "";
  for (peal_slice one = next_word(&at); one.len > 0; one = next_word(&at))
    if (peal_slice_is(one, "*") || is_same(one, word))
      return true;
  return false;
}

/* Without port, and without the dot of the root. */
static peal_slice name_of(peal_slice host) {
  const char *end = NULL;
  if (host.len > 0 && host.ptr[0] == '[') {
    end = memchr(host.ptr, ']', host.len);
    return end == NULL
               ? host
               : (peal_slice){host.ptr + 1, (size_t)(end - host.ptr) - 1};
  }
  end = host.len > 0 ? memchr(host.ptr, ':', host.len) : NULL;
  size_t len = end != NULL ? (size_t)(end - host.ptr) : host.len;
  if (len > 1 && host.ptr[len - 1] == '.')
    len--;
  return (peal_slice){host.ptr, len};
}

static bool is_address(peal_slice name) {
  char text[INET6_ADDRSTRLEN];
  struct in6_addr out;
  if (name.len == 0 || name.len >= sizeof text)
    return false;
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(name));
  return inet_pton(AF_INET, text, &out) == 1 ||
         inet_pton(AF_INET6, text, &out) == 1;
}

/* `name` is `own`, or `own` and one of `domains` behind it. */
static bool is_own(peal_slice name, const char *own) {
  // nobody can register these: RFC6762 3, RFC8375, RFC9476; ICANN 2018, 2024;
  // and the one that routers of AVM have for theirs
  static const char *const domains[] = {
      "", ".local", ".lan", ".home", ".internal", ".home.arpa", ".fritz.box"};
  char text[NAME_BYTES + 16];
  for (size_t i = 0; own[0] != '\0' && i < sizeof domains / sizeof *domains;
       i++) {
    snprintf(text, sizeof text, "%s%s", own, domains[i]);
    if (is_same(name, peal_slice_of(text)))
      return true;
  }
  return false;
}

/* RFC6761 6.3 */
static bool is_localhost(peal_slice name) {
  static const char below[] = ".localhost";
  const size_t len = sizeof below - 1;
  return is_same(name, PEAL_S("localhost")) ||
         (name.len > len &&
          is_same((peal_slice){name.ptr + name.len - len, len},
                  PEAL_S(".localhost")));
}

bool peal_kit_sites_host_is_ours(peal_slice host, const char *own,
                                 const char *names) {
  peal_slice name = name_of(host);
  return is_address(name) || is_localhost(name) || is_own(name, own) ||
         is_listed(names, name) || is_listed(names, host);
}

/* ---- origins ------------------------------------------------------------- */

/* What stands behind `scheme` and "://", NULL ptr if it is another one. */
static peal_slice authority_of(peal_slice origin, const char *scheme) {
  size_t len = strlen(scheme);
  if (origin.len < len || strncasecmp(origin.ptr, scheme, len) != 0)
    return (peal_slice){0};
  return (peal_slice){origin.ptr + len, origin.len - len};
}

/* As peal_cors_opts.origins has them: a star stands for names in front of a
 * host, or for a port, and alone for everybody. */
static bool fits_pattern(peal_slice pattern, peal_slice origin) {
  const char *star =
      pattern.len > 0 ? memchr(pattern.ptr, '*', pattern.len) : NULL;
  if (star == NULL)
    return is_same(pattern, origin);
  size_t before = (size_t)(star - pattern.ptr);
  if (origin.len <= before || !is_same((peal_slice){pattern.ptr, before},
                                       (peal_slice){origin.ptr, before}))
    return false;
  peal_slice rest = {star + 1, pattern.len - before - 1};
  for (size_t at = before + 1; at <= origin.len; at++)
    if (fits_pattern(rest, (peal_slice){origin.ptr + at, origin.len - at}))
      return true;
  return false;
}

static bool is_allowed(const char *origins, peal_slice origin) {
  const char *at = origins != NULL ? origins : "";
  for (peal_slice one = next_word(&at); one.len > 0; one = next_word(&at))
    if (fits_pattern(one, origin))
      return true;
  return false;
}

bool peal_kit_sites_origin_is_foreign(peal_slice origin, peal_slice host,
                                      const char *origins) {
  peal_slice plain = authority_of(origin, "http://");
  peal_slice secure = authority_of(origin, "https://");
  bool is_null = peal_slice_is(origin, "null");
  if (origin.len == 0 || is_allowed(origins, origin) ||
      (plain.ptr == NULL && secure.ptr == NULL && !is_null))
    return false;
  peal_slice own = plain.ptr != NULL ? plain : secure;
  bool has_port = host.len > 0 && host.ptr[host.len - 1] != ']' &&
                  memchr(host.ptr, ':', host.len) != NULL;
  // proxies leave the port out (nginx: Host $host)
  return is_null || !(is_same(own, host) ||
                      (!has_port && is_same(name_of(own), name_of(host))));
}

/* ---- life ---------------------------------------------------------------- */

peal_kit_sites *peal_kit_sites_new(peal_kit *h, const char *origins) {
  peal_kit_sites *s = calloc(1, sizeof *s);
  if (s == NULL)
    return NULL;
  s->h = h;
  if (gethostname(s->own, sizeof s->own - 1) != 0)
    s->own[0] = '\0';
  s->origins = strdup(origins);
  s->warnings = peal_web_limit_new(&(peal_web_limit_opts){
      .count = 1, .per_ms = WARN_PER_MS, .max_keys = 100});
  if (s->origins != NULL && s->warnings != NULL)
    return s;
  peal_kit_sites_free(s);
  return NULL;
}

void peal_kit_sites_free(peal_kit_sites *s) {
  if (s == NULL)
    return;
  peal_web_limit_free(s->warnings);
  free(s->origins);
  free(s);
}

/* ---- requests ------------------------------------------------------------ */

/* A page repeats itself: each name has a line a minute. */
static void warn(peal_kit_sites *s, peal_slice name, const char *what,
                 const char *option) {
  peal_slice cut = {name.ptr, name.len < 100 ? name.len : 100};
  if (peal_web_limit_take(s->warnings, cut,
                          peal_worker_now_ms(peal_worker_self()), NULL))
    peal_kit_log(s->h, PEAL_LOG_WARN, "sites", "%s %.*s: %s would allow it",
                 what, PEAL_SFMT(cut), option);
}

static bool is_host_good(peal_kit_sites *s, const peal_http_req *req) {
  peal_slice host = peal_http_req_host(req);
  // HTTP/1.0 of no browser
  if (host.len == 0 ||
      peal_kit_sites_host_is_ours(host, s->own, s->h->conf.allowed_hosts))
    return true;
  warn(s, host, "refused: a request for the host", "--allowed-hosts");
  return false;
}

/* Fetch metadata first: it cannot be wrong, and is there where Origin may be
 * left out. W3C Fetch Metadata 2.3; RFC6454 7. */
static bool is_of_other_site(peal_kit_sites *s, const peal_http_req *req) {
  peal_slice site = peal_http_req_header(req, "Sec-Fetch-Site");
  peal_slice origin = peal_http_req_header(req, "Origin");
  if (peal_slice_is(site, "same-origin") || peal_slice_is(site, "none"))
    return false;
  bool is_across =
      peal_slice_is(site, "cross-site") || peal_slice_is(site, "same-site");
  bool is_allowed_one = origin.len > 0 && is_allowed(s->origins, origin);
  bool is_foreign = !is_allowed_one &&
                    (is_across || peal_kit_sites_origin_is_foreign(
                                      origin, peal_http_req_host(req), NULL));
  if (!is_foreign)
    return false;
  warn(s, origin.len > 0 ? origin : site, "refused: a page of another site",
       "--cors-origins");
  return true;
}

peal_web_verdict peal_kit_sites_hook(peal_http_req *req, void *user) {
  peal_kit *h = user;
  bool is_safe = peal_http_req_is_method(req, "GET") ||
                 peal_http_req_is_method(req, "HEAD") ||
                 peal_http_req_is_method(req, "OPTIONS");
  if (!is_host_good(h->sites, req))
    peal_web_error(req, 403,
                   "this server does not answer to that name: its option "
                   "--allowed-hosts lists more",
                   NULL);
  else if (!is_safe && is_of_other_site(h->sites, req))
    peal_web_error(req, 403,
                   "a page of another site may not do this: the option "
                   "--cors-origins lists those that may",
                   NULL);
  else
    return PEAL_WEB_PASS;
  return PEAL_WEB_STOP;
}

/* A page of another site reads what a script loads, whose request may come
 * without Origin: JSONP is for nobody. Nor does a session begin for a page that
 * hides which one it is. */
static const char *why_not(peal_kit_sites *s, peal_http_req *req) {
  peal_slice ignored;
  if (!is_host_good(s, req))
    return "this server does not answer to that name";
  if (peal_http_req_param(req, "j", &ignored))
    return "this server does not answer with scripts";
  if (peal_http_req_header(req, "Origin").len == 0 && is_of_other_site(s, req))
    return "a page of another site may not do this";
  return NULL;
}

void peal_kit_sites_on_allow(peal_http_req *req, peal_allow *allow,
                             void *user) {
  peal_kit *h = user;
  const char *why = why_not(h->sites, req);
  if (why == NULL)
    peal_allow_accept(allow);
  else
    peal_allow_refuse(allow, why);
}
