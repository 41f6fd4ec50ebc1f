/* SPDX-License-Identifier: MIT */
#include "cluster/redis.h"

#include <stdio.h>

#include "base/mem.h"
#include "cluster/cluster_limits.h"
#include "cluster/redis_count.h"
#include "cluster/redis_route.h"
#include "cluster/redis_tell.h"
#include "net/crypto.h"

#define CONNECT_MS 5000u
#define IDLE_MS 5000u
#define RETRY_MIN_MS 1000u
#define RETRY_MAX_MS 5000u

/* -- what happens below ---------------------------------------------------- */

/* What was at a server that is away may be at another now. */
static void replace(peal_redis *redis, peal_redis_node *node) {
  if (!redis->slots || redis->over)
    return;
  if (!node->up) {
    if (!peal_redis_conn_is_ready(node->listener))
      peal_redis_subs_leave(&redis->subs, &node->place);
    peal_redis_slots_ask(redis->slots);
  } else if (!redis->slots->known) {
    peal_redis_slots_ask(redis->slots);
  }
  peal_redis_route_subs(redis);
}

static void on_change(peal_redis_node *node, void *user) {
  peal_redis *redis = user;
  replace(redis, node);
  peal_redis_tell_look(redis);
}

static void on_message(peal_redis_node *node, const peal_redis_message *message,
                       void *user) {
  peal_redis *redis = user;
  (void)node;
  redis->figures.received++;
  if (!redis->over && redis->opts.on_message)
    redis->opts.on_message(redis, message, redis->opts.user);
}

/* Without a home until it is known where it belongs. */
static void on_moved(peal_redis_node *node, peal_redis_sub *sub, void *user) {
  peal_redis *redis = user;
  if (!redis->slots) {
    peal_redis_node_fail(node, PEAL_ERR_REFUSED,
                         "it is one of a Redis Cluster: the URL has to begin "
                         "with redis+cluster://");
    return;
  }
  peal_redis_subs_move(&redis->subs, sub, NULL);
  peal_redis_slots_ask(redis->slots);
}

static bool on_retry(peal_redis_node *node, void *user) {
  peal_redis *redis = user;
  (void)node;
  if (redis->slots)
    peal_redis_slots_ask(redis->slots);
  if (redis->url.kind != PEAL_REDIS_URL_SENTINEL)
    return false;
  peal_redis_sentinel_ask(&redis->sentinel);
  return true;
}

static const peal_redis_node_events node_events = {on_change, on_message,
                                                   on_moved, on_retry};

static void on_master(const char *host, uint16_t port, void *user) {
  peal_redis *redis = user;
  peal_redis_node_aim(redis->node, host, port);
}

static void on_none(peal_err err, const char *words, void *user) {
  peal_redis *redis = user;
  peal_redis_node_adrift(redis->node, err, words);
}

static const peal_redis_sentinel_events sentinel_events = {on_master, on_none};

static void on_slots_known(void *user) {
  peal_redis *redis = user;
  peal_redis_route_subs(redis);
  peal_redis_tell_look(redis);
}

/* -- options --------------------------------------------------------------- */

static void fill_in(peal_redis_opts *opts) {
  if (!opts->connect_ms)
    opts->connect_ms = CONNECT_MS;
  if (!opts->idle_ms)
    opts->idle_ms = IDLE_MS;
  if (!opts->retry_min_ms)
    opts->retry_min_ms = RETRY_MIN_MS;
  if (!opts->retry_max_ms)
    opts->retry_max_ms = RETRY_MAX_MS;
  if (opts->retry_max_ms < opts->retry_min_ms)
    opts->retry_max_ms = opts->retry_min_ms;
  if (!opts->max_queue_bytes)
    opts->max_queue_bytes = PEAL_LIMIT_REDIS_QUEUE_BYTES;
  if (!opts->max_reply_bytes)
    opts->max_reply_bytes = PEAL_LIMIT_REDIS_REPLY_BYTES;
  if (!opts->max_subscriptions)
    opts->max_subscriptions = PEAL_LIMIT_REDIS_SUBSCRIPTIONS;
}

static void set_place(peal_redis *redis) {
  static const char *const kinds[] = {"", "+sentinel", "+cluster"};
  const peal_redis_url *url = &redis->url;
  const peal_redis_url_host *host = &url->hosts[0];
  bool ipv6 = strchr(host->name, ':') && host->port;
  if (!host->port)
    snprintf(redis->place, sizeof(redis->place), "%.300s", host->name);
  else
    snprintf(redis->place, sizeof(redis->place), "redis%s%s://%s%.200s%s:%u%s",
             url->is_tls ? "s" : "", kinds[url->kind], ipv6 ? "[" : "",
             host->name, ipv6 ? "]" : "", host->port,
             url->host_count > 1 ? ",..." : "");
}

static void set_how(peal_redis *redis) {
  const peal_redis_url *url = &redis->url;
  const peal_redis_opts *opts = &redis->opts;
  redis->how = (peal_redis_how){
      .user = url->user,
      .password = url->password,
      .name = redis->name,
      .db = url->db,
      .tls = redis->tls,
      .needs_master = url->kind == PEAL_REDIS_URL_SENTINEL,
      .needs_shards = opts->sharded,
      .connect_ms = opts->connect_ms,
      .idle_ms = opts->idle_ms,
      .max_reply_bytes = opts->max_reply_bytes,
  };
  redis->sentinel_how = (peal_redis_how){
      .user = url->sentinel_user,
      .password = url->sentinel_password,
      .tls = redis->tls,
      .connect_ms = opts->connect_ms,
      .idle_ms = opts->idle_ms,
      .max_reply_bytes = opts->max_reply_bytes,
  };
}

static peal_err make_tls(peal_redis *redis, const peal_client_tls *more,
                         char why[PEAL_REDIS_TEXT]) {
  peal_client_tls opts = more ? *more : (peal_client_tls){.ca_file = NULL};
  peal_tls_problem problem = {0};
  const peal_redis_url *url = &redis->url;
  if (!url->is_tls)
    return PEAL_OK;
  if (url->ca_file)
    opts.ca_file = url->ca_file;
  if (url->cert_file) {
    opts.cert_file = url->cert_file;
    opts.key_file = url->key_file ? url->key_file : url->cert_file;
  }
  opts.insecure_no_verify |= url->insecure;
  peal_err err = peal_tls_client_new(&redis->tls, &opts, &problem);
  if (err)
    snprintf(why, PEAL_REDIS_TEXT, "%s", problem.text);
  return err;
}

static peal_err take_url(peal_redis *redis, const char *text,
                         char why[PEAL_REDIS_TEXT]) {
  const char *wrong = peal_redis_url_parse(&redis->url, peal_slice_of(text));
  for (size_t i = 0; !wrong && i < redis->url.host_count; i++)
    if (strlen(redis->url.hosts[i].name) >= PEAL_REDIS_HOST_BYTES)
      wrong = "a host is too long";
  if (!wrong)
    return PEAL_OK;
  snprintf(why, PEAL_REDIS_TEXT, "the URL of Redis: %s", wrong);
  return PEAL_ERR_OPTION;
}

/* -- life ------------------------------------------------------------------ */

static void release(peal_redis *redis) {
  const peal_mem *mem = redis->worker->mem;
  peal_redis_slots_free(redis->slots);
  peal_redis_node_free(redis->node);
  peal_redis_subs_deinit(&redis->subs);
  peal_tls_client_free(redis->tls);
  /* The URL has the password. */
  memset(redis->url.text, 0, sizeof(redis->url.text));
  peal_mem_free(mem, redis);
}

static void sweep(peal_redis_guard *guard) {
  peal_redis *redis = PEAL_LIST_OF(guard, peal_redis, guard);
  if (redis->gone)
    release(redis);
  else if (redis->slots)
    peal_redis_slots_sweep(redis->slots);
}

static void set_node_opts(peal_redis *redis) {
  redis->node_opts = (peal_redis_node_opts){
      .worker = redis->worker,
      .how = &redis->how,
      .subs = &redis->subs,
      .guard = &redis->guard,
      .retry_min_ms = redis->opts.retry_min_ms,
      .retry_max_ms = redis->opts.retry_max_ms,
      .events = &node_events,
      .user = redis,
  };
}

static bool make_parts(peal_redis *redis) {
  if (redis->url.kind == PEAL_REDIS_URL_CLUSTER)
    redis->slots = peal_redis_slots_new(&redis->node_opts, &redis->url,
                                        on_slots_known, redis);
  else
    redis->node = peal_redis_node_new(&redis->node_opts);
  return redis->slots || redis->node;
}

static peal_err build(peal_redis *redis, const peal_redis_opts *opts,
                      char why[PEAL_REDIS_TEXT]) {
  uint32_t seed = 0;
  redis->opts = *opts;
  redis->guard.sweep = sweep;
  fill_in(&redis->opts);
  snprintf(redis->words, sizeof(redis->words), "connecting");
  if (peal_crypto_random(&seed, sizeof(seed)))
    seed = 0;
  peal_redis_subs_init(&redis->subs, redis->worker->mem,
                       redis->opts.max_subscriptions, seed);
  peal_err err = take_url(redis, opts->url, why);
  if (!err)
    err = make_tls(redis, opts->tls, why);
  if (err)
    return err;
  const char *name = redis->url.name ? redis->url.name : opts->name;
  snprintf(redis->name, sizeof(redis->name), "%s", name ? name : "peal");
  set_place(redis);
  set_how(redis);
  set_node_opts(redis);
  return make_parts(redis) ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void start(peal_redis *redis) {
  const peal_redis_url *url = &redis->url;
  if (url->kind == PEAL_REDIS_URL_SENTINEL) {
    peal_redis_sentinel_init(&redis->sentinel, redis->worker,
                             &redis->sentinel_how, url, &redis->guard,
                             &sentinel_events, redis);
    peal_redis_sentinel_ask(&redis->sentinel);
  } else if (redis->slots) {
    peal_redis_slots_start(redis->slots);
  } else {
    peal_redis_node_aim(redis->node, url->hosts[0].name, url->hosts[0].port);
  }
}

peal_err peal_redis_new(peal_redis **out, peal_worker *worker,
                        const peal_redis_opts *opts, char *why) {
  char words[PEAL_REDIS_TEXT] = "";
  peal_redis *redis = peal_mem_zalloc(worker->mem, sizeof(*redis));
  peal_err err = PEAL_ERR_NOMEM;
  *out = NULL;
  if (redis) {
    redis->worker = worker;
    err = build(redis, opts, words);
    if (err)
      release(redis);
  }
  if (err && why)
    snprintf(why, PEAL_REDIS_TEXT, "%s",
             words[0] ? words : peal_err_message(err));
  if (err)
    return err;
  start(redis);
  *out = redis;
  return PEAL_OK;
}

/* -- the end --------------------------------------------------------------- */

static void end(peal_redis *redis, bool gently) {
  if (redis->over)
    return;
  redis->over = true;
  redis->up = false;
  snprintf(redis->words, sizeof(redis->words), "closed");
  if (redis->sentinel.worker)
    peal_redis_sentinel_deinit(&redis->sentinel);
  if (redis->slots)
    peal_redis_slots_end(redis->slots, gently);
  else
    peal_redis_node_end(redis->node, gently);
}

void peal_redis_finish(peal_redis *redis) {
  peal_redis_guard_enter(&redis->guard);
  end(redis, true);
  peal_redis_guard_leave(&redis->guard);
}

void peal_redis_free(peal_redis *redis) {
  if (!redis)
    return;
  peal_redis_guard_enter(&redis->guard);
  end(redis, false);
  redis->gone = true;
  redis->guard.due = true;
  peal_redis_guard_leave(&redis->guard);
}

/* -- figures --------------------------------------------------------------- */

bool peal_redis_is_up(const peal_redis *redis) {
  return redis->up;
}

const char *peal_redis_words(const peal_redis *redis) {
  return redis->words;
}

const char *peal_redis_place(const peal_redis *redis) {
  return redis->place;
}

unsigned peal_redis_version(const peal_redis *redis) {
  const peal_redis_node *node = redis->node;
  if (redis->slots && !redis->over)
    node = redis->slots->first;
  return node ? node->version : 0;
}

void peal_redis_figures_get(const peal_redis *redis, peal_redis_figures *out) {
  *out = redis->figures;
  out->waiting_bytes = redis->waiting;
  if (redis->node)
    out->connects += redis->node->connects;
  if (!redis->slots)
    return;
  peal_list *nodes = &redis->slots->nodes;
  for (peal_list *at = nodes->next; at != nodes; at = at->next)
    out->connects += PEAL_LIST_OF(at, peal_redis_node, node)->connects;
}

/* -- verbs ----------------------------------------------------------------- */

peal_err peal_redis_publish(peal_redis *redis, peal_redis_way way,
                            peal_slice channel, peal_slice payload) {
  return peal_redis_route_publish(redis, way, channel, payload);
}

peal_err peal_redis_command(peal_redis *redis, peal_slice key,
                            const peal_slice *argv, size_t argc,
                            peal_redis_fn fn, void *user) {
  return peal_redis_route_ask(
      redis, &(peal_redis_question){key, argv, argc, 0, fn, user});
}

peal_err peal_redis_wait(peal_redis *redis, peal_slice key,
                         const peal_slice *argv, size_t argc, uint32_t wait_ms,
                         peal_redis_fn fn, void *user) {
  return peal_redis_route_ask(
      redis,
      &(peal_redis_question){key, argv, argc, wait_ms ? wait_ms : 1, fn, user});
}

peal_err peal_redis_count(peal_redis *redis, peal_redis_way way,
                          peal_slice channel, peal_redis_count_fn fn,
                          void *user) {
  return peal_redis_count_ask(redis, way, channel, fn, user);
}

peal_err peal_redis_subscribe(peal_redis *redis, peal_redis_way way,
                              peal_slice channel) {
  peal_redis_sub *sub;
  if (redis->over)
    return PEAL_OK;
  peal_err err = peal_redis_subs_want(&redis->subs, way, channel, &sub);
  if (err)
    return err;
  if (!sub->place)
    peal_redis_route_sub(redis, sub);
  else if (sub->refs == 1)
    peal_redis_node_subscribe(peal_redis_route_node(redis, sub->slot));
  return PEAL_OK;
}

void peal_redis_unsubscribe(peal_redis *redis, peal_redis_way way,
                            peal_slice channel) {
  peal_redis_sub *sub = peal_redis_subs_find(&redis->subs, way, channel);
  if (!sub || redis->over)
    return;
  peal_redis_sub_place *place = sub->place;
  peal_redis_subs_unwant(&redis->subs, sub);
  if (place)
    peal_redis_node_subscribe(PEAL_LIST_OF(place, peal_redis_node, place));
}
