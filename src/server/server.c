/* SPDX-License-Identifier: MIT */
/* server: the object that holds all together: options, life, namespaces by
 * name, figures. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "engine/client_files.h"
#include "net/crypto.h"
#include "net/run.h"
#include "proto/proto_limits.h"
#include "server/client.h"
#include "server/next.h"
#include "server/nsp.h"
#include "server/reply.h"
#include "server/server_limits.h"

#define STOP_GRACE_MS 4000u

/* -- options --------------------------------------------------------------------------- */

static bool keep_str(peal_server *server, const char **text) {
  if (!*text)
    return true;
  *text = peal_arena_str(&server->strings, peal_slice_of(*text));
  return *text != NULL;
}

/* The options are copied, their strings too. */
static bool keep_opts(peal_server *server, const peal_server_opts *opts) {
  if (opts)
    server->opts = *opts;
  peal_server_opts *own = &server->opts;
  return keep_str(server, &own->path) && keep_str(server, &own->client_dir) &&
         keep_str(server, &own->cookie.name) &&
         keep_str(server, &own->cookie.path) &&
         keep_str(server, &own->cookie.same_site);
}

static const char *wrong_option(const peal_server_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->cors) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->cookie) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->log))
    return "an option that this library does not know";
  if (opts->transports & ~3u)
    return "transports has an unknown bit";
  if ((unsigned)opts->queue_policy > PEAL_QUEUE_DROP_OLDEST)
    return "queue_policy is unknown";
  if (opts->max_queue_soft_bytes >
      (opts->max_queue_bytes ? opts->max_queue_bytes : PEAL_LIMIT_QUEUE_BYTES))
    return "max_queue_soft_bytes is above max_queue_bytes";
  if (opts->http && (opts->host || opts->port || opts->no_listen ||
                     opts->workers || opts->max_held_bytes))
    return "host, port, no_listen, workers and max_held_bytes belong to the "
           "http server that was given";
  if (opts->cors.credentials && opts->cors.origins &&
      !strcmp(opts->cors.origins, "*"))
    return "cors.origins \"*\" cannot go with cors.credentials";
  return NULL;
}

/* -- setting up -------------------------------------------------------------------------- */

static peal_err open_http(peal_server *server) {
  const peal_server_opts *opts = &server->opts;
  if (opts->http) {
    server->http = opts->http;
    return PEAL_OK;
  }
  peal_http_server_opts http = {.host = opts->host,
                                .port = opts->port,
                                .no_listen = opts->no_listen,
                                .workers = opts->workers,
                                .max_held_bytes = opts->max_held_bytes,
                                .log = opts->log,
                                .mem = opts->mem};
  server->owns_http = true;
  return peal_http_server_new(&server->http, &http);
}

static void set_tickets(peal_server *server, peal_server_local *local,
                        const peal_worker *worker) {
  peal_ticket_pool_opts opts = {.now_ms = &worker->now_ms,
                                .account =
                                    peal_engine_account(server->http, worker),
                                .mem = worker->mem};
  opts.ticket_bytes = sizeof(peal_next);
  peal_ticket_pool_init(&local->nexts, &opts);
  opts.ticket_bytes = sizeof(peal_reply);
  opts.max_kept = PEAL_LIMIT_REPLIES_KEPT;
  peal_ticket_pool_init(&local->replies, &opts);
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
    local->sio = (peal_sio_conn_opts){
        .max_attachments = opts->max_attachments,
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

static peal_err open_engine(peal_server *server) {
  const peal_server_opts *opts = &server->opts;
  peal_engine_opts engine = {
      .path = opts->path,
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
      .client_dir = opts->client_dir,
      .allow_request = opts->allow_request,
      .on_headers = opts->on_headers,
      .user = opts->user,
      .mem = opts->mem};
  peal_err err = peal_engine_new(&server->engine, &engine, server->http,
                                 &peal_client_engine_callbacks, server);
  if (!err)
    server->log = peal_engine_logger(server->engine);
  return err;
}

static peal_err set_up(peal_server *server) {
  peal_err err = open_http(server);
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
    err = set_locals(server);
  if (!err)
    err = open_engine(server);
  if (!err && !server->opts.no_client)
    err = peal_client_files_new(&server->files, server->engine);
  if (!err)
    err = peal_workers_on_start(server->workers, on_start, server);
  if (!err && !peal_server_of(server, "/"))
    err = PEAL_ERR_NOMEM;
  return err;
}

/* Without an engine there is no logger yet: the options' own is used. */
static void report(const peal_server_opts *opts, peal_logger *log,
                   const char *text) {
  peal_logger *own = log ? NULL : peal_logger_new(opts ? &opts->log : NULL);
  if (log || own)
    peal_logger_write(log ? log : own, PEAL_LOG_ERROR, "server",
                      (peal_slice){0}, (peal_slice){0},
                      "cannot make the server: %s", text);
  peal_logger_free(own);
}

peal_server *peal_server_new(const peal_server_opts *opts) {
  const peal_mem *mem = peal_mem_or_libc(opts ? opts->mem : NULL);
  const char *wrong = opts ? wrong_option(opts) : NULL;
  peal_server *server = wrong ? NULL : peal_mem_zalloc(mem, sizeof *server);
  if (!server) {
    report(opts, NULL, wrong ? wrong : peal_err_message(PEAL_ERR_NOMEM));
    return NULL;
  }
  server->mem = mem;
  atomic_init(&server->running, false);
  peal_arena_init(&server->strings, mem, 1024, 0);
  peal_err err = keep_opts(server, opts) ? set_up(server) : PEAL_ERR_NOMEM;
  if (!err)
    return server;
  /* The HTTP server has said itself why it could not listen. */
  if (server->http || err == PEAL_ERR_NOMEM)
    report(opts, server->log, peal_err_message(err));
  peal_server_free(server);
  return NULL;
}

int peal_server_run(peal_server *server) {
  return server ? peal_http_server_run(server->http) : 1;
}

void peal_server_stop(peal_server *server) {
  if (server)
    peal_workers_stop(server->workers, STOP_GRACE_MS);
}

static void free_locals(peal_server *server) {
  for (unsigned i = 0; server->locals && i < server->worker_count; i++) {
    peal_buf_deinit(&server->locals[i].encode);
    peal_ticket_pool_deinit(&server->locals[i].nexts);
    peal_ticket_pool_deinit(&server->locals[i].replies);
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
  for (size_t i = 0; i < server->nsp_count; i++)
    peal_nsp_free(server->nsps[i]);
  peal_mem_free(mem, server->nsps);
  free_locals(server);
  if (server->owns_http)
    peal_http_server_free(server->http);
  peal_arena_deinit(&server->strings);
  peal_mem_free(mem, server);
}

peal_http_server *peal_server_http(peal_server *server) {
  return server ? server->http : NULL;
}

peal_workers *peal_server_workers(peal_server *server) {
  return server ? server->workers : NULL;
}

/* -- namespaces ---------------------------------------------------------------------------- */

static peal_err append_nsp(peal_server *server, peal_nsp *nsp) {
  if (server->nsp_count == server->nsp_cap) {
    size_t cap = server->nsp_cap ? server->nsp_cap * 2 : 4;
    peal_nsp **nsps =
        peal_mem_resize(server->mem, server->nsps, cap * sizeof(peal_nsp *));
    if (!nsps)
      return PEAL_ERR_NOMEM;
    server->nsps = nsps;
    server->nsp_cap = cap;
  }
  server->nsps[server->nsp_count++] = nsp;
  return PEAL_OK;
}

peal_nsp *peal_server_of(peal_server *server, const char *name) {
  char full[PEAL_LIMIT_SIO_NSP_BYTES + 1];
  if (!server || !name)
    return NULL;
  size_t slash = *name != '/';
  size_t len = strlen(name) + slash;
  if (len > PEAL_LIMIT_SIO_NSP_BYTES || strchr(name, ','))
    return NULL;
  full[0] = '/';
  memcpy(full + slash, name, len - slash);
  peal_slice key = {full, len};
  peal_nsp *nsp = peal_nsp_find(server, key);
  if (nsp || atomic_load_explicit(&server->running, memory_order_relaxed))
    return nsp;
  nsp = peal_nsp_new(server, key);
  if (nsp && append_nsp(server, nsp)) {
    peal_nsp_free(nsp);
    return NULL;
  }
  return nsp;
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
