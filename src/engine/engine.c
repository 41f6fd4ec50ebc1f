/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "engine/engine_conn.h"
#include "engine/engine_request.h"
#include "http/http_upgrade.h"
#include "net/crypto.h"

peal_engine_local *peal_engine_local_of(peal_engine *engine,
                                        const peal_worker *worker) {
  return &engine->locals[peal_worker_index(worker)];
}

/* -- the run ------------------------------------------------------------------------ */

static void close_all(peal_worker *worker, peal_engine *engine) {
  peal_engine_local *local = peal_engine_local_of(engine, worker);
  uint32_t cursor = 0;
  peal_engine_conn *conn;
  /* None is added while the worker stops. */
  while ((conn = peal_map_next(&local->sessions, &cursor)))
    peal_engine_conn_close(conn, false, PEAL_ERR_CANCELLED);
}

static void on_stop(peal_worker *worker, void *user) {
  peal_engine *engine = user;
  peal_engine_local_of(engine, worker)->stopping = true;
  engine->callbacks->on_stop(worker, engine->user);
  close_all(worker, engine);
}

/* -- setting up ---------------------------------------------------------------------- */

static peal_err set_path(peal_engine *engine) {
  const char *path = engine->opts->path ? engine->opts->path : "/socket.io";
  peal_slice text = peal_slice_of(path);
  /* reference 1.1: one trailing slash is stripped, then one appended. */
  if (text.len && text.ptr[text.len - 1] == '/')
    text.len--;
  peal_buf buf;
  peal_buf_init(&buf, engine->mem, 0);
  if (!text.len || text.ptr[0] != '/')
    peal_buf_add_char(&buf, '/');
  peal_buf_add(&buf, text);
  if (!engine->opts->no_trailing_slash)
    peal_buf_add_char(&buf, '/');
  if (!buf.err)
    engine->path = peal_mem_str(engine->mem, peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
  return engine->path ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void set_session_opts(peal_engine *engine, peal_worker *worker,
                             peal_eio_session_opts *out) {
  const peal_server_opts *opts = engine->opts;
  *out = (peal_eio_session_opts){
      .ping_interval_ms = opts->ping_interval_ms,
      .ping_timeout_ms = opts->ping_timeout_ms,
      .upgrade_timeout_ms = opts->upgrade_timeout_ms,
      .max_payload_bytes = engine->max_payload,
      .max_queue_bytes = opts->max_queue_bytes,
      .max_queue_soft_bytes = opts->max_queue_soft_bytes,
      /* Closing is the engine's: at the end of the turn. */
      .policy = opts->queue_policy == PEAL_QUEUE_DROP_OLDEST
                    ? PEAL_EIO_POLICY_DROP_OLDEST
                    : PEAL_EIO_POLICY_DROP_NEWEST,
      .no_upgrades =
          opts->no_upgrades || !(engine->transports & PEAL_TRANSPORT_WEBSOCKET),
      .mem = worker->mem};
}

static peal_err set_locals(peal_engine *engine) {
  unsigned count = engine->worker_count;
  engine->locals = peal_mem_zalloc(engine->mem, count * sizeof *engine->locals);
  engine->session_opts =
      peal_mem_zalloc(engine->mem, count * sizeof *engine->session_opts);
  if (!engine->locals || !engine->session_opts)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < count; i++) {
    peal_engine_local *local = &engine->locals[i];
    uint32_t seed;
    if (peal_crypto_random(&seed, sizeof seed))
      return PEAL_ERR_SYSTEM;
    local->worker = peal_workers_get(engine->workers, i);
    peal_map_init(&local->sessions, local->worker->mem, seed);
    peal_account_worker_init(&local->account, &engine->account);
    set_session_opts(engine, local->worker, &engine->session_opts[i]);
  }
  return PEAL_OK;
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
    err = peal_cors_new(&engine->cors, &engine->opts->cors, engine->mem);
  if (!err)
    err = set_locals(engine);
  if (!err)
    err = mount(engine);
  if (!err)
    err = peal_workers_on_stop(engine->workers, on_stop, engine);
  return err;
}

peal_err peal_engine_new(peal_engine **out, const peal_server_opts *opts,
                         peal_http_server *http,
                         const peal_engine_callbacks *callbacks, void *user) {
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_engine *engine = peal_mem_zalloc(mem, sizeof *engine);
  *out = NULL;
  if (!engine)
    return PEAL_ERR_NOMEM;
  engine->opts = opts;
  engine->callbacks = callbacks;
  engine->user = user;
  engine->mem = mem;
  engine->http = http;
  engine->workers = peal_http_server_workers(http);
  engine->log = peal_http_server_logger(http);
  engine->worker_count = peal_workers_count(engine->workers);
  engine->transports = opts->transports
                           ? opts->transports
                           : PEAL_TRANSPORT_POLLING | PEAL_TRANSPORT_WEBSOCKET;
  engine->max_payload = opts->max_payload_bytes ? opts->max_payload_bytes
                                                : PEAL_LIMIT_PAYLOAD_BYTES;
  engine->compress_threshold =
      opts->compress_threshold_bytes ? opts->compress_threshold_bytes : 1024;
  if (engine->compress_threshold == PEAL_OFF)
    engine->compress_threshold = SIZE_MAX;
  peal_account_server_init(&engine->account, 0);
  peal_err err = set_up(engine);
  if (err)
    peal_engine_free(engine);
  else
    *out = engine;
  return err;
}

static void free_local(peal_engine_local *local) {
  if (!local->worker)
    return;
  /* Polling clients that did not come back for the end of their session. */
  uint32_t cursor = 0;
  peal_engine_conn *conn;
  while ((conn = peal_map_next(&local->sessions, &cursor)))
    peal_engine_conn_abandon(conn);
  peal_map_deinit(&local->sessions);
  peal_account_worker_deinit(&local->account);
}

void peal_engine_free(peal_engine *engine) {
  if (!engine)
    return;
  peal_worker_impl_forget(engine->workers, engine);
  for (unsigned i = 0; engine->locals && i < engine->worker_count; i++)
    free_local(&engine->locals[i]);
  peal_cors_free(engine->cors);
  peal_mem_free(engine->mem, engine->locals);
  peal_mem_free(engine->mem, engine->session_opts);
  peal_mem_free(engine->mem, engine->path);
  peal_mem_free(engine->mem, engine);
}

void peal_engine_set_client_files(peal_engine *engine, peal_http_req_fn fn,
                                  void *user) {
  engine->serve_client = fn;
  engine->serve_client_user = user;
}
