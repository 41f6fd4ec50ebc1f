/* SPDX-License-Identifier: MIT */
#pragma once
/* net_limits: ceilings of a worker, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Workers of one server: threads, each with a loop and its buffers. */
#define PEAL_LIMIT_WORKERS 256u
/* The worker's receive buffer: one for all its connections. */
#define PEAL_LIMIT_READ_BYTES 65536u
/* What a turn reads of a connection whose peer may deflate: each byte can become
 * a thousand, and the worker's other clients wait for all of them. */
#define PEAL_LIMIT_READ_DEFLATED_BYTES 4096u
/* The worker's scratch for small outgoing pieces, in bytes. */
#define PEAL_LIMIT_SCRATCH_BYTES 65536u
/* Mails that a worker runs in a turn, and the time that it gives them: others
 * may send faster than it can run them, and its own connections wait. */
#define PEAL_LIMIT_TURN_MAILS 256u
#define PEAL_LIMIT_TURN_MAIL_MS 4u
/* Operations of one server on their way through its workers, and their bytes
 * with those of their messages: a worker that is behind makes them wait. One
 * that is larger is taken when there is no other. */
#define PEAL_LIMIT_OPS 16384u
#define PEAL_LIMIT_OP_BYTES (64u << 20)
/* Bytes of a message up to which it is deflated as the options say, 4 ms at
 * level 6, and up to which it is deflated at all, at level 1 then, 5 ms: the
 * worker's other clients wait as long. */
#define PEAL_LIMIT_DEFLATE_SLOW_BYTES (256u << 10)
#define PEAL_LIMIT_DEFLATE_BYTES (1u << 20)
/* Bytes that the kernel holds unsent for a client that gets conflated messages:
 * what it holds cannot be replaced any more. */
#define PEAL_LIMIT_KEYED_AHEAD_BYTES 16384u
