/* SPDX-License-Identifier: MIT */
#include "cluster/redis_node.h"

#include <stdio.h>

#include "base/mem.h"
#include "cluster/cluster_limits.h"
#include "cluster/redis_words.h"
#include "net/crypto.h"

/* What will not help by itself is tried so much more rarely. */
#define REFUSED_FACTOR 6u

static void open_missing(peal_redis_node *node);

/* Those that are kept stay, unless it is for good. */
static void end_held(peal_redis_node *node) {
  peal_list all;
  peal_list_init(&all);
  peal_list_move(&all, &node->held);
  for (peal_list *at; (at = peal_list_shift(&all));) {
    peal_redis_ask *ask = PEAL_LIST_OF(at, peal_redis_ask, node);
    if (ask->keep && !node->over)
      peal_list_push(&node->held, at);
    else
      ask->done(ask, PEAL_ERR_CLOSED, NULL);
  }
}

/* -- up and down ----------------------------------------------------------- */

static void change(peal_redis_node *node) {
  if (!node->over)
    node->opts->events->on_change(node, node->opts->user);
}

bool peal_redis_node_is_ready(const peal_redis_node *node) {
  return peal_redis_conn_is_ready(node->commands);
}

static void look_if_up(peal_redis_node *node) {
  if (node->up || !peal_redis_node_is_ready(node) ||
      !peal_redis_conn_is_ready(node->listener) || node->subscribing ||
      !peal_list_is_empty(&node->place.due))
    return;
  node->up = true;
  node->err = PEAL_OK;
  node->words[0] = 0;
  peal_backoff_reset(&node->backoff);
  change(node);
}

static void retry_later(peal_redis_node *node) {
  peal_worker *worker = node->opts->worker;
  uint32_t dice = 0, ms;
  if (node->over || peal_wheel_is_set(&node->timer))
    return;
  if (peal_crypto_random(&dice, sizeof(dice)))
    dice = 0;
  ms = peal_backoff_next(&node->backoff, dice);
  if (node->err == PEAL_ERR_REFUSED)
    ms = node->opts->retry_max_ms * REFUSED_FACTOR;
  peal_wheel_set(&worker->wheel, &node->timer, worker->now_ms + ms);
}

static void go_down(peal_redis_node *node, peal_err err, const char *words) {
  node->up = false;
  node->err = err;
  snprintf(node->words, sizeof(node->words), "%s", words);
  retry_later(node);
  change(node);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_redis_node *node = PEAL_LIST_OF(timer, peal_redis_node, timer);
  const peal_redis_node_events *events = node->opts->events;
  peal_redis_guard *guard = node->opts->guard;
  (void)now_ms;
  peal_redis_guard_enter(guard);
  if (!events->on_retry || !events->on_retry(node, node->opts->user))
    open_missing(node);
  peal_redis_guard_leave(guard);
}

/* -- commands -------------------------------------------------------------- */

static void on_ready(peal_redis_conn *conn, void *user) {
  peal_redis_node *node = user;
  peal_redis_guard *guard = node->opts->guard;
  peal_redis_guard_enter(guard);
  node->version = peal_redis_conn_version(conn);
  node->connects++;
  while (node->commands == conn && !peal_list_is_empty(&node->held)) {
    peal_list *at = peal_list_shift(&node->held);
    peal_redis_conn_send(conn, PEAL_LIST_OF(at, peal_redis_ask, node));
  }
  look_if_up(node);
  peal_redis_guard_leave(guard);
}

static void on_close(peal_redis_conn *conn, peal_err err, const char *words,
                     void *user) {
  peal_redis_node *node = user;
  peal_redis_guard *guard = node->opts->guard;
  (void)conn;
  peal_redis_guard_enter(guard);
  node->commands = NULL;
  end_held(node);
  go_down(node, err, words);
  peal_redis_guard_leave(guard);
}

static const peal_redis_conn_events command_events = {on_ready, NULL, on_close};

void peal_redis_node_send(peal_redis_node *node, peal_redis_ask *ask,
                          bool hold) {
  if (peal_redis_node_is_ready(node))
    peal_redis_conn_send(node->commands, ask);
  else if (hold && !node->over)
    peal_list_push(&node->held, &ask->node);
  else
    ask->done(ask, PEAL_ERR_CLOSED, NULL);
}

/* -- subscriptions --------------------------------------------------------- */

static peal_redis_sub *sub_of(const peal_redis_node *node,
                              const peal_redis_ask *ask) {
  peal_redis_sub *sub = peal_redis_subs_find(
      node->opts->subs, (peal_redis_way)ask->tries, ask->channel);
  return sub && sub->place == &node->place ? sub : NULL;
}

static void refuse(peal_redis_node *node, peal_redis_sub *sub,
                   const peal_redis_reply *reply) {
  char words[PEAL_REDIS_TEXT];
  peal_redis_subs_set(node->opts->subs, sub, PEAL_REDIS_SUB_OFF);
  if (peal_redis_reply_is_error(reply, "MOVED") && sub->refs) {
    node->opts->events->on_moved(node, sub, node->opts->user);
    return;
  }
  peal_redis_words_error(words, sizeof(words), reply);
  peal_redis_conn_fail(node->listener,
                       peal_redis_reply_is_error(reply, "NOPERM")
                           ? PEAL_ERR_REFUSED
                           : PEAL_ERR_CLOSED,
                       words);
}

/* Behind a break all subscriptions are OFF already. */
static void on_subscribed(peal_redis_ask *ask, peal_err err,
                          const peal_redis_reply *reply) {
  peal_redis_node *node = ask->owner;
  peal_redis_guard *guard = node->opts->guard;
  peal_redis_sub *sub = sub_of(node, ask);
  peal_redis_guard_enter(guard);
  node->subscribing--;
  if (sub && err == PEAL_ERR_REFUSED)
    refuse(node, sub, reply);
  else if (sub && !err)
    peal_redis_subs_set(node->opts->subs, sub,
                        ask->kind == PEAL_REDIS_ASK_SUBSCRIBE
                            ? PEAL_REDIS_SUB_ON
                            : PEAL_REDIS_SUB_OFF);
  peal_mem_free(node->opts->worker->mem, ask);
  if (!err && !node->over) {
    peal_redis_node_subscribe(node);
    look_if_up(node);
  }
  peal_redis_guard_leave(guard);
}

/* Returns false if memory is out. */
static bool send_sub(peal_redis_node *node, peal_redis_sub *sub) {
  static const char *const words[2][3] = {
      {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"},
      {"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"}};
  bool leaves = sub->state == PEAL_REDIS_SUB_ON;
  const peal_slice argv[2] = {peal_slice_of(words[leaves][sub->way]),
                              {sub->name, sub->len}};
  peal_redis_ask *ask = peal_redis_ask_new(node->opts->worker->mem, argv, 2);
  if (!ask)
    return false;
  ask->kind = leaves ? PEAL_REDIS_ASK_UNSUBSCRIBE : PEAL_REDIS_ASK_SUBSCRIBE;
  ask->channel = peal_redis_ask_last(ask, sub->len);
  ask->tries = sub->way;
  ask->done = on_subscribed;
  ask->owner = node;
  node->subscribing++;
  peal_redis_subs_set(node->opts->subs, sub,
                      leaves ? PEAL_REDIS_SUB_LEAVING : PEAL_REDIS_SUB_ASKED);
  peal_redis_conn_send(node->listener, ask);
  return true;
}

void peal_redis_node_subscribe(peal_redis_node *node) {
  while (peal_redis_conn_is_ready(node->listener) &&
         node->subscribing < PEAL_LIMIT_REDIS_SUBSCRIBING &&
         !peal_list_is_empty(&node->place.due)) {
    peal_redis_sub *sub =
        PEAL_LIST_OF(node->place.due.next, peal_redis_sub, due);
    if (!send_sub(node, sub)) {
      peal_redis_conn_fail(node->listener, PEAL_ERR_NOMEM, "out of memory");
      return;
    }
  }
}

static void on_listening(peal_redis_conn *conn, void *user) {
  peal_redis_node *node = user;
  peal_redis_guard *guard = node->opts->guard;
  (void)conn;
  peal_redis_guard_enter(guard);
  peal_redis_node_subscribe(node);
  look_if_up(node);
  peal_redis_guard_leave(guard);
}

/* The server has given it up: its slot has gone elsewhere. */
static void unsubscribed(peal_redis_node *node, peal_slice channel) {
  peal_redis_sub *sub =
      peal_redis_subs_find(node->opts->subs, PEAL_REDIS_SHARD, channel);
  if (!sub || sub->place != &node->place || sub->state != PEAL_REDIS_SUB_ON)
    return;
  bool wanted = sub->refs > 0;
  peal_redis_subs_set(node->opts->subs, sub, PEAL_REDIS_SUB_OFF);
  if (wanted)
    node->opts->events->on_moved(node, sub, node->opts->user);
}

static bool is_wanted(const peal_redis_node *node,
                      const peal_redis_message *message) {
  const peal_redis_sub *sub = peal_redis_subs_find(
      node->opts->subs, message->way,
      message->pattern.ptr ? message->pattern : message->channel);
  return sub && sub->refs && sub->place == &node->place;
}

static void on_push(peal_redis_conn *conn, const peal_redis_reply *reply,
                    void *user) {
  peal_redis_node *node = user;
  peal_redis_guard *guard = node->opts->guard;
  peal_slice word = peal_redis_reply_text_at(reply, 0);
  peal_redis_message message = {.channel = peal_redis_reply_text_at(reply, 1),
                                .payload = peal_redis_reply_text_at(reply, 2)};
  (void)conn;
  if (peal_slice_is(word, "smessage")) {
    message.way = PEAL_REDIS_SHARD;
  } else if (peal_slice_is(word, "pmessage")) {
    message.way = PEAL_REDIS_PATTERN;
    message.pattern = message.channel;
    message.channel = message.payload;
    message.payload = peal_redis_reply_text_at(reply, 3);
  }
  peal_redis_guard_enter(guard);
  if (peal_slice_is(word, "sunsubscribe"))
    unsubscribed(node, message.channel);
  else if (message.payload.ptr && is_wanted(node, &message))
    node->opts->events->on_message(node, &message, node->opts->user);
  peal_redis_guard_leave(guard);
}

static void on_deaf(peal_redis_conn *conn, peal_err err, const char *words,
                    void *user) {
  peal_redis_node *node = user;
  peal_redis_guard *guard = node->opts->guard;
  (void)conn;
  peal_redis_guard_enter(guard);
  node->listener = NULL;
  peal_redis_subs_lost(node->opts->subs, &node->place);
  go_down(node, err, words);
  peal_redis_guard_leave(guard);
}

static const peal_redis_conn_events listener_events = {on_listening, on_push,
                                                       on_deaf};

peal_err peal_redis_node_wait(peal_redis_node *node, peal_redis_ask *ask) {
  return peal_redis_waiters_send(&node->waiters, node->host, node->port, ask);
}

/* -- life ------------------------------------------------------------------ */

peal_redis_node *peal_redis_node_new(const peal_redis_node_opts *opts) {
  peal_redis_node *node = peal_mem_zalloc(opts->worker->mem, sizeof(*node));
  if (!node)
    return NULL;
  node->opts = opts;
  node->err = PEAL_ERR_AGAIN;
  node->backoff = (peal_backoff){.min_ms = opts->retry_min_ms,
                                 .max_ms = opts->retry_max_ms,
                                 .jitter = PEAL_BACKOFF_ONE / 2};
  snprintf(node->words, sizeof(node->words), "connecting");
  peal_list_init(&node->node);
  peal_list_init(&node->held);
  peal_redis_waiters_init(&node->waiters, opts->worker, opts->how, opts->guard);
  peal_redis_subs_place_init(&node->place);
  peal_wheel_timer_init(&node->timer, on_timer);
  return node;
}

static void open_missing(peal_redis_node *node) {
  const peal_redis_node_opts *opts = node->opts;
  if (node->over)
    return;
  if (!node->commands)
    node->commands = peal_redis_conn_open(opts->worker, opts->how, node->host,
                                          node->port, &command_events, node);
  if (!node->listener)
    node->listener = peal_redis_conn_open(opts->worker, opts->how, node->host,
                                          node->port, &listener_events, node);
  if (!node->commands || !node->listener)
    retry_later(node);
}

static void close_all(peal_redis_node *node, bool gently) {
  peal_redis_conn *commands = node->commands, *listener = node->listener;
  node->commands = node->listener = NULL;
  node->up = false;
  if (gently)
    peal_redis_conn_finish(commands);
  else
    peal_redis_conn_close(commands);
  peal_redis_conn_close(listener);
  peal_redis_waiters_end(&node->waiters);
}

/* For another: what is said there meanwhile is not heard. */
static void leave_place(peal_redis_node *node) {
  bool was_up = node->up;
  close_all(node, false);
  peal_redis_subs_lost(node->opts->subs, &node->place);
  if (!was_up)
    return;
  node->err = PEAL_ERR_CLOSED;
  snprintf(node->words, sizeof(node->words), "another server is the master");
  change(node);
}

void peal_redis_node_aim(peal_redis_node *node, const char *host,
                         uint16_t port) {
  if (node->over)
    return;
  if (node->host[0] && (node->port != port || strcmp(node->host, host) != 0))
    leave_place(node);
  snprintf(node->host, sizeof(node->host), "%s", host);
  node->port = port;
  peal_wheel_stop(&node->opts->worker->wheel, &node->timer);
  open_missing(node);
}

void peal_redis_node_adrift(peal_redis_node *node, peal_err err,
                            const char *words) {
  if (node->over)
    return;
  if (!node->commands && !node->listener)
    go_down(node, err, words);
  else
    retry_later(node);
}

void peal_redis_node_end(peal_redis_node *node, bool gently) {
  if (node->over)
    return;
  node->over = true;
  peal_wheel_stop(&node->opts->worker->wheel, &node->timer);
  close_all(node, gently);
  end_held(node);
  peal_redis_subs_leave(node->opts->subs, &node->place);
}

void peal_redis_node_free(peal_redis_node *node) {
  if (node)
    peal_mem_free(node->opts->worker->mem, node);
}

void peal_redis_node_fail(peal_redis_node *node, peal_err err,
                          const char *words) {
  if (node->commands)
    peal_redis_conn_fail(node->commands, err, words);
  if (node->listener)
    peal_redis_conn_fail(node->listener, err, words);
}
