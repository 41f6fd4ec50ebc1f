/* SPDX-License-Identifier: MIT */
#include "cluster/redis_slots.h"

#include <stdio.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/text.h"
#include "cluster/cluster_limits.h"
#include "cluster/redis_words.h"

/* Between two questions. */
#define PAUSE_MS 100u
/* Asked again without a reason: a new master has slots that nobody wants. */
#define REGULAR_MS 30000u

/* -- servers --------------------------------------------------------------- */

static peal_redis_node *find(const peal_redis_slots *slots, const char *host,
                             uint16_t port) {
  for (peal_list *at = slots->nodes.next; at != &slots->nodes; at = at->next) {
    peal_redis_node *node = PEAL_LIST_OF(at, peal_redis_node, node);
    if (node->port == port && strcmp(node->host, host) == 0)
      return node;
  }
  return NULL;
}

/* NULL: memory is out, or there are too many. */
static peal_redis_node *find_or_add(peal_redis_slots *slots, const char *host,
                                    uint16_t port) {
  peal_redis_node *node = find(slots, host, port);
  if (node || slots->count >= PEAL_LIMIT_REDIS_NODES)
    return node;
  node = peal_redis_node_new(slots->opts);
  if (!node)
    return NULL;
  peal_list_push(&slots->nodes, &node->node);
  slots->count++;
  peal_redis_node_aim(node, host, port);
  return node;
}

static void retire(peal_redis_slots *slots, peal_redis_node *node,
                   bool gently) {
  peal_list_remove(&node->node);
  peal_list_push(&slots->gone, &node->node);
  slots->count--;
  slots->opts->guard->due = true;
  if (slots->first == node)
    slots->first = NULL;
  peal_redis_node_end(node, gently);
}

/* "host:port" with the last colon; an empty host is that of who says it. */
static bool split_address(peal_slice text, char host[PEAL_REDIS_HOST_BYTES],
                          uint16_t *port) {
  uint64_t number;
  size_t at = text.len;
  while (at && text.ptr[at - 1] != ':')
    at--;
  if (at < 2 || at > PEAL_REDIS_HOST_BYTES ||
      !peal_decimal_parse((peal_slice){text.ptr + at, text.len - at}, 65535,
                          &number) ||
      !number)
    return false;
  memcpy(host, text.ptr, at - 1);
  host[at - 1] = 0;
  *port = (uint16_t)number;
  return true;
}

/* -- what CLUSTER SLOTS says ----------------------------------------------- */

static bool take_number(const peal_redis_reply *reply, int64_t max,
                        int64_t *out) {
  return peal_redis_reply_number(reply, out) && *out >= 0 && *out <= max;
}

/* [first, last, [host, port, ...], replicas ...]. A host that is not known to
 * the server itself is the one that it was reached by. */
static void take_range(peal_redis_slots *slots, const peal_redis_reply *range,
                       const char *asked) {
  const peal_redis_reply *master = peal_redis_reply_at(range, 2);
  peal_slice said = peal_redis_reply_text_at(master, 0);
  char host[PEAL_REDIS_HOST_BYTES];
  int64_t from, to, port;
  if (!take_number(peal_redis_reply_at(range, 0), PEAL_REDIS_SLOTS - 1,
                   &from) ||
      !take_number(peal_redis_reply_at(range, 1), PEAL_REDIS_SLOTS - 1, &to) ||
      !take_number(peal_redis_reply_at(master, 1), 65535, &port) || !port)
    return;
  if (!said.len)
    said = peal_slice_of(asked);
  if (said.len >= sizeof(host))
    return;
  memcpy(host, said.ptr, said.len);
  host[said.len] = 0;
  peal_redis_node *node = find_or_add(slots, host, (uint16_t)port);
  if (!node)
    return;
  node->mark = slots->mark;
  for (int64_t slot = from; slot <= to; slot++)
    slots->table[slot] = node;
}

static void retire_unmarked(peal_redis_slots *slots) {
  peal_list *next;
  for (peal_list *at = slots->nodes.next; at != &slots->nodes; at = next) {
    peal_redis_node *node = PEAL_LIST_OF(at, peal_redis_node, node);
    next = at->next;
    if (node->mark != slots->mark)
      retire(slots, node, false);
  }
}

static void take_map(peal_redis_slots *slots, const peal_redis_reply *reply,
                     const char *asked) {
  if (!reply->count)
    return; /* it has not joined yet */
  slots->mark++;
  memset(slots->table, 0, sizeof(slots->table));
  for (size_t i = 0; i < reply->count; i++)
    take_range(slots, peal_redis_reply_at(reply, i), asked);
  retire_unmarked(slots);
  slots->known = true;
}

static void ask_in(peal_redis_slots *slots, uint32_t ms) {
  peal_worker *worker = slots->opts->worker;
  uint64_t at_ms = worker->now_ms + ms;
  if (!slots->over &&
      (!peal_wheel_is_set(&slots->timer) || at_ms < slots->timer.at_ms))
    peal_wheel_set(&worker->wheel, &slots->timer, at_ms);
}

static void refuse(peal_redis_node *node, const peal_redis_reply *reply) {
  char words[PEAL_REDIS_TEXT];
  if (peal_slice_starts(reply->text, "ERR This instance has cluster support"))
    snprintf(words, sizeof(words), "it is no Redis Cluster, as the URL says");
  else
    peal_redis_words_error(words, sizeof(words), reply);
  peal_redis_node_fail(node,
                       peal_redis_reply_is_error(reply, "LOADING")
                           ? PEAL_ERR_CLOSED
                           : PEAL_ERR_REFUSED,
                       words);
}

static void on_slots(peal_redis_ask *ask, peal_err err,
                     const peal_redis_reply *reply) {
  peal_redis_slots *slots = ask->owner;
  peal_redis_guard *guard = slots->opts->guard;
  const peal_redis_node *asked = ask->user;
  peal_redis_guard_enter(guard);
  slots->asking = false;
  if (!slots->over) {
    if (!err)
      take_map(slots, reply, asked->host);
    else if (reply)
      refuse(ask->user, reply);
    slots->on_known(slots->user);
  }
  peal_mem_free(slots->opts->worker->mem, ask);
  ask_in(slots, err ? slots->opts->retry_min_ms : REGULAR_MS);
  peal_redis_guard_leave(guard);
}

static peal_redis_node *any_ready(const peal_redis_slots *slots) {
  for (peal_list *at = slots->nodes.next; at != &slots->nodes; at = at->next) {
    peal_redis_node *node = PEAL_LIST_OF(at, peal_redis_node, node);
    if (peal_redis_node_is_ready(node))
      return node;
  }
  return NULL;
}

static void ask_now(peal_redis_slots *slots) {
  const peal_slice argv[2] = {PEAL_S("CLUSTER"), PEAL_S("SLOTS")};
  peal_redis_node *node = any_ready(slots);
  if (slots->asking)
    return;
  if (!node) {
    peal_redis_slots_start(slots); /* it may have moved as a whole */
    return;
  }
  peal_redis_ask *ask = peal_redis_ask_new(slots->opts->worker->mem, argv, 2);
  if (!ask) {
    ask_in(slots, slots->opts->retry_min_ms);
    return;
  }
  ask->done = on_slots;
  ask->owner = slots;
  ask->user = node;
  slots->asking = true;
  /* Whoever is asked last is asked first the next time. */
  peal_list_remove(&node->node);
  peal_list_push(&slots->nodes, &node->node);
  peal_redis_node_send(node, ask, false);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_redis_slots *slots = PEAL_LIST_OF(timer, peal_redis_slots, timer);
  peal_redis_guard *guard = slots->opts->guard;
  (void)now_ms;
  peal_redis_guard_enter(guard);
  ask_now(slots);
  peal_redis_guard_leave(guard);
}

void peal_redis_slots_ask(peal_redis_slots *slots) {
  ask_in(slots, PAUSE_MS);
}

/* -- who has it ------------------------------------------------------------ */

peal_redis_node *peal_redis_slots_node(peal_redis_slots *slots, int slot) {
  if (slot >= 0)
    return slots->table[slot];
  if (!slots->known)
    return NULL;
  if (!slots->first || !peal_redis_node_is_ready(slots->first)) {
    peal_redis_node *ready = any_ready(slots);
    slots->first = ready ? ready : slots->first;
  }
  if (!slots->first && !peal_list_is_empty(&slots->nodes))
    slots->first = PEAL_LIST_OF(slots->nodes.next, peal_redis_node, node);
  return slots->first;
}

peal_redis_node *peal_redis_slots_redirect(peal_redis_slots *slots,
                                           peal_slice error) {
  peal_slice word, number;
  char host[PEAL_REDIS_HOST_BYTES];
  uint64_t slot;
  uint16_t port;
  if (!peal_text_next(&error, ' ', &word) ||
      !peal_text_next(&error, ' ', &number) ||
      !peal_decimal_parse(number, PEAL_REDIS_SLOTS - 1, &slot) ||
      !split_address(error, host, &port))
    return NULL;
  peal_redis_slots_ask(slots);
  peal_redis_node *node = find_or_add(slots, host, port);
  if (node && peal_slice_is(word, "MOVED"))
    slots->table[slot] = node;
  return node;
}

bool peal_redis_slots_is_up(const peal_redis_slots *slots,
                            const peal_redis_node **which) {
  const peal_redis_node *down = NULL;
  for (peal_list *at = slots->nodes.next; at != &slots->nodes && !down;
       at = at->next) {
    const peal_redis_node *node = PEAL_LIST_OF(at, peal_redis_node, node);
    down = node->up ? NULL : node;
  }
  if (which)
    *which = down;
  bool whole = slots->known && !down;
  for (size_t i = 0; i < PEAL_REDIS_SLOTS && whole; i++)
    whole = slots->table[i] != NULL;
  return whole;
}

/* -- life ------------------------------------------------------------------ */

peal_redis_slots *peal_redis_slots_new(const peal_redis_node_opts *opts,
                                       const peal_redis_url *url,
                                       void (*on_known)(void *user),
                                       void *user) {
  peal_redis_slots *slots = peal_mem_zalloc(opts->worker->mem, sizeof(*slots));
  if (!slots)
    return NULL;
  slots->opts = opts;
  slots->url = url;
  slots->on_known = on_known;
  slots->user = user;
  peal_list_init(&slots->nodes);
  peal_list_init(&slots->gone);
  peal_wheel_timer_init(&slots->timer, on_timer);
  return slots;
}

void peal_redis_slots_start(peal_redis_slots *slots) {
  for (size_t i = 0; i < slots->url->host_count; i++)
    (void)find_or_add(slots, slots->url->hosts[i].name,
                      slots->url->hosts[i].port);
  ask_in(slots, slots->opts->retry_min_ms);
}

void peal_redis_slots_end(peal_redis_slots *slots, bool gently) {
  slots->over = true;
  peal_wheel_stop(&slots->opts->worker->wheel, &slots->timer);
  memset(slots->table, 0, sizeof(slots->table));
  while (!peal_list_is_empty(&slots->nodes))
    retire(slots, PEAL_LIST_OF(slots->nodes.next, peal_redis_node, node),
           gently);
}

void peal_redis_slots_sweep(peal_redis_slots *slots) {
  for (peal_list *at; (at = peal_list_shift(&slots->gone));)
    peal_redis_node_free(PEAL_LIST_OF(at, peal_redis_node, node));
}

void peal_redis_slots_free(peal_redis_slots *slots) {
  if (!slots)
    return;
  peal_redis_slots_sweep(slots);
  peal_mem_free(slots->opts->worker->mem, slots);
}
