/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_sessions.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/cluster_missed.h"
#include "cluster/cluster_session.h"
#include "cluster/cluster_sessions_impl.h"
#include "cluster/cluster_take.h"
#include "net/worker_impl.h"
#include "proto/cluster_places.h"
#include "proto/proto_limits.h"
#include "server/nsp_life.h"
#include "server/recovery.h"
#include "server/server_limits.h"
#include "wire/base64.h"

static peal_cluster_sessions *of(peal_recovery_store *store) {
  return (peal_cluster_sessions *)store;
}

/* -- keeping one --------------------------------------------------------------------- */

typedef struct saving {
  peal_cluster_sessions *sessions;
  peal_recovery_session *session;
} saving;

/* Redis is away: it waits here, until its time is over; one that is connected is
 * saved anew. */
static void wait_here(peal_cluster_sessions *it,
                      peal_recovery_session *session) {
  if (session->is_live || session->is_over)
    peal_recovery_sessions_drop(&it->store.sessions, session);
  else
    peal_recovery_sessions_save(&it->store.sessions, session);
}

static void on_saved(peal_redis *redis, peal_err err,
                     const peal_redis_reply *reply, void *user) {
  saving one = *(saving *)user;
  (void)redis;
  (void)reply;
  peal_mem_free(peal_cluster_mem(one.sessions->cluster), user);
  if (err == PEAL_ERR_CLOSED || err == PEAL_ERR_TIMEOUT)
    wait_here(one.sessions, one.session);
  else
    peal_recovery_sessions_drop(&one.sessions->store.sessions, one.session);
}

/* One that is connected is saved again before that. */
static uint64_t left_of(const peal_cluster_sessions *it,
                        const peal_recovery_session *session) {
  uint64_t now = peal_recovery_now_ms();
  uint64_t end = session->left_ms + it->store.sessions.window_ms +
                 (session->is_live ? it->store.live_ms : 0);
  return end > now ? end - now : 0;
}

static peal_err forget(peal_cluster_sessions *it, saving *one) {
  peal_cluster *cluster = it->cluster;
  peal_slice key =
      peal_cluster_session_key(cluster, peal_slice_of(one->session->pid));
  const peal_slice argv[] = {PEAL_S("DEL"), key};
  return peal_redis_command(cluster->redis, key, argv, 2, on_saved, one);
}

static peal_err set(peal_cluster_sessions *it, saving *one) {
  peal_cluster *cluster = it->cluster;
  peal_buf text;
  char ms[24];
  uint64_t left_ms = left_of(it, one->session);
  peal_arena_reset(&cluster->decoded);
  peal_err err = peal_cluster_session_encode(&cluster->payload, one->session,
                                             &cluster->decoded);
  if (err || !left_ms)
    return err ? err : PEAL_ERR_OPTION;
  peal_buf_init(&text, peal_cluster_mem(cluster), 0);
  peal_base64_encode(&text, peal_buf_slice(&cluster->payload));
  (void)snprintf(ms, sizeof ms, "%llu", (unsigned long long)left_ms);
  peal_slice key =
      peal_cluster_session_key(cluster, peal_slice_of(one->session->pid));
  const peal_slice argv[] = {PEAL_S("SET"),         key,
                             peal_buf_slice(&text), PEAL_S("PX"),
                             peal_slice_of(ms),     PEAL_S("XX")};
  /* Whoever has taken it meanwhile is somewhere else. */
  size_t argc = one->session->is_live && !one->session->is_first ? 6 : 5;
  err = text.err ? text.err
                 : peal_redis_command(cluster->redis, key, argv, argc, on_saved,
                                      one);
  peal_buf_deinit(&text);
  return err;
}

static void save_now(peal_cluster_sessions *it,
                     peal_recovery_session *session) {
  const peal_mem *mem = peal_cluster_mem(it->cluster);
  saving *one = it->cluster->redis ? peal_mem_alloc(mem, sizeof *one) : NULL;
  if (!one) {
    wait_here(it, session);
    return;
  }
  *one = (saving){it, session};
  peal_err err = session->is_over ? forget(it, one) : set(it, one);
  if (!err)
    return;
  peal_mem_free(mem, one);
  if (err == PEAL_ERR_CLOSED || err == PEAL_ERR_QUEUE_FULL)
    wait_here(it, session);
  else
    peal_recovery_sessions_drop(&it->store.sessions, session);
}

void peal_cluster_sessions_up(peal_cluster *cluster) {
  peal_cluster_sessions *it = cluster->sessions;
  if (!it)
    return;
  for (unsigned i = 0; i < cluster->server->worker_count; i++)
    peal_live_sessions_again(&cluster->server->locals[i].live);
  peal_list waiting;
  peal_list_init(&waiting);
  peal_list_move(&waiting, &it->store.sessions.oldest);
  while (!peal_list_is_empty(&waiting)) {
    peal_recovery_session *session =
        PEAL_LIST_OF(waiting.next, peal_recovery_session, node);
    peal_recovery_sessions_take(&it->store.sessions, session);
    save_now(it, session);
  }
}

/* -- the ways to worker 0 ------------------------------------------------------------- */

typedef struct save_mail {
  peal_mail mail;
  peal_cluster_sessions *sessions;
  peal_recovery_session *session;
} save_mail;

/* A stream that this socket has had nothing of: from where it was read first. */
static void complete(peal_cluster_sessions *it,
                     peal_recovery_session *session) {
  peal_cluster *cluster = it->cluster;
  const peal_nsp *nsp = session->scope;
  unsigned stream = peal_cluster_places_stream(
      &cluster->machine, (peal_slice){nsp->name, nsp->name_len});
  if (!session->since[0])
    memcpy(session->since, cluster->begins[stream], sizeof session->since);
}

static void on_save(peal_worker *worker, peal_mail *mail) {
  save_mail it = *(save_mail *)mail;
  (void)worker;
  peal_mem_free(peal_cluster_mem(it.sessions->cluster), mail);
  complete(it.sessions, it.session);
  save_now(it.sessions, it.session);
}

static void save(peal_recovery_store *store, peal_recovery_session *session) {
  peal_cluster_sessions *it = of(store);
  save_mail *mail = peal_mem_alloc(peal_cluster_mem(it->cluster), sizeof *mail);
  if (!mail) {
    peal_recovery_sessions_drop(&store->sessions, session);
    return;
  }
  *mail = (save_mail){{NULL, on_save}, it, session};
  peal_worker_impl_send(it->cluster->worker, &mail->mail);
}

static peal_err take(peal_recovery_store *store, const peal_nsp *nsp,
                     peal_slice pid, peal_slice offset,
                     peal_recovery_asker *asker) {
  return peal_cluster_take_begin(of(store), nsp, pid, offset, asker);
}

static const peal_recovery_store_verbs verbs = {.save = save, .take = take};

/* -- events ------------------------------------------------------------------------------- */

peal_message *peal_cluster_sessions_stamp(const peal_cluster *cluster,
                                          const peal_op *op,
                                          peal_slice offset) {
  if (!cluster->sessions || !offset.len || op->kind != PEAL_OP_EMIT ||
      op->to.is_volatile || offset.len >= PEAL_RECOVERY_STORE_OFFSET)
    return NULL;
  return peal_recovery_store_stamp(cluster->server, op->message, offset);
}

/* -- life --------------------------------------------------------------------------------- */

peal_err peal_cluster_sessions_init(peal_cluster *cluster) {
  peal_server *server = cluster->server;
  const peal_server_opts *opts = &server->opts;
  const peal_recovery_opts *own = &opts->recovery;
  size_t queue =
      opts->max_queue_bytes ? opts->max_queue_bytes : PEAL_LIMIT_QUEUE_BYTES;
  if (!own->window_ms || !cluster->adapter.orders)
    return PEAL_OK;
  peal_cluster_sessions *it = peal_mem_zalloc(server->mem, sizeof *it);
  if (!it)
    return PEAL_ERR_NOMEM;
  it->cluster = cluster;
  it->page = PEAL_CLUSTER_PAGE_MAX;
  it->store.verbs = &verbs;
  it->store.run_middlewares = own->run_middlewares;
  it->store.max_missed_bytes = queue / 2;
  it->store.live_ms = own->window_ms / 3 + 1;
  peal_recovery_sessions_init(
      &it->store.sessions, server->mem, server->load.account,
      own->max_bytes ? own->max_bytes : PEAL_LIMIT_RECOVERY_BYTES,
      own->window_ms, server->seed);
  it->store.sessions.let_go = peal_nsp_life_let_go;
  peal_list_init(&it->asking);
  cluster->sessions = it;
  peal_recovery_free(server->recovery, server->mem);
  server->recovery = NULL;
  server->store = &it->store;
  return PEAL_OK;
}

void peal_cluster_sessions_deinit(peal_cluster *cluster) {
  peal_cluster_sessions *it = cluster->sessions;
  if (!it)
    return;
  cluster->server->store = NULL;
  peal_cluster_take_drop(it);
  peal_recovery_sessions_deinit(&it->store.sessions);
  peal_mem_free(peal_cluster_mem(cluster), it);
  cluster->sessions = NULL;
}
