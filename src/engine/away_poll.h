/* SPDX-License-Identifier: MIT */
#pragma once
/* away_poll: a GET or POST here of a session elsewhere. */
#include "engine/away_impl.h"

/* Its home has said yes. */
void peal_away_poll_begin(peal_away_entry *entry);
/* Packets for a GET that waits; it is gone behind it. */
void peal_away_poll_drain(peal_away_entry *entry, const peal_eio_away *msg);
/* The home has taken what a POST brought, or has not. */
void peal_away_poll_taken(peal_away_entry *entry, bool success);
/* Its home is gone, or nobody hears of it in time; it is gone behind it,
 * but a POST whose body still comes. */
void peal_away_poll_lost(peal_away_entry *entry);
