/* SPDX-License-Identifier: MIT */
#pragma once
/* msgpack_time: a moment of MessagePack as JavaScript makes a Date of it and
 * writes that in JSON (ECMA-262 Date.prototype.toISOString). */
#include <stdbool.h>
#include <stdint.h>

/* With the terminator: years take up to six digits and a sign. */
#define PEAL_MSGPACK_TIME_BYTES 28

/* Of seconds since 1970 and nanoseconds. False, and nothing is written: it is
 * beyond the 100 million days that a Date has, and null in JSON. Thread:
 * pure. */
bool peal_msgpack_time_put(char out[PEAL_MSGPACK_TIME_BYTES], int64_t seconds,
                           uint32_t ns);
/* Of milliseconds. */
bool peal_msgpack_time_put_ms(char out[PEAL_MSGPACK_TIME_BYTES], int64_t ms);
