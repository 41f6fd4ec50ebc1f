/* SPDX-License-Identifier: MIT */
#pragma once
/* hooks: functions that every worker calls when it starts and when the stop
 * begins (peal_workers_on_start, peal_workers_on_stop). */
#include "net/group.h"

void peal_hooks_run(peal_worker *worker, peal_group_hooks *hooks);
/* Forget the functions registered with this `user`. */
void peal_hooks_forget(peal_workers *group, const void *user);
