/* SPDX-License-Identifier: MIT */
#pragma once
/* http_home: a worker's part of an HTTP server, and what its parts share. A
 * home is touched by its worker only, but for the figures. */
#include <stdatomic.h>

#include <peal/http.h>

#include "base/account.h"
#include "base/list.h"
#include "base/ticket_pool.h"
#include "http/http_mount.h"
#include "http/http_proxies.h"
#include "net/address_count.h"
#include "net/listener.h"
#include "net/worker_impl.h"
#include "proto/http_conn.h"

struct peal_http_link_offer;

/* May this request's connection go to another process, which has what it asks
 * for? True: it has gone. `mounted` is the mount's `user`. */
typedef bool (*peal_http_pass_fn)(peal_http_req *req, void *mounted,
                                  const struct peal_http_link_offer *offer,
                                  void *user);

typedef struct peal_http_home {
  peal_http_server *server;
  peal_worker *worker;
  peal_list links;    /* connections */
  peal_list reqs;     /* all, also those whose connection is gone */
  peal_list prefaces; /* connections of http_preface */
  peal_http_conn_opts conn_opts;
  peal_account_worker account;
  peal_ticket_pool origins; /* of peal_cors_ask */
  peal_http_stats stats;
  uint64_t date_until_ms; /* worker's now from which `date` is old */
  char date[64];          /* "Thu, 01 Jan 1970 00:00:00 GMT" */
  bool parting; /* it stops: requests end their connections, who has none
                   ends */
  peal_wheel_timer linger;
  char apart[64]; /* no line of the cache is shared with the next home */
} peal_http_home;

typedef struct peal_http_watcher {
  peal_http_done_fn fn;
  void *user;
} peal_http_watcher;

/* Something that lives on the server and is freed with it. */
typedef struct peal_http_owned {
  void (*fn)(void *user);
  void *user;
} peal_http_owned;

/* A socket that another process has opened for the place of this name. */
typedef struct peal_http_handed {
  struct peal_http_handed *next;
  int fd; /* -1: it has been used */
  size_t name_len;
  char name[];
} peal_http_handed;

/* Where it listens. */
typedef struct peal_http_place {
  peal_http_server *server;
  peal_listener *listener;
  char *name;        /* of what was asked for; for another process */
  peal_tls *tls;     /* borrowed; NULL: plain */
  uint16_t redirect; /* to https, this port; 0: serve */
} peal_http_place;

struct peal_http_server {
  peal_http_server_opts opts; /* defaults filled in */
  const peal_mem *mem;
  peal_workers *workers;
  bool own_workers;
  peal_http_place **places; /* in the order of peal_http_listen */
  size_t place_count;
  peal_http_handed *handed; /* oldest first */
  unsigned port;            /* of the first one on TCP */
  peal_address bound;       /* where that is; unknown: there is none */
  bool bound_both;          /* all addresses of both families */
  bool bound_tls;           /* encrypted */
  bool has_stop;            /* somebody has said what follows */
  uint32_t grace_ms;        /* of a stop, for connections to finish */
  uint32_t linger_ms;       /* before that, as long they stay as they are */
  char keep_alive[64]; /* the last lines of an answer whose connection stays */
  peal_http_mount_list mounts;
  peal_http_proxies proxies;
  peal_http_watcher *watchers; /* of finished requests, in order */
  size_t watcher_count;
  peal_http_owned *owned; /* in order of registration */
  size_t owned_count;
  peal_account_server account;
  peal_http_pass_fn pass; /* fixed before the run; NULL: nobody asks */
  void *pass_user;
  atomic_size_t open;      /* connections of all workers */
  atomic_size_t collected; /* bytes of bodies that are being collected */
  atomic_size_t refusing;  /* those that get a 503 */
  peal_address_counts addresses;
  unsigned home_count;
  peal_http_home homes[];
};

/* Its lists, its account, its options for connections. */
void peal_http_home_init(peal_http_home *home, peal_http_server *server,
                         peal_worker *worker);
/* Before the run: what the server itself answers (400, 414, 503, …) is JSON as
 * the web layer's errors are, not plain text. */
void peal_http_home_json_errors(peal_http_server *server);
/* Nothing is charged any more. */
void peal_http_home_deinit(peal_http_home *home);
/* The value of Date (RFC9110 5.6.7), made once per second. */
peal_slice peal_http_home_date(peal_http_home *home);
/* Before the run: a stop takes no more than these (its sessions' part, whatever
 * others ask for), connections first stay as they are for `linger_ms`. */
void peal_http_home_set_stop(peal_http_server *server, uint32_t grace_ms,
                             uint32_t linger_ms);
/* A connection of this worker is gone; `tag` is its account. */
void peal_http_home_forget(peal_http_home *home, uint32_t tag);
