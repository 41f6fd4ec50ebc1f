/* SPDX-License-Identifier: MIT */
/* ws_endpoint: its options, what each worker has for it, its life. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "http/http_upgrade.h"
#include "net/crypto.h"
#include "net/run.h"
#include "proto/proto_limits.h"
#include "ws/ws_end.h"
#include "ws/ws_limits.h"
#include "ws/ws_offer.h"
#include "ws/ws_upgrade.h"

#define PING_INTERVAL_MS 25000u
#define PING_TIMEOUT_MS 20000u
#define GOING_AWAY 1001u /* RFC6455 7.4.1 */

/* -- the run --------------------------------------------------------------- */

/* Nobody leaves the list in here: ends are told later. */
static void on_stop(peal_worker *worker, void *user) {
  peal_ws_local *local = peal_ws_local_of(user, worker);
  local->is_stopping = true;
  for (peal_list *n = local->all.next; n != &local->all; n = n->next)
    peal_ws_close(PEAL_LIST_OF(n, peal_ws, node), GOING_AWAY,
                  PEAL_S("server shutting down"));
}

/* -- setting up ------------------------------------------------------------ */

static uint32_t u32_or(uint32_t value, uint32_t otherwise) {
  return value ? value : otherwise;
}

static size_t size_or(size_t value, size_t otherwise) {
  return value ? value : otherwise;
}

static void take_opts(peal_ws_endpoint *endpoint, const peal_ws_opts *opts) {
  peal_ws_opts *to = &endpoint->opts;
  *to = *opts;
  to->protocols = NULL;
  to->cors = (peal_cors_opts){0};
  to->max_message_bytes =
      size_or(opts->max_message_bytes, PEAL_LIMIT_PAYLOAD_BYTES);
  to->ping_interval_ms = u32_or(opts->ping_interval_ms, PING_INTERVAL_MS);
  to->ping_timeout_ms = u32_or(opts->ping_timeout_ms, PING_TIMEOUT_MS);
  to->max_queue_bytes = size_or(opts->max_queue_bytes, PEAL_LIMIT_QUEUE_BYTES);
  to->max_queue_soft_bytes =
      size_or(opts->max_queue_soft_bytes, PEAL_LIMIT_QUEUE_SOFT_BYTES);
  to->max_groups = u32_or(opts->max_groups, PEAL_LIMIT_WS_GROUPS);
}

static peal_ws_local *new_local(peal_ws_endpoint *endpoint,
                                peal_worker *worker) {
  peal_ws_local *local = peal_mem_zalloc(endpoint->mem, sizeof *local);
  if (!local)
    return NULL;
  local->endpoint = endpoint;
  local->worker = worker;
  local->account = peal_http_server_account(endpoint->http, worker);
  peal_deflater_init(&local->deflater, worker, &endpoint->opts.deflate);
  local->conn_opts =
      (peal_ws_conn_opts){.messages_first = true,
                          .max_message_bytes = endpoint->opts.max_message_bytes,
                          .mem = worker->mem,
                          .deflate = &local->deflater.verbs};
  peal_list_init(&local->all);
  peal_map_init(&local->groups, worker->mem, endpoint->seed);
  peal_ws_slots_init(&local->slots, worker->mem);
  peal_ticket_pool_init(&local->asks, &(peal_ticket_pool_opts){
                                          .ticket_bytes = sizeof(peal_ws_ask),
                                          .now_ms = &worker->now_ms,
                                          .account = local->account,
                                          .mem = worker->mem});
  return local;
}

static peal_err set_locals(peal_ws_endpoint *endpoint) {
  endpoint->locals = peal_mem_zalloc(
      endpoint->mem, endpoint->worker_count * sizeof(peal_ws_local *));
  if (!endpoint->locals)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < endpoint->worker_count; i++) {
    endpoint->locals[i] =
        new_local(endpoint, peal_workers_get(endpoint->workers, i));
    if (!endpoint->locals[i])
      return PEAL_ERR_NOMEM;
  }
  return PEAL_OK;
}

static peal_err set_seeds(peal_ws_endpoint *endpoint) {
  peal_err err = peal_crypto_random(&endpoint->seed, sizeof endpoint->seed);
  return err ? err
             : peal_crypto_random(&endpoint->key_seed,
                                  sizeof endpoint->key_seed);
}

static peal_err mount(peal_ws_endpoint *endpoint, const char *path) {
  size_t len = strlen(path);
  return peal_http_server_mount(
      endpoint->http, &(peal_http_mount){.path = path,
                                         .exact = len && path[len - 1] != '/',
                                         .on_request = peal_ws_upgrade_request,
                                         .on_upgrade = peal_ws_upgrade_request,
                                         .user = endpoint});
}

static peal_err set_up(peal_ws_endpoint *endpoint, const peal_ws_opts *opts) {
  peal_err err = set_seeds(endpoint);
  if (!err)
    err = peal_cors_new(&endpoint->cors, &opts->cors, endpoint->mem);
  if (!err)
    err = peal_ws_offer_parse(endpoint, opts->protocols);
  return err ? err : set_locals(endpoint);
}

/* -- life ------------------------------------------------------------------ */

static void free_local(peal_ws_endpoint *endpoint, peal_ws_local *local) {
  if (!local)
    return;
  peal_ticket_pool_deinit(&local->asks);
  peal_ws_slots_deinit(&local->slots);
  peal_map_deinit(&local->groups);
  peal_mem_free(endpoint->mem, local);
}

static void free_parts(peal_ws_endpoint *endpoint) {
  for (unsigned i = 0; endpoint->locals && i < endpoint->worker_count; i++)
    free_local(endpoint, endpoint->locals[i]);
  peal_cors_free(endpoint->cors);
  peal_mem_free(endpoint->mem, endpoint->locals);
  peal_mem_free(endpoint->mem, endpoint->protocols);
  peal_mem_free(endpoint->mem, endpoint->protocol_text);
  peal_mem_free(endpoint->mem, endpoint);
}

/* With the HTTP server, when every connection has gone. What was sent before a
 * run that never came is in the workers' mail. */
static void on_free(void *user) {
  peal_ws_endpoint *endpoint = user;
  if (atomic_load(&endpoint->load.count))
    peal_run_end(endpoint->workers);
  peal_worker_impl_forget(endpoint->workers, endpoint);
  free_parts(endpoint);
}

static peal_ws_endpoint *alloc(peal_http_server *http) {
  const peal_mem *mem = peal_http_server_mem(http);
  peal_ws_endpoint *endpoint = peal_mem_zalloc(mem, sizeof *endpoint);
  if (!endpoint)
    return NULL;
  endpoint->mem = mem;
  endpoint->http = http;
  endpoint->workers = peal_http_server_workers(http);
  endpoint->log = peal_http_server_logger(http);
  endpoint->worker_count = peal_workers_count(endpoint->workers);
  peal_op_load_init(
      &endpoint->load,
      peal_http_server_account(http, peal_workers_get(endpoint->workers, 0))
          ->server);
  return endpoint;
}

/* The last step of these may fail, and the first one can be taken back. */
static peal_err publish(peal_ws_endpoint *endpoint, const char *path) {
  peal_err err = peal_workers_on_stop(endpoint->workers, on_stop, endpoint);
  if (!err)
    err = peal_http_server_own(endpoint->http, on_free, endpoint);
  if (!err)
    return path ? mount(endpoint, path) : PEAL_OK;
  peal_worker_impl_forget(endpoint->workers, endpoint);
  free_parts(endpoint);
  return err;
}

static peal_err make(peal_ws_endpoint **out, peal_http_server *http,
                     const char *path, const peal_ws_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts) || !PEAL_RESERVED_IS_KNOWN(&opts->cors) ||
      !PEAL_RESERVED_IS_KNOWN(&opts->deflate) ||
      !peal_deflate_terms_is_known(&opts->deflate))
    return PEAL_ERR_OPTION;
  if (peal_run_has_begun(peal_http_server_workers(http)))
    return PEAL_ERR_USAGE;
  peal_ws_endpoint *endpoint = alloc(http);
  if (!endpoint)
    return PEAL_ERR_NOMEM;
  take_opts(endpoint, opts);
  peal_err err = set_up(endpoint, opts);
  if (err)
    free_parts(endpoint);
  else
    err = publish(endpoint, path);
  *out = endpoint;
  return err;
}

peal_ws_endpoint *peal_ws_on(peal_http_server *http, const char *path,
                             const peal_ws_opts *opts) {
  static const peal_ws_opts defaults;
  if (!http)
    return NULL;
  peal_ws_endpoint *endpoint = NULL;
  peal_err err = make(&endpoint, http, path, opts ? opts : &defaults);
  if (!err)
    return endpoint;
  peal_logger_write(peal_http_server_logger(http), PEAL_LOG_ERROR, "ws",
                    (peal_slice){0}, (peal_slice){0}, "no endpoint at %s: %s",
                    path ? path : "no path", peal_err_message(err));
  return NULL;
}

/* -- figures --------------------------------------------------------------- */

void peal_ws_stats_get(peal_ws_endpoint *endpoint, peal_ws_stats *out) {
  if (!out)
    return;
  *out = (peal_ws_stats){0};
  for (unsigned i = 0; endpoint && i < endpoint->worker_count; i++) {
    const peal_ws_stats *one = &endpoint->locals[i]->stats;
    out->open += peal_worker_impl_figure(&one->open);
    out->total += peal_worker_impl_figure(&one->total);
    out->messages_in += peal_worker_impl_figure(&one->messages_in);
    out->messages_out += peal_worker_impl_figure(&one->messages_out);
    out->bytes_in += peal_worker_impl_figure(&one->bytes_in);
    out->bytes_out += peal_worker_impl_figure(&one->bytes_out);
    out->queue_full += peal_worker_impl_figure(&one->queue_full);
    out->errors_peer += peal_worker_impl_figure(&one->errors_peer);
  }
}
