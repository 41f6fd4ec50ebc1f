/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_limits: ceilings of the engine, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Bytes that the kernel holds unsent for a client that gets conflated events:
 * what it holds cannot be replaced any more. */
#define PEAL_LIMIT_KEYED_AHEAD_BYTES 16384u
/* Sessions of one address (IPv6: its /64) at one time. Option. */
#define PEAL_LIMIT_ADDRESS_SESSIONS 10000u
/* Milliseconds in which a session that began over polling must be used: the
 * client's second request follows the first at once. Option. */
#define PEAL_LIMIT_FIRST_USE_MS 10000u
/* Milliseconds for which the second answer to an allow_request finds out that
 * it is one: longer than a program waits for whom it asked. */
#define PEAL_LIMIT_ALLOW_KEPT_MS 300000u
