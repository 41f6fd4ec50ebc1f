/* SPDX-License-Identifier: MIT */
/* engine_server: a raw server: its options, its life, what goes to all its
 * clients, its figures. */
#include "base/mem.h"
#include "engine/engine_client.h"
#include "engine/engine_error.h"
#include "engine/engine_limits.h"
#include "engine/engine_op.h"
#include "engine/engine_opts.h"
#include "engine/engine_server_impl.h"
#include "engine/engine_use.h"
#include "net/crypto.h"
#include "net/run.h"

/* -- life ------------------------------------------------------------------ */

static peal_err set_homes(peal_engine_server *server) {
  server->homes = peal_mem_zalloc(server->mem,
                                  server->worker_count * sizeof *server->homes);
  if (!server->homes)
    return PEAL_ERR_NOMEM;
  for (unsigned i = 0; i < server->worker_count; i++)
    peal_list_init(&server->homes[i].clients);
  return PEAL_OK;
}

static peal_err set_up(peal_engine_server *server) {
  peal_engine_server_opts *opts = &server->opts;
  peal_err err = peal_engine_opts_keep(opts, &server->strings);
  if (!err)
    err = peal_engine_opts_http(opts, &server->http);
  if (err)
    return err;
  server->owns_http = !opts->http;
  server->workers = peal_http_server_workers(server->http);
  server->worker_count = peal_workers_count(server->workers);
  server->account =
      peal_engine_account(server->http, peal_workers_get(server->workers, 0))
          ->server;
  peal_op_load_init(&server->load, server->account);
  err = peal_crypto_random(&server->key_seed, sizeof server->key_seed);
  if (!err)
    err = set_homes(server);
  return err ? err
             : peal_engine_new(&server->engine, opts, server->http,
                               &peal_engine_client_callbacks, server);
}

static peal_engine_server *make(const peal_engine_server_opts *opts) {
  const peal_mem *mem = peal_mem_or_libc(opts->mem);
  peal_engine_server *server = peal_mem_zalloc(mem, sizeof *server);
  if (!server)
    return NULL;
  server->mem = mem;
  server->opts = *opts;
  if (!opts->path)
    server->opts.path = "/engine.io";
  peal_arena_init(&server->strings, mem, 256, 0);
  return server;
}

peal_engine_server *peal_engine_server_new(
    const peal_engine_server_opts *opts) {
  static const peal_engine_server_opts defaults;
  if (!opts)
    opts = &defaults;
  const char *wrong = peal_engine_opts_wrong(opts);
  peal_engine_server *server = wrong ? NULL : make(opts);
  if (!server) {
    peal_engine_opts_report(opts, NULL,
                            wrong ? wrong : peal_err_message(PEAL_ERR_NOMEM));
    return NULL;
  }
  peal_err err = set_up(server);
  if (!err)
    return server;
  /* The HTTP server has said itself why it could not listen. */
  if (server->http || err == PEAL_ERR_NOMEM)
    peal_engine_opts_report(opts, NULL, peal_err_message(err));
  peal_engine_server_free(server);
  return NULL;
}

int peal_engine_server_run(peal_engine_server *server) {
  return server ? peal_http_server_run(server->http) : 1;
}

void peal_engine_server_stop(peal_engine_server *server) {
  if (server)
    peal_workers_stop(server->workers, PEAL_LIMIT_STOP_GRACE_MS);
}

void peal_engine_server_free(peal_engine_server *server) {
  if (!server)
    return;
  const peal_mem *mem = server->mem;
  /* What was asked for before a run that never came is in the workers' mail. */
  if (server->workers && server->owns_http)
    peal_run_end(server->workers);
  peal_engine_free(server->engine);
  peal_mem_free(mem, server->homes);
  if (server->owns_http)
    peal_http_server_free(server->http);
  peal_arena_deinit(&server->strings);
  peal_mem_free(mem, server);
}

peal_err peal_engine_server_use(peal_engine_server *server,
                                peal_engine_use_fn fn, void *user) {
  return server ? peal_engine_use_add(server->engine, fn, user)
                : PEAL_ERR_USAGE;
}

peal_err peal_engine_server_on_connection_error(peal_engine_server *server,
                                                peal_connection_error_fn fn,
                                                void *user) {
  return server ? peal_engine_error_add(server->engine, fn, user)
                : PEAL_ERR_USAGE;
}

peal_http_server *peal_engine_server_http(peal_engine_server *server) {
  return server ? server->http : NULL;
}

peal_workers *peal_engine_server_workers(peal_engine_server *server) {
  return server ? server->workers : NULL;
}

/* -- all clients ----------------------------------------------------------- */

/* One copy: on the only worker it stays there, otherwise it crosses. */
static peal_err send_all(peal_engine_server *server, peal_worker *self,
                         const peal_engine_op *op) {
  peal_err err = PEAL_OK;
  if (!self || server->worker_count > 1)
    err = peal_engine_op_post(server, op, 0, server->worker_count, self);
  if (!err && self)
    err = peal_engine_op_run(server, self, op);
  return err;
}

peal_err peal_engine_server_send(peal_engine_server *server, peal_slice data,
                                 bool binary, const peal_engine_how *how) {
  peal_engine_op op = {.kind = PEAL_ENGINE_OP_SEND_ALL};
  if (!server)
    return PEAL_ERR_USAGE;
  peal_worker *self = peal_engine_server_self(server);
  bool stays = self && server->worker_count == 1;
  bool is_anybody_there = peal_run_has_begun(server->workers);
  peal_err err = peal_engine_outgoing_make(
      &op.outgoing, server, stays ? self : NULL, data, binary, how);
  if (err || !is_anybody_there) {
    peal_engine_outgoing_release(&op.outgoing);
    return err;
  }
  /* A reference of our own: the round may be over before we are. */
  peal_message *message = peal_message_ref(op.outgoing.item.message);
  err = send_all(server, self, &op);
  peal_message_unref(message);
  if (err || stays) /* otherwise it was taken */
    peal_message_unref(message);
  return err;
}

void peal_engine_server_each(peal_engine_server *server, peal_engine_open_fn fn,
                             void *user) {
  const peal_worker *self = server ? peal_engine_server_self(server) : NULL;
  if (!self || !fn)
    return;
  const peal_list *head = &peal_engine_home_of(server, self)->clients;
  for (peal_list *node = head->next; node != head; node = node->next)
    fn(PEAL_LIST_OF(node, peal_engine_client, node), user);
}

/* -- figures --------------------------------------------------------------- */

static uint64_t get(const _Atomic uint64_t *figure) {
  return atomic_load_explicit(figure, memory_order_relaxed);
}

void peal_engine_server_stats_get(peal_engine_server *server,
                                  peal_engine_server_stats *out) {
  if (!out)
    return;
  *out = (peal_engine_server_stats){0};
  for (unsigned i = 0; server && i < server->worker_count; i++) {
    const peal_engine_home *home = &server->homes[i];
    const peal_engine_stats *of = peal_engine_stats_of(server->engine, i);
    out->clients += get(&of->clients);
    out->clients_polling += get(&of->clients_polling);
    out->sessions_total += get(&of->sessions_total);
    out->errors_peer += get(&of->errors_peer);
    out->messages_in += get(&home->messages_in);
    out->messages_out += get(&home->messages_out);
    out->bytes_in += get(&home->bytes_in);
    out->bytes_out += get(&home->bytes_out);
    out->queue_full += get(&home->queue_full);
  }
  if (server)
    out->queue_full += get(&server->load.refused);
}
