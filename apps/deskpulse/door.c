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

/* Fields of a request or of the one that began a socket's session. */
typedef peal_slice (*field_fn)(const void *of, const char *name);

static peal_slice field_of_request(const void *of, const char *name) {
  return peal_http_req_header(of, name);
}

static peal_slice field_of_socket(const void *of, const char *name) {
  return peal_socket_header(of, name);
}

/* What proxies leave. Behind one that is known the address is the client's. */
static bool is_forwarded(const door *d, field_fn field, const void *of) {
  static const char *const names[] = {"X-Forwarded-For", "Forwarded",
                                      "X-Real-IP", "Via"};
  bool is_known = d->app->house.conf.proxies != NULL;
  for (size_t i = 0; !is_known && i < sizeof names / sizeof *names; i++)
    if (field(of, names[i]).ptr != NULL)
      return true;
  return false;
}

static bool is_local(const door *d, peal_slice address, peal_slice host,
                     field_fn field, const void *of) {
  return !d->app->conf.require_token && door_address_is_local(address) &&
         (host.len == 0 || door_host_is_local(host)) &&
         door_origin_is_local(field(of, "Origin")) &&
         !is_forwarded(d, field, of);
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
  if (is_local(app->door, peal_http_req_address(req), peal_http_req_host(req),
               field_of_request, req))
    return PEAL_WEB_PASS;
  return peal_kit_auth_hook(req, &app->house);
}

/* ---- sockets ----------------------------------------------------------------------- */

static bool is_local_socket(const door *d, const peal_socket *socket) {
  return is_local(d, peal_socket_address(socket),
                  peal_socket_header(socket, "Host"), field_of_socket, socket);
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
