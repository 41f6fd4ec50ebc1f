/* SPDX-License-Identifier: MIT */
#pragma once
/* prune: what is older than --keep-time goes, some at a time: resolved alerts,
 * risks, and entries of the journal that nobody needs any more: a node that is
 * begun anew is still told all that there is. */
#include "hospital.h"

/* Every second, on worker 0. */
void prune_tick(hospital *app);
