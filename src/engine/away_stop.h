/* SPDX-License-Identifier: MIT */
#pragma once
/* away_stop: the end of a worker's part in sessions that are apart. */
#include "engine/away_impl.h"

/* The run of the worker is about to end: WebSockets here of sessions elsewhere
 * are closed, and requests answered. NULL is a no-op. */
void peal_away_stop(peal_away *away);
/* Behind the run: nothing is sent any more. NULL is a no-op. */
void peal_away_mute(peal_away *away);
/* Behind the run, when no session is left. NULL is a no-op. */
void peal_away_free(peal_away *away);
