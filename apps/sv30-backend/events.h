/* SPDX-License-Identifier: MIT */
#pragma once
/* events: who may connect, and what then comes from it.
 *
 *   with its key             a device: it writes, and is shown nothing
 *   signed in, or without    a dashboard: it sees everything; without
 *   a password to ask for    require-device-keys it may write, too
 *   neither, keys not        a device of old: it writes, and is shown nothing
 *   required
 *   neither, keys required   refused */
#include "lab.h"

/* Register everything on the namespace, before the run. */
PEAL_MUST_CHECK peal_err events_register(lab *app);
