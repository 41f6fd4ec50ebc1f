/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_limits: ceilings of the way to Redis, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Bytes of commands that wait to be sent or answered. Option. */
#define PEAL_LIMIT_REDIS_QUEUE_BYTES (16u << 20)
/* Bytes of one reply: a message of the bus is smaller. Option. */
#define PEAL_LIMIT_REDIS_REPLY_BYTES (64u << 20)
/* Items of one array of a reply: XRANGE gives no more than it is asked for. */
#define PEAL_LIMIT_REDIS_ITEMS (1u << 20)
/* Arrays in each other: no command that is used has more than 5. hiredis 0.14
 * itself reads no more than 7, later ones any number. */
#define PEAL_LIMIT_REDIS_DEPTH 16u
/* A line of a reply, which is no message: an error, a length. */
#define PEAL_LIMIT_REDIS_LINE_BYTES 65536u
/* Channels and patterns. Option. */
#define PEAL_LIMIT_REDIS_SUBSCRIPTIONS 1000000u
/* Subscriptions asked for and not confirmed, of one connection: more of them
 * wait their turn, so that many rooms do not fill a queue at once. */
#define PEAL_LIMIT_REDIS_SUBSCRIBING 256u
/* Connections on which a command waits in Redis (XREAD BLOCK), of one server. */
#define PEAL_LIMIT_REDIS_WAITERS 16u
/* Masters of a Redis Cluster. */
#define PEAL_LIMIT_REDIS_NODES 1000u
/* How often one command follows MOVED and ASK. */
#define PEAL_LIMIT_REDIS_REDIRECTS 5u
