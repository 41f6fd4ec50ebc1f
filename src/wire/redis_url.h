/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_url: where Redis or Valkey is and how it is spoken to, out of a URL:
 *
 *   redis[s]://[user[:password]@][host][:port][/db][?options]
 *   redis[s]+sentinel://[...@]host[:port],host[:port].../[db/]service[?options]
 *   redis[s]+cluster://[...@]host[:port],host[:port]...[?options]
 *   unix:PATH[?options], unix://[user[:password]@]PATH[?options]
 *
 * valkey is the same as redis, "-" the same as "+". An `s` is TLS. What is no
 * scheme, host or port is percent-decoded. Options: db, client_name,
 * service, sentinel_user, sentinel_password, and as redis-py names them
 * ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_cert_reqs (required, none).
 * In the flow: cluster/redis -> [redis_url]. */
#include <peal/base.h>

/* Bytes of a URL, the terminator included: passwords that are tokens have
 * some thousand. */
#define PEAL_REDIS_URL_MAX 8192u
/* Sentinels, or servers of a cluster that are asked first. */
#define PEAL_REDIS_URL_HOSTS 16u

typedef enum peal_redis_url_kind {
  PEAL_REDIS_URL_SERVER,
  PEAL_REDIS_URL_SENTINEL,
  PEAL_REDIS_URL_CLUSTER
} peal_redis_url_kind;

typedef struct peal_redis_url_host {
  const char *name; /* a name or an address, without brackets; "unix:PATH" */
  uint16_t port;    /* 0 for a path */
} peal_redis_url_host;

/* The words lie in `text` and are terminated: it must not be moved. */
typedef struct peal_redis_url {
  peal_redis_url_kind kind;
  bool is_tls;
  bool insecure; /* ssl_cert_reqs=none */
  uint32_t db;
  size_t host_count; /* 1 at least */
  peal_redis_url_host hosts[PEAL_REDIS_URL_HOSTS];
  /* NULL: not there. */
  const char *user, *password;
  const char *sentinel_user, *sentinel_password;
  const char *service; /* of Sentinels; else NULL */
  const char *name;
  const char *ca_file, *cert_file, *key_file;
  size_t used; /* of `text` */
  char text[PEAL_REDIS_URL_MAX];
} peal_redis_url;

/* Returns NULL, or what is wrong: constant text, so never a part of the
 * URL. Thread: pure. */
PEAL_MUST_CHECK const char *peal_redis_url_parse(peal_redis_url *out,
                                                 peal_slice url);
