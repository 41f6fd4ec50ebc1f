/* SPDX-License-Identifier: MIT */
#pragma once
/* signals: SIGTERM and SIGINT stop the workers; a second one ends them at once
 * (peal_workers_stop_on_signals). SIGHUP calls what was registered for it. */
#include "net/group.h"

/* On worker 0's loop, before it runs. Returns false if they cannot be
 * watched. */
bool peal_signals_open(peal_workers *group);
/* On worker 0, when its loop is to end. */
void peal_signals_close(peal_workers *group);
