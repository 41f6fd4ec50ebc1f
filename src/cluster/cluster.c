/* SPDX-License-Identifier: MIT */
/* cluster: a server's place in its cluster: options, life, the connection's
 * fate. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/reserved.h"
#include "cluster/cluster_act.h"
#include "cluster/cluster_away.h"
#include "cluster/cluster_far.h"
#include "cluster/cluster_feed.h"
#include "cluster/cluster_kept.h"
#include "cluster/cluster_moves.h"
#include "cluster/cluster_pump.h"
#include "cluster/cluster_queue.h"
#include "cluster/cluster_sessions.h"
#include "cluster/cluster_streams.h"
#include "cluster/cluster_verbs.h"
#include "net/crypto.h"
#include "net/hooks.h"
#include "net/worker_impl.h"
#include "server/nsp_table.h"
#include "wire/redis_url.h"

static void log_line(const peal_cluster *cluster, peal_log_level level,
                     const char *what, const char *why) {
  peal_logger_write(cluster->server->log, level, "cluster", (peal_slice){0},
                    (peal_slice){0}, "%s%s%s", what, *why ? ": " : "", why);
}

/* -- the connection -------------------------------------------------------------------------- */

static void set_state(peal_cluster *cluster, peal_cluster_state state) {
  atomic_store_explicit(&cluster->counts.state, state, memory_order_relaxed);
}

/* Of an outage the way to Redis has its line in the log. */
static void on_state(peal_redis *redis, bool up, const char *words,
                     void *user) {
  peal_cluster *cluster = user;
  uint64_t now = peal_cluster_now(cluster);
  (void)words;
  set_state(cluster, up ? PEAL_CLUSTER_UP : PEAL_CLUSTER_DOWN);
  cluster->is_up = up;
  if (up)
    peal_cluster_queue_up(cluster);
  if (up && cluster->was_up)
    peal_cluster_count(&cluster->counts.reconnects);
  cluster->was_up = cluster->was_up || up;
  if (up)
    log_line(cluster, PEAL_LOG_INFO, "in the cluster", peal_redis_place(redis));
  (void)pthread_mutex_lock(&cluster->lock);
  if (up)
    peal_cluster_machine_up(&cluster->machine, now);
  else
    peal_cluster_machine_down(&cluster->machine, now);
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
  peal_cluster_away_state(cluster, up);
  if (up)
    peal_cluster_sessions_up(cluster);
  else
    peal_cluster_streams_stored(cluster, 0, PEAL_ERR_CLOSED, (peal_slice){0});
}

static void on_timer(peal_timer *timer, void *user) {
  peal_cluster *cluster = user;
  (void)timer;
  (void)pthread_mutex_lock(&cluster->lock);
  peal_cluster_machine_tick(&cluster->machine, peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
}

static peal_err connect_redis(peal_cluster *cluster, char *why) {
  const peal_cluster_opts *opts = &cluster->opts;
  const peal_client_tls tls = {.ca_file = opts->ca_file,
                               .insecure_no_verify = opts->tls_insecure};
  const peal_redis_opts redis = {
      .url = opts->url,
      .name = "peal",
      .tls = opts->ca_file || opts->tls_insecure ? &tls : NULL,
      .sharded = opts->mode == PEAL_CLUSTER_SHARDED && !opts->no_node,
      .max_reply_bytes = opts->max_message_bytes,
      .on_message = peal_cluster_feed_message,
      .on_state = on_state,
      .user = cluster};
  return peal_redis_new(&cluster->redis, cluster->worker, &redis, why);
}

/* -- the beginning ---------------------------------------------------------------------------- */

static void add_namespace(const peal_nsp *nsp, void *with) {
  peal_cluster *cluster = with;
  peal_slice name = {nsp->name, nsp->name_len};
  if (peal_cluster_machine_nsp(&cluster->machine, name))
    log_line(cluster, PEAL_LOG_ERROR, "a namespace stays local", nsp->name);
}

/* Those that come later are told by the adapter's verb. */
static void add_namespaces(peal_cluster *cluster) {
  (void)pthread_mutex_lock(&cluster->lock);
  peal_nsp_table_each(cluster->server, add_namespace, cluster);
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
}

static void on_start(peal_worker *worker, void *user) {
  peal_cluster *cluster = user;
  char why[PEAL_REDIS_TEXT] = "";
  (void)worker;
  peal_err err = connect_redis(cluster, why);
  if (!err) {
    add_namespaces(cluster);
    peal_cluster_away_start(cluster);
    return;
  }
  log_line(cluster, PEAL_LOG_ERROR, "there is no way into the cluster",
           *why ? why : peal_err_message(err));
}

/* -- the end -------------------------------------------------------------------------------- */

/* Nobody is left whose going would be told to others, or they take too long. */
static bool is_quiet(peal_cluster *cluster) {
  peal_server_stats stats;
  peal_server_stats_get(cluster->server, &stats);
  return ++cluster->stop_turns > PEAL_CLUSTER_STOP_STEPS ||
         (stats.clients == 0 && cluster->stop_turns > 1);
}

static void leave(peal_cluster *cluster) {
  (void)pthread_mutex_lock(&cluster->lock);
  peal_cluster_machine_leave(&cluster->machine, peal_cluster_now(cluster));
  (void)pthread_mutex_unlock(&cluster->lock);
  peal_cluster_pump(cluster);
}

static void on_stop_timer(peal_timer *timer, void *user) {
  peal_cluster *cluster = user;
  if (!is_quiet(cluster))
    return;
  peal_timer_stop(timer);
  leave(cluster);
}

static void on_stop(peal_worker *worker, void *user) {
  peal_cluster *cluster = user;
  (void)worker;
  if (cluster->has_machine)
    peal_timer_start(cluster->stop_timer, 0, PEAL_CLUSTER_STOP_STEP_MS);
}

/* -- options -------------------------------------------------------------------------------- */

static const char *keep_text(peal_cluster *cluster, const char *text,
                             const char *otherwise, bool *ok) {
  text = text ? text : otherwise;
  if (!text)
    return NULL;
  const char *copy = peal_arena_str(&cluster->strings, peal_slice_of(text));
  *ok = *ok && copy;
  return copy;
}

static const char *url_of(const peal_cluster_opts *opts) {
  const char *url = opts->url ? opts->url : getenv("PEAL_REDIS_URL");
  return url && *url ? url : NULL;
}

static const char *wrong_url(const peal_cluster_opts *opts) {
  const char *url = url_of(opts);
  peal_redis_url *parsed = url ? malloc(sizeof *parsed) : NULL;
  if (!parsed)
    return NULL;
  const char *why = peal_redis_url_parse(parsed, peal_slice_of(url));
  free(parsed);
  return why;
}

static const char *wrong(const peal_cluster_opts *opts) {
  if (!PEAL_RESERVED_IS_KNOWN(opts))
    return "an option that this library does not know";
  if (opts->no_node && !opts->python)
    return "no_node without python: there is nobody to talk to";
  if (opts->relay && (opts->no_node || !opts->python))
    return "relay needs both dialects";
  /* What is told to a room of nobody here would not come to be relayed. */
  if (opts->relay && opts->mode == PEAL_CLUSTER_SHARDED &&
      opts->subscriptions != PEAL_CLUSTER_STATIC)
    return "relay hears no channels of rooms: it needs static subscriptions";
  if (opts->stream_count > PEAL_CLUSTER_STREAMS_MAX)
    return "stream_count is too large";
  return wrong_url(opts);
}

static peal_err keep_opts(peal_cluster *cluster,
                          const peal_cluster_opts *opts) {
  bool ok = true;
  peal_cluster_opts *own = &cluster->opts;
  *own = *opts;
  own->url = keep_text(cluster, url_of(opts), NULL, &ok);
  own->prefix = keep_text(cluster, opts->prefix, "socket.io", &ok);
  own->stream = keep_text(cluster, opts->stream, "socket.io", &ok);
  own->python_channels =
      keep_text(cluster, opts->python_channels, "flask-socketio,socketio", &ok);
  own->ca_file = keep_text(cluster, opts->ca_file, NULL, &ok);
  cluster->prefix = peal_slice_of(own->prefix);
  peal_buf_reset(&cluster->channel);
  peal_buf_add(&cluster->channel, cluster->prefix);
  peal_buf_add(&cluster->channel, PEAL_S("-peal#"));
  char *name =
      peal_arena_str(&cluster->strings, peal_buf_slice(&cluster->channel));
  cluster->peal_channel = (peal_slice){name, cluster->channel.len};
  return ok && name && !cluster->channel.err ? PEAL_OK : PEAL_ERR_NOMEM;
}

static peal_err set_machine(peal_cluster *cluster) {
  const peal_cluster_opts *opts = &cluster->opts;
  uint64_t seed, uid;
  peal_err err = peal_crypto_random(&seed, sizeof seed);
  if (!err)
    err = peal_crypto_random(&uid, sizeof uid);
  if (err)
    return err;
  peal_hex_put(cluster->id, &uid, sizeof uid);
  bool sharded = opts->mode == PEAL_CLUSTER_SHARDED;
  const peal_cluster_machine_opts machine = {
      .uid = peal_slice_of(cluster->id),
      .node = !opts->no_node,
      .python = opts->python,
      .relay = opts->relay,
      .streams = opts->mode == PEAL_CLUSTER_STREAMS && !opts->no_node,
      .dynamic = sharded && opts->subscriptions != PEAL_CLUSTER_STATIC,
      .private_too =
          sharded && opts->subscriptions == PEAL_CLUSTER_DYNAMIC_PRIVATE,
      .streams_count = opts->stream_count,
      .request_ms = opts->request_timeout_ms,
      .heartbeat_ms = opts->heartbeat_ms,
      .silence_ms = opts->silence_ms,
      .max_log_bytes = opts->queue_bytes,
      .keep = opts->queue_bytes > 0,
      .mem = peal_cluster_mem(cluster)};
  return peal_cluster_machine_init(&cluster->machine, &machine, seed,
                                   peal_cluster_now(cluster));
}

/* -- life ----------------------------------------------------------------------------------- */

static void set_empty(peal_cluster *cluster, peal_server *server) {
  atomic_init(&cluster->refs, 1);
  atomic_init(&cluster->is_over, false);
  cluster->server = server;
  cluster->act = peal_cluster_act;
  cluster->worker = peal_workers_get(server->workers, 0);
  peal_arena_init(&cluster->strings, server->mem, 512, 0);
  peal_arena_init(&cluster->decoded, server->mem, 0, 0);
  peal_arena_init(&cluster->told, server->mem, 0, 0);
  peal_buf_init(&cluster->channel, server->mem, 0);
  peal_buf_init(&cluster->payload, server->mem, 0);
  peal_map_init(&cluster->kept, server->mem, server->seed);
  peal_map_init(&cluster->rooms, server->mem, server->seed);
  peal_list_init(&cluster->kept_all);
  peal_list_init(&cluster->answers);
  peal_list_init(&cluster->fars);
  peal_list_init(&cluster->stored);
  peal_list_init(&cluster->queue);
  peal_list_init(&cluster->pausing);
  (void)pthread_mutex_init(&cluster->lock, NULL);
}

/* A node that looks for others. */
static peal_err set_up(peal_cluster *cluster) {
  peal_err err = set_machine(cluster);
  cluster->has_machine = !err;
  if (!err)
    err = peal_cluster_moves_init(cluster);
  cluster->timer = peal_timer_new(cluster->worker, on_timer, cluster);
  cluster->stop_timer = peal_timer_new(cluster->worker, on_stop_timer, cluster);
  if (!err && (!cluster->timer || !cluster->stop_timer))
    err = PEAL_ERR_NOMEM;
  if (!err)
    err = peal_hooks_on_start(cluster->worker, on_start, cluster);
  if (!err)
    err = peal_hooks_on_stop(cluster->worker, on_stop, cluster);
  if (err)
    return err;
  set_state(cluster, PEAL_CLUSTER_DOWN);
  cluster->adapter.verbs = &peal_cluster_verbs;
  cluster->adapter.orders = cluster->machine.opts.streams;
  cluster->server->adapter = &cluster->adapter;
  err = peal_cluster_away_init(cluster);
  return err ? err : peal_cluster_sessions_init(cluster);
}

peal_cluster *peal_cluster_new(peal_server *server,
                               const peal_cluster_opts *opts) {
  static const peal_cluster_opts defaults;
  opts = opts ? opts : &defaults;
  if (!server)
    return NULL;
  const char *why = wrong(opts);
  if (server->adapter)
    why = "the server is in a cluster already";
  if (atomic_load_explicit(&server->running, memory_order_relaxed))
    why = "the server runs already";
  peal_cluster *cluster =
      why ? NULL : peal_mem_zalloc(server->mem, sizeof *cluster);
  peal_err err = cluster ? PEAL_OK : PEAL_ERR_NOMEM;
  if (cluster) {
    set_empty(cluster, server);
    err = keep_opts(cluster, opts);
    if (!err && cluster->opts.url)
      err = set_up(cluster);
  }
  if (!err)
    return cluster;
  peal_logger_write(server->log, PEAL_LOG_ERROR, "cluster", (peal_slice){0},
                    (peal_slice){0}, "there is no cluster: %s",
                    why ? why : peal_err_message(err));
  peal_cluster_free(cluster);
  return NULL;
}

static void free_parts(peal_cluster *cluster) {
  peal_redis_free(cluster->redis);
  cluster->redis = NULL;
  peal_cluster_away_deinit(cluster);
  peal_cluster_streams_stored(cluster, 0, PEAL_ERR_CLOSED, (peal_slice){0});
  peal_cluster_streams_drop(cluster);
  peal_cluster_sessions_deinit(cluster);
  peal_cluster_far_drop(cluster);
  peal_cluster_queue_drop(cluster);
  peal_cluster_pump_drop(cluster);
  peal_cluster_kept_drop(cluster);
  peal_cluster_moves_deinit(cluster);
  if (cluster->has_machine)
    peal_cluster_machine_deinit(&cluster->machine);
  peal_timer_free(cluster->timer);
  peal_timer_free(cluster->stop_timer);
  peal_buf_deinit(&cluster->channel);
  peal_buf_deinit(&cluster->payload);
  peal_map_deinit(&cluster->kept);
  peal_arena_deinit(&cluster->decoded);
  peal_arena_deinit(&cluster->told);
  peal_arena_deinit(&cluster->strings);
  (void)pthread_mutex_destroy(&cluster->lock);
}

void peal_cluster_free(peal_cluster *cluster) {
  if (!cluster)
    return;
  peal_server *server = cluster->server;
  if (server->adapter == &cluster->adapter)
    server->adapter = NULL;
  peal_worker_impl_forget(server->workers, cluster);
  atomic_store_explicit(&cluster->is_over, true, memory_order_relaxed);
  free_parts(cluster);
  peal_cluster_unref(cluster);
}
