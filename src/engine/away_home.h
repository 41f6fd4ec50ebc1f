/* SPDX-License-Identifier: MIT */
#pragma once
/* away_home: a session here whose requests arrive elsewhere. */
#include "engine/away_impl.h"

/* A message for one. */
void peal_away_home_feed(peal_away *away, const peal_eio_away *msg);
/* What other nodes have of sessions here ends: that of `node`, or of all if the
 * bus is away (NULL). */
void peal_away_home_lost(peal_away *away, const char *node);

/* As engine_conn uses it. */
extern const peal_engine_far peal_away_home_far;
