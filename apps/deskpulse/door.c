/* SPDX-License-Identifier: MIT */
#include "door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <peal/kit.h>

enum { TOKEN_RANDOM_BYTES = 24, SHORT_BYTES = 16 };

struct door {
  desk *app;
  char *token; /* of the file; NULL: it was said */
  uint8_t hash[PEAL_KIT_DIGEST_BYTES];
};

/* ---- what is of this machine -------------------------------------------------- */

bool door_address_is_local(peal_slice address) {
  char text[INET6_ADDRSTRLEN];
  struct in_addr v4;
  struct in6_addr v6;
  if (address.len == 0 || address.len >= sizeof text)
    return false;
  snprintf(text, sizeof text, "%.*s", PEAL_SFMT(address));
  if (strcmp(text, "unix") == 0)
    return true;
  if (inet_pton(AF_INET, text, &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, text, &v6) != 1)
    return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) ||
         (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

/* Without port and brackets, and the dot of the root. */
static peal_slice name_of(peal_slice host) {
  const char *end = NULL;
  if (host.len > 0 && host.ptr[0] == '[') {
    end = memchr(host.ptr, ']', host.len);
    return end == NULL
               ? (peal_slice){0}
               : (peal_slice){host.ptr + 1, (size_t)(end - host.ptr) - 1};
  }
  end = host.len > 0 ? memchr(host.ptr, ':', host.len) : NULL;
  size_t len = end != NULL ? (size_t)(end - host.ptr) : host.len;
  if (len > 1 && host.ptr[len - 1] == '.')
    len--;
  return (peal_slice){host.ptr, len};
}

/* RFC6761 6.3: localhost and what is below it is loopback, everywhere. */
bool door_host_is_local(peal_slice host) {
  static const char below[] = ".localhost";
  const size_t len = sizeof below - 1;
  peal_slice name = name_of(host);
  return peal_slice_is_nocase(name, "localhost") ||
         (name.len > len &&
          peal_slice_is_nocase((peal_slice){name.ptr + name.len - len, len},
                               below)) ||
         (!peal_slice_is_nocase(name, "unix") && door_address_is_local(name));
}

bool door_origin_is_local(peal_slice origin) {
  static const char *const schemes[] = {"http://", "https://"};
  if (origin.len == 0)
    return true;
  for (size_t i = 0; i < 2; i++) {
    size_t len = strlen(schemes[i]);
    if (origin.len > len &&
        peal_slice_is_nocase((peal_slice){origin.ptr, len}, schemes[i]))
      return door_host_is_local(
          (peal_slice){origin.ptr + len, origin.len - len});
  }
  return false;
}

/* A request, or the one that began a socket's session. */
typedef struct caller {
  peal_slice address, origin;
  peal_slice host;  /* as it came */
  peal_slice named; /* the same, or what a known proxy says it was */
  const void *of;   /* its fields */
  size_t count;
  peal_slice (*at)(const void *of, size_t index, peal_slice *value);
} caller;

static peal_slice field_of_request(const void *of, size_t index,
                                   peal_slice *value) {
  return peal_http_req_header_at(of, index, value);
}

static peal_slice field_of_socket(const void *of, size_t index,
                                  peal_slice *value) {
  return peal_socket_header_at(of, index, value);
}

static caller caller_of_request(const peal_http_req *req) {
  return (caller){.address = peal_http_req_address(req),
                  .host = peal_http_req_header(req, "Host"),
                  .named = peal_http_req_host(req),
                  .origin = peal_http_req_header(req, "Origin"),
                  .of = req,
                  .count = peal_http_req_header_count(req),
                  .at = field_of_request};
}

static caller caller_of_socket(const peal_socket *socket) {
  return (caller){.address = peal_socket_address(socket),
                  .host = peal_socket_header(socket, "Host"),
                  .origin = peal_socket_header(socket, "Origin"),
                  .of = socket,
                  .count = peal_socket_header_count(socket),
                  .at = field_of_socket};
}

static peal_slice without_blanks(peal_slice text) {
  while (text.len > 0 && text.ptr[0] == ' ')
    text = (peal_slice){text.ptr + 1, text.len - 1};
  while (text.len > 0 && text.ptr[text.len - 1] == ' ')
    text.len--;
  return text;
}

bool door_list_is_local(peal_slice list) {
  for (const char *end = list.ptr; end != NULL;) {
    end = list.len > 0 ? memchr(list.ptr, ',', list.len) : NULL;
    size_t len = end != NULL ? (size_t)(end - list.ptr) : list.len;
    if (!door_address_is_local(without_blanks((peal_slice){list.ptr, len})))
      return false;
    if (end != NULL)
      list = (peal_slice){end + 1, list.len - len - 1};
  }
  return true;
}

/* What proxies leave. Where some are known (--proxies) their word counts, if it
 * is of nobody but this machine; which of them this came through is not asked,
 * so that one that is not known cannot speak for one that is. */
static bool is_forwarded(const door *d, const caller *c) {
  bool is_known = d->app->house.conf.proxies != NULL;
  bool is_named = false, is_via = false;
  for (size_t i = 0; i < c->count; i++) {
    peal_slice value, name = c->at(c->of, i, &value);
    bool is_list = peal_slice_is_nocase(name, "X-Forwarded-For");
    if (peal_slice_is_nocase(name, "Forwarded") ||
        ((is_list || peal_slice_is_nocase(name, "X-Real-IP")) &&
         !(is_known && door_list_is_local(value))))
      return true;
    is_named |= is_list;
    is_via |= peal_slice_is_nocase(name, "Via");
  }
  return is_via && !is_named;
}

/* A page may set X-Forwarded-Host, but not Host: where a proxy of this machine
 * is known, a name that was turned to this machine has to be local itself. */
static bool is_local(const door *d, const caller *c) {
  return !d->app->conf.require_token && door_address_is_local(c->address) &&
         (c->host.len == 0 || door_host_is_local(c->host)) &&
         (c->named.len == 0 || door_host_is_local(c->named)) &&
         door_origin_is_local(c->origin) && !is_forwarded(d, c);
}

/* ---- life ----------------------------------------------------------------------- */

static bool read_token(door *d) {
  char path[4096];
  peal_kit *h = &d->app->house;
  bool is_new = false;
  peal_err_info info = {0};
  snprintf(path, sizeof path, "%s/access.token", h->conf.data_dir);
  peal_err err =
      peal_config_secret(&d->token, path, TOKEN_RANDOM_BYTES, &is_new, &info);
  if (err != PEAL_OK)
    peal_kit_log(h, PEAL_LOG_ERROR, "door", "%s: %s", path,
                 info.msg != NULL ? info.msg : peal_err_message(err));
  else
    peal_kit_log(h, PEAL_LOG_INFO, "door",
                 is_new ? "an access token for other machines was made: %s"
                        : "other machines need the access token in %s",
                 path);
  return err == PEAL_OK;
}

/* One secret for all ways, guessed at in one place. */
door *door_new(desk *app) {
  door *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  d->app = app;
  peal_kit_conf *conf = &app->house.conf;
  if (app->conf.access_token != NULL)
    conf->password = app->conf.access_token;
  else if (conf->password == NULL && read_token(d))
    conf->password = d->token;
  if (conf->password != NULL && strlen(conf->password) < SHORT_BYTES)
    peal_kit_log(&app->house, PEAL_LOG_WARN, "door",
                 "the access token is short: who guesses long enough finds it");
  if (conf->password != NULL &&
      peal_kit_digest_of(d->hash, peal_slice_of(conf->password)))
    return d;
  door_free(d);
  return NULL;
}

void door_free(door *d) {
  if (d == NULL)
    return;
  peal_config_secret_free(d->token);
  memset(d, 0, sizeof *d);
  free(d);
}

/* ---- requests -------------------------------------------------------------------- */

peal_web_verdict door_hook(peal_http_req *req, void *user) {
  desk *app = user;
  caller c = caller_of_request(req);
  if (is_local(app->door, &c))
    return PEAL_WEB_PASS;
  return peal_kit_auth_hook(req, &app->house);
}

/* ---- sockets ----------------------------------------------------------------------- */

static bool is_local_socket(const door *d, const peal_socket *socket) {
  caller c = caller_of_socket(socket);
  return is_local(d, &c);
}

static peal_kit_guard_verdict ask_token(door *d, const peal_socket *socket) {
  peal_slice token =
      peal_val_str(peal_val_get(peal_socket_auth(socket), "token"));
  if (token.len == 0)
    return PEAL_KIT_GUARD_WRONG;
  peal_kit_guard_verdict found =
      peal_kit_guard_ask(d->app->house.guard, peal_socket_address(socket),
                         PEAL_S("password"), token, d->hash, NULL);
  if (found == PEAL_KIT_GUARD_WRONG)
    peal_kit_log(&d->app->house, PEAL_LOG_WARN, "door", "wrong token from %.*s",
                 PEAL_SFMT(peal_socket_address(socket)));
  return found;
}

peal_kit_guard_verdict door_socket(door *d, const peal_socket *socket) {
  if (is_local_socket(d, socket))
    return PEAL_KIT_GUARD_RIGHT;
  peal_kit_guard_verdict found = ask_token(d, socket);
  return found == PEAL_KIT_GUARD_WRONG
             ? peal_kit_auth_socket(d->app->house.auth, socket)
             : found;
}

peal_err door_socket_bind(door *d, peal_socket *socket) {
  peal_kit_guard_verdict found = PEAL_KIT_GUARD_WRONG;
  if (is_local_socket(d, socket) ||
      ask_token(d, socket) == PEAL_KIT_GUARD_RIGHT)
    return PEAL_OK;
  peal_err err = peal_kit_auth_socket_bind(d->app->house.auth, socket, &found);
  return err == PEAL_OK && found != PEAL_KIT_GUARD_RIGHT ? PEAL_ERR_CLOSED
                                                         : err;
}
