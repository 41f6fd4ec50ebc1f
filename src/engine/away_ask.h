/* SPDX-License-Identifier: MIT */
#pragma once
/* away_ask: a request whose session is not here: who has it? */
#include "engine/away_impl.h"

/* Ask for it; false: it is to be refused. Otherwise it has been taken. */
bool peal_away_ask(const peal_incoming *incoming);
/* An answer has come, to one who asks or asked. */
void peal_away_ask_feed(peal_away *away, const peal_eio_away *msg);
/* End an entry, whatever it does: its home is gone, or the bus. */
void peal_away_ask_lost(peal_away_entry *entry);
