/* SPDX-License-Identifier: MIT */
#pragma once
/* away_entry: the requests of sessions elsewhere, as a list: found by number
 * and by sid, with a deadline each. */
#include "engine/away_impl.h"

/* For a request whose sid is `sid`; `fn` is its timer's. NULL: too many, or no
 * memory. */
peal_away_entry *peal_away_entry_new(peal_away *away,
                                     const peal_incoming *incoming,
                                     peal_slice sid,
                                     void (*fn)(peal_wheel_timer *, uint64_t));
/* Out of all lists. Its request and its stream have been given back. */
void peal_away_entry_free(peal_away_entry *entry);
peal_away_entry *peal_away_entry_find(const peal_away *away, uint64_t number);
/* Its state, and how long that may last; 0: for ever. */
void peal_away_entry_set(peal_away_entry *entry, peal_away_state state,
                         uint64_t limit_ms);
/* The answer to a request of which nobody knows the session. */
void peal_away_entry_refuse(peal_away_entry *entry);
