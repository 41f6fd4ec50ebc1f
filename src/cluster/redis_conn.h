/* SPDX-License-Identifier: MIT */
#pragma once
/* redis_conn: one connection to one server, logged in; commands in order, each
 * answered exactly once.
 *
 *   redis_ask -> queue -> net/stream      net/stream -> redis_read -> its ask
 *                                                                  -> a message
 *
 * A connection that is silent is asked (PING) and then cut, so that one whose
 * other end has gone without a word is noticed. */
#include "cluster/redis_ask.h"
#include "cluster/redis_how.h"
#include "net/worker_impl.h"

typedef struct peal_redis_conn peal_redis_conn;

/* Never inside a call of the owner's. */
typedef struct peal_redis_conn_events {
  void (*on_ready)(peal_redis_conn *conn, void *user);
  /* What nobody asked for: ["message", channel, payload] and its kin; borrowed.
   * NULL where nothing is subscribed to. */
  void (*on_push)(peal_redis_conn *conn, const peal_redis_reply *reply,
                  void *user);
  /* Once and last, unless the owner closes it; all asks have ended. `err` is
   * PEAL_ERR_REFUSED if to try again will not help by itself. */
  void (*on_close)(peal_redis_conn *conn, peal_err err, const char *words,
                   void *user);
} peal_redis_conn_events;

/* `how` and `events` are borrowed for life, `host` is copied. NULL if memory is
 * out. */
PEAL_MUST_CHECK peal_redis_conn *peal_redis_conn_open(
    peal_worker *worker, const peal_redis_how *how, const char *host,
    uint16_t port, const peal_redis_conn_events *events, void *user);
/* Its asks end with PEAL_ERR_CLOSED, inside this call. NULL is a no-op. */
void peal_redis_conn_close(peal_redis_conn *conn);
/* What was sent to it leaves, then it is closed, by itself; the owner hears
 * nothing any more. */
void peal_redis_conn_finish(peal_redis_conn *conn);
/* Logged in. */
bool peal_redis_conn_is_ready(const peal_redis_conn *conn);
unsigned peal_redis_conn_version(const peal_redis_conn *conn);
/* To be sent behind the others, at the end of the turn; taken. */
void peal_redis_conn_send(peal_redis_conn *conn, peal_redis_ask *ask);
/* It is of no use: as if the connection had broken, with these words; on_close
 * comes later. */
void peal_redis_conn_fail(peal_redis_conn *conn, peal_err err,
                          const char *words);
/* Ready, and no command waits in Redis. */
bool peal_redis_conn_is_idle(const peal_redis_conn *conn);
