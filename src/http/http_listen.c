/* SPDX-License-Identifier: MIT */
#include "http/http_listen.h"

#include <stdio.h>

#include <unistd.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "http/http_link.h"
#include "http/http_preface.h"
#include "net/reachable.h"
#include "net/run.h"
#include "net/stream_tls.h"

#define PORT 3000
#define BACKLOG 1024
#define MODE_BITS 07777u
/* A path of a Unix socket has at most 107; a host 255. */
#define PLACE_NAME_BYTES 512u

static const peal_slice none = {NULL, 0};

/* -- accepting ------------------------------------------------------------- */

/* A 503 needs its connection for a moment; beyond this many at a time peers
 * are closed without a word. */
#define REFUSALS 64u

/* Peers without an address (Unix sockets) are not counted by it, nor are
 * proxies, who speak for many. */
static bool has_room(peal_http_server *server, const peal_address *peer,
                     uint32_t *tag) {
  *tag = 0;
  return !peer->known || peal_http_proxies_trust(&server->proxies, peer) ||
         peal_address_count_add(&server->addresses, peer->ip, tag) == PEAL_OK;
}

/* Returns false if memory is out: it is closed. */
static bool parcel_of(const peal_http_place *place, int fd,
                      peal_stream_parcel *out) {
  *out = (peal_stream_parcel){.fd = fd};
  return !place->tls ||
         peal_stream_tls_parcel(out, fd, peal_tls_begin(place->tls));
}

/* Serve it, if there is room. */
static void serve(peal_http_home *home, peal_stream_parcel parcel,
                  const peal_address *peer, uint16_t redirect) {
  peal_http_server *server = home->server;
  size_t open = atomic_fetch_add(&server->open, 1);
  peal_worker_impl_count(&home->stats.connections_total, 1);
  bool full =
      server->opts.max_connections && open >= server->opts.max_connections;
  if (!full && parcel.fd >= 0 && peal_http_preface_is_due(server, peer)) {
    peal_http_preface_open(home, parcel.fd, peer);
    return;
  }
  if (!full && has_room(server, peer, &parcel.tag)) {
    peal_http_link_open(home, &parcel, peer, redirect);
    return;
  }
  /* While it is told so it takes nobody's place. */
  atomic_fetch_sub(&server->open, 1);
  peal_worker_impl_count(&home->stats.refused, 1);
  if (atomic_fetch_add(&server->refusing, 1) < REFUSALS) {
    parcel.tag = PEAL_ADDRESS_COUNT_REFUSED;
    peal_http_link_refuse(home, &parcel, peer);
    return;
  }
  atomic_fetch_sub(&server->refusing, 1);
  peal_stream_parcel_close(&parcel);
}

static void on_accept(peal_worker *worker, int fd, const peal_address *peer,
                      void *user) {
  const peal_http_place *place = user;
  peal_http_home *home = &place->server->homes[peal_worker_index(worker)];
  peal_stream_parcel parcel;
  if (parcel_of(place, fd, &parcel))
    serve(home, parcel, peer, place->redirect);
}

void peal_http_listen_take(peal_http_server *server, peal_worker *worker,
                           const peal_stream_parcel *parcel,
                           const peal_address *peer) {
  serve(&server->homes[peal_worker_index(worker)], *parcel, peer, 0);
}

/* -- where clients find it ------------------------------------------------- */

size_t peal_http_server_urls(const peal_http_server *server,
                             peal_http_url_fn fn, void *user) {
  peal_address all[PEAL_REACHABLE_MAX];
  char url[PEAL_LISTEN_NAME_MAX];
  if (!server || !fn || !server->bound.known)
    return 0;
  size_t count = peal_reachable_list(&server->bound, server->bound_both, all);
  for (size_t i = 0; i < count; i++)
    if (peal_listen_name_url(&all[i], server->bound_tls ? "https" : "http",
                             url))
      fn(url, user);
  return count;
}

/* The first few: a machine may have hundreds. */
#define URLS 4u

typedef struct url_list {
  char text[URLS * (PEAL_ADDRESS_MAX + 16)];
  size_t len, count;
} url_list;

static void add_url(const char *url, void *user) {
  url_list *list = user;
  size_t room = sizeof(list->text) - list->len;
  if (list->count++ >= URLS)
    return;
  int len = snprintf(list->text + list->len, room, "%s%s",
                     list->len ? ", " : "", url);
  if (len > 0 && (size_t)len < room)
    list->len += (size_t)len;
}

/* "[::]" is no address that one could type. */
static void tell_urls(const peal_http_server *server) {
  url_list list = {.len = 0};
  if (peal_http_server_urls(server, add_url, &list) > 1)
    peal_logger_write(server->homes[0].worker->log, PEAL_LOG_INFO, "http", none,
                      none, "reachable at %.*s%s", (int)list.len, list.text,
                      list.count > URLS ? ", …" : "");
}

/* -- one place ------------------------------------------------------------- */

static bool is_one_place(const peal_http_listen_opts *opts) {
  bool tcp = opts->host || opts->port;
  if (opts->fd < 0 || opts->mode & ~MODE_BITS || (opts->mode && !opts->path))
    return false;
  return (opts->path != NULL) + (opts->fd > 0) + tcp <= 1 &&
         opts->port >= PEAL_PORT_ANY && opts->port <= 65535;
}

static peal_listen_spec spec_of(const peal_http_listen_opts *opts) {
  int backlog = opts->backlog > 0 ? opts->backlog : BACKLOG;
  if (opts->path)
    return (peal_listen_spec){
        .path = opts->path, .mode = (mode_t)opts->mode, .backlog = backlog};
  if (opts->fd)
    return (peal_listen_spec){.fd = opts->fd};
  int port = opts->port ? opts->port : PORT;
  return (peal_listen_spec){.host = opts->host,
                            .port =
                                (uint16_t)(port == PEAL_PORT_ANY ? 0 : port),
                            .backlog = backlog};
}

static void tell_open(const peal_http_place *place) {
  char name[PEAL_LISTEN_NAME_MAX];
  peal_listener_name(place->listener, place->tls ? "https" : "http", name);
  peal_logger_write(place->server->homes[0].worker->log, PEAL_LOG_INFO, "http",
                    none, none, "listening on %s", name);
}

static void tell_failed(const peal_http_server *server,
                        const peal_listen_spec *spec, const char *why) {
  peal_logger *log = server->homes[0].worker->log;
  if (spec->path)
    peal_logger_write(log, PEAL_LOG_ERROR, "http", none, none,
                      "cannot listen on unix:%s: %s", spec->path, why);
  else if (spec->fd)
    peal_logger_write(log, PEAL_LOG_ERROR, "http", none, none,
                      "cannot listen on descriptor %d: %s", spec->fd, why);
  else
    peal_logger_write(log, PEAL_LOG_ERROR, "http", none, none,
                      "cannot listen on %s port %d: %s",
                      spec->host ? spec->host : "any address", (int)spec->port,
                      why);
}

/* -- all places ------------------------------------------------------------ */

/* Before a place is opened: what has been opened is kept. */
static peal_http_place *new_place(peal_http_server *server,
                                  const peal_http_listen_opts *opts) {
  peal_http_place **places =
      peal_mem_resize(server->mem, server->places,
                      (server->place_count + 1) * sizeof(peal_http_place *));
  if (!places)
    return NULL;
  server->places = places;
  peal_http_place *place = peal_mem_alloc(server->mem, sizeof(*place));
  if (place)
    *place = (peal_http_place){.server = server,
                               .tls = opts->tls,
                               .redirect = (uint16_t)opts->redirect_https};
  return place;
}

/* -- certificates anew ----------------------------------------------------- */

typedef struct reload {
  peal_tls *tls;
  peal_err err;
  peal_tls_problem why;
} reload;

static void read_again(void *user) {
  reload *job = user;
  job->err = peal_tls_reload(job->tls, &job->why);
}

static void tell_reload(peal_worker *worker, peal_err err, void *user) {
  reload *job = user;
  if (!err && !job->err)
    peal_logger_write(worker->log, PEAL_LOG_INFO, "http", none, none,
                      "the certificates have been read again");
  else if (!err)
    peal_logger_write(worker->log, PEAL_LOG_ERROR, "http", none, none,
                      "the certificates stay as they were: %s",
                      job->why.text[0] ? job->why.text
                                       : peal_err_message(job->err));
  peal_mem_free(peal_mem_libc(), job);
}

static void on_hangup(peal_worker *worker, void *user) {
  const peal_http_place *place = user;
  reload *job = peal_mem_zalloc(peal_mem_libc(), sizeof(*job));
  if (!job)
    return;
  job->tls = place->tls;
  if (peal_task_run(worker, read_again, tell_reload, job))
    peal_mem_free(peal_mem_libc(), job);
}

/* Of places that share their certificates the first one reads them. */
static peal_err watch_hangup(peal_http_server *server, peal_http_place *place) {
  bool first = place->tls != NULL;
  for (size_t i = 0; first && i < server->place_count; i++)
    first = server->places[i]->tls != place->tls;
  return first ? peal_workers_on_hangup(server->workers, on_hangup, place)
               : PEAL_OK;
}

/* -- for another process ------------------------------------------------------ */

/* What was asked for, not what came of it: the next process asks for the
 * same. */
static char *name_of(const peal_http_server *server,
                     const peal_listen_spec *spec) {
  char name[PLACE_NAME_BYTES];
  int len;
  if (spec->path)
    len = snprintf(name, sizeof name, "unix:%s", spec->path);
  else if (spec->fd > 0)
    len = snprintf(name, sizeof name, "fd:%d", spec->fd);
  else
    len = snprintf(name, sizeof name, "tcp:%u:%s", (unsigned)spec->port,
                   spec->host ? spec->host : "");
  return len < 0 || (size_t)len >= sizeof name
             ? NULL
             : peal_mem_str(server->mem, (peal_slice){name, (size_t)len});
}

/* Those that were handed over for it. */
static unsigned find_handed(const peal_http_server *server, const char *name,
                            int *fds) {
  unsigned count = 0;
  for (const peal_http_handed *one = server->handed; one; one = one->next)
    if (one->fd >= 0 && count < PEAL_LISTENER_SOCKETS &&
        peal_slice_is((peal_slice){one->name, one->name_len}, name))
      fds[count++] = one->fd;
  return count;
}

static void use_handed(peal_http_server *server, const int *fds,
                       unsigned count) {
  for (peal_http_handed *one = server->handed; one; one = one->next)
    for (unsigned i = 0; i < count; i++)
      if (one->fd == fds[i])
        one->fd = -1;
}

/* Open it, or take what was handed over for it. */
static peal_err open_listener(peal_http_server *server, peal_http_place *place,
                              peal_listen_spec *spec, const char **why) {
  int fds[PEAL_LISTENER_SOCKETS];
  unsigned count = find_handed(server, place->name, fds);
  spec->given = fds;
  spec->given_count = count;
  peal_err err = peal_listener_listen(&place->listener, server->workers, spec,
                                      on_accept, place, why);
  if (!err)
    use_handed(server, fds, count);
  spec->given = NULL;
  return err;
}

static peal_err add(peal_http_server *server, const peal_http_listen_opts *opts,
                    peal_http_place **out) {
  peal_listen_spec spec = spec_of(opts);
  const char *why = NULL;
  peal_http_place *place = new_place(server, opts);
  if (!place)
    return PEAL_ERR_NOMEM;
  place->name = name_of(server, &spec);
  peal_err err = place->name ? watch_hangup(server, place) : PEAL_ERR_NOMEM;
  if (!err)
    err = open_listener(server, place, &spec, &why);
  if (err) {
    tell_failed(server, &spec, why ? why : peal_err_message(err));
    peal_hooks_forget(server->workers, place);
    peal_mem_free(server->mem, place->name);
    peal_mem_free(server->mem, place);
    return err;
  }
  server->places[server->place_count++] = place;
  *out = place;
  tell_open(place);
  return PEAL_OK;
}

static bool fits(const peal_http_server *server,
                 const peal_http_listen_opts *opts) {
  return is_one_place(opts) && opts->redirect_https >= 0 &&
         opts->redirect_https <= 65535 &&
         !(opts->tls && (opts->redirect_https || server->opts.proxy_protocol));
}

peal_err peal_http_listen(peal_http_server *server,
                          const peal_http_listen_opts *opts, unsigned *port) {
  static const peal_http_listen_opts defaults;
  peal_http_place *place = NULL;
  if (port)
    *port = 0;
  if (!opts)
    opts = &defaults;
  if (!server || !fits(server, opts) || peal_run_has_begun(server->workers))
    return PEAL_ERR_USAGE;
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return PEAL_ERR_OPTION;
  peal_err err = add(server, opts, &place);
  if (err)
    return err;
  unsigned given = peal_listener_port(place->listener);
  if (!server->port && given) {
    server->port = given;
    server->bound_tls = opts->tls != NULL;
    peal_listener_address(place->listener, &server->bound, &server->bound_both);
    tell_urls(server);
  }
  if (port)
    *port = given;
  return PEAL_OK;
}

void peal_http_listen_deinit(peal_http_server *server) {
  for (size_t i = 0; i < server->place_count; i++) {
    peal_hooks_forget(server->workers, server->places[i]);
    peal_listener_free(server->places[i]->listener);
    peal_mem_free(server->mem, server->places[i]->name);
    peal_mem_free(server->mem, server->places[i]);
  }
  peal_mem_free(server->mem, server->places);
  while (server->handed) {
    peal_http_handed *one = server->handed;
    server->handed = one->next;
    if (one->fd >= 0)
      close(one->fd);
    peal_mem_free(server->mem, one);
  }
}
