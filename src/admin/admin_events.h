/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_events: events that come and go, told to those who look, in development
 * mode; those of the admin namespace are not. The handlers are registered only
 * while somebody looks. On worker 0. */
#include "admin/admin_impl.h"

/* Register with every namespace, or remove them from all. Again: nothing. */
void peal_admin_events_set(peal_admin *admin, bool on);
