/* SPDX-License-Identifier: MIT */
/* server: the object that holds all together: options, life, namespaces by
 * name, figures. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "engine/client_files.h"
#include "engine/engine_error.h"
#include "engine/engine_limits.h"
#include "engine/engine_opts.h"
#include "engine/engine_use.h"
#include "net/crypto.h"
#include "net/run.h"
#include "proto/proto_limits.h"
#include "server/dispatch.h"
#include "server/next.h"
#include "server/nsp_table.h"
#include "server/recovery.h"
#include "server/server_client.h"
#include "server/server_limits.h"
#include "server/socket_recovery.h"

/* -- options --------------------------------------------------------------------------- */

/* What of them is the engine's; the strings are the caller's still. */
static peal_engine_server_opts engine_opts_of(const peal_server_opts *opts) {
  return (peal_engine_server_opts){
      .http = opts->http,
      .host = opts->host,
      .port = opts->port,
      .no_listen = opts->no_listen,
      .tls = opts->tls,
      .workers = opts->workers,
      .proxies = opts->proxies,
      .forwarded = opts->forwarded,
      .proxy_protocol = opts->proxy_protocol,
      .max_target_bytes = opts->max_target_bytes,
      .max_held_bytes = opts->max_held_bytes,
      .log = opts->log,
      .mem = opts->mem,
      .path = opts->path ? opts->path : "/socket.io",
      .no_trailing_slash = opts->no_trailing_slash,
      .transports = opts->transports,
      .no_upgrades = opts->no_upgrades,
      .ping_interval_ms = opts->ping_interval_ms,
      .ping_timeout_ms = opts->ping_timeout_ms,
      .upgrade_timeout_ms = opts->upgrade_timeout_ms,
      .first_use_timeout_ms = opts->first_use_timeout_ms,
      .max_clients = opts->max_clients,
      .max_clients_per_address = opts->max_clients_per_address,
      .max_payload_bytes = opts->max_payload_bytes,
      .compress_threshold_bytes = opts->compress_threshold_bytes,
      .max_queue_bytes = opts->max_queue_bytes,
      .max_queue_soft_bytes = opts->max_queue_soft_bytes,
      .queue_policy = opts->queue_policy,
      .cors = opts->cors,
      .cookie = opts->cookie,
      .allow_request = opts->allow_request,
      .on_headers = opts->on_headers,
      .allow_user = opts->allow_user,
      .headers_user = opts->headers_user};
}

/* -- setting up -------------------------------------------------------------------------- */

static void set_tickets(peal_server *server, peal_server_local *local,
                        const peal_worker *worker) {
  peal_ticket_pool_opts opts = {.now_ms = &worker->now_ms,
                                .account =
                                    peal_engine_account(server->http, worker),
                                .mem = worker->mem};
  opts.ticket_bytes = sizeof(peal_next);
  peal_ticket_pool_init(&local->nexts, &opts);
  opts.max_kept = PEAL_LIMIT_REPLIES_KEPT;
  peal_dispatch_pool_init(&local->replies, &opts);
  peal_ref_table_init(&local->refs, worker->mem, opts.account);
}

static peal_err set_locals(peal_server *server) {
  const peal_server_opts *opts = &server->opts;
  size_t payload = opts->max_payload_bytes ? opts->max_payload_bytes
                                           : PEAL_LIMIT_PAYLOAD_BYTES;
  server->locals = peal_mem_zalloc(server->mem, server->worker_count *
                                                    sizeof *server->locals);
  if (!server->locals)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < server->worker_count; i++) {
    const peal_worker *worker = peal_workers_get(server->workers, i);
    peal_server_local *local = &server->locals[i];
    peal_buf_init(&local->encode, worker->mem, 0);
    set_tickets(server, local, worker);
    peal_map_init(&local->values, server->mem, server->seed);
    peal_live_sessions_init(&local->live, peal_workers_get(server->workers, i),
                            peal_socket_recovery_save_live);
    local->sio = (peal_sio_conn_opts){
        .max_attachments = opts->max_attachments,
        .max_namespaces = opts->max_namespaces,
        .max_packet_bytes = payload > SIZE_MAX / PEAL_LIMIT_SIO_PACKET_FACTOR
                                ? SIZE_MAX
                                : payload * PEAL_LIMIT_SIO_PACKET_FACTOR,
        .connect_timeout_ms = opts->connect_timeout_ms,
        .seed = server->seed,
        .mem = worker->mem};
  }
  return PEAL_OK;
}

static void on_start(peal_worker *worker, void *user) {
  peal_server *server = user;
  (void)worker;
  atomic_store_explicit(&server->running, true, memory_order_relaxed);
}

static peal_err open_engine(peal_server *server,
                            const peal_engine_server_opts *opts) {
  peal_err err = peal_engine_new(&server->engine, opts, server->http,
                                 &peal_server_client_engine_callbacks, server);
  if (!err)
    server->log = peal_engine_logger(server->engine);
  return err;
}

static peal_err set_up(peal_server *server, peal_engine_server_opts *opts) {
  peal_err err = peal_engine_opts_keep(opts, &server->strings);
  if (!err)
    err = peal_engine_opts_http(opts, &server->http);
  if (err)
    return err;
  server->owns_http = !opts->http;
  server->workers = peal_http_server_workers(server->http);
  server->worker_count = peal_workers_count(server->workers);
  peal_op_load_init(
      &server->load,
      peal_engine_account(server->http, peal_workers_get(server->workers, 0))
          ->server);
  err = peal_crypto_random(&server->seed, sizeof server->seed);
  if (!err)
    err = peal_crypto_random(&server->key_seed, sizeof server->key_seed);
  if (!err)
    err = peal_nsp_table_init(server);
  if (!err)
    err = set_locals(server);
  if (!err)
    err = peal_recovery_new(&server->recovery, server);
  if (!err)
    err = open_engine(server, opts);
  if (!err && !server->opts.no_client)
    err = peal_client_files_new(&server->files, server->engine,
                                server->opts.client_dir);
  if (!err)
    err = peal_workers_on_start(server->workers, on_start, server);
  if (!err && !peal_server_of(server, "/"))
    err = PEAL_ERR_NOMEM;
  return err;
}

static void init_lists(peal_nsp_table *table) {
  peal_list_init(&table->all);
  peal_list_init(&table->gone);
  peal_list_init(&table->shells);
  peal_list_init(&table->parents);
  peal_list_init(&table->watchers);
}

peal_server *peal_server_new(const peal_server_opts *opts) {
  static const peal_server_opts defaults;
  if (!opts)
    opts = &defaults;
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_engine_server_opts engine = engine_opts_of(opts);
  bool is_known =
      PEAL_RESERVED_IS_KNOWN(opts) && PEAL_RESERVED_IS_KNOWN(&opts->recovery);
  const char *wrong = is_known ? peal_engine_opts_wrong(&engine)
                               : "an option that this library does not know";
  peal_server *server = wrong ? NULL : peal_mem_zalloc(mem, sizeof *server);
  if (!server) {
    peal_engine_opts_report(&engine, NULL,
                            wrong ? wrong : peal_err_message(PEAL_ERR_NOMEM));
    return NULL;
  }
  server->mem = mem;
  server->opts = *opts;
  atomic_init(&server->running, false);
  peal_arena_init(&server->strings, mem, 1024, 0);
  init_lists(&server->spaces);
  peal_err err = set_up(server, &engine);
  if (!err)
    return server;
  /* The HTTP server has said itself why it could not listen. */
  if (server->http || err == PEAL_ERR_NOMEM)
    peal_engine_opts_report(&engine, server->log, peal_err_message(err));
  peal_server_free(server);
  return NULL;
}

int peal_server_run(peal_server *server) {
  return server ? peal_http_server_run(server->http) : 1;
}

void peal_server_stop(peal_server *server) {
  if (server)
    peal_workers_stop(server->workers, PEAL_LIMIT_STOP_GRACE_MS);
}

static void free_locals(peal_server *server) {
  for (unsigned i = 0; server->locals && i < server->worker_count; i++) {
    peal_buf_deinit(&server->locals[i].encode);
    peal_ticket_pool_deinit(&server->locals[i].nexts);
    peal_ticket_pool_deinit(&server->locals[i].replies);
    peal_ref_table_deinit(&server->locals[i].refs);
    peal_map_deinit(&server->locals[i].values);
    peal_live_sessions_deinit(&server->locals[i].live);
  }
  peal_mem_free(server->mem, server->locals);
}

void peal_server_free(peal_server *server) {
  if (!server)
    return;
  const peal_mem *mem = server->mem;
  if (server->workers)
    peal_worker_impl_forget(server->workers, server);
  /* What was emitted before a run that never came is in the workers' mail. */
  if (server->workers && server->owns_http)
    peal_run_end(server->workers);
  peal_client_files_free(server->files);
  peal_engine_free(server->engine);
  if (server->recovery)
    server->recovery->sessions.let_go = NULL; /* it outlives them */
  peal_nsp_table_deinit(server);
  peal_recovery_free(server->recovery, mem);
  free_locals(server);
  if (server->owns_http)
    peal_http_server_free(server->http);
  peal_arena_deinit(&server->strings);
  peal_mem_free(mem, server);
}

peal_err peal_server_use(peal_server *server, peal_engine_use_fn fn,
                         void *user) {
  return server ? peal_engine_use_add(server->engine, fn, user)
                : PEAL_ERR_USAGE;
}

peal_err peal_server_on_connection_error(peal_server *server,
                                         peal_connection_error_fn fn,
                                         void *user) {
  return server ? peal_engine_error_add(server->engine, fn, user)
                : PEAL_ERR_USAGE;
}

peal_http_server *peal_server_http(peal_server *server) {
  return server ? server->http : NULL;
}

peal_workers *peal_server_workers(peal_server *server) {
  return server ? server->workers : NULL;
}

/* -- figures ---------------------------------------------------------------------------------- */

void peal_server_stats_get(peal_server *server, peal_server_stats *out) {
  if (!out)
    return;
  *out = (peal_server_stats){0};
  for (unsigned i = 0; server && i < server->worker_count; i++) {
    const peal_figures *f = &server->locals[i].figures;
    const peal_engine_stats *e = peal_engine_stats_of(server->engine, i);
    out->clients += peal_figures_get(&e->clients);
    out->clients_polling += peal_figures_get(&e->clients_polling);
    out->sessions_total += peal_figures_get(&e->sessions_total);
    out->errors_peer += peal_figures_get(&e->errors_peer);
    out->sockets += peal_figures_get(&f->sockets);
    out->events_in += peal_figures_get(&f->events_in);
    out->events_out += peal_figures_get(&f->events_out);
    out->bytes_in += peal_figures_get(&f->bytes_in);
    out->bytes_out += peal_figures_get(&f->bytes_out);
    out->queue_full += peal_figures_get(&f->queue_full);
  }
  if (server)
    out->queue_full += peal_figures_get(&server->load.refused);
}
