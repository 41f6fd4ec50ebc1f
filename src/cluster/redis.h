/* SPDX-License-Identifier: MIT */
#pragma once
/* redis: a process's way to Redis or Valkey, whatever stands there: one server,
 * the master that Sentinels name, a Redis Cluster.
 *
 *   cluster -> [redis] -> redis_node (a pair: commands, subscriptions)
 *                 |            -> redis_conn -> net/dial, net/stream
 *                 +-> redis_sentinel, redis_slots (which server it is)
 *
 * It connects by itself and again by itself, after 1 s to 5 s with jitter. What
 * is subscribed to is subscribed to anew before it says that it is up. hiredis
 * reads the protocol and does no I/O: names, addresses, TLS and deadlines are
 * net/dial's.
 *
 * Everything here is the worker's; callbacks come there and never inside a call
 * of the owner's, and in each of them everything may be called. */
#include "cluster/redis_types.h"

/* Begins to connect. `why` (PEAL_REDIS_TEXT bytes, may be NULL) says what is
 * wrong with the URL or the files, and never the password. That nobody is
 * there is no error.
 * Returns: PEAL_OK; PEAL_ERR_OPTION, PEAL_ERR_TLS; PEAL_ERR_NOMEM; *out is NULL
 * on errors. */
PEAL_MUST_CHECK peal_err peal_redis_new(peal_redis **out, peal_worker *worker,
                                        const peal_redis_opts *opts, char *why);
/* What waits to be sent is sent, then all is closed: for the end of a run.
 * Nothing is received any more, and nothing is taken. */
void peal_redis_finish(peal_redis *redis);
/* At once. Commands end with PEAL_ERR_CLOSED, inside this call; on_state is not
 * told any more. NULL is a no-op. */
void peal_redis_free(peal_redis *redis);

bool peal_redis_is_up(const peal_redis *redis);
/* Up, or why not; terminated, valid until the next callback. */
const char *peal_redis_words(const peal_redis *redis);
/* Where it goes, without user and password: "redis://127.0.0.1:6379". */
const char *peal_redis_place(const peal_redis *redis);
/* The server's version, 70015 for 7.0.15; 0: not known yet. */
unsigned peal_redis_version(const peal_redis *redis);
void peal_redis_figures_get(const peal_redis *redis, peal_redis_figures *out);

/* Publish; copied. What cannot be taken is dropped and counted.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED: down, and nothing is kept;
 * PEAL_ERR_QUEUE_FULL; PEAL_ERR_NOMEM. */
peal_err peal_redis_publish(peal_redis *redis, peal_redis_way way,
                            peal_slice channel, peal_slice payload);
/* Each is counted: a channel that was asked for twice is given up twice. The
 * name is copied. It holds through outages.
 * Returns: PEAL_OK; PEAL_ERR_LIMIT; PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_redis_subscribe(peal_redis *redis,
                                              peal_redis_way way,
                                              peal_slice channel);
void peal_redis_unsubscribe(peal_redis *redis, peal_redis_way way,
                            peal_slice channel);
/* PUBSUB NUMSUB or SHARDNUMSUB, summed over the masters of a Redis Cluster. `fn`
 * comes unless it returns an error: as peal_redis_command. */
PEAL_MUST_CHECK peal_err peal_redis_count(peal_redis *redis, peal_redis_way way,
                                          peal_slice channel,
                                          peal_redis_count_fn fn, void *user);
/* Any command that answers at once; copied. `key` is the one by whose slot a
 * Redis Cluster chooses the server; {NULL, 0}: any. MOVED and ASK are followed.
 * `fn` may be NULL.
 * Returns: as peal_redis_publish. */
PEAL_MUST_CHECK peal_err peal_redis_command(peal_redis *redis, peal_slice key,
                                            const peal_slice *argv, size_t argc,
                                            peal_redis_fn fn, void *user);
/* One that waits in Redis (XREAD BLOCK), on a connection of its own; several at
 * a time have several, at most 16. `wait_ms` is what it says behind BLOCK: so long
 * is the server not missed.
 * Returns: as peal_redis_command; PEAL_ERR_LIMIT. */
PEAL_MUST_CHECK peal_err peal_redis_wait(peal_redis *redis, peal_slice key,
                                         const peal_slice *argv, size_t argc,
                                         uint32_t wait_ms, peal_redis_fn fn,
                                         void *user);
