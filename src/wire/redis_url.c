/* SPDX-License-Identifier: MIT */
#include "wire/redis_url.h"

#include <string.h>

#include "base/decimal.h"
#include "base/text.h"
#include "wire/ip.h"
#include "wire/percent.h"

#define PORT 6379u
#define SENTINEL_PORT 26379u
#define SERVICE "mymaster"
/* `databases` of a server is less. */
#define MAX_DB 1000000u

static const char too_long[] = "it is too long, more than 8191 bytes";
static const char no_port[] = "the port must be a number from 1 to 65535";
static const char no_code[] =
    "a % that is no code of two hexadecimal digits, or %00";

/* -- pieces ---------------------------------------------------------------- */

static peal_slice from(peal_slice text, size_t at) {
  return (peal_slice){text.ptr + at, text.len - at};
}

static bool cut(peal_slice *rest, char c, peal_slice *front) {
  size_t at = peal_text_find(*rest, c);
  if (at == rest->len)
    return false;
  *front = (peal_slice){rest->ptr, at};
  *rest = from(*rest, at + 1);
  return true;
}

/* Put `front` and `text`, decoded, where the words are. */
static const char *keep(peal_redis_url *url, const char **out,
                        const char *front, peal_slice text) {
  size_t before = strlen(front), len;
  if (sizeof(url->text) - url->used < before + text.len + 1)
    return too_long;
  char *at = url->text + url->used;
  memcpy(at, front, before);
  if (text.len && peal_percent_decode_path(at + before, &len, text))
    return no_code;
  len = before + (text.len ? len : 0);
  at[len] = 0;
  url->used += len + 1;
  *out = at;
  return NULL;
}

/* -- the scheme ------------------------------------------------------------ */

static bool take_word(peal_slice *rest, const char *word) {
  size_t len = strlen(word);
  if (rest->len < len ||
      !peal_slice_is_nocase((peal_slice){rest->ptr, len}, word))
    return false;
  *rest = from(*rest, len);
  return true;
}

static const char *set_scheme(peal_redis_url *url, peal_slice scheme) {
  static const char wrong[] =
      "the scheme must be redis, rediss, valkey, valkeys, with +sentinel or "
      "+cluster behind it or nothing, or unix";
  if (!take_word(&scheme, "redis") && !take_word(&scheme, "valkey"))
    return wrong;
  url->is_tls = take_word(&scheme, "s");
  if (!scheme.len)
    return NULL;
  if (scheme.ptr[0] != '+' && scheme.ptr[0] != '-')
    return wrong;
  scheme = from(scheme, 1);
  if (peal_slice_is_nocase(scheme, "sentinel"))
    url->kind = PEAL_REDIS_URL_SENTINEL;
  else if (peal_slice_is_nocase(scheme, "cluster"))
    url->kind = PEAL_REDIS_URL_CLUSTER;
  else
    return wrong;
  return NULL;
}

/* -- user, password, hosts ------------------------------------------------- */

/* The last '@' ends it, so that one in a password does no harm. */
static const char *take_user(peal_redis_url *url, peal_slice *rest) {
  size_t at = rest->len;
  while (at && rest->ptr[at - 1] != '@')
    at--;
  if (!at)
    return NULL;
  peal_slice password = {rest->ptr, at - 1}, user;
  *rest = from(*rest, at);
  if (!cut(&password, ':', &user)) {
    user = password;
    password = (peal_slice){NULL, 0};
  }
  const char *wrong = NULL;
  if (user.len)
    wrong = keep(url, &url->user, "", user);
  if (!wrong && (user.len || password.len))
    wrong = keep(url, &url->password, "", password);
  return wrong;
}

static const char *take_port(peal_slice text, uint16_t *out) {
  uint64_t port;
  if (!text.len)
    return NULL;
  if (text.ptr[0] != ':' || !peal_decimal_parse(from(text, 1), 65535, &port) ||
      !port)
    return no_port;
  *out = (uint16_t)port;
  return NULL;
}

/* No blank and nothing that has a meaning in a URL or a log line. */
static bool is_name(peal_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f ||
        strchr("/?#@[]\\,%", text.ptr[i]))
      return false;
  return true;
}

static const char *add_host(peal_redis_url *url, peal_slice text) {
  bool sentinel = url->kind == PEAL_REDIS_URL_SENTINEL;
  bool brackets = text.len && text.ptr[0] == '[';
  if (url->host_count == PEAL_REDIS_URL_HOSTS)
    return "more than 16 hosts";
  peal_redis_url_host *host = &url->hosts[url->host_count++];
  host->port = (uint16_t)(sentinel ? SENTINEL_PORT : PORT);
  if (brackets)
    text = from(text, 1);
  size_t len = peal_text_find(text, brackets ? ']' : ':');
  if (brackets && len == text.len)
    return "a bracket that is not closed";
  peal_slice name = {text.ptr, len};
  text = from(text, len + brackets);
  if (!brackets && text.len &&
      peal_text_find(from(text, 1), ':') < text.len - 1)
    return "an address of IPv6 needs brackets: redis://[::1]:6379";
  if (brackets && !peal_ip_parse((uint8_t[16]){0}, name))
    return "what stands in brackets must be an address of IPv6";
  if (!is_name(name))
    return "a host has a character that no name has";
  const char *wrong =
      keep(url, &host->name, "", name.len ? name : PEAL_S("localhost"));
  return wrong ? wrong : take_port(text, &host->port);
}

static const char *set_hosts(peal_redis_url *url, peal_slice authority) {
  const char *wrong = take_user(url, &authority);
  peal_slice host;
  while (!wrong && cut(&authority, ',', &host)) {
    if (url->kind == PEAL_REDIS_URL_SERVER)
      return "several hosts need +sentinel or +cluster behind the scheme";
    wrong = host.len ? add_host(url, host) : "an empty host between commas";
  }
  return wrong ? wrong : add_host(url, authority);
}

/* -- path and options ------------------------------------------------------ */

static const char *set_db(peal_redis_url *url, peal_slice text) {
  uint64_t db;
  if (!peal_decimal_parse(text, MAX_DB, &db))
    return "the database must be a number";
  if (db && url->kind == PEAL_REDIS_URL_CLUSTER)
    return "a Redis Cluster has no databases but 0";
  url->db = (uint32_t)db;
  return NULL;
}

static bool is_number(peal_slice text) {
  uint64_t number;
  return peal_decimal_parse(text, UINT64_MAX, &number);
}

/* "db", and of Sentinels "service" before or behind it. */
static const char *set_path(peal_redis_url *url, peal_slice path) {
  peal_slice piece;
  const char *wrong = NULL;
  while (!wrong && path.len) {
    if (!cut(&path, '/', &piece)) {
      piece = path;
      path.len = 0;
    }
    if (!piece.len)
      continue;
    if (url->kind != PEAL_REDIS_URL_SENTINEL || is_number(piece))
      wrong = set_db(url, piece);
    else if (url->service)
      wrong = "it names two services";
    else
      wrong = keep(url, &url->service, "", piece);
  }
  return wrong;
}

static const char *set_verify(peal_redis_url *url, peal_slice value) {
  url->insecure = peal_slice_is_nocase(value, "none") ||
                  peal_slice_is_nocase(value, "CERT_NONE");
  return url->insecure || peal_slice_is_nocase(value, "required") ||
                 peal_slice_is_nocase(value, "CERT_REQUIRED")
             ? NULL
             : "ssl_cert_reqs must be required or none";
}

static const char *set_option(peal_redis_url *url, peal_slice name,
                              peal_slice value) {
  const struct {
    const char *name;
    const char **out;
  } words[] = {
      {"client_name", &url->name},
      {"service", &url->service},
      {"sentinel_user", &url->sentinel_user},
      {"sentinel_password", &url->sentinel_password},
      {"ssl_ca_certs", &url->ca_file},
      {"ssl_certfile", &url->cert_file},
      {"ssl_keyfile", &url->key_file},
  };

  if (peal_slice_is(name, "db"))
    return set_db(url, value);
  if (peal_slice_is(name, "ssl_cert_reqs"))
    return set_verify(url, value);
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (peal_slice_is(name, words[i].name))
      return keep(url, words[i].out, "", value);
  return "an option behind the ? that is not known: db, client_name, service, "
         "sentinel_user, sentinel_password, ssl_ca_certs, ssl_certfile, "
         "ssl_keyfile, ssl_cert_reqs are";
}

static const char *set_options(peal_redis_url *url, peal_slice query) {
  const char *wrong = NULL;
  while (!wrong && query.len) {
    peal_slice pair, name;
    if (!cut(&query, '&', &pair)) {
      pair = query;
      query.len = 0;
    }
    if (!pair.len)
      continue;
    if (!cut(&pair, '=', &name)) {
      name = pair;
      pair = (peal_slice){"", 0};
    }
    wrong = set_option(url, name, pair);
  }
  return wrong;
}

/* -- the whole ------------------------------------------------------------- */

/* "unix:PATH" and "unix://[user:password@]PATH". */
static const char *set_unix(peal_redis_url *url, peal_slice rest) {
  const char *wrong = NULL;
  if (peal_slice_starts(rest, "//")) {
    rest = from(rest, 2);
    wrong = take_user(url, &rest);
  }
  if (wrong)
    return wrong;
  if (!rest.len)
    return "the path of the socket is missing: unix:/run/redis/redis.sock";
  url->host_count = 1;
  return keep(url, &url->hosts[0].name, "unix:", rest);
}

static const char *set_places(peal_redis_url *url, peal_slice rest) {
  peal_slice scheme, authority, path = {NULL, 0};
  if (!cut(&rest, ':', &scheme))
    return "it has no scheme; redis://host:port was meant";
  if (peal_slice_is_nocase(scheme, "unix"))
    return set_unix(url, rest);
  const char *wrong = set_scheme(url, scheme);
  if (wrong)
    return wrong;
  if (!peal_slice_starts(rest, "//"))
    return "behind the scheme :// was meant";
  rest = from(rest, 2);
  if (cut(&rest, '/', &authority))
    path = rest;
  else
    authority = rest;
  wrong = set_hosts(url, authority);
  return wrong ? wrong : set_path(url, path);
}

static const char *settle(peal_redis_url *url) {
  if (url->kind == PEAL_REDIS_URL_SENTINEL && !url->service)
    url->service = SERVICE;
  if (url->key_file && !url->cert_file)
    return "ssl_keyfile needs ssl_certfile";
  return NULL;
}

const char *peal_redis_url_parse(peal_redis_url *out, peal_slice url) {
  /* All but the room for words. */
  memset(out, 0, offsetof(peal_redis_url, text));
  url = peal_text_trim(url);
  if (!url.len)
    return "it is empty; redis://host:port was meant";
  if (url.len >= PEAL_REDIS_URL_MAX)
    return too_long;
  peal_slice query = url, place;
  if (!cut(&query, '?', &place)) {
    place = url;
    query = (peal_slice){NULL, 0};
  }
  const char *wrong = set_places(out, place);
  if (!wrong)
    wrong = set_options(out, query);
  return wrong ? wrong : settle(out);
}
