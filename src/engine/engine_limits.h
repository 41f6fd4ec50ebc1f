/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_limits: ceilings of the engine, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Sessions of one address (IPv6: its /64) at one time. Option. */
#define PEAL_LIMIT_ADDRESS_SESSIONS 10000u
/* Of them, those that began over polling and were not used yet: they have cost
 * their client one request, and us its head. */
#define PEAL_LIMIT_ADDRESS_TRIALS 2000u
/* Milliseconds in which a session that began over polling must be used: the
 * client's second request follows the first at once. Option. */
#define PEAL_LIMIT_FIRST_USE_MS 10000u
/* A server's stop waits so many milliseconds for what is queued. */
#define PEAL_LIMIT_STOP_GRACE_MS 4000u
/* Requests of one worker that wait for their sessions to come from another
 * process: each is a connection of the HTTP server besides. */
#define PEAL_LIMIT_ARRIVALS 4096u
/* Requests of one worker whose sessions are elsewhere, or perhaps nowhere: each
 * is a connection of the HTTP server besides, which counts these by address. */
#define PEAL_LIMIT_AWAY_ENTRIES 4096u
/* Milliseconds in which a session's home has to say that it has it. The
 * reference's responseTimeout is 1000; a home that is busy may take longer, and
 * its client would have to begin anew. */
#define PEAL_LIMIT_AWAY_ASK_MS 5000u
/* Milliseconds in which a home has to have what a POST brought, or to know that
 * a WebSocket is its session's way. That a home is gone is known before. */
#define PEAL_LIMIT_AWAY_TAKE_MS 20000u
/* Bytes on the way between a WebSocket here and its session elsewhere, each
 * way. */
#define PEAL_LIMIT_AWAY_WINDOW_BYTES 262144u
/* Packets of a POST that go to its session elsewhere in one message, and bytes
 * from which on no more is added. */
#define PEAL_LIMIT_AWAY_BATCH 256u
#define PEAL_LIMIT_AWAY_BATCH_BYTES 16384u
/* Bytes from the bus that wait for the workers. */
#define PEAL_LIMIT_AWAY_MAIL_BYTES (64u << 20)
/* Answers of peal_server_use's functions that one worker remembers, to know a
 * second one: each request makes some. */
#define PEAL_LIMIT_ENGINE_NEXTS 8192u
