/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_clock: what is done every second while somebody looks: figures are
 * taken, server_stats told, the picture sent again if something was left out,
 * reports made for the status page. While nobody does it stands still; in a
 * cluster it asks, every interval, whether somebody looks elsewhere. On worker
 * 0. */
#include "admin/admin_impl.h"

/* Who looks has changed. Thread: any. */
void peal_admin_clock_wake(peal_admin *admin);
/* On worker 0, when the run begins. */
void peal_admin_clock_start(peal_admin *admin);
void peal_admin_clock_stop(peal_admin *admin);
PEAL_MUST_CHECK peal_err peal_admin_clock_init(peal_admin *admin);
void peal_admin_clock_deinit(peal_admin *admin);
