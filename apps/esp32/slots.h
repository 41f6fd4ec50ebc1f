/* SPDX-License-Identifier: MIT */
#pragma once
/* slots: how many uploads of one address are under way: what they hold is out
 * of one pot, and who sends slowly on many connections must leave some of it
 * to others. */
#include <stdbool.h>
#include <stdint.h>

#include <peal/kit.h>

typedef struct slots slots;

/* `max` of each address. NULL: out of memory. */
slots *slots_new(uint32_t max);
void slots_free(slots *all);

/* One more of this network (peal_kit_address_network). False: it has all of its own, or
 * memory is out. Thread: any. */
PEAL_MUST_CHECK bool slots_take(slots *all,
                                const char network[PEAL_KIT_ADDRESS_BYTES]);
/* One that was taken is free again. Thread: any. */
void slots_give(slots *all, const char network[PEAL_KIT_ADDRESS_BYTES]);
