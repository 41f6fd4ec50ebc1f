/* SPDX-License-Identifier: MIT */
#pragma once
/* limits: ceilings of values and of writes, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* JSON nesting. */
#define PEAL_LIMIT_JSON_DEPTH 128u
/* Pieces of one write to the system. */
#define PEAL_LIMIT_IOVECS 64u
/* Bytes per second that a peer must take of what waits for it, over each time
 * in which its pong is due, for that to count as life in place of the pong. */
#define PEAL_LIMIT_TAKE_PACE 512u
