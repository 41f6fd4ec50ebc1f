/* SPDX-License-Identifier: MIT */
#pragma once
/* seats: how many of something each has: sockets of an account, of an address.
 * What nobody has is not kept. */
#include <stdbool.h>

#include <peal/base.h>

typedef struct seats seats;

/* NULL: out of memory. */
seats *seats_new(void);
void seats_free(seats *all);
/* One more of `key`, if it has fewer than `max` (0: as many as it likes). False:
 * it has not, or memory is out. Thread: any. */
PEAL_MUST_CHECK bool seats_take(seats *all, peal_slice key, unsigned max);
/* One less: once for each that was taken. Thread: any. */
void seats_give(seats *all, peal_slice key);
/* How many it has. Thread: any. */
unsigned seats_count(seats *all, peal_slice key);
