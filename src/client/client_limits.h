/* SPDX-License-Identifier: MIT */
#pragma once
/* client_limits: ceilings of clients, with unit and reason. What an option
 * overrides says so. */

/* A message that comes, in bytes: servers are believed more than clients are
 * (proto_limits), and what they send at once is the answer to a question.
 * Option. */
#define PEAL_LIMIT_CLIENT_PAYLOAD_BYTES (16u << 20)
/* What waits: for a connection, and on it. Options. */
#define PEAL_LIMIT_CLIENT_BUFFER_BYTES (8u << 20)
#define PEAL_LIMIT_CLIENT_QUEUE_BYTES (8u << 20)
/* Answered questions that are kept to know a second answer (base/ticket_pool):
 * as many as a busy client has within seconds. */
#define PEAL_LIMIT_CLIENT_TICKETS 4096u
/* Milliseconds for what waits to leave when a client stops. */
#define PEAL_LIMIT_CLIENT_STOP_MS 2000u
/* Milliseconds of a call that says no other: python-socketio's. */
#define PEAL_LIMIT_CLIENT_CALL_MS 60000u
