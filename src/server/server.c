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
#include "engine/handover.h"
#include "net/crypto.h"
#include "net/run.h"
#include "proto/parser.h"
#include "proto/proto_limits.h"
#include "server/dispatch.h"
#include "server/event_chain.h"
#include "server/next.h"
#include "server/nsp.h"
#include "server/nsp_table.h"
#include "server/recovery.h"
#include "server/server_client.h"
#include "server/server_limits.h"
#include "server/slow_handler.h"
#include "server/socket_recovery.h"
#include "server/tracing.h"

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
      .allow_eio3 = opts->allow_eio3,
      .ping_interval_ms = opts->ping_interval_ms,
      .ping_timeout_ms = opts->ping_timeout_ms,
      .upgrade_timeout_ms = opts->upgrade_timeout_ms,
      .first_use_timeout_ms = opts->first_use_timeout_ms,
      .max_clients = opts->max_clients,
      .max_clients_per_address = opts->max_clients_per_address,
      .max_payload_bytes = opts->max_payload_bytes,
      .compress_threshold_bytes = opts->compress_threshold_bytes,
      .deflate = opts->deflate,
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
  opts.max_kept = PEAL_LIMIT_EVENT_NEXTS_KEPT;
  peal_event_chain_pool_init(&local->event_nexts, &opts);
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
    peal_slow_handler_init(&local->slow, opts->slow_handler_ms);
    atomic_init(&local->odd, opts->event_rate.per_s ? PEAL_ODD_RATE : 0);
    local->auto_ack = opts->auto_ack;
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
        .parser = server->parser,
        .mem = worker->mem};
  }
  return PEAL_OK;
}

static void on_start(peal_worker *worker, void *user) {
  peal_server *server = user;
  (void)worker;
  atomic_store_explicit(&server->running, true, memory_order_relaxed);
}

static uint32_t stop_timeout(const peal_server_opts *opts) {
  return opts->stop_timeout_ms ? opts->stop_timeout_ms
                               : PEAL_LIMIT_STOP_GRACE_MS;
}

/* Of the whole stop. */
static uint32_t stop_grace(const peal_server_opts *opts) {
  uint32_t timeout_ms = stop_timeout(opts);
  return opts->stop_spread_ms > UINT32_MAX - timeout_ms
             ? UINT32_MAX
             : opts->stop_spread_ms + timeout_ms;
}

static peal_err open_engine(peal_server *server,
                            const peal_engine_server_opts *opts) {
  peal_err err = peal_engine_new(&server->engine, opts, server->http,
                                 &peal_server_client_engine_callbacks, server);
  if (err)
    return err;
  server->log = peal_engine_logger(server->engine);
  peal_engine_set_stop(server->engine, stop_timeout(&server->opts),
                       server->opts.stop_spread_ms);
  return PEAL_OK;
}

/* Before it listens: what the process before has opened is taken. */
static peal_err open_http(peal_server *server,
                          const peal_engine_server_opts *opts) {
  const char *path = server->opts.handover;
  peal_engine_server_opts silent = *opts;
  silent.no_listen = opts->no_listen || (path && !opts->http);
  peal_err err = peal_engine_opts_http(&silent, &server->http);
  if (!err && path)
    err = peal_handover_new(&server->handover, path, server->http);
  if (err || !silent.no_listen || opts->no_listen || opts->http)
    return err;
  return peal_http_listen(server->http,
                          &(peal_http_listen_opts){.host = opts->host,
                                                   .port = opts->port,
                                                   .tls = opts->tls},
                          NULL);
}

static peal_err begin_handover(peal_server *server) {
  const peal_server_opts *opts = &server->opts;
  return server->handover
             ? peal_handover_begin(server->handover, server->engine,
                                   stop_timeout(opts), stop_grace(opts))
             : PEAL_OK;
}

static peal_err set_up(peal_server *server, peal_engine_server_opts *opts) {
  peal_err err = peal_engine_opts_keep(opts, &server->strings);
  server->owns_http = !opts->http;
  if (!err)
    err = open_http(server, opts);
  if (err)
    return err;
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
  if (!err)
    err = begin_handover(server);
  return err;
}

static void init_lists(peal_nsp_table *table) {
  peal_list_init(&table->all);
  peal_list_init(&table->gone);
  peal_list_init(&table->shells);
  peal_list_init(&table->parents);
  peal_list_init(&table->watchers);
}

static const char *opts_wrong(const peal_server_opts *opts,
                              const peal_engine_server_opts *engine) {
  const peal_event_rate *rate = &opts->event_rate;
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->recovery))
    return "an option that this library does not know";
  if ((unsigned)rate->policy > PEAL_RATE_DISCONNECT)
    return "event_rate.policy is unknown";
  if (!rate->per_s && (rate->burst || rate->policy))
    return "event_rate has no per_s";
  if (!peal_parser_is_whole(opts->parser))
    return "parser lacks a function, or has one that this library does not "
           "know";
  if (opts->allow_eio3 && peal_parser_other(opts->parser))
    return "allow_eio3 cannot go with a parser";
  return peal_engine_opts_wrong(engine);
}

peal_server *peal_server_new(const peal_server_opts *opts) {
  static const peal_server_opts defaults;
  if (!opts)
    opts = &defaults;
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_engine_server_opts engine = engine_opts_of(opts);
  const char *wrong = opts_wrong(opts, &engine);
  peal_server *server = wrong ? NULL : peal_mem_zalloc(mem, sizeof *server);
  if (!server) {
    peal_engine_opts_report(&engine, NULL,
                            wrong ? wrong : peal_err_message(PEAL_ERR_NOMEM));
    return NULL;
  }
  server->mem = mem;
  server->opts = *opts;
  server->parser = peal_parser_other(opts->parser);
  atomic_init(&server->running, false);
  atomic_init(&server->tracing, NULL);
  peal_arena_init(&server->strings, mem, 1024, 0);
  init_lists(&server->spaces);
  peal_err err = set_up(server, &engine);
  if (!err) {
    peal_tracing_from_env(server);
    return server;
  }
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
    peal_workers_stop(server->workers, stop_grace(&server->opts));
}

static void free_locals(peal_server *server) {
  for (unsigned i = 0; server->locals && i < server->worker_count; i++) {
    peal_buf_deinit(&server->locals[i].encode);
    peal_ticket_pool_deinit(&server->locals[i].nexts);
    peal_ticket_pool_deinit(&server->locals[i].replies);
    peal_ticket_pool_deinit(&server->locals[i].event_nexts);
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
  peal_handover_free(server->handover);
  peal_client_files_free(server->files);
  peal_engine_free(server->engine);
  if (server->recovery)
    server->recovery->sessions.let_go = NULL; /* it outlives them */
  peal_nsp_free(server->wildcard);
  peal_nsp_table_deinit(server);
  peal_recovery_free(server->recovery, mem);
  free_locals(server);
  if (server->owns_http)
    peal_http_server_free(server->http);
  peal_arena_deinit(&server->strings);
  peal_tracing_free(server);
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
    out->dropped_volatile += peal_figures_get(&f->dropped_volatile);
    out->rate_limited += peal_figures_get(&f->rate_limited);
    out->slow_handlers += peal_figures_get(&f->slow_handlers);
    out->closed_full += peal_figures_get(&e->closed_full);
    out->dropped_newest += peal_figures_get(&e->dropped_newest);
    out->dropped_oldest += peal_figures_get(&e->dropped_oldest);
    out->conflated += peal_figures_get(&e->conflated);
  }
  if (server)
    out->queue_full += peal_figures_get(&server->load.refused);
}
