/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "engine/allow.h"
#include "engine/away_stop.h"
#include "engine/engine_chain.h"
#include "engine/engine_conn.h"
#include "engine/engine_conn_impl.h"
#include "engine/engine_limits.h"
#include "engine/engine_request.h"
#include "engine/engine_use.h"
#include "engine/parting.h"
#include "engine/transport_polling.h"
#include "engine/transport_websocket.h"
#include "http/http_home.h"
#include "http/http_upgrade.h"
#include "net/crypto.h"
#include "net/hooks.h"
#include "proto/proto_limits.h"

#define OFF UINT32_MAX

/* -- the run ------------------------------------------------------------------------ */

static peal_engine_conn *conn_of(char *sid) {
  return PEAL_LIST_OF(sid, peal_engine_conn, session.sid);
}

static void on_stop(peal_worker *worker, void *user) {
  peal_engine *engine = user;
  peal_engine_local_of(engine, worker)->stopping = true;
  engine->callbacks->on_stop(worker, engine->user);
  peal_parting_begin(&peal_engine_local_of(engine, worker)->parting,
                     engine->spread_ms);
  peal_away_stop(peal_engine_local_of(engine, worker)->away);
}

static void on_end(peal_worker *worker, void *user) {
  peal_engine *engine = user;
  peal_parting_end(&peal_engine_local_of(engine, worker)->parting);
}

/* -- setting up ---------------------------------------------------------------------- */

static peal_err set_path(peal_engine *engine) {
  peal_slice text = peal_slice_of(engine->opts.path);
  /* reference 1.1: one trailing slash is stripped, then one appended. "/" is
   * one alone: whatever no longer mount has. */
  if (text.len && text.ptr[text.len - 1] == '/')
    text.len--;
  peal_buf buf;
  peal_buf_init(&buf, engine->mem, 0);
  if (!text.len || text.ptr[0] != '/')
    peal_buf_add_char(&buf, '/');
  peal_buf_add(&buf, text);
  if (text.len && !engine->opts.no_trailing_slash)
    peal_buf_add_char(&buf, '/');
  if (!buf.err)
    engine->path = peal_mem_str(engine->mem, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
  return engine->path ? PEAL_OK : PEAL_ERR_NOMEM;
}

static uint32_t or_off(uint32_t value, uint32_t otherwise) {
  if (value == OFF)
    return 0;
  return value ? value : otherwise;
}

static void set_session_opts(const peal_engine_local *local,
                             peal_eio_session_opts *out) {
  const peal_engine *engine = local->engine;
  const peal_engine_server_opts *opts = &engine->opts;
  *out = (peal_eio_session_opts){
      .ping_interval_ms = opts->ping_interval_ms,
      .ping_timeout_ms = opts->ping_timeout_ms,
      .upgrade_timeout_ms = opts->upgrade_timeout_ms,
      .confirm_timeout_ms =
          or_off(opts->first_use_timeout_ms, PEAL_LIMIT_FIRST_USE_MS),
      .max_payload_bytes = engine->max_payload,
      .max_queue_bytes = opts->max_queue_bytes,
      .max_queue_soft_bytes = opts->max_queue_soft_bytes,
      .no_upgrades =
          opts->no_upgrades || !(engine->transports & PEAL_TRANSPORT_WEBSOCKET),
      .mem = local->worker->mem,
      .account = local->account};
}

static peal_engine_local *new_local(peal_engine *engine, peal_worker *worker,
                                    uint32_t seed) {
  peal_engine_local *local = peal_mem_zalloc(engine->mem, sizeof *local);
  if (!local)
    return NULL;
  local->engine = engine;
  local->worker = worker;
  peal_parting_init(&local->parting, local);
  peal_deflater_init(&local->deflater, worker, &engine->opts.deflate);
  peal_list_init(&local->arrivals);
  local->ws_opts = (peal_ws_conn_opts){.max_message_bytes = engine->max_payload,
                                       .mem = worker->mem,
                                       .deflate = &local->deflater.verbs};
  local->account = peal_http_server_account(engine->http, worker);
  set_session_opts(local, &local->session_opts);
  peal_head_pool_init(&local->heads, worker->mem, local->account, seed);
  peal_sid_table_init(&local->sessions, worker->mem);
  peal_ticket_pool_init(&local->allows, &(peal_ticket_pool_opts){
                                            .ticket_bytes = sizeof(peal_allow),
                                            .now_ms = &worker->now_ms,
                                            .account = local->account,
                                            .mem = worker->mem});
  peal_ticket_pool_init(
      &local->nexts,
      &(peal_ticket_pool_opts){.ticket_bytes = sizeof(peal_engine_next),
                               .max_kept = PEAL_LIMIT_ENGINE_NEXTS,
                               .now_ms = &worker->now_ms,
                               .account = local->account,
                               .mem = worker->mem});
  return local;
}

static peal_err set_locals(peal_engine *engine) {
  unsigned count = engine->worker_count;
  engine->locals = peal_mem_zalloc(engine->mem, count * sizeof(void *));
  if (!engine->locals)
    return PEAL_ERR_NOMEM;
  uint32_t seed;
  if (peal_crypto_random(&seed, sizeof seed))
    return PEAL_ERR_SYSTEM;
  for (unsigned i = 0; i < count; i++) {
    engine->locals[i] =
        new_local(engine, peal_workers_get(engine->workers, i), seed);
    if (!engine->locals[i])
      return PEAL_ERR_NOMEM;
  }
  return PEAL_OK;
}

static peal_err set_quota(peal_engine *engine) {
  return peal_quota_init(
      &engine->quota, engine->opts.max_clients,
      or_off(engine->opts.max_clients_per_address, PEAL_LIMIT_ADDRESS_SESSIONS),
      engine->mem);
}

static peal_err mount(peal_engine *engine) {
  peal_http_mount options = {
      .path = engine->path,
      .on_request = peal_engine_request_plain,
      .on_upgrade = engine->transports & PEAL_TRANSPORT_WEBSOCKET
                        ? peal_engine_request_upgrade
                        : NULL,
      .worker_of = engine->worker_count > 1 ? peal_engine_request_worker : NULL,
      .user = engine};
  return peal_http_server_mount(engine->http, &options);
}

static peal_err set_up(peal_engine *engine) {
  peal_err err = set_path(engine);
  if (!err)
    err = peal_cors_new(&engine->cors, &engine->opts.cors, engine->mem);
  if (!err)
    err = set_quota(engine);
  if (!err)
    err = set_locals(engine);
  if (!err)
    err = mount(engine);
  if (!err)
    err = peal_workers_on_stop(engine->workers, on_stop, engine);
  if (!err)
    err = peal_hooks_on_end(engine->workers, on_end, engine);
  return err;
}

static void take_opts(peal_engine *engine,
                      const peal_engine_server_opts *opts) {
  engine->opts = *opts;
  engine->transports = opts->transports
                           ? opts->transports
                           : PEAL_TRANSPORT_POLLING | PEAL_TRANSPORT_WEBSOCKET;
  engine->max_payload = opts->max_payload_bytes ? opts->max_payload_bytes
                                                : PEAL_LIMIT_PAYLOAD_BYTES;
  engine->compress_threshold =
      opts->compress_threshold_bytes ? opts->compress_threshold_bytes : 1024;
  if (engine->compress_threshold == OFF)
    engine->compress_threshold = SIZE_MAX;
}

peal_err peal_engine_new(peal_engine **out, const peal_engine_server_opts *opts,
                         peal_http_server *http,
                         const peal_engine_callbacks *callbacks, void *user) {
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_engine *engine = peal_mem_zalloc(mem, sizeof *engine);
  *out = NULL;
  if (!engine)
    return PEAL_ERR_NOMEM;
  engine->callbacks = callbacks;
  engine->user = user;
  engine->mem = mem;
  engine->http = http;
  engine->ways[PEAL_EIO_POLLING] = &peal_transport_polling;
  engine->ways[PEAL_EIO_WEBSOCKET] = &peal_transport_websocket;
  engine->workers = peal_http_server_workers(http);
  engine->log = peal_http_server_logger(http);
  engine->worker_count = peal_workers_count(engine->workers);
  take_opts(engine, opts);
  peal_err err = set_up(engine);
  if (err)
    peal_engine_free(engine);
  else
    *out = engine;
  return err;
}

static void free_local(peal_engine *engine, peal_engine_local *local) {
  char *sid;
  uint32_t cursor = 0;
  if (!local)
    return;
  peal_wheel_stop(&local->worker->wheel, &local->parting.timer);
  peal_away_mute(local->away);
  /* Polling clients that did not come back for the end of their session. What
   * stood behind one may stand in its place now; a table that has shrunk is
   * another one. */
  while ((sid = peal_sid_table_next(&local->sessions, &cursor))) {
    uint32_t cap = local->sessions.cap;
    peal_engine_conn_abandon(conn_of(sid));
    cursor = local->sessions.cap == cap ? cursor - 1 : 0;
  }
  peal_away_free(local->away);
  peal_sid_table_deinit(&local->sessions);
  peal_head_pool_deinit(&local->heads);
  peal_ticket_pool_deinit(&local->allows);
  peal_ticket_pool_deinit(&local->nexts);
  peal_mem_free(engine->mem, local);
}

/* How a stop went. Those that nobody could tell any more come without a way to
 * hear it. */
static void tell_parting(const peal_engine *engine) {
  unsigned told = 0, undrained = 0;
  for (unsigned i = 0; engine->locals && i < engine->worker_count; i++) {
    const peal_engine_local *local = engine->locals[i];
    told += local ? local->parting.told : 0;
    undrained += local ? local->undrained : 0;
  }
  if (told)
    peal_logger_write(engine->log, PEAL_LOG_INFO, "engine", (peal_slice){0},
                      (peal_slice){0},
                      "stopped: %u clients were told, %u of them did not take "
                      "all that waited",
                      told, undrained);
}

void peal_engine_free(peal_engine *engine) {
  if (!engine)
    return;
  peal_worker_impl_forget(engine->workers, engine);
  tell_parting(engine);
  for (unsigned i = 0; engine->locals && i < engine->worker_count; i++)
    free_local(engine, engine->locals[i]);
  peal_engine_chain_free(engine, engine->uses);
  peal_engine_chain_free(engine, engine->errors);
  peal_quota_deinit(&engine->quota);
  peal_cors_free(engine->cors);
  peal_mem_free(engine->mem, engine->locals);
  peal_mem_free(engine->mem, engine->path);
  peal_mem_free(engine->mem, engine);
}

void peal_engine_set_stop(peal_engine *engine, uint32_t timeout_ms,
                          uint32_t spread_ms) {
  engine->spread_ms = spread_ms;
  peal_http_home_set_stop(engine->http, timeout_ms, spread_ms);
}

void peal_engine_set_client_files(peal_engine *engine, peal_http_req_fn fn,
                                  void *user) {
  engine->serve_client = fn;
  engine->serve_client_user = user;
}

peal_account_worker *peal_engine_account(peal_http_server *http,
                                         const peal_worker *worker) {
  return peal_http_server_account(http, worker);
}

peal_logger *peal_engine_logger(const peal_engine *engine) {
  return engine->log;
}

const peal_engine_stats *peal_engine_stats_of(const peal_engine *engine,
                                              unsigned worker) {
  return &engine->locals[worker]->stats;
}
