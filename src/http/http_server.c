/* SPDX-License-Identifier: MIT */
/* http_server: its options, its life; the public functions stand in
 * <peal/http.h>. */
#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "http/cors_ask.h"
#include "http/http_limits.h"
#include "http/http_link.h"
#include "http/http_listen.h"
#include "http/http_preface.h"
#include "http/http_req.h"
#include "http/http_upgrade.h"
#include "wire/wire_limits.h"

/* peal_http_server_run: connections have this long to finish, unless who lives
 * on the server says otherwise. */
#define GRACE_MS 4000u

/* -- options --------------------------------------------------------------- */

static void fill_u32(uint32_t *option, uint32_t otherwise) {
  if (*option == 0)
    *option = otherwise;
}

static void fill_size(size_t *option, size_t otherwise) {
  if (*option == 0)
    *option = otherwise;
}

static void fill(peal_http_server *server, const peal_http_server_opts *opts) {
  peal_http_server_opts *to = &server->opts;
  if (opts)
    *to = *opts;
  fill_size(&to->max_target_bytes, PEAL_LIMIT_HTTP_TARGET_BYTES);
  /* The fields have the same room, however long the target may be. */
  fill_size(&to->max_head_bytes,
            to->max_target_bytes + PEAL_LIMIT_HTTP_FIELDS_BYTES);
  fill_size(&to->max_collected_bytes, PEAL_LIMIT_HTTP_COLLECTED_BYTES);
  fill_size(&to->max_held_bytes, PEAL_LIMIT_HTTP_HELD_BYTES);
  fill_u32(&to->head_timeout_ms, PEAL_LIMIT_HTTP_HEAD_MS);
  fill_u32(&to->body_timeout_ms, PEAL_LIMIT_HTTP_BODY_MS);
  fill_u32(&to->idle_timeout_ms, PEAL_LIMIT_HTTP_IDLE_MS);
  fill_u32(&to->write_timeout_ms, PEAL_LIMIT_HTTP_WRITE_MS);
  peal_account_server_init(&server->account, to->max_held_bytes);
  /* As Node announces it; clients give a connection up before we do. */
  snprintf(server->keep_alive, sizeof(server->keep_alive),
           "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=%u\r\n\r\n",
           to->idle_timeout_ms / 1000);
}

/* Its own option: the list is not needed behind this. */
static peal_err set_proxies(peal_http_server *server) {
  peal_slice wrong = {0};
  peal_err err = peal_http_proxies_init(&server->proxies, server->opts.proxies,
                                        server->mem, &wrong);
  server->opts.proxies = NULL;
  if (err)
    peal_logger_write(server->homes[0].worker->log, PEAL_LOG_ERROR, "http",
                      (peal_slice){0}, (peal_slice){0}, "proxies: %s: \"%.*s\"",
                      peal_err_message(err), PEAL_SFMT(wrong));
  return err;
}

/* -- life ------------------------------------------------------------------ */

static void part(peal_http_home *home) {
  home->parting = true;
  peal_http_link_stop_all(home);
}

static void on_linger_over(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  part(PEAL_LIST_OF(timer, peal_http_home, linger));
}

static void on_stop(peal_worker *worker, void *user) {
  peal_http_server *server = user;
  peal_http_home *home = &server->homes[peal_worker_index(worker)];
  peal_http_preface_stop_all(home);
  if (server->linger_ms)
    peal_wheel_set(&worker->wheel, &home->linger,
                   worker->now_ms + server->linger_ms);
  else
    part(home);
}

static void init_homes(peal_http_server *server) {
  for (unsigned i = 0; i < server->home_count; i++) {
    peal_http_home *home = &server->homes[i];
    peal_http_home_init(home, server, peal_workers_get(server->workers, i));
    peal_cors_ask_init(&home->origins, home);
    peal_wheel_timer_init(&home->linger, on_linger_over);
  }
}

static peal_err open_first(peal_http_server *server) {
  const peal_http_server_opts *opts = &server->opts;
  peal_err err = peal_workers_on_stop(server->workers, on_stop, server);
  if (err || opts->no_listen)
    return err;
  return peal_http_listen(server,
                          &(peal_http_listen_opts){.host = opts->host,
                                                   .port = opts->port,
                                                   .tls = opts->tls,
                                                   .backlog = opts->backlog},
                          NULL);
}

static peal_workers *workers_of(const peal_http_server_opts *opts) {
  if (opts && opts->on)
    return opts->on;
  static const peal_http_server_opts defaults;
  if (!opts)
    opts = &defaults;
  return peal_workers_new(&(peal_workers_opts){.count = opts->workers,
                                               .lag_warn_ms = opts->lag_warn_ms,
                                               .mem = opts->mem,
                                               .log = opts->log});
}

static peal_http_server *make(const peal_http_server_opts *opts,
                              peal_workers *workers) {
  const peal_mem *mem = peal_mem_or_libc(opts ? opts->mem : NULL);
  unsigned count = peal_workers_count(workers);
  peal_http_server *server =
      peal_mem_zalloc(mem, sizeof(*server) + count * sizeof(server->homes[0]));
  if (!server)
    return NULL;
  server->mem = mem;
  server->workers = workers;
  server->own_workers = !opts || !opts->on;
  server->home_count = count;
  server->grace_ms = GRACE_MS;
  peal_http_mount_init(&server->mounts, mem);
  fill(server, opts);
  init_homes(server);
  if (peal_address_count_init(&server->addresses,
                              server->opts.max_connections_per_address, mem)) {
    peal_mem_free(mem, server);
    return NULL;
  }
  return server;
}

peal_err peal_http_server_new(peal_http_server **out,
                              const peal_http_server_opts *opts) {
  if (!out)
    return PEAL_ERR_USAGE;
  *out = NULL;
  if (opts && (opts->port < PEAL_PORT_ANY || opts->port > 65535))
    return PEAL_ERR_USAGE;
  if (opts &&
      !(PEAL_RESERVED_IS_KNOWN(opts) && PEAL_RESERVED_IS_KNOWN(&opts->log)))
    return PEAL_ERR_OPTION;
  peal_workers *workers = workers_of(opts);
  if (!workers)
    return PEAL_ERR_NOMEM;
  peal_http_server *server = make(opts, workers);
  if (!server) {
    if (!opts || !opts->on)
      peal_workers_free(workers);
    return PEAL_ERR_NOMEM;
  }
  peal_err err = set_proxies(server);
  if (!err)
    err = open_first(server);
  if (err)
    peal_http_server_free(server);
  else
    *out = server;
  return err;
}

int peal_http_server_run(peal_http_server *server) {
  if (!server)
    return 1;
  peal_workers_stop_on_signals(server->workers, server->grace_ms);
  return peal_workers_run(server->workers);
}

/* Requests that somebody deferred and never answered, and questions about
 * origins: the workers' memory. */
static void free_requests(peal_http_server *server) {
  for (unsigned i = 0; i < server->home_count; i++) {
    peal_list *head = &server->homes[i].reqs;
    while (!peal_list_is_empty(head))
      peal_http_req_free(PEAL_LIST_OF(head->next, peal_http_req, node));
    peal_ticket_pool_deinit(&server->homes[i].origins);
  }
}

/* What peers made us hold has been given back, all of it: by the connections
 * when they closed, by the requests above, and by those who live on the server,
 * who are freed before it. */
static void deinit_homes(peal_http_server *server) {
  for (unsigned i = 0; i < server->home_count; i++)
    peal_http_home_deinit(&server->homes[i]);
  assert(atomic_load(&server->account.granted) == 0);
  assert(atomic_load(&server->collected) == 0);
}

peal_err peal_http_server_own(peal_http_server *server, void (*fn)(void *user),
                              void *user) {
  size_t count = server->owned_count;
  peal_http_owned *owned =
      peal_mem_resize(server->mem, server->owned, (count + 1) * sizeof *owned);
  if (!owned)
    return PEAL_ERR_NOMEM;
  server->owned = owned;
  owned[server->owned_count++] = (peal_http_owned){.fn = fn, .user = user};
  return PEAL_OK;
}

const peal_mem *peal_http_server_mem(const peal_http_server *server) {
  return server->mem;
}

static void free_owned(peal_http_server *server) {
  while (server->owned_count) {
    const peal_http_owned *last = &server->owned[--server->owned_count];
    last->fn(last->user);
  }
  peal_mem_free(server->mem, server->owned);
}

void peal_http_server_free(peal_http_server *server) {
  if (!server)
    return;
  free_owned(server);
  free_requests(server);
  peal_worker_impl_forget(server->workers, server);
  peal_http_listen_deinit(server);
  if (server->own_workers)
    peal_workers_free(server->workers);
  deinit_homes(server);
  peal_http_mount_deinit(&server->mounts);
  peal_http_proxies_deinit(&server->proxies);
  peal_mem_free(server->mem, server->watchers);
  peal_address_count_deinit(&server->addresses);
  peal_mem_free(server->mem, server);
}

unsigned peal_http_server_port(const peal_http_server *server) {
  return server ? server->port : 0;
}

peal_workers *peal_http_server_workers(peal_http_server *server) {
  return server ? server->workers : NULL;
}

/* -- mounting -------------------------------------------------------------- */

peal_err peal_http_server_mount(peal_http_server *server,
                                const peal_http_mount *mount) {
  return server ? peal_http_mount_add(&server->mounts, mount) : PEAL_ERR_USAGE;
}

peal_err peal_http_server_on_done(peal_http_server *server,
                                  peal_http_done_fn fn, void *user) {
  if (!server || !fn)
    return PEAL_ERR_USAGE;
  peal_http_watcher *watchers =
      peal_mem_resize(server->mem, server->watchers,
                      (server->watcher_count + 1) * sizeof(*watchers));
  if (!watchers)
    return PEAL_ERR_NOMEM;
  watchers[server->watcher_count++] =
      (peal_http_watcher){.fn = fn, .user = user};
  server->watchers = watchers;
  return PEAL_OK;
}

void peal_http_server_stats(peal_http_server *server, peal_http_stats *out) {
  if (!out)
    return;
  *out = (peal_http_stats){0};
  for (unsigned i = 0; server && i < server->home_count; i++) {
    const peal_http_stats *one = &server->homes[i].stats;
    out->connections_open += peal_worker_impl_figure(&one->connections_open);
    out->connections_total += peal_worker_impl_figure(&one->connections_total);
    out->requests_total += peal_worker_impl_figure(&one->requests_total);
    out->requests_bad += peal_worker_impl_figure(&one->requests_bad);
    out->timeouts += peal_worker_impl_figure(&one->timeouts);
    out->refused += peal_worker_impl_figure(&one->refused);
  }
}
