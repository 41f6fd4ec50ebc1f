/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_node: one server: a connection for commands, one for subscriptions, and
 * as many as are needed for commands that wait. They are made again when they
 * break; what was subscribed to is subscribed to again before it is up.
 *
 *   aim -> connecting -> both ready -> subscribed again: UP
 *              ^                            | either breaks
 *              +------- after a while <-----+ */
#include "cluster/redis_conn.h"
#include "cluster/redis_guard.h"
#include "cluster/redis_subs.h"
#include "cluster/redis_waiters.h"
#include "proto/backoff.h"

#define PEAL_REDIS_HOST_BYTES 256u

typedef struct peal_redis_node peal_redis_node;

typedef struct peal_redis_node_events {
  /* It has come up or gone down, or is down for another reason. */
  void (*on_change)(peal_redis_node *node, void *user);
  void (*on_message)(peal_redis_node *node, const peal_redis_message *message,
                     void *user);
  /* A subscription belongs elsewhere; it is OFF. */
  void (*on_moved)(peal_redis_node *node, peal_redis_sub *sub, void *user);
  /* It is time to try again. True: it will be aimed by a call; NULL or false:
   * at where it was. */
  bool (*on_retry)(peal_redis_node *node, void *user);
} peal_redis_node_events;

/* All borrowed for life. */
typedef struct peal_redis_node_opts {
  peal_worker *worker;
  const peal_redis_how *how;
  peal_redis_subs *subs;
  peal_redis_guard *guard;
  uint32_t retry_min_ms, retry_max_ms;
  const peal_redis_node_events *events;
  void *user;
} peal_redis_node_opts;

struct peal_redis_node {
  peal_list node; /* of the owner's */
  const peal_redis_node_opts *opts;
  peal_redis_sub_place place;
  peal_redis_conn *commands, *listener;
  size_t subscribing; /* subscriptions that are not confirmed */
  peal_list held;     /* peal_redis_ask.node: until it is ready */
  peal_redis_waiters waiters;
  peal_backoff backoff;
  peal_wheel_timer timer;
  bool up, over;
  unsigned version; /* 70015; 0: not known */
  unsigned connects;
  unsigned mark; /* of the owner's */
  peal_err err;  /* why it is down */
  char words[PEAL_REDIS_TEXT];
  uint16_t port;
  char host[PEAL_REDIS_HOST_BYTES]; /* "": nowhere yet */
};

/* `opts` is borrowed for life. NULL if memory is out. */
PEAL_MUST_CHECK peal_redis_node *peal_redis_node_new(
    const peal_redis_node_opts *opts);
/* Connect to it, now; what was connected elsewhere is closed. */
void peal_redis_node_aim(peal_redis_node *node, const char *host,
                         uint16_t port);
/* It could not be found out where it is: try again later. */
void peal_redis_node_adrift(peal_redis_node *node, peal_err err,
                            const char *words);
/* Everything is closed and has ended; the memory stays. */
void peal_redis_node_end(peal_redis_node *node, bool gently);
/* Behind its end, when nobody is inside. */
void peal_redis_node_free(peal_redis_node *node);

bool peal_redis_node_is_ready(const peal_redis_node *node);
/* Taken. If it is not ready it waits until it is if `hold` is set, and ends when
 * that fails unless ask->keep is; else it ends with PEAL_ERR_CLOSED. */
void peal_redis_node_send(peal_redis_node *node, peal_redis_ask *ask,
                          bool hold);
/* On a connection of its own; taken if it returns PEAL_OK.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_redis_node_wait(peal_redis_node *node,
                                              peal_redis_ask *ask);
/* Subscriptions are due: as many as may be on their way are sent. */
void peal_redis_node_subscribe(peal_redis_node *node);
/* The server is not what it should be: connect again; soon, or if `err` is
 * PEAL_ERR_REFUSED now and then. */
void peal_redis_node_fail(peal_redis_node *node, peal_err err,
                          const char *words);
