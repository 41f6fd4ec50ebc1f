/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_away.h"

#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/away.h"
#include "net/crypto.h"
#include "net/worker_impl.h"
#include "wire/redis_url.h"

#define PREFIX_MAX 256u
#define CHANNEL_MAX (PREFIX_MAX + 32u)
/* Other nodes that are looked after: each is asked for at every step. */
#define PEERS_MAX 1024u

/* Bytes that Redis has not answered: the rest waits, charged to its worker, so
 * that broadcasts have room in the connection's queue. */
#define ON_WAY_BYTES ((size_t)4 << 20)

/* A node that something was sent to. */
typedef struct peer {
  struct peer *next;
  peal_cluster_away *away;
  char name[PEAL_EIO_AWAY_NODE + 1];
  bool asked; /* whether it is there */
  bool gone;  /* it is not: to be freed */
} peer;

struct peal_cluster_away {
  peal_away_bus bus; /* first: posts know it by this */
  peal_cluster *cluster;
  char prefix[PREFIX_MAX]; /* "engine.io", terminated */
  char name[PEAL_EIO_AWAY_NODE + 1];
  bool up, starts;
  bool counts; /* PUBLISH says how many have heard it */
  peer *peers;
  unsigned peer_count;
  peal_timer *timer;
  size_t on_way_bytes, on_way; /* given to Redis and not answered */
  peal_mail *first, **last;    /* posts that wait for their turn */
};

static peal_slice channel_of(const peal_cluster_away *away, const char *node,
                             char out[CHANNEL_MAX]) {
  size_t len = strlen(away->prefix);
  memcpy(out, away->prefix, len);
  out[len++] = '#';
  if (*node) {
    memcpy(out + len, node, PEAL_EIO_AWAY_NODE);
    len += PEAL_EIO_AWAY_NODE;
    out[len++] = '#';
  }
  return (peal_slice){out, len};
}

/* -- other nodes --------------------------------------------------------------------- */

static bool knows(const peal_cluster_away *away, const char *name) {
  for (const peer *it = away->peers; it; it = it->next)
    if (!it->gone && !strcmp(it->name, name))
      return true;
  return false;
}

/* One that is not looked after is given up by the deadlines of sessions. */
static void note_peer(peal_cluster_away *away, const char *name) {
  if (!*name || away->peer_count >= PEERS_MAX || knows(away, name))
    return;
  peer *it = peal_mem_zalloc(peal_cluster_mem(away->cluster), sizeof *it);
  if (!it)
    return;
  it->away = away;
  memcpy(it->name, name, PEAL_EIO_AWAY_NODE);
  it->next = away->peers;
  away->peers = it;
  away->peer_count++;
}

static void sweep(peal_cluster_away *away) {
  for (peer **at = &away->peers; *at;) {
    peer *it = *at;
    if (!it->gone || it->asked) {
      at = &it->next;
      continue;
    }
    *at = it->next;
    away->peer_count--;
    peal_mem_free(peal_cluster_mem(away->cluster), it);
  }
}

static void on_count(peal_redis *redis, int64_t count, void *user) {
  peer *it = user;
  (void)redis;
  it->asked = false;
  if (count || it->gone || !it->away->up)
    return;
  it->gone = true;
  peal_away_gone(it->away->cluster->server->engine, it->name);
}

static void ask_for(peer *it) {
  char channel[CHANNEL_MAX];
  const peal_cluster_away *away = it->away;
  if (it->asked || it->gone || !away->cluster->redis)
    return;
  it->asked =
      !peal_redis_count(away->cluster->redis, PEAL_REDIS_CHANNEL,
                        channel_of(away, it->name, channel), on_count, it);
}

static void on_timer(peal_timer *timer, void *user) {
  peal_cluster_away *away = user;
  (void)timer;
  sweep(away);
  for (peer *it = away->peers; away->up && it; it = it->next)
    ask_for(it);
}

static void forget_peers(peal_cluster_away *away) {
  for (peer *it = away->peers; it; it = it->next)
    it->gone = true;
  sweep(away);
}

/* -- out ----------------------------------------------------------------------------- */

static void on_back(peal_worker *worker, peal_mail *mail) {
  peal_away_post *post = PEAL_LIST_OF(mail, peal_away_post, mail);
  (void)worker;
  post->done(post);
}

static void give_back(peal_away_post *post, peal_err err, int64_t heard) {
  post->err = err;
  post->heard = heard;
  post->mail.fn = on_back;
  peal_worker_impl_send(post->from, &post->mail);
}

static bool has_room(const peal_cluster_away *away,
                     const peal_away_post *post) {
  return !away->on_way ||
         away->on_way_bytes + post->payload.len <= ON_WAY_BYTES;
}

static void publish(peal_cluster_away *away, peal_away_post *post);

/* In their order. */
static void publish_waiting(peal_cluster_away *away) {
  while (away->first) {
    peal_away_post *post = PEAL_LIST_OF(away->first, peal_away_post, mail);
    if (away->up && !has_room(away, post))
      return;
    away->first = post->mail.next;
    if (!away->first)
      away->last = &away->first;
    publish(away, post);
  }
}

static void on_published(peal_redis *redis, peal_err err,
                         const peal_redis_reply *reply, void *user) {
  peal_away_post *post = user;
  peal_cluster_away *away = (peal_cluster_away *)post->bus;
  int64_t heard = -1;
  (void)redis;
  away->on_way--;
  away->on_way_bytes -= post->payload.len;
  if (!peal_redis_reply_number(reply, &heard) || !away->counts)
    heard = -1;
  give_back(post, err, heard);
  publish_waiting(away);
}

static void publish(peal_cluster_away *away, peal_away_post *post) {
  char channel[CHANNEL_MAX];
  peal_redis *redis = away->cluster->redis;
  peal_slice name = channel_of(away, post->to, channel);
  const peal_slice argv[] = {PEAL_S("PUBLISH"), name,
                             peal_buf_slice(&post->payload)};
  note_peer(away, post->to);
  peal_err err = redis && away->up ? peal_redis_command(redis, name, argv, 3,
                                                        on_published, post)
                                   : PEAL_ERR_CLOSED;
  if (err) {
    give_back(post, err, 0);
    return;
  }
  away->on_way++;
  away->on_way_bytes += post->payload.len;
}

static void take(peal_cluster_away *away, peal_away_post *post) {
  if (post->is_urgent || (!away->first && has_room(away, post))) {
    publish(away, post);
    return;
  }
  post->mail.next = NULL;
  *away->last = &post->mail;
  away->last = &post->mail.next;
}

/* Their turn does not come any more. */
static void give_up_waiting(peal_cluster_away *away) {
  while (away->first) {
    peal_away_post *post = PEAL_LIST_OF(away->first, peal_away_post, mail);
    away->first = post->mail.next;
    give_back(post, PEAL_ERR_CLOSED, 0);
  }
  away->last = &away->first;
}

static void on_mail(peal_worker *worker, peal_mail *mail) {
  peal_away_post *post = PEAL_LIST_OF(mail, peal_away_post, mail);
  peal_cluster_away *away = (peal_cluster_away *)post->bus;
  if (peal_worker_impl_is_ending(worker))
    give_back(post, PEAL_ERR_CLOSED, 0);
  else
    take(away, post);
}

static void send_post(peal_away_bus *bus, peal_away_post *post) {
  const peal_cluster_away *away = (const peal_cluster_away *)bus;
  post->mail.fn = on_mail;
  peal_worker_impl_send(away->cluster->worker, &post->mail);
}

/* -- in ------------------------------------------------------------------------------ */

static bool is_ours(const peal_cluster_away *away, peal_slice channel) {
  size_t len = strlen(away->prefix);
  return channel.len > len && channel.ptr[len] == '#' &&
         !memcmp(channel.ptr, away->prefix, len);
}

static void subscribe(peal_cluster_away *away) {
  char channel[CHANNEL_MAX];
  if (peal_redis_subscribe(away->cluster->redis, PEAL_REDIS_CHANNEL,
                           channel_of(away, away->name, channel)))
    peal_cluster_count(&away->cluster->counts.dropped_in);
}

static peal_err rename_node(peal_cluster_away *away) {
  uint32_t id;
  char hex[2 * sizeof id + 1];
  peal_err err = peal_crypto_random(&id, sizeof id);
  if (err)
    return err;
  peal_hex_put(hex, &id, sizeof id);
  memcpy(away->name, hex, PEAL_EIO_AWAY_NODE);
  return PEAL_OK;
}

/* By another name; without randomness by the old one. */
static void come_back(peal_cluster_away *away) {
  char channel[CHANNEL_MAX];
  peal_redis_unsubscribe(away->cluster->redis, PEAL_REDIS_CHANNEL,
                         channel_of(away, away->name, channel));
  (void)!rename_node(away);
  subscribe(away);
}

/* Something was lost. */
static void start_again(peal_cluster_away *away) {
  peal_engine *engine = away->cluster->server->engine;
  peal_away_down(engine);
  forget_peers(away);
  come_back(away);
  peal_away_up(engine, away->name);
}

bool peal_cluster_away_feed(peal_cluster *cluster,
                            const peal_redis_message *message) {
  peal_cluster_away *away = cluster->away;
  if (!away || !is_ours(away, message->channel))
    return false;
  peal_arena_reset(&cluster->decoded);
  peal_err err = peal_away_feed(cluster->server->engine, message->payload,
                                &cluster->decoded);
  if (err == PEAL_ERR_LIMIT || err == PEAL_ERR_NOMEM)
    start_again(away);
  peal_cluster_count(err ? &cluster->counts.dropped_in
                         : &cluster->counts.received);
  return true;
}

/* -- life ---------------------------------------------------------------------------- */

static bool is_redis_cluster(const peal_cluster *cluster) {
  peal_redis_url *url = peal_mem_zalloc(peal_cluster_mem(cluster), sizeof *url);
  bool yes = !url ||
             peal_redis_url_parse(url, peal_slice_of(cluster->opts.url)) ||
             url->kind == PEAL_REDIS_URL_CLUSTER;
  peal_mem_free(peal_cluster_mem(cluster), url);
  return yes;
}

/* The reference's, beside its adapter's "socket.io"; another name for another
 * cluster. */
static bool set_prefix(peal_cluster_away *away) {
  static const char common[] = "engine.io";
  peal_slice own = away->cluster->prefix;
  size_t at = 0;
  if (own.len + sizeof common + 1 > PREFIX_MAX)
    return false;
  if (!peal_slice_is(own, "socket.io")) {
    memcpy(away->prefix, own.ptr, own.len);
    away->prefix[own.len] = '-';
    at = own.len + 1;
  }
  memcpy(away->prefix + at, common, sizeof common);
  return true;
}

peal_err peal_cluster_away_init(peal_cluster *cluster) {
  if (cluster->opts.sticky)
    return PEAL_OK;
  peal_cluster_away *away =
      peal_mem_zalloc(peal_cluster_mem(cluster), sizeof *away);
  if (!away)
    return PEAL_ERR_NOMEM;
  cluster->away = away;
  away->cluster = cluster;
  away->bus.send = send_post;
  away->last = &away->first;
  away->counts = !is_redis_cluster(cluster);
  if (!set_prefix(away))
    return PEAL_ERR_OPTION;
  peal_err err = rename_node(away);
  if (err)
    return err;
  away->timer = peal_timer_new(cluster->worker, on_timer, away);
  return away->timer ? peal_away_open(cluster->server->engine, &away->bus)
                     : PEAL_ERR_NOMEM;
}

void peal_cluster_away_start(peal_cluster *cluster) {
  peal_cluster_away *away = cluster->away;
  char channel[CHANNEL_MAX];
  if (!away)
    return;
  if (peal_redis_subscribe(cluster->redis, PEAL_REDIS_CHANNEL,
                           channel_of(away, "", channel)))
    peal_cluster_count(&cluster->counts.dropped_in);
  subscribe(away);
}

void peal_cluster_away_state(peal_cluster *cluster, bool up) {
  peal_cluster_away *away = cluster->away;
  uint32_t step = cluster->opts.heartbeat_ms;
  if (!away || up == away->up)
    return;
  away->up = up;
  if (up) {
    peal_away_up(cluster->server->engine, away->name);
    peal_timer_start(away->timer, step ? step : 5000, step ? step : 5000);
    return;
  }
  peal_timer_stop(away->timer);
  give_up_waiting(away);
  peal_away_down(cluster->server->engine);
  forget_peers(away);
  come_back(away);
}

void peal_cluster_away_deinit(peal_cluster *cluster) {
  peal_cluster_away *away = cluster->away;
  if (!away)
    return;
  for (peer *it = away->peers; it; it = it->next)
    it->asked = false;
  forget_peers(away);
  give_up_waiting(away);
  peal_timer_free(away->timer);
  peal_mem_free(peal_cluster_mem(cluster), away);
  cluster->away = NULL;
}
