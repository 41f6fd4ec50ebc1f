/* SPDX-License-Identifier: MIT */
#pragma once
/* events: the Socket.IO side, default namespace: who may connect, what
 * dashboards and devices may ask. */
#include "dash.h"

/* Register everything on dash->nsp, before the run. */
PEAL_MUST_CHECK peal_err events_register(dash *app);
